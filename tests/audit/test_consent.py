"""Withdrawn consent and forbidden licences are errors with the row, and an offer to leave it out."""

from __future__ import annotations

from tunewright.audit.checks import consent
from tunewright.audit.findings import Fix
from tunewright.audit.view import View
from tunewright.records.example import Example, Message, Source


def _row(number: int, *tags: tuple[str, str]) -> Example:
    return Example((Message("user", f"text {number}"),), "x", Source("t.csv", number + 2), f"r{number}", tags=tags)


def _view(*rows: Example) -> View:
    return View(rows, "generate")


def test_rows_that_say_no_are_errors_to_be_left_out() -> None:
    rows = [
        _row(0, ("consent", "yes")),
        _row(1, ("Consent ", "Withdrawn")),
        _row(2, ("opt-out", "true")),
        _row(3, ("license", "All Rights Reserved, ACME")),
    ]
    found = consent.run(_view(*rows), consent.LIMITS)
    assert [(f.kind, f.severity, f.affected) for f in found.findings] == [
        ("consent.withdrawn", "error", 2),
        ("consent.licence", "error", 1),
    ]
    withdrawn, licence = found.findings
    assert withdrawn.title == "2 rows have no consent for learning"
    assert [item.rows for item in withdrawn.items] == [(1,), (2,)]
    assert withdrawn.items[0].why == "The column 'Consent ' says 'Withdrawn'."
    assert {item.fix for f in found.findings for item in f.items} == {Fix("drop")}
    assert licence.title == "1 row is under a licence that forbids learning"
    assert found.numbers == (("refused", 3.0),)


def test_rows_that_say_yes_are_left_alone() -> None:
    rows = [_row(0, ("consent", "yes"), ("licence", "CC-BY-4.0")), _row(1, ("opt_out", "no")), _row(2, ("note", "no"))]
    found = consent.run(_view(*rows), consent.LIMITS)
    assert (found.findings, found.not_checked) == ((), ())


def test_without_such_a_column_nothing_is_claimed() -> None:
    found = consent.run(_view(_row(0, ("who", "no"))), consent.LIMITS)
    assert found.findings == ()
    assert [gap.kind for gap in found.not_checked] == ["consent.columns"]
    assert consent.run(_view(), consent.LIMITS).not_checked == ()
