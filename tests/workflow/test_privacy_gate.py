"""No way around an open privacy finding: an edited row is looked at again, from wherever training starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import MAJORITY, make_project, make_rows, run_project

from tunewright.errors import InputError
from tunewright.records.example import Example, Message, Source
from tunewright.store import Store
from tunewright.workflow.auditing.approvals import approve
from tunewright.workflow.auditing.audit import AuditRequest, audit
from tunewright.workflow.auditing.privacy_gate import require_learnable, require_learnable_file
from tunewright.workflow.runs import STATE
from tunewright.workflow.study import Hooks
from tunewright.workflow.tuning.train_data import read_training_data

IBAN = "DE89 3704 0044 0532 0130 00"
ROWS = "text,label\n" + "".join(
    f'"Please refund {"to " + IBAN if n % 10 == 0 else "me"}, case number {n}",{"refund" if n % 2 else "repair"}\n'
    for n in range(60)
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A file whose audit left a bank account open."""
    path = tmp_path / "project" / "data.csv"
    path.parent.mkdir()
    path.write_text(ROWS, encoding="utf-8")
    audit(AuditRequest(path, only=("personal_data",), vectors=False), path.parent, Hooks())
    return path


def refused(table: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_training_data(table, None, None, None, 0)
    assert caught.value.code == "approve.open"
    return str(caught.value)


@pytest.mark.parametrize("change", [str.upper, lambda text: text.replace("Please", "Please,"), lambda text: text + " "])
def test_an_edited_row_is_looked_at_again(table: Path, change: object) -> None:
    assert callable(change)
    head, *lines = table.read_text(encoding="utf-8").splitlines()
    edited = [line.replace(line.split('"')[1], change(line.split('"')[1])) for line in lines]
    (table.parent / "edited.csv").write_text("\n".join([head, *edited]), encoding="utf-8")
    assert "personal_data" in refused(table.parent / "edited.csv")


def test_the_thresholds_of_the_project_hold(table: Path) -> None:
    refused(table)
    thresholds = table.parent / "thresholds.yaml"
    thresholds.write_text("personal_data: {confidense: 2}\n", encoding="utf-8")
    with pytest.raises(InputError, match="confidense"):
        read_training_data(table, None, None, None, 0)
    thresholds.write_text("personal_data: {confidence: 2}\n", encoding="utf-8")
    read_training_data(table, None, None, None, 0)


def test_from_another_folder_too(table: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    refused(table)
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text(ROWS, encoding="utf-8")
    read_training_data(elsewhere, None, None, None, 0)  # no audit of that folder saw anything


def test_held_out_rows_are_looked_at_as_well(table: Path, tmp_path: Path) -> None:
    clean = tmp_path / "clean.csv"
    clean.write_text(ROWS.replace(f"to {IBAN}", "me"), encoding="utf-8")
    with pytest.raises(InputError, match="not settled"):
        read_training_data(clean, None, table, None, 0)


def test_an_approval_holds_for_the_rows_it_was_given_for(table: Path) -> None:
    with Store.open(table.parent / STATE) as store:
        for finding in list(store.approvals.seen()):
            approve(store, finding, "Ada", "published accounts")
    read_training_data(table, None, None, None, 0)


def test_the_main_job_asks_too(tmp_path: Path) -> None:
    rows = make_rows(60)
    folder = make_project(tmp_path, rows, systems=[MAJORITY])
    text = (folder / "tickets.csv").read_text(encoding="utf-8")
    (folder / "tickets.csv").write_text(text.replace(rows[0].text, f"{rows[0].text} {IBAN}"), encoding="utf-8")
    audit(AuditRequest(folder / "tickets.csv", only=("personal_data",), vectors=False), folder, Hooks())
    with pytest.raises(InputError, match="not settled"):
        run_project(folder)


def test_who_never_audited_is_not_held_up(tmp_path: Path) -> None:
    row = Example((Message("user", f"to {IBAN}"),), "x", Source("t.csv", 1), "r1")
    with Store.open(tmp_path / STATE) as store:
        require_learnable(store, [row])
    require_learnable_file(tmp_path / "t.csv", [row])
