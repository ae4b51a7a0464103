"""An audit after a review knows what was decided; a review asks what the audit found, and no more."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tunewright.audit.edits import KEEP, Edit
from tunewright.audit.findings import CheckResult, Finding, Fix, Item, Span
from tunewright.audit.registry import all_checks
from tunewright.audit.result import AuditResult, CheckReport
from tunewright.audit.view import View
from tunewright.data.read import ColumnMap, ReadResult, read_table
from tunewright.reporting.audit_document import audit_document, write_audit
from tunewright.reporting.audit_words import AuditContext
from tunewright.store import Store
from tunewright.workflow.auditing.approvals import open_findings, remember_audit, require_rights, waiting
from tunewright.workflow.auditing.audit_data import kind_of
from tunewright.workflow.auditing.last_audit import last_audit
from tunewright.workflow.reviewing.review import Review
from tunewright.workflow.reviewing.review_data import look
from tunewright.workflow.reviewing.settled import settled_by_review, settled_rows

COLUMNS = ColumnMap(("text",), "label")
ROWS = [(f"text {n} about {'cards' if n % 2 else 'bills'}", "ab"[n % 2]) for n in range(8)]
SLIPS = "label_errors.slips"
PHONE = "personal_data.in_inputs"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / ".tunewright") as opened:
        yield opened


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([("text", "label"), *ROWS, ("", "a"), ("no answer here", "")])
    return path


def _read(path: Path) -> ReadResult:
    return read_table(path, columns=COLUMNS, kind="classify")


def _finding(kind: str, *rows: int, fix: Fix | None = None) -> Finding:
    spans = (Span("messages[0]", 0, 4, kind="phone"),) if fix == Fix("mask") else ()
    return Finding(kind, "warning", f"{len(rows)} rows", "", "", tuple(Item((n,), "", 0.9, spans, fix) for n in rows))


def _audit(*findings: Finding) -> AuditResult:
    checks = [CheckReport(c.NAME, c.TITLE, c.QUALITY, c.COST, c.VERSION, CheckResult(), 0.0) for c in all_checks()]
    of = {f.kind.partition(".")[0]: f for f in findings}
    return AuditResult(8, tuple(replace(c, result=CheckResult((of[c.name],))) if c.name in of else c for c in checks))


def _review(store: Store, path: Path, *findings: Finding) -> Review:
    return Review(store, path, _read(path), "classify", findings, "ann")


def test_kept_and_relabelled_rows_are_settled_in_the_reviewed_file(store: Store, table: Path) -> None:
    review = _review(store, table, _finding(SLIPS, 0, 1, 2, fix=Fix("relabel", "c")))
    for question, edit in zip(
        list(review.pending()), (KEEP, Edit("relabel", (("target", "c"),)), Edit("relabel", (("target", "b"),))),
        strict=True,
    ):  # fmt: skip
        review.decide(question, edit)
    done = review.write()
    assert done is not None
    examples = _read(done.path).examples
    # The next audit doubts the very same rows, and one more.
    found = settled_by_review(store, examples, _audit(_finding(SLIPS, 0, 1, 2, 5))).findings[0].finding
    assert [item.rows for item in found.items] == [(5,)]
    assert "3 settled by review" in found.title
    assert settled_by_review(store, examples, _audit(_finding(SLIPS, 0, 1, 2))).worst == "note"
    # In the old file the row that was relabelled is still wrong; another finding is another question.
    assert settled_rows(store, _read(table).examples) == {SLIPS: {0}}
    assert settled_by_review(store, examples, _audit(_finding("contradictions.x", 0))).worst == "warning"
    again = _review(store, done.path, _finding(SLIPS, 0, 1, 2, 5))
    assert [q.row for q in again.pending()] == [5]
    assert again.n_settled == 2


def test_a_taken_back_decision_settles_nothing(store: Store, table: Path) -> None:
    review = _review(store, table, _finding(SLIPS, 0))
    review.keep(next(review.rows()))
    assert settled_rows(store, review.examples) == {SLIPS: {0}}
    review.undo()
    assert settled_rows(store, review.examples) == {}


def test_a_kept_phone_stays_kept_through_a_relabel_and_not_through_a_new_text(store: Store, table: Path) -> None:
    findings = (_finding(PHONE, 0, 1, fix=Fix("mask")), _finding(SLIPS, 0, 1))
    review = _review(store, table, *findings)
    remember_audit(store, review.examples, _audit(findings[0]))
    assert [one.rows for one in open_findings(store, review.examples)] == [(0, 1)]
    for asked, edit in zip(
        list(review.rows()), (Edit("relabel", (("target", "c"),)), Edit("edit", (("messages[0]", "text new"),))),
        strict=True,
    ):  # fmt: skip
        review.change(asked, edit)
        review.keep(next(one for one in review.rows() if one.row == asked.row))
    assert review.n_pending == 0
    done = review.write()
    assert done is not None
    examples = _read(done.path).examples
    assert settled_rows(store, examples)[PHONE] == {0}
    remember_audit(store, examples, _audit(findings[0]))
    assert [one.rows for one in open_findings(store, examples)] == [(1,)]
    # Of the old file nothing waits any more: there is a newer one, and of that one row.
    assert waiting(store) == {PHONE: 1}


def test_masked_rows_wait_for_no_approval(store: Store, table: Path) -> None:
    finding = _finding(PHONE, 0, 1, fix=Fix("mask"))
    review = _review(store, table, finding)
    remember_audit(store, review.examples, _audit(finding))
    assert waiting(store) == {PHONE: 2}
    asked = next(review.rows())
    review.accept(asked, asked.questions)
    review.write()
    assert waiting(store) == {PHONE: 1}


def test_consent_is_not_given_by_keeping_a_row(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("text,label,consent\none,a,no\ntwo,b,yes\nthree,a,yes\nfour,b,yes\n")
    result = _read(path)
    with Store.open(tmp_path / "other") as other:
        with pytest.raises(Exception, match="may not be learned from"):
            require_rights(other, result.examples)
        looked = look(other, result, None, tmp_path)
        (withdrawn,) = [f for f in looked.findings if f.kind == "consent.withdrawn"]
        review = Review(other, path, result, "classify", looked.findings, "ann")
        asked = next(review.rows())
        assert asked.questions[0].finding == withdrawn
        review.keep(asked)
        assert settled_rows(other, result.examples) == {}
        assert [one.finding for one in open_findings(other, result.examples)] == ["consent.withdrawn"]


def test_rows_nobody_can_learn_from_are_left_out_and_counted(store: Store, table: Path) -> None:
    review = _review(store, table)
    done = review.write()
    assert done is not None
    assert (done.rows, done.unusable, done.changed) == (8, 2, 0)
    assert "2 rows that cannot be learned from are not in the new file" in done.notes[0]
    assert "--keep-unusable" in done.notes[0]
    with done.path.open(newline="") as stream:
        assert len(list(csv.reader(stream))) == 9
    kept = Review(store, table, _read(table), "classify", (_finding(SLIPS, 0),), "ann", keep_unusable=True)
    assert kept.write() is None
    kept.decide(next(kept.pending()), Edit("relabel", (("target", "b"),)))
    done = kept.write()
    assert done is not None
    # The file has ten rows, and so it is told.
    assert (done.rows, done.unusable, done.notes) == (10, 0, ())


def _leave(root: Path, name: str, result: ReadResult, audit: AuditResult, created: str) -> None:
    folder = root / "runs" / f"audit-{name}"
    folder.mkdir(parents=True)
    limits = {check.NAME: check.LIMITS for check in all_checks()}
    context = AuditContext("t.csv", "ab" * 32, "tunewright audit", created, limits=limits)
    view = View(result.examples, kind_of(result.examples), set_aside=result.set_aside)
    write_audit(audit_document(audit, view, context), folder / "audit.json")


def test_a_review_asks_what_the_latest_audit_of_these_rows_found(store: Store, table: Path, tmp_path: Path) -> None:
    result = _read(table)
    _leave(tmp_path, "2026-01-01", result, _audit(_finding(SLIPS, 3)), "2026-01-01T00:00:00+00:00")
    newest = (_finding(SLIPS, 1, 2, fix=Fix("relabel", "c")), _finding(PHONE, 0, fix=Fix("mask")))
    _leave(tmp_path, "2026-01-02", result, _audit(*newest), "2026-01-02T00:00:00+00:00")
    looked = look(store, result, None, tmp_path)
    assert "audit of 2026-01-02" in looked.said
    assert sorted(looked.ran) == sorted(check.NAME for check in all_checks())
    found = {f.kind: f for f in looked.findings}
    assert [item.fix for item in found[SLIPS].items] == [Fix("relabel", "c")] * 2
    asked = Review(store, table, result, "classify", looked.findings, "ann")
    (mask,) = [q for q in asked.pending() if q.check == "personal_data"]
    assert asked.suggestion(mask) == Edit("mask", (("messages[0]", "[PHONE] 0 about bills"),))


def test_other_rows_columns_or_versions_are_looked_at_anew(store: Store, table: Path, tmp_path: Path) -> None:
    result = _read(table)
    limits = {check.NAME: check.LIMITS for check in all_checks()}
    kind = kind_of(result.examples)
    _leave(tmp_path, "a", result, _audit(), "2026-01-02T00:00:00+00:00")
    assert last_audit(tmp_path, result.examples, kind, limits) is not None
    assert last_audit(tmp_path, result.examples[1:], kind, limits) is None
    assert last_audit(tmp_path, result.examples[::-1], kind, limits) is None
    other = (replace(result.examples[0], tags=(("consent", "no"),)), *result.examples[1:])
    assert last_audit(tmp_path, other, kind, limits) is None
    changed = {**limits, "label_need": {**limits["label_need"], "nothing": 1.0}}
    assert last_audit(tmp_path, result.examples, kind, changed) is None
    (tmp_path / "runs" / "audit-a" / "audit.json").write_text("{broken")
    assert "no audit of exactly these rows" in look(store, result, None, tmp_path).said.lower()
