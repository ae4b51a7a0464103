"""Rare, tiny and dominant classes, and shares that differ from deployment's."""

from __future__ import annotations

import pytest
from small_sets import LABELS, answered, example, labelled, questions, view_of

from tunewright.audit.checks import class_balance as check
from tunewright.audit.findings import CheckResult
from tunewright.audit.view import Deployment
from tunewright.records.example import Example


def _run(rows: list[Example], deployment: Deployment | None = None) -> CheckResult:
    return check.run(view_of(rows, "classify", deployment), check.LIMITS)


def _of(**counts: int) -> list[Example]:
    names = [name for name, count in counts.items() for _ in range(count)]
    return [example(f"text {number}", name, number) for number, name in enumerate(names)]


def test_equal_classes_are_fine() -> None:
    result = _run(labelled(400))
    assert result.findings == ()
    numbers = dict(result.numbers)
    assert numbers["classes"] == 8
    assert numbers["effective_classes"] == pytest.approx(8)
    assert [each.kind for each in result.not_checked] == ["class_balance.deployment"]


def test_classes_with_few_rows_are_named_smallest_first() -> None:
    (finding,) = _run(_of(a=100, b=100, c=12, d=3)).findings
    assert finding.kind == "class_balance.few_rows"
    assert finding.severity == "warning"
    assert finding.affected == 15
    assert [len(item.rows) for item in finding.items] == [3, 12]


def test_a_rare_class_with_rows_enough_is_a_note() -> None:
    kinds = {finding.kind: finding for finding in _run(_of(a=900, b=900, c=25)).findings}
    assert set(kinds) == {"class_balance.rare"}
    assert kinds["class_balance.rare"].severity == "note"


def test_a_dominant_class_says_what_accuracy_hides() -> None:
    (finding,) = _run(_of(a=900, b=100)).findings
    assert finding.kind == "class_balance.dominant"
    assert "90 %" in finding.why
    assert _run(_of(a=60, b=40)).findings == ()


def test_deployment_with_the_same_shares_is_fine_and_with_others_is_not() -> None:
    rows = labelled(400)
    same = tuple(text for text, _ in questions(300, seed=9))
    assert _run(rows, Deployment(inputs=same)).findings == ()
    mostly_pin = tuple(text for text, label in questions(2000, seed=9) if label == LABELS[1]) + same[:60]
    (finding,) = _run(rows, Deployment(inputs=mostly_pin)).findings
    assert finding.kind == "class_balance.unlike_deployment"
    assert f"“{LABELS[1]}”" in finding.why


def test_stated_shares_are_compared() -> None:
    stated = Deployment(expected=(("a", 0.5), ("b", 0.05)))
    (finding,) = _run(_of(a=100, b=100), stated).findings
    assert "“b”: 50 % here, 5.0 % expected" in finding.why
    assert "“a”" not in finding.why


def test_answers_have_no_classes() -> None:
    assert check.run(view_of(answered(100), "generate"), check.LIMITS) == CheckResult()
