"""Tools, tool calls, weights and names in conversations, and the digests of records that hold them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tunewright.data.formats.chat import Conversation, read_conversation
from tunewright.data.read import read_table
from tunewright.data.rows import Refusal
from tunewright.data.tool_calls import canonical_json, read_tool_calls, read_tools, read_weight
from tunewright.records.example import Example, Message, Source, ToolCall, dataset_digest, example_digest, input_digest

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
USER = {"role": "user", "content": "Weather in Köln?"}


def call(arguments: object, name: object = "weather", **more: object) -> dict[str, object]:
    return {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def assistant(*calls: object, content: object = None, **more: object) -> dict[str, object]:
    return {"role": "assistant", "content": content, **({"tool_calls": list(calls)} if calls else {}), **more}


def read(messages: list[dict[str, Any]], **cells: object) -> Conversation | Refusal:
    return read_conversation({"messages": messages, **cells}, None, True)


@pytest.mark.parametrize("arguments", ['{"city": "Köln",\n "days": 3}', {"city": "Köln", "days": 3}])
def test_a_target_that_only_calls_a_tool(arguments: object) -> None:
    found = read([USER, assistant(call(arguments))], tools=[TOOL])
    assert isinstance(found, Conversation)
    assert found.target == ""
    assert found.target_calls == (ToolCall("weather", '{"city":"Köln","days":3}', "c1"),)
    assert [json.loads(tool) for tool in found.tools] == [TOOL]


def test_a_whole_conversation_with_tools() -> None:
    answer = {"role": "tool", "content": "sun", "tool_call_id": "c1", "name": "weather"}
    talk = [USER, assistant(call("{}"), weight=0), answer, assistant(content="Sun.", weight=0.5)]
    found = read(talk, tools=json.dumps([TOOL]))
    assert isinstance(found, Conversation)
    assert found.messages == (
        Message("user", "Weather in Köln?"),
        Message("assistant", "", (ToolCall("weather", "{}", "c1"),), weight=0.0),
        Message("tool", "sun", tool_call_id="c1", name="weather"),
    )
    assert (found.target, found.target_calls, found.target_weight) == ("Sun.", (), 0.5)
    example = Example(found.messages, "Sun.", Source("t", 1), "r", tools=found.tools, target_weight=0.5)
    assert example.conversation[-1] == Message("assistant", "Sun.", weight=0.5)
    assert example.inputs.tools == example.tools


@pytest.mark.parametrize(
    ("messages", "cells", "code", "words"),
    [
        ([USER, assistant(call('{"city": '))], {}, "chat.tool_arguments", "tool call 1 of message 2 are not JSON"),
        ([USER, assistant(call("[1]"))], {}, "chat.tool_arguments", "not a JSON object"),
        ([USER, assistant(call(7))], {}, "chat.tool_arguments", "not a JSON object"),
        ([USER, assistant(call('{"a": NaN}'))], {}, "chat.tool_arguments", "not JSON"),
        ([USER, assistant(call('{"a": 1, "a": 2}'))], {}, "chat.tool_arguments", "the key 'a' stands twice"),
        ([USER, assistant(call("{}", name=""))], {}, "chat.tool_call", "names no function"),
        ([USER, assistant(call("{}"), {"function": 1})], {}, "chat.tool_call", "tool call 2 of message 2 names no"),
        ([USER, assistant(call("{}", id=3))], {}, "chat.tool_call", "the id of tool call 1"),
        ([USER, assistant("weather()")], {}, "chat.tool_call", "is not an object"),
        ([USER, {**assistant(), "tool_calls": 5}], {}, "chat.tool_call", "are not a list"),
        ([{**USER, "tool_calls": [call("{}")]}, assistant(content="a")], {}, "chat.tool_call", "not the assistant's"),
        ([USER, assistant(content="a", weight=-1)], {}, "chat.weight", "message 2 is '-1'"),
        ([USER, assistant(content="a", weight="x")], {}, "chat.weight", "not a number"),
        ([USER, assistant(content="a", weight=True)], {}, "chat.weight", "not a number"),
        ([{**USER, "name": 4}, assistant(content="a")], {}, "chat.tool_answer", "the name of message 1"),
        ([USER, assistant(content="a")], {"tools": "none"}, "chat.tools", "not a list"),
        ([USER, assistant(content="a")], {"tools": [{"function": {}}]}, "chat.tools", "tool 1 has no name"),
        ([USER, assistant(content="a")], {"tools": [TOOL, 3]}, "chat.tools", "tool 2 is not a JSON schema"),
    ],
)
def test_what_cannot_be_read_is_refused(
    messages: list[dict[str, Any]], cells: dict[str, object], code: str, words: str
) -> None:
    found = read(messages, **cells)
    assert isinstance(found, Refusal)
    assert found.code == code
    assert words in found.reason


def test_nothing_given_is_nothing_read() -> None:
    assert read_tool_calls(None, 1) == ()
    assert read_tool_calls("[]", 1) == ()
    assert read_tools("") == ()
    assert read_weight(None, 1) is None
    assert read_tool_calls([call(None), call("")], 1) == (ToolCall("weather", "{}", "c1"),) * 2
    assert read_tool_calls([{"name": "weather", "arguments": {"a": 1}}], 1) == (ToolCall("weather", '{"a":1}'),)


def test_arguments_keep_the_order_of_their_keys() -> None:
    assert canonical_json({"b": [1, 2.5], "a": {"é": None}}) == '{"b":[1,2.5],"a":{"é":null}}'


def test_a_label_cannot_be_a_call(tmp_path: Path) -> None:
    only_calls = {"messages": [USER, assistant(call("{}"))]}
    path = tmp_path / "t.jsonl"
    talk = {"messages": [USER, assistant(call("{}")), {"role": "tool", "content": "sun"}, assistant(content="sunny")]}
    path.write_text("\n".join(map(json.dumps, [talk] * 30 + [only_calls])))
    result = read_table(path)
    assert {e.target for e in result.examples} == {"sunny"}
    assert result.examples[0].messages[1].tool_calls == (ToolCall("weather", "{}", "c1"),)
    assert [row.code for row in result.set_aside] == ["chat.tool_call"]


def test_texts_to_learn_keep_their_calls_tools_and_weight(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"messages": [USER, assistant(call("{}"))], "tools": [TOOL]}]
    rows += [{"messages": [USER, assistant(call("{}"), content="I look.", weight=0.5)], "tools": json.dumps([TOOL])}]
    rows += [{"messages": [USER, assistant(content="")], "tools": "a column of one's own"}]
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    result = read_table(path, kind="generate")
    assert [(e.target, e.target_calls, e.target_weight) for e in result.examples] == [
        ("", (ToolCall("weather", "{}", "c1"),), None),
        ("I look.", (ToolCall("weather", "{}", "c1"),), 0.5),
    ]
    assert all(len(example.tools) == 1 for example in result.examples)
    assert [row.code for row in result.set_aside] == ["data.empty_target"]


def sha(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def test_digests_without_tools_are_what_they_were() -> None:
    messages = (Message("system", "é"), Message("user", "q"))
    example = Example(messages, "a", Source("t", 1), "r")
    turns = [["system", "é"], ["user", "q"]]
    assert input_digest(messages) == sha(turns)
    assert example_digest(example) == sha([turns, "a"])
    assert dataset_digest([example]) == sha([sha([turns, "a"])])
    weighted = replace(example, messages=(messages[0], replace(messages[1], weight=0.5)), target_weight=0.0)
    assert example_digest(weighted) == example_digest(example)
    assert input_digest(weighted.messages) == input_digest(messages)


def test_digests_cover_the_new_content() -> None:
    example = Example((Message("user", "q"),), "a", Source("t", 1), "r")
    one = ToolCall("weather", "{}")
    message = example.messages[0]
    changed = [
        example,
        replace(example, tools=("{}",)),
        replace(example, target_calls=(one,)),
        replace(example, target_calls=(one, one)),
        replace(example, target_calls=(replace(one, id="c1"),)),
        replace(example, target_calls=(replace(one, arguments='{"a":1}'),)),
        replace(example, messages=(replace(message, tool_calls=(one,)),)),
        replace(example, messages=(replace(message, name="n"),)),
        replace(example, messages=(replace(message, tool_call_id="n"),)),
    ]
    assert len({example_digest(e) for e in changed}) == len(changed)
    assert len({input_digest(e.messages) for e in changed}) == 4
    assert input_digest(example.messages, ("{}",)) != input_digest(example.messages)
