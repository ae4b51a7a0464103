"""Labelling: answers are kept at once, the table can be read by a run, and one goes on where one left off."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tunewright.data.read import ColumnMap, read_table
from tunewright.errors import InputError
from tunewright.store import Store
from tunewright.workflow.reviewing.label import WANTED, Labelling, Proposal, read_inputs

TEXTS = [f"question {n}" for n in range(8)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / ".tunewright") as opened:
        yield opened


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "inputs.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([("id", "text", "target"), *((f"Q{n}", t, "old") for n, t in enumerate(TEXTS))])
    return path


def _work(store: Store, table: Path, who: str = "ann", **facts: object) -> Labelling:
    result, erased = read_inputs(store, table, ("text",), "id")
    return Labelling(store, table, result, who, erased=erased, **facts)  # type: ignore[arg-type]


def _answer(work: Labelling, n: int, target: str = "a", case: str = "normal") -> list[int]:
    rows = []
    for _ in range(n):
        row = work.next()
        assert row is not None
        work.answer(row, target, case, seconds=2.0)
        rows.append(row)
    return rows


def test_the_table_keeps_its_columns_and_a_run_can_read_it(store: Store, table: Path) -> None:
    work = _work(store, table, order="file", labels=("a", "b"))
    _answer(work, 2, "a")
    _answer(work, 1, "b", "edge")
    done = work.write()
    assert done is not None
    assert done.path.name == "inputs.labelled.csv"
    with done.path.open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["id", "text", "target", "target_2", "case"]
    assert rows[1:] == [
        ["Q0", "question 0", "old", "a", "normal"],
        ["Q1", "question 1", "old", "a", "normal"],
        ["Q2", "question 2", "old", "b", "edge"],
    ]
    read = read_table(done.path, columns=ColumnMap(("text",), "target_2", "id"))
    assert [(e.target, e.tag("case")) for e in read.examples] == [("a", "normal"), ("a", "normal"), ("b", "edge")]
    assert done.cases == {"normal": 2, "messy": 0, "edge": 1, "ask-back": 0, "refuse": 0}
    assert store.versions.find("latest").about["labelled_by"] == ["ann"]


def test_it_goes_on_and_brings_its_own_table_up_to_date(store: Store, table: Path) -> None:
    first = _work(store, table)
    rows = _answer(first, 2)
    one = first.write()
    again = _work(store, table)
    assert again.next() not in rows
    _answer(again, 1)
    two = again.write()
    assert one is not None
    assert two is not None
    assert (two.path, two.rows) == (one.path, 3)
    assert not list(table.parent.glob("*new*.csv"))
    # A table that somebody changed is that person's.
    with two.path.open("a") as stream:
        stream.write("Q99,my own,old,a,normal\n")
    _answer(again, 1)
    three = again.write()
    assert three is not None
    assert three.path.name == "inputs.labelled-2.csv"
    with pytest.raises(InputError) as caught:
        again.write(table)
    assert caught.value.code == "write.exists"


def test_the_random_order_is_fair_and_repeatable(store: Store, table: Path) -> None:
    one, two = _work(store, table, seed=1), _work(store, table, seed=1)
    assert one._order == two._order
    assert sorted(one._order) == list(range(8))
    assert _work(store, table, seed=2)._order != one._order
    assert one._order != list(range(8))


def test_the_least_certain_comes_first(store: Store, table: Path) -> None:
    proposals = {n: Proposal("a", 0.1 * n) for n in range(1, 8)}
    work = _work(store, table, order="uncertain", proposals=proposals)
    assert _answer(work, 3) == [0, 1, 2]
    with pytest.raises(InputError) as caught:
        _work(store, table, order="uncertain")
    assert caught.value.code == "label.order"


def test_a_hidden_proposal_is_not_shown_and_agreement_is_measured(store: Store, table: Path) -> None:
    proposals = {n: Proposal("a" if n < 3 else "b", 0.9) for n in range(8)}
    seen = _work(store, table, order="file", proposals=proposals)
    assert seen.shown_proposal(0) == Proposal("a", 0.9)
    _answer(seen, 1, "b")
    hidden = _work(store, table, order="file", proposals=proposals, hidden=True)
    assert hidden.shown_proposal(1) is None
    _answer(hidden, 4, "a")
    # Rows 1 and 2 agree, 3 and 4 do not; row 0 was answered with the proposal in sight.
    assert hidden.agreement() == (2, 4)


def test_undo_and_skip(store: Store, table: Path) -> None:
    work = _work(store, table, order="file")
    _answer(work, 1)
    work.skip(1)
    assert work.next() == 2
    assert work.undo() == 1
    assert work.undo() == 0
    assert (work.n_labelled, work.next(), work.undo()) == (0, 0, None)
    assert work.write() is None


def test_what_is_missing_is_counted(store: Store, table: Path) -> None:
    work = _work(store, table)
    assert work.missing() == WANTED
    _answer(work, 3, case="refuse")
    assert work.missing()["refuse"] == WANTED["refuse"] - 3
    assert work.cost().median_s == 2.0
    for target, case in ((" ", "normal"), ("a", "odd")):
        with pytest.raises(InputError):
            work.answer(5, target, case)


def test_an_erased_row_is_not_asked_about(store: Store, table: Path) -> None:
    work = _work(store, table)
    _answer(work, 8)
    store.purge(work.examples[3], table.parent / "runs")
    later = _work(store, table)
    assert (len(later.examples), later.n_labelled) == (7, 7)
    done = later.write()
    assert done is not None
    assert "question 3" not in done.path.read_text()


def test_the_column_must_be_named(store: Store, table: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_inputs(store, table, (), None)
    assert caught.value.code == "label.columns"
