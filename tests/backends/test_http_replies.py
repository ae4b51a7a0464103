"""Reading what servers answer: tokens in four buckets, finish reasons, refusals, errors and whose they are."""

from __future__ import annotations

import json

import pytest

from misbehaving import error, reply
from tunewright.backends.http_messages import Body
from tunewright.backends.http_replies import read_answer, read_error, read_usage
from tunewright.records.answers import Status
from tunewright.records.example import ToolCall
from tunewright.records.generation import Decoding
from tunewright.records.usage import Usage

PLAIN = Body({"messages": []})


@pytest.mark.parametrize(
    ("told", "buckets"),
    [
        # platforms and evaluation notes, 5.4: OpenAI counts cached tokens among the prompt's
        ({"prompt_tokens": 27147, "completion_tokens": 351, "prompt_tokens_details": {"cached_tokens": 27146}},
         Usage(1, 27146, 0, 351)),
        ({"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, "prompt_tokens_details": None},
         Usage(10, 0, 0, 2)),
        # Anthropic's own fields: input_tokens leaves the caches out
        ({"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20},
         Usage(5, 100, 20, 7)),
        # prompt_tokens with Anthropic's cache fields: inside by the total, and beside by the total
        ({"prompt_tokens": 125, "completion_tokens": 7, "total_tokens": 132, "cache_read_input_tokens": 100,
          "cache_creation_input_tokens": 20}, Usage(5, 100, 20, 7)),
        ({"prompt_tokens": 125, "completion_tokens": 7, "total_tokens": 252, "cache_read_input_tokens": 100,
          "cache_creation_input_tokens": 20}, Usage(125, 100, 20, 7)),
        # more cached than read can only be beside
        ({"prompt_tokens": 5, "completion_tokens": 7, "cache_read_input_tokens": 100}, Usage(5, 100, 0, 7)),
        # DeepSeek
        ({"prompt_tokens": 50, "completion_tokens": 1, "prompt_cache_hit_tokens": 30, "prompt_cache_miss_tokens": 20},
         Usage(20, 30, 0, 1)),
        # thinking that the server leaves out of completion_tokens stands in the total
        ({"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 62,
          "completion_tokens_details": {"reasoning_tokens": 50}}, Usage(10, 0, 0, 52)),
        # thinking inside completion_tokens is not counted twice
        ({"prompt_tokens": 10, "completion_tokens": 52, "total_tokens": 62,
          "completion_tokens_details": {"reasoning_tokens": 50}}, Usage(10, 0, 0, 52)),
    ],
)  # fmt: skip
def test_each_token_stands_in_one_bucket(told: dict[str, object], buckets: Usage) -> None:
    assert read_usage(told) == buckets


@pytest.mark.parametrize(
    "told",
    [None, [], "many", {}, {"prompt_tokens": 3}, {"prompt_tokens": -1, "completion_tokens": 2},
     {"prompt_tokens": True, "completion_tokens": 2}, {"prompt_tokens": 1.5, "completion_tokens": 2}],
)  # fmt: skip
def test_usage_that_cannot_be_read_is_missing(told: object) -> None:
    assert read_usage(told) is None


@pytest.mark.parametrize(
    ("reason", "status", "finish"),
    [("stop", Status.OK, "stop"), ("length", Status.OK, "length"), ("eos_token", Status.OK, "stop"),
     ("content_filter", Status.MODEL_FAIL, "refusal"), ("abort", Status.INFRA_FAIL, "none"),
     (None, Status.OK, "none"), ("whatever", Status.OK, "none")],
)  # fmt: skip
def test_finish_reasons(reason: str | None, status: Status, finish: str) -> None:
    outcome = read_answer(reply("x", choice={"finish_reason": reason}).body, PLAIN, Decoding())
    assert (outcome.reply.status, outcome.reply.finish) == (status, finish)
    assert outcome.reply.usage == Usage(10, 0, 0, 2)
    assert outcome.retry is (reason == "abort")


def test_a_refusal_is_the_models_failure() -> None:
    message = {"role": "assistant", "content": None, "refusal": "I cannot."}
    outcome = read_answer(reply(choice={"message": message}).body, PLAIN, Decoding())
    assert outcome.reply.status is Status.MODEL_FAIL
    assert outcome.reply.finish == "refusal"
    assert outcome.reply.text is None
    assert "I cannot." in outcome.reply.detail
    assert outcome.billed == "known"


def test_tool_calls_keep_ids_and_come_in_one_form() -> None:
    calls = [
        {"id": "a1", "type": "function", "function": {"name": "find", "arguments": '{"q":"x",  "n":1}'}},
        {"id": "", "function": {"name": "find", "arguments": {"q": "y"}}},
        {"id": "a3", "function": {"name": "find", "arguments": "not json"}},
        {"function": {"arguments": "{}"}},
    ]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    got = read_answer(reply(choice={"message": message}).body, PLAIN, Decoding()).reply
    assert got.finish == "tool_calls"
    assert got.text == ""
    assert got.tool_calls == (
        ToolCall("find", '{"q": "x", "n": 1}', "a1"),
        ToolCall("find", '{"q": "y"}', None),
        ToolCall("find", "not json", "a3"),
    )
    assert "no JSON object" in got.detail
    assert "without a name" in got.detail


def test_logprobs_are_added_up_and_missing_ones_said() -> None:
    asked = Decoding(logprobs=True)
    told = {"content": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -0.25}]}
    assert read_answer(reply(choice={"logprobs": told}).body, PLAIN, asked).reply.logprob == -0.75
    silent = read_answer(reply().body, PLAIN, asked).reply
    assert silent.logprob is None
    assert "no log-probability" in silent.detail


