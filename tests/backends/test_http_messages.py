"""What is sent: messages and tools with their ids, and constraints in the words of each server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tunewright.backends.http_client import KINDS, HttpModel, http_model
from tunewright.backends.http_messages import KEEPS, body_of
from tunewright.errors import InputError
from tunewright.records.example import Message, ToolCall
from tunewright.records.generation import Decoding, Request

CLOSED = '{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false}'
OPEN = '{"type": "object", "properties": {"a": {"type": "string"}}}'


def sent(server: str = "other", decoding: Decoding | None = None, **more: Any) -> dict[str, Any]:
    model = http_model("m", {"openai": "m", "base_url": "http://localhost:1/v1", "server": server})
    return dict(body_of(model, Request((Message("user", "hi"),), decoding or Decoding(), **more)).payload)


def notes(server: str, decoding: Decoding) -> tuple[str, ...]:
    model = http_model("m", {"openai": "m", "base_url": "http://localhost:1/v1", "server": server})
    return body_of(model, Request((Message("user", "hi"),), decoding)).notes


def test_plain_request() -> None:
    assert sent(decoding=Decoding(max_tokens=7, stop=("a", "b", "c", "d", "e"), seed=3), repetition=2) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 7,
        "temperature": 0.0,
        "seed": 5,
        "stop": ["a", "b", "c", "d"],
    }
    assert sent("openai")["max_completion_tokens"] == 512


def test_tool_calls_and_answers_keep_their_ids() -> None:
    messages = (
        Message("user", "hi"),
        Message("assistant", "", (ToolCall("f", "{}", "x7"), ToolCall("g", "{}"))),
        Message("tool", "1", tool_call_id="x7", name="f"),
        Message("tool", "2", name="g"),
        Message("assistant", "", (ToolCall("f", "{}"), ToolCall("g", "{}"))),
        Message("tool", "3"),
        Message("tool", "4"),
    )
    got = body_of(HttpModel("m"), Request(messages)).payload["messages"]
    assert isinstance(got, list)
    assert got[1]["content"] is None
    assert [call["id"] for call in got[1]["tool_calls"]] == ["x7", "call_1_1"]
    assert [got[place]["tool_call_id"] for place in (2, 3, 5, 6)] == ["x7", "call_1_1", "call_4_0", "call_4_1"]
    assert "name" not in got[2]


def test_tools_come_bare_or_wrapped() -> None:
    bare, wrapped = '{"name": "f", "parameters": {}}', '{"type": "function", "function": {"name": "f"}}'
    assert sent(tools=(bare, wrapped))["tools"] == [
        {"type": "function", "function": {"name": "f", "parameters": {}}},
        {"type": "function", "function": {"name": "f"}},
    ]


def test_constraints_in_each_servers_words() -> None:
    choices = Decoding(choices=("yes", 'no "really"'))
    assert sent("vllm", choices)["structured_outputs"] == {"choice": ["yes", 'no "really"']}
    assert sent("vllm", choices)["guided_choice"] == ["yes", 'no "really"']
    assert sent("llama_cpp", choices)["grammar"] == 'root ::= "yes" | "no \\"really\\""'
    assert sent("sglang", Decoding(choices=("a.b", "c")))["regex"] == r"(a\.b|c)"
    wrapped = sent("openai", choices)["response_format"]["json_schema"]
    assert wrapped["strict"] is True
    assert wrapped["schema"]["properties"]["choice"]["enum"] == ["yes", 'no "really"']
    assert sent("vllm", Decoding(regex="a+"))["structured_outputs"] == {"regex": "a+"}
    assert sent("sglang", Decoding(regex="a+"))["regex"] == "a+"
    assert sent("vllm", Decoding(schema=OPEN))["response_format"]["json_schema"]["schema"] == json.loads(OPEN)


@pytest.mark.parametrize("server", KINDS)
@pytest.mark.parametrize(
    ("kind", "decoding"),
    [
        ("schema", Decoding(schema=CLOSED)),
        ("regex", Decoding(regex="a+")),
        ("choices", Decoding(choices=("a", "b"))),
    ],
)
def test_what_is_not_constrained_is_said(server: str, kind: str, decoding: Decoding) -> None:
    said = [note for note in notes(server, decoding) if note.startswith("not constrained")]
    assert bool(said) is (kind not in KEEPS[server])
    plain = set(sent(server))
    added = set(sent(server, decoding)) - plain
    assert bool(added) is (kind in KEEPS[server] or (kind == "schema" and server != "transformers"))


def test_strict_mode_is_asked_for_where_it_would_be_taken() -> None:
    assert sent("openai", Decoding(schema=CLOSED))["response_format"]["json_schema"]["strict"] is True
    assert not notes("openai", Decoding(schema=CLOSED))
    assert sent("openai", Decoding(schema=OPEN))["response_format"]["json_schema"]["strict"] is False
    assert "strict" in notes("openai", Decoding(schema=OPEN))[0]
    nested = '{"type":"object","properties":{"a":%s},"required":["a"],"additionalProperties":false}'
    assert sent("openai", Decoding(schema=nested % OPEN))["response_format"]["json_schema"]["strict"] is False


@pytest.mark.parametrize(
    ("decoding", "tools", "code"),
    [
        (Decoding(schema="{"), (), "request.schema"),
        (Decoding(schema="[]"), (), "request.schema"),
        (Decoding(schema="{}", regex="a"), (), "request.constraints"),
        (Decoding(), ("nope",), "request.tool"),
    ],
)
def test_requests_that_cannot_be_made(decoding: Decoding, tools: tuple[str, ...], code: str) -> None:
    with pytest.raises(InputError) as caught:
        body_of(HttpModel("m"), Request((Message("user", "hi"),), decoding, tools))
    assert caught.value.code == code


def test_the_bound_on_tokens_counts_bytes_and_halves_of_characters_pass() -> None:
    body = body_of(HttpModel("m"), Request((Message("user", "日本\ud800"),)))
    assert body.most_input_tokens > len("日本".encode()) + 512
    json.dumps(body.payload, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("entry", "code", "hint"),
    [
        ({"openai": "m", "key": "sk-verysecretkey"}, "model.key", "${env:OPENAI_API_KEY}"),
        ({"openai": "m", "base_ulr": "x"}, "model.unknown_key", "base_url"),
        ({"openai": ""}, "model.name", "openai"),
        ({"openai": "m", "base_url": "localhost:8000"}, "model.base_url", "http://localhost:8000/v1"),
        ({"openai": "m", "base_url": "https://user:hush@host/v1"}, "model.base_url", "bare address"),
        ({"openai": "m", "base_url": "https://host/v1?key=hush"}, "model.base_url", "bare address"),
        ({"openai": "m", "base_url": "http://host:99999/v1"}, "model.base_url", "scheme"),
        ({"openai": "m", "server": "vlm"}, "model.server", "vllm"),
        ({"openai": "m", "deadline_s": 0}, "model.value", "seconds"),
        ({"openai": "m", "retry_s": True}, "model.value", "seconds"),
        ({"openai": "m", "concurrency": 0}, "model.value", "whole number"),
    ],
)
def test_entries_of_the_project_file_that_are_wrong(entry: dict[str, object], code: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        http_model("large", entry)
    assert caught.value.code == code
    assert hint in (caught.value.hint or "")
    assert "models.large" in (caught.value.where or "")
    assert "sk-very" not in str(caught.value)
    assert "hush" not in str(caught.value)


def test_an_entry_as_the_project_file_writes_it() -> None:
    model = http_model("large", {"openai": "gpt-x", "key": "${env:OPENAI_API_KEY}"})
    assert (model.server, model.key_env, model.local) == ("openai", "OPENAI_API_KEY", False)
    near = http_model("near", {"openai": "m", "base_url": "http://127.0.0.1:8000/v1/", "server": "vllm", "retry_s": 0})
    assert (near.base_url, near.local, near.retry_s) == ("http://127.0.0.1:8000/v1", True, 0)


def test_a_list_as_the_whole_reply_goes_inside_an_object_where_strict_mode_wants_one() -> None:
    listed = '{"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}'
    format_ = sent("openai", Decoding(schema=listed))["response_format"]["json_schema"]
    assert format_["strict"] is True
    assert format_["schema"]["properties"]["choice"]["type"] == "array"
    assert sent("vllm", Decoding(schema=listed))["response_format"]["json_schema"]["schema"]["type"] == "array"
