"""Answers in a form that is nearly right: what is mended, what is asked again, and what is left alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.errors import InputError
from tunewright.records.answers import Status
from tunewright.records.example import Message
from tunewright.records.generation import Reply, Request
from tunewright.records.usage import Spent, Usage
from tunewright.systems._prompting.repair import Form, checked_extra_calls, mended, relaxed_json, repaired

LABELS = ("billing", "card", "card lost", "Repair")
ONE = Form("classify", LABELS)
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"item": {"type": "string"}, "count": {"type": ["integer", "null"]}},
        "required": ["item"],
        "additionalProperties": False,
    }
)
ORDER = Form("extract", (), SCHEMA)


@pytest.mark.parametrize(
    ("text", "label", "repairs"),
    [
        ("billing", "billing", ()),
        (" card lost\n", "card lost", ()),
        ("REPAIR", "Repair", ("case of the label",)),
        ('"billing".', "billing", ("marks around the label",)),
        ("**Label: repair**", "Repair", ("marks around the label",)),
        ("The answer is card lost", "card lost", ("marks around the label",)),
        ('{"label": "billing"}', "billing", ("marks around the label",)),
        ('```json\n{"label": "Billing"}\n```', "billing", ("marks around the label",)),
        ("card lost, because it was stolen", "card lost", ("text behind the label",)),
        ("Billing\n\nThe customer asks for a refund.", "billing", ("text behind the label",)),
    ],
)
def test_labels_are_mended(text: str, label: str, repairs: tuple[str, ...]) -> None:
    one = repaired(text, ONE)
    assert (one.text, one.repairs) == (label, repairs)


@pytest.mark.parametrize("text", ["", "not billing", "billing or card", "billings", "card holder", "About a card"])
def test_labels_are_not_guessed(text: str) -> None:
    one = repaired(text, ONE)
    assert one.text is None
    assert one.problem


def test_the_longer_of_two_labels_counts() -> None:
    form = Form("classify", ("card", "card - lost"))
    assert repaired("card - lost: it was stolen", form).text == "card - lost"
    assert repaired("card: it is new", form).text == "card"


def test_labels_that_differ_in_case_alone_stay_apart() -> None:
    assert repaired("IT", Form("classify", ("it", "It"))).text is None
    assert repaired("It", Form("classify", ("it", "It"))).text == "It"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('Sure!\n```json\n{"item": "pump", "count": 2}\n```\nAnything else?', {"item": "pump", "count": 2}),
        ('Here it is: {"item": "pump {2}"} as you asked.', {"item": "pump {2}"}),
        ("{'item': 'pump \"A\"', 'count': None}", {"item": 'pump "A"', "count": None}),
        ('{"item": "pump", "count": NaN,}', {"item": "pump", "count": None}),
        ('{item: "it\'s", count: 1}', {"item": "it's", "count": 1}),
        ('{"item": "two\nlines"}', {"item": "two\nlines"}),
        ('{"note": 1} {"item": "b"}', {"item": "b"}),
    ],
)
def test_json_is_mended(text: str, value: dict[str, Any]) -> None:
    one = repaired(text, ORDER)
    assert json.loads(one.text or "null") == value
    assert one.repairs


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"item": "pump", "count": 1', "no JSON"),
        ('{"count": 1}', "'item' is required"),
        ('{"item": "a", "colour": "b"}', "not declared"),
        ('{"item": 3}', "should be string"),
        ("[1]", "no JSON object"),
        ("nothing", "no JSON"),
        ("{" * 3000, "no JSON"),
    ],
)
def test_json_is_not_guessed(text: str, problem: str) -> None:
    one = repaired(text, ORDER)
    assert one.text is None
    assert problem in one.problem


def test_several_labels_are_a_list() -> None:
    schema = json.dumps({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "minItems": 1})
    form = Form("classify", ("a", "b"), schema, several=True)
    assert repaired('The labels: ["a", "b"].', form).text == '["a", "b"]'
    assert repaired('["c"]', form).text is None


_PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="\\"), max_size=8)
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _PLAIN),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_PLAIN, inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_PLAIN, _VALUES, max_size=4), st.sampled_from([None, 1]))
def test_right_json_stays_and_python_is_read_as_it_was_meant(value: dict[str, Any], indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    one = repaired(text, Form("extract"))
    assert (one.text, one.repairs) == (text, ())
    assert json.loads(relaxed_json(repr(value)) or "null") == value
    assert json.loads(repaired(f"So:\n```json\n{text}\n```", Form("extract")).text or "null") == value


@settings(max_examples=300, deadline=None)
@given(st.text("{}[]\"'\\,:`nN a1\n", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    one = repaired(text, ORDER)
    assert (one.text is None) == bool(one.problem)


# Asking again


def asked(*texts: str | None) -> tuple[list[Request], list[Reply]]:
    replies = [
        Reply(None, Status.INFRA_FAIL, detail="lost")
        if text is None
        else Reply(text, usage=Usage(5, output=1), usd=0.5)
        for text in texts
    ]
    return [Request((Message("user", f"case {n}"),)) for n in range(len(texts))], replies


def test_only_what_cannot_be_mended_is_asked_again_and_at_most_once() -> None:
    seen: list[Request] = []

    def ask(requests: Sequence[Request]) -> list[Reply]:
        seen.extend(requests)
        return [Reply("billing", usage=Usage(7), usd=0.25), Reply("again no label", usage=Usage(7), usd=0.25)]

    requests, replies = asked("billing", "CARD", "hm", "so", None)
    found = mended(requests, replies, ONE, 1, ask)
    assert [one.text for one in found] == ["billing", "card", "billing", None, None]
    assert [one.status.value for one in found] == ["ok", "ok", "ok", "model_fail", "infra_fail"]
    assert [one.messages[0].content for one in seen] == ["case 2", "case 3"]
    assert [m.role for m in seen[0].messages] == ["user", "assistant", "user"]
    assert "'hm' is none of the labels" in seen[0].messages[2].content
    assert seen[0].decoding.choices == LABELS
    assert found[1].detail == "repaired: case of the label"
    assert found[2].detail == "asked again: 'hm' is none of the labels"
    assert (found[0].spent, found[2].spent) == (Spent(1, Usage(5, output=1), 0.5), Spent(2, Usage(12, output=1), 0.75))


def test_without_a_budget_nothing_is_asked_again() -> None:
    def ask(requests: Sequence[Request]) -> list[Reply]:
        assert not requests
        return []

    requests, replies = asked('{"item": 3}')
    (one,) = mended(requests, replies, ORDER, 0, ask)
    assert (one.text, one.status, one.spent.calls) == (None, Status.MODEL_FAIL, 1)


def test_a_second_reply_that_got_lost_leaves_the_case_missing() -> None:
    requests, replies = asked("no json")
    (one,) = mended(requests, replies, ORDER, 1, lambda _r: [Reply(None, Status.INFRA_FAIL, detail="gone")])
    assert (one.status, one.spent.calls) == (Status.INFRA_FAIL, 2)


def test_the_budget_is_none_or_one() -> None:
    assert checked_extra_calls(1, "prompt") == 1
    with pytest.raises(InputError, match="0 to 1"):
        checked_extra_calls(2, "prompt")