def test_stop_texts_are_cut_here_too() -> None:
    got = read_answer(reply("a\nb END c", choice={"finish_reason": "length"}).body, PLAIN, Decoding(stop=("END", "\n")))
    assert (got.reply.text, got.reply.finish) == ("a", "stop")


def test_a_wrapped_choice_is_unwrapped() -> None:
    body = Body({"messages": []}, wrapped=True)
    assert read_answer(reply('{"choice": "late"}').body, body, Decoding()).reply.text == "late"
    odd = read_answer(reply("late").body, body, Decoding()).reply
    assert odd.text == "late"
    assert "form asked for" in odd.detail


def test_parts_duplicates_and_reasoning_do_not_confuse() -> None:
    parts = {"message": {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}}
    assert read_answer(reply(choice=parts).body, PLAIN, Decoding()).reply.text == "ab"
    twice = json.loads(reply("one").body)
    twice["choices"].append({"index": 1, "finish_reason": "stop", "message": {"content": "two"}})
    got = read_answer(json.dumps(twice).encode(), PLAIN, Decoding()).reply
    assert got.text == "one"
    assert "2 choices" in got.detail


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"<html>busy</html>", b'{"choices": []}', b'{"choices": [{"message": 3}]}', b"{" * 9],
)
def test_bodies_that_are_no_answer_are_the_servers_failure(content: bytes) -> None:
    outcome = read_answer(content, PLAIN, Decoding())
    assert outcome.reply.status is Status.INFRA_FAIL
    assert outcome.billed == "unknown"
    assert outcome.retry


@pytest.mark.parametrize(
    ("status", "message", "fields", "expected"),
    [
        (400, "This model's maximum context length is 8192 tokens.", {"code": "context_length_exceeded"}, "model"),
        (
            400,
            "request (4390 tokens) exceeds the available context size",
            {"type": "exceed_context_size_error"},
            "model",
        ),
        (500, "Context size has been exceeded.", {}, "model"),
        (400, "The response was filtered", {"code": "content_filter"}, "model"),
        (403, "Your input was flagged", {}, "model"),
        (400, "Invalid image", {}, "infra"),
        (422, "bad field", {}, "infra"),
        (413, "too large", {}, "infra"),
        (429, "Too many tokens in the context window of a minute", {}, "infra"),
        (500, "boom", {}, "infra"),
        (503, "overloaded", {}, "infra"),
    ],
)
def test_whose_failure_an_error_is(status: int, message: str, fields: dict[str, str], expected: str) -> None:
    outcome = read_error(status, error(status, message, **fields).body)
    assert outcome.reply.status is (Status.MODEL_FAIL if expected == "model" else Status.INFRA_FAIL)
    assert outcome.trouble == "none"
    assert message[:20] in outcome.reply.detail
    assert outcome.retry is (expected == "infra" and status in (429, 500, 503))


@pytest.mark.parametrize(
    ("status", "message", "trouble"),
    [(401, "bad key sk-abcdefghijkl", "key"), (403, "no", "key"), (404, "model 'x' not found", "model"),
     (400, "The model `x` does not exist", "model"), (400, "Server is pinned to 'a'; requested 'b'.", "model"),
     (429, "You exceeded your current quota", "closed"), (402, "pay", "closed"), (307, "", "redirect")],
)  # fmt: skip
def test_what_a_person_must_change(status: int, message: str, trouble: str) -> None:
    outcome = read_error(status, error(status, message).body)
    assert outcome.trouble == trouble
    assert not outcome.retry
    if trouble == "key":
        assert "sk-" not in outcome.reply.detail


@pytest.mark.parametrize(
    ("body", "setting"),
    [
        ({"error": {"message": "Unsupported value: 'temperature' does not support 0", "param": "temperature",
                    "code": "unsupported_value"}}, "temperature"),
        ({"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model.",
                    "param": "max_tokens", "code": "unsupported_parameter"}}, "max_tokens"),
        ({"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]},
         "seed"),
        ({"error": {"message": "Unsupported parameter: 'messages'", "param": "messages"}}, None),
        ({"error": {"message": "temperature must be between 0 and 2", "param": "temperature"}}, None),
    ],
)  # fmt: skip
def test_settings_that_a_server_does_not_take(body: object, setting: str | None) -> None:
    assert read_error(400, json.dumps(body).encode()).refused == setting


def test_gateways_may_have_billed_and_plain_refusals_have_not() -> None:
    assert [read_error(status, b"").billed for status in (429, 500, 503, 502, 504)] == ["no"] * 3 + ["unknown"] * 2


def test_a_page_is_quoted_without_its_tags() -> None:
    page = b"<html><head><style>p{}</style></head><body><h1>502</h1><p>Bad gateway</p></body></html>"
    assert read_error(502, page).reply.detail == "HTTP 502: 502 Bad gateway"
