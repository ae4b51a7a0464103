"""Queues go out as CSV and Label Studio files and come back whole, or not at all."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tunewright.audit.edits import DROP, KEEP, Edit
from tunewright.audit.exchange import (
    KEEP_LABEL,
    LEAVE_OUT,
    Task,
    from_csv,
    from_label_studio,
    to_csv,
    to_label_studio,
)
from tunewright.audit.findings import Finding, Fix, Item
from tunewright.audit.queue import build_queue
from tunewright.errors import InputError
from tunewright.records.example import Example, Message, Source

TEXTS = ['=HYPERLINK("x")', "two\r\nlines; and, more", "plain"]
EXAMPLES = [
    Example((Message("user", t),), "billing", Source("t.csv", n), f"r{n}") for n, t in enumerate(TEXTS, start=2)
]
FINDING = Finding(
    "label_errors.slips",
    "warning",
    "3 labels look like slips",
    "",
    "",
    tuple(Item((n,), f"reason {n}", 0.9, fix=Fix("relabel", "refund")) for n in range(3)),
)
TASKS = [Task(q, EXAMPLES[q.row], q.suggestion(EXAMPLES[q.row])) for q in build_queue([FINDING], ["a", "b", "c"])]


def _filled(**answers: dict[str, str]) -> str:
    """The exported table with decisions by row name; the rest is as it was written."""
    rows = list(csv.DictReader(io.StringIO(to_csv(TASKS), newline="")))
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, rows[0].keys())
    writer.writeheader()
    writer.writerows({**row, **answers.get(row["row"], {})} for row in rows)
    return stream.getvalue()


def test_a_filled_table_comes_back_and_open_rows_stay_open() -> None:
    text = _filled(r2={"decision": "Accept", "note": "clear"}, r3={"decision": "drop"})
    answers = from_csv("\ufeff" + text, TASKS)
    assert [(a.question.row, a.edit, a.note) for a in answers] == [
        (0, Edit("relabel", (("target", "refund"),)), "clear"),
        (1, DROP, ""),
    ]
    assert from_csv(to_csv(TASKS), TASKS) == []


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_table_saved_with_another_delimiter_is_read(delimiter: str) -> None:
    stream = io.StringIO(newline="")
    rows = csv.reader(io.StringIO(_filled(r2={"decision": "keep"}), newline=""))
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    assert [a.edit for a in from_csv(stream.getvalue(), TASKS)] == [KEEP]


def test_a_table_cannot_run_as_a_formula() -> None:
    assert next(csv.DictReader(io.StringIO(to_csv(TASKS), newline="")))["text"].startswith("'=")


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"r2": {"decision": "keep", "id": "nobody"}}, "row 2: there is no question 'nobody'"),
        ({"r3": {"decision": "keep", "text": "other"}}, "row 3: its text or target is not that of the data"),
        ({"r3": {"decision": "keep", "target": "x"}}, "row 3: its text or target"),
        ({"r4": {"decision": "relabel"}}, "row 4: relabel needs the new target"),
        ({"r4": {"decision": "perhaps"}}, "row 4: 'perhaps' is no decision"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_taken(answers: dict[str, dict[str, str]], problem: str) -> None:
    text = _filled(**{"r2": {"decision": "keep"}, **answers})
    with pytest.raises(InputError) as caught:
        from_csv(text, TASKS)
    assert caught.value.code == "review.import"
    assert problem in str(caught.value)


def test_every_problem_is_told_at_once() -> None:
    text = _filled(r2={"decision": "x"}, r3={"decision": "y"})
    with pytest.raises(InputError, match="2 problems") as caught:
        from_csv(text, TASKS)
    assert "row 2" in str(caught.value)
    assert "row 3" in str(caught.value)


def test_two_answers_to_one_question_are_a_conflict_unless_they_agree() -> None:
    once = _filled(r2={"decision": "keep"})
    line = once.splitlines()[1]
    assert len(from_csv(once + line + "\r\n", TASKS)) == 1
    with pytest.raises(InputError, match="1 problems") as caught:
        from_csv(once + line.replace("keep", "drop") + "\r\n", TASKS)
    assert "than row 2" in str(caught.value)


def test_a_strange_table_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        from_csv("a,b\n1,2\n", TASKS)
    assert caught.value.code == "review.import_columns"


def _annotated(*results: list[dict[str, Any]], **facts: object) -> str:
    tasks = json.loads(to_label_studio(TASKS, ["billing", "refund"]))
    for task, result in zip(tasks, results, strict=False):
        task["annotations"] = [{"result": result, "was_cancelled": False, **facts}] if result else []
    return json.dumps(tasks)


def _choice(value: str) -> list[dict[str, Any]]:
    return [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [value]}}]


def test_label_studio_tasks_hold_ids_texts_and_the_suggestion() -> None:
    tasks = json.loads(to_label_studio(TASKS, ["billing", "refund"]))
    assert [task["data"]["text"] for task in tasks] == TEXTS
    assert len({task["data"]["question"] for task in tasks}) == 3
    (prediction,) = tasks[0]["predictions"]
    assert prediction["result"][0]["value"] == {"choices": ["refund"]}
    assert {"value": LEAVE_OUT} in tasks[0]["data"]["choices"]


def test_annotations_come_back_as_decisions() -> None:
    text = _annotated(_choice("refund"), _choice(LEAVE_OUT), _choice(KEEP_LABEL), lead_time=7.5)
    answers = from_label_studio(text, TASKS)
    assert [a.edit for a in answers] == [Edit("relabel", (("target", "refund"),)), DROP, KEEP]
    assert {a.seconds for a in answers} == {7.5}
    area = [{"from_name": "answer", "to_name": "text", "type": "textarea", "value": {"text": ["another answer"]}}]
    assert [a.edit.changes for a in from_label_studio(_annotated(area), TASKS)] == [(("target", "another answer"),)]
    assert [a.edit for a in from_label_studio(_annotated(_choice("billing")), TASKS)] == [KEEP]


def test_cancelled_and_open_tasks_are_no_answers() -> None:
    assert from_label_studio(_annotated(_choice("refund"), was_cancelled=True), TASKS) == []
    assert from_label_studio(to_label_studio(TASKS), TASKS) == []


def test_json_min_is_read_as_well() -> None:
    flat = [{**task["data"], "label": "refund"} for task in json.loads(to_label_studio(TASKS))]
    assert len(from_label_studio(json.dumps(flat), TASKS)) == 3


def test_annotators_who_disagree_are_a_conflict() -> None:
    tasks = json.loads(_annotated(_choice("refund")))
    tasks[0]["annotations"].append({"result": _choice("other")})
    with pytest.raises(InputError) as caught:
        from_label_studio(json.dumps(tasks), TASKS)
    assert "row 1: another decision than row 1" in str(caught.value)


@pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1]"])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        from_label_studio(text, TASKS)
    assert caught.value.code == "review.import_json"
