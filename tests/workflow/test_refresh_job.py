"""New examples become the locked test: checked, written beside, with their lineage."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from desks import MAJORITY, Row, make_project, make_rows, near_copy, open_state, run_project, write_rows, write_table

from tunewright.errors import InputError
from tunewright.workflow.refresh.checks import drawn_alike
from tunewright.workflow.refresh.job import Refreshed, RefreshOptions, refresh
from tunewright.workflow.run import RunOptions
from tunewright.workflow.study import Hooks

OLD = make_rows(40, seed=7, prefix="O")
ROWS = make_rows(90)


def _fresh(n: int = 60) -> list[Row]:
    return make_rows(n, seed=21, prefix="N")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rows(tmp_path / "own.csv", OLD)
    return make_project(tmp_path, ROWS, systems=[MAJORITY], data={"test": "own.csv"})


def refreshed(folder: Path, rows: list[Row], **options: bool) -> Refreshed:
    table = write_rows(folder / "new.csv", rows)
    return refresh(folder, table, RefreshOptions(**options), Hooks())


def _ids(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        return [row["id"] for row in csv.DictReader(stream)]


def test_rows_that_are_known_are_set_aside_with_the_reason(folder: Path) -> None:
    fresh = _fresh()
    known = [replace(ROWS[3], id="X1"), replace(OLD[5], id="X2"), near_copy(ROWS[8], "X3"), replace(fresh[0], id="X4")]
    done = refreshed(folder, [*fresh, *known])
    checked = done.checked
    assert [len(checked.kept), checked.in_training, checked.in_old_test, checked.near, checked.repeated] == [
        60,
        1,
        1,
        1,
        1,
    ]
    assert sorted(one.code for one in checked.set_aside) == [
        "refresh.known",
        "refresh.known",
        "refresh.near",
        "refresh.repeated",
    ]
    assert _ids(folder / str(done.test)) == [row.id for row in fresh]
    text = "\n".join(done.lines())
    assert "60 of 64 rows are the new locked test" in text
    assert "1 stand among the rows to learn from, 1 stand in the old test, 1 are near copies" in text
    kept = refreshed(folder, [*_fresh(), near_copy(ROWS[8], "X3")], keep_near=True)
    assert len(kept.checked.kept) == 61


def test_the_old_test_is_learned_from_and_nothing_is_written_in_place(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.glob("*.*")}
    done = refreshed(folder, _fresh())
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert (done.test, done.learn) == ("tickets.test.csv", "tickets.learn.csv")
    assert _ids(folder / "tickets.learn.csv") == [row.id for row in [*ROWS, *OLD]]
    assert done.changes == (
        ("data.path", "tickets.csv", "tickets.learn.csv"),
        ("data.test", "own.csv", "tickets.test.csv"),
    )
    # What is said is enough to go on: the project then runs on the new test.
    text = (folder / "tunewright.yaml").read_text()
    for _, old, new in done.changes:
        text = text.replace(str(old), new)
    (folder / "tunewright.yaml").write_text(text)
    verdict = run_project(folder, RunOptions(final=True))
    assert (verdict.test_set.hash, verdict.test_set.n) == (done.new_hash, 60)
    assert len(verdict.test_set.uses) == 1
    assert not verdict.test_set.overlapping_uses


def test_a_test_that_nobody_uses_any_more_stays_where_it_is(folder: Path) -> None:
    done = refreshed(folder, _fresh(), retire=False)
    assert (done.learn, done.retired) == (None, False)
    assert [name for name, _, _ in done.changes] == ["data.test"]


def test_lineage_and_looks_are_written_down(folder: Path) -> None:
    run_project(folder, RunOptions(final=True))
    done = refreshed(folder, [*_fresh(), replace(ROWS[3], id="X1")])
    assert done.old_looks == 1
    assert any("was looked at once" in line for line in done.lines())
    document = json.loads((folder / str(done.folder) / "refresh.json").read_text())
    assert document["old"]["hash"] == done.old_hash
    assert "zz" not in document
    assert ROWS[3].text not in json.dumps(document)
    with open_state(folder) as store:
        versions = store.versions.all()
        base, new = versions[-2:]
        assert new.about["takes_the_place_of"] == base.hash
        assert (base.n_rows, new.n_rows) == (40, 60)
        # The row that was set aside can be found, and its file with it.
        study_row = next(r for r in store.rows_of(str(done.folder).split("/")[-1]))
        found = store.where(study_row.row_key)
        assert any(file.path == "set_aside.csv" for file in found.files)


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    done = refreshed(folder, _fresh(), dry_run=True)
    assert (done.test, done.learn, done.folder) == (None, None, None)
    assert not list(folder.glob("tickets.*.csv"))
    assert "nothing was written" in done.lines()[0]


def test_too_few_fresh_rows_are_refused(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        refreshed(folder, [*_fresh(5), *ROWS])
    assert caught.value.code == "refresh.too_few"
    assert "Only 5 rows of 95 are fresh" in caught.value.message


def test_few_rows_become_rows_to_learn_from(tmp_path: Path) -> None:
    folder = make_project(tmp_path, ROWS, systems=[MAJORITY])
    done = refreshed(folder, _fresh())
    assert (done.old_regime, done.learn) == ("cross-fitted", None)
    assert done.changes == (("data.test", None, "tickets.test.csv"),)


def test_missing_columns_are_refused_before_anything_is_written(folder: Path) -> None:
    table = write_table(folder / "new.csv", [{"body": row.text, "category": row.category} for row in _fresh()])
    with pytest.raises(InputError):
        refresh(folder, table, RefreshOptions(), Hooks())
    assert not list(folder.glob("tickets.*.csv"))


def _examples(folder: Path, rows: list[Row]) -> list[object]:
    from tunewright.data.read import read_table
    from tunewright.data.rows import ColumnMap

    path = write_table(folder / f"r{len(list(folder.glob('r*.csv')))}.csv", [asdict(row) for row in rows])
    return list(read_table(path, columns=ColumnMap(("text",), "category"), kind="classify").examples)


def test_cases_drawn_otherwise_are_told_from_cases_drawn_alike(tmp_path: Path) -> None:
    old = _examples(tmp_path, make_rows(150, seed=1))
    alike = _examples(tmp_path, make_rows(150, seed=2))
    other = [
        replace(row, text=f"urgent {row.text} via app") for row in make_rows(150, seed=2) if row.category != "repair"
    ]
    shifted = _examples(tmp_path, [*other, replace(other[0], id="Z", text="new kind of matter here", category="legal")])
    labels = ["billing", "delivery", "repair"]
    same = drawn_alike(old, alike, labels, labels=True, seed=0)  # type: ignore[arg-type]
    assert same.alike
    assert same.auc is not None
    found = drawn_alike(old, shifted, labels, labels=True, seed=0)  # type: ignore[arg-type]
    assert found.unknown_labels == ("legal",)
    assert len(found.sentences()) == 4
