"""Spellings of labels, rows set aside, the prompt of deployment, the order of rows."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest
from shape_rows import found_by, result_of, row, rows_in, view_of

from tunewright.audit.checks import deployment_format, label_spelling, order_of_rows, unusable_rows
from tunewright.audit.checks.label_spelling import plain_label, spellings
from tunewright.audit.view import View
from tunewright.data.rows import SetAside
from tunewright.records.example import Example, Message, Source


def labelled(counts: dict[str, int]) -> list[Example]:
    return [row(f"Text {label} {n}", label) for label, count in counts.items() for n in range(count)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Refund", "refund "),
        ("card_arrival", "card-arrival"),
        ("3", "3.0"),
        ("ﬁx", "fix"),
        ("late.", "late"),
        ("a  b", "A b"),
    ],
)
def test_spellings_of_one_label(one: str, other: str) -> None:
    assert plain_label(one) == plain_label(other)


@pytest.mark.parametrize(
    ("one", "other"), [("C", "C++"), ("1.5", "15"), ("-1", "1"), ("50%", "50"), ("class 1", "class 2")]
)
def test_different_labels_stay_different(one: str, other: str) -> None:
    assert plain_label(one) != plain_label(other)


def test_variants_and_slips_are_found_with_the_common_label_as_suggestion() -> None:
    rows = labelled(
        {
            "refund": 40,
            "Refund": 2,
            "transfer": 40,
            "tranfser": 1,
            "class 1": 40,
            "class 2": 1,
            "moral": 30,
            "amoral": 1,
        }
    )
    found = found_by(label_spelling, rows, "classify")
    assert {(item.fix.value, rows[item.rows[0]].target) for item in found["variants"].items if item.fix} == {
        ("refund", "Refund")
    }
    assert {(item.fix.value, rows[item.rows[0]].target) for item in found["slips"].items if item.fix} == {
        ("transfer", "tranfser")
    }
    assert not any(item.fix.safe for finding in found.values() for item in finding.items if item.fix)
    assert found_by(label_spelling, rows) == {}


def test_families_come_commonest_first() -> None:
    assert spellings(Counter({"a b": 1, "A_B": 5, "c": 2})) == [["A_B", "a b"]]


def test_rows_set_aside_are_told_by_reason() -> None:
    aside = [SetAside(Source("f.csv", n), "data.empty_target", "the target is empty", "") for n in range(3)]
    aside.append(SetAside(Source("f.csv", 9), "data.bad_json", "a comma is missing", ""))
    result = result_of(unusable_rows, View(tuple(labelled({"a": 96})), "classify", set_aside=tuple(aside)))
    assert [(f.kind, f.affected, f.severity) for f in result.findings] == [
        ("unusable_rows.data.empty_target", 3, "error"),
        ("unusable_rows.data.bad_json", 1, "error"),
    ]
    assert dict(result.numbers)["set_aside_share"] == 0.04
    assert result_of(unusable_rows, view_of(labelled({"a": 9}))).findings == ()


TOOL = json.dumps({"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}})
OTHER = json.dumps({"name": "look", "parameters": {"type": "object", "required": ["a"]}})


def deployed(examples: list[Example], **told: Any) -> dict[str, list[int]]:
    result = result_of(deployment_format, view_of(examples, **told))
    return {finding.kind.rpartition(".")[2]: rows_in(finding) for finding in result.findings}


def test_system_prompts_against_the_one_that_will_be_sent() -> None:
    rows = [
        row("a", "b", system="Be brief."),
        row("a", "b"),
        row("a", "b", system="Be  brief."),
        row("a", "b", system="Be long."),
    ]
    assert deployed(rows, system="Be brief.") == {"no_system": [1], "system_space": [2], "other_system": [3]}
    assert deployed([row("a", "b")], system="") == {}


def test_tools_against_those_that_will_be_offered() -> None:
    flat = json.dumps(json.loads(TOOL)["function"])
    rows = [row("a", "b", tools=[tool] if tool else []) for tool in (TOOL, flat, "", OTHER, '{"name":"find"}')]
    assert deployed(rows, tools=(TOOL,)) == {"no_tools": [2], "tool_schema": [3], "other_tools": [4]}


def test_frames_and_headings_that_only_one_side_has() -> None:
    framed = [row(f"### Instruction:\nQuestion {n}?\n### Response:\n", "b") for n in range(40)]
    bare = [row(f"Question {n}?", "b") for n in range(40)]
    inputs = tuple(f"{word} is {n}?" for word in ("Where", "Who", "What") for n in "abcdefgh")
    result = result_of(deployment_format, view_of(framed, inputs=inputs))
    assert [f.kind for f in result.findings] == ["deployment_format.frame"] * 2
    assert "### Instruction:" in result.findings[0].title
    assert deployed(bare, inputs=inputs) == {}
    headed = [row(f"{n} says\nContext: c{n}\nQuestion: q{n}", "b") for n in range(40)]
    kinds = [f.title for f in result_of(deployment_format, view_of(headed, inputs=inputs)).findings]
    assert any("'context:'" in title for title in kinds)


def test_without_being_told_only_the_rows_are_compared_and_that_is_said() -> None:
    rows = [row("a", "b", system="Be brief.") for _ in range(9)] + [row("a", "b"), row("a", "b", system="be brief.")]
    result = result_of(deployment_format, view_of(rows))
    assert {f.kind.rpartition(".")[2]: rows_in(f) for f in result.findings} == {
        "some_without_system": [9],
        "nearly_one_system": [10],
    }
    assert [note.kind for note in result.not_checked] == ["deployment_format.system"]
    named = row([Message("user", "hi", name="Ann")], "b")
    assert deployed([named]) == {"unread_name": [0]}


def test_rows_sorted_by_class_or_column_are_told_and_shuffled_ones_are_not() -> None:
    rows = labelled({"a": 60, "b": 60, "c": 60})
    assert result_of(order_of_rows, view_of(rows, "classify")).findings[0].title == "The rows are sorted by class"
    mixed = random.Random(1).sample(rows, len(rows))
    assert result_of(order_of_rows, view_of(mixed, "classify")).findings == ()
    sourced = [row(f"{n}", f"{n}", tags=[("shop", "ab"[n // 50])]) for n in range(100)]
    assert "'shop'" in result_of(order_of_rows, view_of(sourced)).findings[0].title


def test_like_neighbours_without_any_column() -> None:
    topics = ["red card payment fails", "garden of stone roses", "train to the north sea", "soup with fresh bread"]
    rows = [row(f"{topic} {n} {n * 7}", f"{n}") for topic in topics for n in range(30)]
    assert [f.kind for f in result_of(order_of_rows, view_of(rows)).findings] == ["order_of_rows.alike"]
    mixed = random.Random(2).sample(rows, len(rows))
    assert result_of(order_of_rows, view_of(mixed)).findings == ()
    assert result_of(order_of_rows, view_of(rows[:20])).findings == ()
