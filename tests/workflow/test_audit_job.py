"""The audit as a job: rows are registered in parts, what is not kept is said, a stopped audit can be run again."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tunewright.audit import row_work
from tunewright.errors import Cancelled
from tunewright.store import Store
from tunewright.workflow.auditing import audit as job
from tunewright.workflow.auditing.audit import Audited, AuditRequest, audit, audit_folder
from tunewright.workflow.runs import STATE
from tunewright.workflow.study import Hooks

QUESTIONS = (
    ("where is my {} card", "card"),
    ("i forgot the {} pin", "pin"),
    ("send {} euros abroad to max{}@example.com", "transfer"),
    ("the {} app does not open", "app"),
)


def table(folder: Path, n: int = 60) -> Path:
    path = folder / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("text", "label"))
        for number in range(n):
            text, label = QUESTIONS[number % len(QUESTIONS)]
            out.writerow((text.format(number, number), label))
    return path


def request(path: Path) -> AuditRequest:
    return AuditRequest(path, vectors=False)


def untimed(audited: Audited) -> object:
    return [replace(check, seconds=0.0, remembered=0) for check in audited.result.checks]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_rows_are_registered_in_parts_and_found_again(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "ROWS_PER_REGISTER", 7)
    path = table(work)
    first, again = (audit_folder(audit(request(path), work, Hooks()), work)[0] for _ in range(2))
    with Store.open(work / STATE) as store:
        rows = store.rows_of(first.name)
        assert [row.source for row in rows] == [f"rows.csv:{line}" for line in range(2, 62)]
        assert store.rows_of(again.name) == rows


def test_what_is_too_large_for_a_version_is_said(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    path = table(work)
    audit(request(path), work, Hooks(say=said.append))
    assert not said
    monkeypatch.setattr(job, "MOST_ROWS_FOR_VERSION", 59)
    audit(request(path), work, Hooks(say=said.append))
    assert len(said) == 1
    assert "60 rows are not written down as a dataset version" in said[0]


def after(calls: int) -> Callable[[], bool]:
    """Whether to stop: yes after so many questions."""
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > calls

    return cancelled


@pytest.mark.parametrize("calls", [0, 40, 75])
def test_a_stopped_audit_leaves_a_usable_cache(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    monkeypatch.setattr(row_work, "ROWS_PER_TASK", 5)
    path = table(work)
    with pytest.raises(Cancelled):
        audit(request(path), work, Hooks(cancelled=after(calls)))
    resumed = audit(request(path), work, Hooks())
    fresh = audit(request(path), tmp_path / "fresh", Hooks())
    assert untimed(resumed) == untimed(fresh)
    assert resumed.result.findings
