"""Training waits for privacy and rights, and for nobody who never looked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tunewright.audit.findings import CheckResult, Finding, Item, NotChecked, Quality, Severity
from tunewright.audit.result import AuditResult, CheckReport
from tunewright.audit.rights import refused_by_consent, refused_by_licence
from tunewright.errors import InputError
from tunewright.records.example import Example, Message, Source
from tunewright.store import NewDecision, Store
from tunewright.workflow.auditing.approvals import (
    approve,
    open_findings,
    remember_audit,
    require_approved,
    require_rights,
    waiting,
)


def _row(text: str, line: int, **tags: str) -> Example:
    pairs = tuple((name.replace("_", " "), value) for name, value in tags.items())
    return Example((Message("user", text),), "x", Source("t.csv", line), f"r{line}", tags=pairs)


ROWS = [_row(text, line) for line, text in enumerate(("a@x.org", "hello", "b@y.org"), start=2)]


def _audit(
    *rows: int, severity: Severity = "warning", quality: Quality = "privacy-reviewed", affected: int | None = None
) -> AuditResult:
    items = tuple(Item((row,), "an address") for row in rows)
    found = (Finding("pii.email", severity, "addresses", "", "", items, rows_affected=affected),) if rows else ()
    result = CheckResult(found, (NotChecked("pii.names", "no model"),))
    return AuditResult(len(ROWS), (CheckReport("pii", "Personal data", quality, "seconds", 1, result, 0.0),))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / ".tunewright") as opened:
        yield opened


def _stopped(store: Store, rows: list[Example], result: AuditResult | None = None) -> str:
    with pytest.raises(InputError) as caught:
        require_approved(store, rows, result)
    assert caught.value.code == "approve.open"
    return str(caught.value)


def test_who_never_audited_is_not_held_up(store: Store) -> None:
    require_approved(store, ROWS)


def test_what_an_audit_saw_stops_training_and_names_rows(store: Store) -> None:
    text = _stopped(store, ROWS, _audit(0, 2))
    assert "pii.email: t.csv:2, t.csv:4" in text
    assert "tunewright approve pii.email" in text
    # Later commands that make no audit of their own know it.
    _stopped(store, ROWS)


@pytest.mark.parametrize("result", [_audit(0, severity="note"), _audit(0, quality="correct"), _audit()])
def test_notes_and_other_qualities_stop_nothing(store: Store, result: AuditResult) -> None:
    require_approved(store, ROWS, result)


def test_a_mended_row_is_settled_and_a_masked_one_only_where_the_mask_is_in_the_data(store: Store) -> None:
    remember_audit(store, ROWS, _audit(0))
    (name,) = store.versions.names(ROWS[:1])
    store.decisions.add("ann", [NewDecision(ROWS[0], name, "pii.email", "mask", (("input", "[EMAIL]"),))])
    _stopped(store, ROWS)
    require_approved(store, [replace(ROWS[0], messages=(Message("user", "[EMAIL]"),)), *ROWS[1:]])
    require_approved(store, ROWS[1:])


def test_a_row_that_a_reviewer_kept_is_settled(store: Store) -> None:
    remember_audit(store, ROWS, _audit(0, 2))
    names = store.versions.names(ROWS)
    store.decisions.add("ann", [NewDecision(ROWS[0], names[0], "pii.email", "keep")])
    assert [one.rows for one in open_findings(store, ROWS)] == [(2,)]
    store.decisions.add("ann", [NewDecision(ROWS[2], names[2], "pii.email", "keep")])
    require_approved(store, ROWS)


def test_an_approval_holds_for_its_rows_and_not_for_later_ones(store: Store) -> None:
    remember_audit(store, ROWS, _audit(0, 2))
    assert waiting(store) == {"pii.email": 2}
    assert approve(store, "pii.email", "ann", "our own addresses") == 2
    require_approved(store, ROWS)
    require_approved(store, ROWS[:1])
    assert waiting(store) == {}
    more = [*ROWS, _row("c@z.org", 5)]
    assert "t.csv:5" in _stopped(store, more, _audit(0, 2, 3))
    (kept,) = store.approvals.approvals()
    assert (kept.who, kept.reason) == ("ann", "our own addresses")


def test_a_finding_with_more_rows_than_it_lists_needs_the_very_set(store: Store) -> None:
    remember_audit(store, ROWS, _audit(0, affected=2))
    names = store.versions.names(ROWS)
    store.decisions.add("ann", [NewDecision(ROWS[0], names[0], "pii.email", "keep")])
    assert "the set as a whole" in _stopped(store, ROWS)
    approve(store, "pii.email", "ann", "public registers")
    require_approved(store, ROWS)


def test_two_sets_seen_as_a_whole_are_approved_together(store: Store) -> None:
    remember_audit(store, ROWS, _audit(0, affected=2))
    remember_audit(store, ROWS[:2], _audit(0, affected=2))
    approve(store, "pii.email", "ann", "public registers")
    assert waiting(store) == {}
    for rows in (ROWS, ROWS[:2]):
        require_approved(store, rows)
    assert "the set as a whole" in _stopped(store, ROWS[1:], _audit(1, affected=2))


def test_a_new_audit_that_finds_nothing_settles(store: Store) -> None:
    remember_audit(store, ROWS, _audit(0, affected=5))
    require_approved(store, ROWS, _audit())
    assert store.approvals.seen() == {}


@pytest.mark.parametrize(("who", "reason"), [("", "good reason"), ("ann", " "), ("ann", "ok")])
def test_an_approval_needs_a_name_and_a_reason(store: Store, who: str, reason: str) -> None:
    remember_audit(store, ROWS, _audit(0))
    with pytest.raises(InputError) as caught:
        approve(store, "pii.email", who, reason)
    assert caught.value.code == "approve.reason"


def test_nothing_unseen_can_be_approved(store: Store) -> None:
    with pytest.raises(InputError, match="No finding"):
        approve(store, "pii.email", "ann", "good reason")


def test_the_summary_of_an_audit_holds_no_text_of_a_row(store: Store) -> None:
    remember_audit(store, ROWS, _audit(0, 2))
    (record,) = store.approvals.audits()
    assert record.n_rows == 3
    assert record.summary["not_checked"] == [{"check": "pii", "kind": "pii.names"}]
    for words in ("x.org", "no model", "addresses"):  # a sentence may name a label, which is a row's own word
        assert words not in str(record.summary)


RIGHTS = [
    _row("a", 2, Consent="yes", License="MIT"),
    _row("b", 3, Consent=" Withdrawn "),
    _row("c", 4, opt_out="TRUE"),
    _row("d", 5, Licence="All rights reserved, ACME"),
    _row("e", 6, license="CC-BY-NC-4.0"),
    _row("f", 7, consented="0", note="no"),
    _row("g", 8, opt_out="no", note="no", consent=""),
]


def test_consent_and_licences_are_read_from_columns_by_many_names() -> None:
    assert sorted(refused_by_consent(RIGHTS)) == [1, 2, 5]
    assert sorted(refused_by_licence(RIGHTS)) == [3]
    assert sorted(refused_by_licence(RIGHTS, ["cc-by-nc*"])) == [3, 4]


def test_refused_rows_stop_training_until_left_out_or_approved(store: Store) -> None:
    with pytest.raises(InputError) as caught:
        require_rights(store, RIGHTS)
    text = str(caught.value)
    assert caught.value.code == "approve.rights"
    assert "4 rows" in text
    assert "t.csv:3, t.csv:4, t.csv:7" in text
    assert "Withdrawn" in text
    require_rights(store, [RIGHTS[0], RIGHTS[4], RIGHTS[6]])
    with pytest.raises(InputError):
        require_rights(store, RIGHTS)
    approve(store, "consent.withdrawn", "ann", "consent was given on paper")
    with pytest.raises(InputError, match="licence"):
        require_rights(store, RIGHTS)
    approve(store, "consent.licence", "ann", "we are ACME")
    require_rights(store, RIGHTS)
    require_approved(store, RIGHTS)
    looks = len(store.approvals.audits())
    require_rights(store, RIGHTS)
    assert len(store.approvals.audits()) == looks
    with pytest.raises(InputError):
        require_rights(store, [*RIGHTS, _row("new", 9, consent="no")])


def test_rights_leave_what_audits_saw_alone(store: Store) -> None:
    remember_audit(store, ROWS, _audit(0))
    require_rights(store, ROWS)
    _stopped(store, ROWS)


def test_the_same_rows_read_with_other_columns_are_the_same_rows(store: Store) -> None:
    """A model learns inputs and targets; whether a column was named as an id or a group changes nothing."""
    remember_audit(store, ROWS, _audit(0))
    elsewhere = [
        replace(row, tags=(("channel", "mail"),), group="g", time="2026", source=Source("other.jsonl", 9), row_id="z")
        for row in reversed(ROWS)
    ]
    assert "pii.email" in _stopped(store, elsewhere)
    approve(store, "pii.email", "Ada", "addresses are public")
    require_approved(store, elsewhere)
