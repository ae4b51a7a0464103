"""What a person settled counts no more: not in titles, not in estimates, not in the grade."""

from __future__ import annotations

import pytest

from tunewright.audit.findings import CheckResult, Finding, Fix, Item, Span
from tunewright.audit.result import AuditResult, CheckReport
from tunewright.audit.settled import without_settled

SLIPS = Finding(
    "label_errors.slips",
    "warning",
    "4 labels look wrong to models that have not seen them; about 2 are, by their count",
    "",
    "",
    tuple(Item((row,), "", 0.5, fix=Fix("relabel", "b")) for row in range(4)),
    (("estimated", 0.02), ("low", 0.01), ("high", 0.03)),
    2,
)
PHONES = Finding(
    "identity_exposure.in_inputs",
    "warning",
    "1 person stands in several rows",
    "",
    "",
    (Item((0, 1), "", 0.5, (Span("input", 0, 3, 0), Span("input", 0, 3, 1)), Fix("mask")),),
)


def _result(*findings: Finding) -> AuditResult:
    numbers = (("wrong_labels_estimated", 0.02), ("rows", 100.0))
    checks = [
        CheckReport(f.kind.partition(".")[0], "t", "correct", "seconds", 1, CheckResult((f,), (), numbers), 0.1)
        for f in findings
    ]
    return AuditResult(100, tuple(checks))


def test_titles_estimates_and_grades_are_those_of_what_is_left() -> None:
    (found,) = without_settled(_result(SLIPS), {SLIPS.kind: {0, 1}}).findings
    assert found.finding.title == (
        "2 labels look wrong to models that have not seen them; about 1 are, by their count (2 settled by review)"
    )
    assert found.finding.affected == 1
    assert dict(found.finding.numbers) == pytest.approx(
        {"estimated": 0.01, "low": 0.005, "high": 0.015, "settled_by_review": 2}
    )
    assert [item.rows for item in found.finding.items] == [(2,), (3,)]


def test_few_left_are_a_note_and_none_left_is_no_trouble() -> None:
    result = without_settled(_result(SLIPS), {SLIPS.kind: {0, 1, 2}})
    assert result.findings[0].finding.severity == "note"
    assert dict(result.checks[0].result.numbers) == pytest.approx({"wrong_labels_estimated": 0.005, "rows": 100.0})
    result = without_settled(_result(SLIPS), {SLIPS.kind: {0, 1, 2, 3}})
    assert result.worst == "note"
    assert result.findings[0].finding.title.startswith("4 settled by review, and no other:")
    assert result.findings[0].finding.affected == 0


def test_a_mask_of_several_rows_is_settled_with_the_last_of_them() -> None:
    one, two = ({PHONES.kind: rows} for rows in ({0}, {0, 1}))
    assert without_settled(_result(PHONES), one) == _result(PHONES)
    assert without_settled(_result(PHONES), two).worst == "note"
    assert without_settled(_result(PHONES), {"other.kind": {0, 1}}) == _result(PHONES)
