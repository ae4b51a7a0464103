"""Calls against tools and answers."""

from __future__ import annotations

import json

import pytest
from shape_rows import found_by, row, rows_in

from tunewright.audit.checks import tool_calls
from tunewright.records.example import Example, Message, ToolCall

WEATHER = json.dumps(
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    }
)
ASK = Message("user", "Weather in Oslo?")
OSLO = '{"city":"Oslo"}'


def calling(*calls: ToolCall) -> Message:
    return Message("assistant", "", calls)


def answer(identity: str | None, name: str | None = None) -> Message:
    return Message("tool", "4 degrees", tool_call_id=identity, name=name)


def talk(*middle: Message, target: str = "4 degrees.") -> Example:
    return row([ASK, *middle], target, tools=[WEATHER])


GOOD = [
    talk(calling(ToolCall("weather", OSLO, "a")), answer("a")),
    talk(calling(ToolCall("weather", OSLO)), answer(None, "weather")),
    talk(calling(ToolCall("weather", OSLO, "a"), ToolCall("weather", OSLO, "b")), answer("b"), answer("a")),
    row("Weather in Oslo?", "", tools=[WEATHER], calls=[ToolCall("weather", '{"city":"Oslo","days":2}')]),
    row("Hi", "Hello."),
]


def test_good_calls_are_left_alone() -> None:
    assert found_by(tool_calls, GOOD) == {}


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        ("undeclared", row("x", "", tools=[WEATHER], calls=[ToolCall("wether", OSLO)])),
        ("arguments", row("x", "", tools=[WEATHER], calls=[ToolCall("weather", '{"city":5}')])),
        ("arguments", row("x", "", tools=[WEATHER], calls=[ToolCall("weather", '{"city":"Oslo","day":1}')])),
        ("no_tools", row("x", "", calls=[ToolCall("weather", OSLO)])),
        ("broken_schema", row("x", "y", tools=['{"name":"f","parameters":{"properties":{"a":{"type":"str"}}}}'])),
        ("same_tool_twice", row("x", "y", tools=[WEATHER, WEATHER])),
        ("name", row("x", "y", tools=['{"name":"get weather"}'])),
        ("unanswered", talk(calling(ToolCall("weather", OSLO, "a")))),
        ("unanswered", talk(calling(ToolCall("weather", OSLO, "a"), ToolCall("weather", OSLO, "b")), answer("a"))),
        ("answer_without_call", talk(answer("a"))),
        ("answer_without_call", talk(calling(ToolCall("weather", OSLO, "a")), answer("b"))),
        (
            "same_id_twice",
            talk(calling(ToolCall("weather", OSLO, "a"), ToolCall("weather", OSLO, "a")), answer("a"), answer("a")),
        ),
    ],
)
def test_planted_trouble_is_found(kind: str, bad: Example) -> None:
    assert rows_in(found_by(tool_calls, [*GOOD, bad])[kind]) == [len(GOOD)]


def test_calls_of_the_rejected_answer_are_looked_at_and_its_own_trouble_only() -> None:
    pair = row("Weather?", "4 degrees.", rejected="x", tools=[WEATHER])
    other = Message("assistant", "", (ToolCall("wether", OSLO),))
    bad = Example(pair.messages, pair.target, pair.source, "1", tools=pair.tools, rejected=(other,))
    assert set(found_by(tool_calls, [pair, bad], "preference")) == {"undeclared"}
