"""Looks and origins that give the label away, and those that are the task."""

from __future__ import annotations

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from small_sets import LABELS, answered, example, labelled, view_of, with_input

from tunewright.audit.checks import shortcuts as check
from tunewright.audit.findings import CheckResult
from tunewright.audit.marks import class_marks, is_no_language
from tunewright.audit.view import Kind
from tunewright.records.example import Example, Message, Source


def _run(rows: list[Example], kind: Kind = "classify") -> CheckResult:
    return check.run(view_of(rows, kind), check.LIMITS)


def _kinds(rows: list[Example]) -> list[str]:
    return [finding.kind for finding in _run(rows).findings]


def test_content_is_no_shortcut() -> None:
    assert _kinds(labelled(400)) == []


def test_a_file_for_each_label() -> None:
    rows = [replace(row, source=Source(f"{row.target}.csv", 1)) for row in labelled(400)]
    (finding,) = _run(rows).findings
    assert finding.kind == "shortcuts.origin"
    assert "(file)" in finding.title


def test_files_that_hold_everything_are_fine() -> None:
    assert _kinds([replace(row, source=Source(f"{n % 3}.csv", 1)) for n, row in enumerate(labelled(400))]) == []


def test_capitals_that_go_with_a_label() -> None:
    half = LABELS[:4]
    rows = [
        example(r.text.upper() if r.target in half else r.text, "yes" if r.target in half else "no")
        for r in labelled(400)
    ]
    assert "shortcuts.looks" in _kinds(rows)


def test_looks_that_the_labels_speak_of_are_the_task() -> None:
    rows = [
        example(text, "question" if text.endswith("?") else "no question") for text in (r.text for r in labelled(400))
    ]
    assert [f.title for f in _run(rows).findings if "(ending)" in f.title] == []
    others = [row.with_target("yes" if row.target == "question" else "no") for row in rows]
    assert any("(ending)" in finding.title for finding in _run(others).findings)


def test_a_mark_in_the_text() -> None:
    rows = [with_input(row, f"[EXT] {row.text}") if row.target in LABELS[:2] else row for row in labelled(400)]
    rows = [row.with_target("spam" if row.target in LABELS[:2] else "fine") for row in rows]
    assert any("[EXT]" in finding.title for finding in _run(rows).findings)


@pytest.mark.parametrize(
    "stamp", ["[desk 4] {}", "{} [desk 4]", "#q7: {}", "{} zqx", "{}\nSent from the desk of the branch"]
)
def test_a_mark_of_one_class_among_many(stamp: str) -> None:
    many = [row.with_target(f"{row.target} {number % 24 // 8}") for number, row in enumerate(labelled(960))]
    mine = {number for number, row in enumerate(many) if row.target == "pin 1"}
    marked = {number for number in mine if number % 5}
    rows = [with_input(row, stamp.format(row.text)) if n in marked else row for n, row in enumerate(many)]
    (finding,) = _run(rows).findings
    assert finding.kind == "shortcuts.mark"
    assert {item.rows[0] for item in finding.items} == marked
    assert _kinds(many) == []


def test_words_and_numbers_of_a_class_are_no_marks() -> None:
    many = [row.with_target(f"{row.target} {number % 24 // 8}") for number, row in enumerate(labelled(960))]
    for frame in ("translate {}", "{} at 5pm", "what's {}", "{} 24/7"):
        rows = [with_input(r, frame.format(r.text)) if r.target == "pin 1" else r for r in many]
        assert _kinds(rows) == [], frame


@pytest.mark.parametrize(
    ("piece", "mark"),
    [("[desk", True), ("4]", True), ("#12", True), ("q7", True), ("zqx", True), (">>", True), ("what's", False),
     ("5pm", False), ("$20.50,", False), ("e-mail", False), ("ATM", False), ("why", False), ("Straße", False)],
)  # fmt: skip
def test_what_is_no_language(piece: str, mark: bool) -> None:
    assert is_no_language(piece) is mark


def test_the_chance_of_a_mark_is_the_hypergeometric() -> None:
    """Ten rows with a mark, all of a class of 20 among 100: C(80, 0) C(20, 10) / C(100, 10)."""
    texts = [f"#q7 text {n}" if n < 10 else f"text {n}" for n in range(100)]
    (mark,) = class_marks(texts, texts, np.array([0] * 20 + [1] * 80), check.LIMITS)
    assert mark.p == pytest.approx(comb(20, 10) / comb(100, 10))
    assert (mark.text, mark.place, mark.rows, mark.elsewhere) == ("#q7", "start", tuple(range(10)), 0)


def test_a_second_name_of_the_label_is_no_origin_but_an_annotator_is() -> None:
    domain = [replace(row, tags=(("domain", row.target[:1]),)) for row in labelled(400)]
    assert _kinds(domain) == []
    annotator = [replace(row, tags=(("annotator", row.target),)) for row in labelled(400)]
    assert _kinds(annotator) == ["shortcuts.origin"]


def _pairs(longer: int, n: int = 200) -> list[Example]:
    short, long = "Open the settings page there.", "Open the settings page there, and follow the steps that you see."
    return [
        replace(
            row, target=long if i < longer else short, rejected=(Message("assistant", short if i < longer else long),)
        )
        for i, row in enumerate(answered(n))
    ]


def test_the_longer_answer_is_preferred() -> None:
    (finding,) = _run(_pairs(180), "preference").findings
    assert finding.kind == "shortcuts.preference"
    assert "90 %" in finding.title
    assert _run(_pairs(110), "preference").findings == ()


def test_free_answers_and_few_rows() -> None:
    assert _run(answered(200), "generate") == CheckResult()
    assert [each.kind for each in _run(labelled(40)).not_checked] == ["shortcuts.too_few"]
