"""Conversations in the shapes of the services that train on them, as their own documentation shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tunewright.data.read import ColumnMap, ReadResult, read_table
from tunewright.data.writers import write_examples
from tunewright.records.example import Message, ToolCall

Row = dict[str, Any]
SCHEMA = {"name": "weather", "description": "d", "parameters": {"type": "object"}}
TOOL = {"type": "function", "function": SCHEMA}


def read(folder: Path, rows: list[Row], columns: ColumnMap | None = None, **options: Any) -> ReadResult:
    path = folder / "t.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    result = read_table(path, columns=columns, **{"kind": "generate", **options})
    assert result.rows_in == len(result.examples) + len(result.set_aside)
    return result


def written(folder: Path, result: ReadResult) -> list[Row]:
    path = folder / "again.jsonl"
    write_examples(result.examples, path, result.shape, columns=result.columns)
    return [json.loads(line) for line in path.read_text().splitlines()]


def turn(role: str, content: object, **more: object) -> Row:
    return {"role": role, "content": content, **more}


def call(arguments: object, **more: object) -> Row:
    return {**more, "type": "function", "function": {"name": "weather", "arguments": arguments}}


def test_what_openai_rows_say_beyond_comes_back(tmp_path: Path) -> None:
    row = {
        "messages": [
            turn("developer", "Be kind."),
            turn("user", "q", name="kim"),
            turn("assistant", None, tool_calls=[call('{"a":1}', id="c")], weight=0, refusal="no", audio={"id": "x"}),
            turn("tool", "sun", tool_call_id="c"),
            turn("assistant", "Sunny.", prefix=True),
        ],
        "tools": [TOOL],
        "parallel_tool_calls": False,
        "split": "train",
    }
    result = read(tmp_path, [row])
    example = result.examples[0]
    assert result.shape == "chat"
    assert example.messages[2] == Message("assistant", "", (ToolCall("weather", '{"a":1}', "c"),), weight=0.0)
    assert dict(example.tags) == {
        "parallel_tool_calls": "false",
        "split": "train",
        "messages[0].role": "developer",
        "messages[2].refusal": "no",
        "messages[2].audio": '{"id": "x"}',
        "messages[4].prefix": "true",
    }
    # Numbers and truth values of further columns come back as texts; all else as it was.
    assert written(tmp_path, result) == [{**row, "parallel_tool_calls": "false"}]


def test_labels_take_no_notice_of_single_messages(tmp_path: Path) -> None:
    row = {"messages": [turn("developer", "s"), turn("user", "q"), turn("assistant", "a", refusal="r")], "x": "1"}
    assert read(tmp_path, [row], kind="classify").examples[0].tags == (("x", "1"),)


@pytest.mark.parametrize("version", ["bedrock-conversation-2024", "bedrock-conversion-2024", None])
def test_bedrock(tmp_path: Path, version: str | None) -> None:
    row = {
        "system": [{"text": "S"}],
        "messages": [turn("user", [{"text": "q"}, {"text": "z"}]), turn("assistant", [{"text": "a"}])],
        **({"schemaVersion": version} if version else {}),
    }
    result = read(tmp_path, [row])
    example = result.examples[0]
    assert (result.shape, example.messages, example.target) == (
        "bedrock",
        (Message("system", "S"), Message("user", "q\nz")),
        "a",
    )
    again = written(tmp_path, result)[0]
    assert again["schemaVersion"] == (version or "bedrock-conversation-2024")
    assert again["messages"][1] == row["messages"][1]


def test_bedrock_holds_text_alone(tmp_path: Path) -> None:
    good = {"schemaVersion": "bedrock-conversation-2024", "messages": [turn("user", [{"text": "q"}])]}
    good["messages"] = [turn("user", [{"text": "q"}]), turn("assistant", [{"text": "a"}])]
    image = {**good, "messages": [turn("user", [{"image": {}}]), turn("assistant", [{"text": "a"}])]}
    result = read(tmp_path, [good] * 30 + [image])
    assert [s.reason for s in result.set_aside] == ["message 1 has a part 'image'; only text can be used"]


def test_claude_has_its_system_prompt_beside(tmp_path: Path) -> None:
    row = {"system": "S", "messages": [turn("user", "q"), turn("assistant", "a")]}
    bare = {"messages": [turn("user", "q"), turn("assistant", "a")]}
    result = read(tmp_path, [row, bare])
    assert result.shape == "claude"
    assert [e.messages for e in result.examples] == [
        (Message("system", "S"), Message("user", "q")),
        (Message("user", "q"),),
    ]
    assert written(tmp_path, result) == [row, bare]
    assert read(tmp_path, [row], kind="classify").examples[0].tags == (("system", "S"),)


def test_gemini(tmp_path: Path) -> None:
    row = {
        "systemInstruction": {"role": "ignored", "parts": [{"text": "S"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "q"}, {"text": "z"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "weather", "args": {"b": 1, "a": 2}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"sky": "blue"}}}]},
            {"role": "model", "parts": [{"text": "Blue."}]},
        ],
        "tools": [{"functionDeclarations": [SCHEMA]}],
    }
    result = read(tmp_path, [row])
    example = result.examples[0]
    assert result.shape == "gemini"
    assert example.messages == (
        Message("system", "S"),
        Message("user", "q\nz"),
        Message("assistant", "", (ToolCall("weather", '{"b":1,"a":2}'),)),
        Message("tool", '{"sky":"blue"}', name="weather"),
    )
    assert [json.loads(tool) for tool in example.tools] == [TOOL]
    assert example.tags == ()
    again = written(tmp_path, result)[0]
    assert again["contents"][1:] == row["contents"][1:]
    assert again["tools"] == row["tools"]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"fileData": {"fileUri": "gs://x"}}, "a part 'fileData'"),
        ({"text": "x", "thought": True}, "a part 'text, thought'"),
        ({"functionCall": {"args": {}}}, "names no function"),
    ],
)
def test_gemini_parts_that_cannot_be_used(tmp_path: Path, part: Row, words: str) -> None:
    answer = {"role": "model", "parts": [{"text": "a"}]}
    good = {"contents": [{"role": "user", "parts": [{"text": "q"}]}, answer]}
    bad = {"contents": [{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": [part]}, answer]}
    result = read(tmp_path, [good] * 30 + [bad])
    assert len(result.set_aside) == 1
    assert words in result.set_aside[0].reason


def test_rft_keeps_the_reference_and_takes_a_named_target(tmp_path: Path) -> None:
    row = {"messages": [turn("user", "2+2?")], "reference_answer": "4", "rubric": {"points": [1, 2]}}
    open_rows = read(tmp_path, [row], require_target=False)
    assert open_rows.shape == "rft"
    assert open_rows.examples[0].target == ""
    assert open_rows.examples[0].tags == (("reference_answer", "4"), ("rubric", '{"points": [1, 2]}'))
    assert written(tmp_path, open_rows) == [row]
    named = read(tmp_path, [row], ColumnMap((), "reference_answer"))
    assert (named.examples[0].target, named.examples[0].tags) == ("4", (("rubric", '{"points": [1, 2]}'),))
    assert written(tmp_path, named) == [row]
    refused = read(tmp_path, [row])
    assert [s.code for s in refused.set_aside] == ["rft.no_target"]
    assert "'reference_answer', 'rubric'" in refused.set_aside[0].reason


def test_conversations_without_an_end_are_not_taken_for_rft(tmp_path: Path) -> None:
    whole = {"messages": [turn("user", "q"), turn("assistant", "a")], "n": "1"}
    cut = {"messages": [turn("user", "q"), turn("assistant", "a"), turn("user", "z")], "n": "1"}
    result = read(tmp_path, [whole] * 8 + [cut] * 2)
    assert result.shape == "chat"
    assert [s.code for s in result.set_aside] == ["chat.no_final_answer"] * 2


def test_trl_has_arguments_as_objects(tmp_path: Path) -> None:
    row = {"messages": [turn("user", "q"), turn("assistant", None, tool_calls=[call({"b": 1, "a": None})])]}
    plain = {"messages": [turn("user", "q"), turn("assistant", "a")]}
    result = read(tmp_path, [plain, row])
    assert result.shape == "trl messages"
    assert result.examples[1].target_calls == (ToolCall("weather", '{"b":1,"a":null}'),)
    assert written(tmp_path, result) == [plain, row]


def test_sharegpt(tmp_path: Path) -> None:
    talk = [
        {"from": "human", "value": "q"},
        {"from": "function_call", "value": '{"name":"weather","arguments":{"a":1}}'},
        {"from": "observation", "value": "sun"},
        {"from": "gpt", "value": "Sunny.", "weight": 0.5},
    ]
    row = {"conversations": talk, "system": "S", "tools": json.dumps([SCHEMA], separators=(",", ":")), "id": "i1"}
    result = read(tmp_path, [row])
    example = result.examples[0]
    assert result.shape == "sharegpt"
    assert example.messages == (
        Message("system", "S"),
        Message("user", "q"),
        Message("assistant", "", (ToolCall("weather", '{"a":1}'),)),
        Message("tool", "sun"),
    )
    assert (example.target, example.target_weight, example.tags) == ("Sunny.", 0.5, (("id", "i1"),))
    assert written(tmp_path, result) == [row]


def test_sharegpt_with_names_of_products_and_unknown_sides(tmp_path: Path) -> None:
    good = {"conversations": [{"from": "user", "value": "q"}, {"from": "bing", "value": "a"}]}
    bad = {"conversations": [{"from": "client", "value": "q"}, {"from": "gpt", "value": "a"}]}
    result = read(tmp_path, [good] * 30 + [bad])
    assert "In 30 rows turns from 'bing' were read as the assistant's." in result.notes
    assert "1 rows (first at line 31) have the unknown role 'client'; perhaps it is 'user'." in result.notes


def test_ms_swift(tmp_path: Path) -> None:
    tool_call = turn("tool_call", '{"name":"weather","arguments":{"a":1}}')
    row = {
        "messages": [
            *(turn("user", "q"), tool_call, tool_call, turn("tool_response", "sun"), turn("tool_response", "sun")),
            *(turn("assistant", "x", loss=False), turn("user", "z"), turn("assistant", "Sunny.", loss_scale=0.3)),
        ],
        "tools": [TOOL],
    }
    result = read(tmp_path, [row])
    example = result.examples[0]
    assert result.shape == "ms-swift"
    assert example.messages[1] == Message("assistant", "", (ToolCall("weather", '{"a":1}'),) * 2)
    assert [m.role for m in example.messages] == ["user", "assistant", "tool", "tool", "assistant", "user"]
    assert (example.messages[4].weight, example.target_weight) == (0.0, 0.3)
    assert written(tmp_path, result) == [row]


def test_other_names_of_roles_can_be_given(tmp_path: Path) -> None:
    row = {"messages": [turn("customer", "q"), turn("agent", "a")]}
    plain = read(tmp_path, [row] * 2)
    assert "2 rows (first at line 1) have the unknown role 'customer'; perhaps it is 'user'." in plain.notes
    result = read(tmp_path, [row] * 2, roles={"customer": "user", "agent": "assistant"})
    assert [(e.text, e.target) for e in result.examples] == [("q", "a")] * 2
    assert any("'customer' as 'user', 'agent' as 'assistant' (4 messages)" in note for note in result.notes)


LOGS: dict[str, Row] = {
    "langfuse": {"input": [turn("user", "q")], "output": turn("assistant", "a"), "model": "m"},
    "inner object": {"input": {"messages": [turn("user", "q")], "temperature": 0}, "output": "a"},
    "langsmith": {
        "inputs": {"messages": [[{"lc": 1, "id": ["x", "HumanMessage"], "kwargs": {"content": "q", "type": "human"}}]]},
        "outputs": {"generations": [[{"text": "a", "message": {"type": "ai", "content": "a"}}]]},
    },
    "stored completion": {
        "messages": [turn("user", "q")],
        "choices": [{"index": 0, "message": turn("assistant", "a"), "finish_reason": "stop"}],
    },
    "request and response": {
        "request": {"messages": [turn("user", "q")]},
        "response": {"choices": [{"message": turn("assistant", "a")}], "usage": {"total": 3}},
    },
    "opentelemetry": {
        "attributes": {
            "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": "q"}]}]),
            "gen_ai.output.messages": json.dumps(
                [{"role": "assistant", "parts": [{"type": "text", "content": "a"}], "finish_reason": "stop"}]
            ),
            "gen_ai.request.model": "m",
        }
    },
}


@pytest.mark.parametrize("kind", LOGS)
def test_logged_calls(tmp_path: Path, kind: str) -> None:
    result = read(tmp_path, [LOGS[kind]])
    assert result.shape == "logs"
    assert [(e.messages, e.target) for e in result.examples] == [((Message("user", "q"),), "a")]
    further = {"langfuse": ("model", "m"), "inner object": ("input.temperature", "0")}
    further |= {
        "opentelemetry": ("gen_ai.request.model", "m"),
        "request and response": ("output.usage", '{"total": 3}'),
    }
    if kind in further:
        assert further[kind] in result.examples[0].tags


def test_logged_tool_calls(tmp_path: Path) -> None:
    parts = [{"type": "tool_call", "id": "c", "name": "weather", "arguments": {"a": 1}}]
    asked = [{"role": "user", "parts": [{"type": "text", "content": "q"}]}, {"role": "assistant", "parts": parts}]
    asked += [{"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": "sun"}]}]
    row = {"gen_ai.input.messages": asked, "gen_ai.output.messages": [{"role": "assistant", "parts": parts}]}
    example = read(tmp_path, [row]).examples[0]
    made = (ToolCall("weather", '{"a":1}', "c"),)
    assert example.messages[1:] == (Message("assistant", "", made), Message("tool", "sun", tool_call_id="c"))
    assert example.target_calls == made
