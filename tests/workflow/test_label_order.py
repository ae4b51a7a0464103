"""The order of labelling: who teaches it, what is recorded, and that the rows by chance stay a fair sample."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from desks import LABELS, make_project, make_rows, write_rows

from tunewright.audit.next_rows import START_ROWS, chance_order
from tunewright.data.read import ColumnMap, read_table
from tunewright.errors import InputError
from tunewright.records.example import Example, input_digest
from tunewright.store import Store
from tunewright.workflow.load import load
from tunewright.workflow.prepare import LOCKED_FROM_ROWS, prepare
from tunewright.workflow.reviewing.label import Labelling, read_inputs
from tunewright.workflow.reviewing.label_order import CHANCE, CHOSEN, NextOrder, known_rows, make_order

TRUTH = {row.text: row.category for row in make_rows(80, seed=5, noise=0.0)}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / ".tunewright") as opened:
        yield opened


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "inputs.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([("text",), *((text,) for text in TRUTH)])
    return path


def _known(tmp_path: Path, n: int = 60) -> tuple[Example, ...]:
    path = write_rows(tmp_path / "known.csv", make_rows(n, seed=6))
    return read_table(path, columns=ColumnMap(("text",), "category"), kind="classify").examples


def _work(store: Store, table: Path, known: tuple[Example, ...] = (), **facts: object) -> Labelling:
    result, erased = read_inputs(store, table, ("text",), None)
    chooser, labels = make_order(result.examples, known, () if known else LABELS, **facts)  # type: ignore[arg-type]
    return Labelling(store, table, result, "ann", labels=labels, order="next", erased=erased, chooser=chooser)


def _answer(work: Labelling, n: int) -> list[int]:
    rows = []
    for _ in range(n):
        row = work.next()
        assert row is not None
        work.answer(row, TRUTH[work.examples[row].text], "normal")
        rows.append(row)
    return rows


def _asked(work: Labelling, row: int) -> dict[str, str]:
    return {name: value for name, value in work.answers[row].extra if name in ("asked", "guess")}


def test_each_row_is_asked_once_and_why_is_recorded(store: Store, table: Path, tmp_path: Path) -> None:
    work = _work(store, table, _known(tmp_path))
    assert work.labels == tuple(sorted(LABELS))
    rows = _answer(work, 80)
    assert sorted(rows) == list(range(80))
    assert work.next() is None
    facts = [_asked(work, row) for row in rows]
    # From the first row on there is a classifier; of the first batch of 20 a fifth came by chance.
    assert [fact["asked"] for fact in facts[:20]].count(CHANCE) == 4
    assert {fact["asked"] for fact in facts} == {CHANCE, CHOSEN}
    assert all(fact["guess"] in LABELS for fact in facts)


def test_without_known_rows_it_begins_by_chance_and_learns_from_the_answers(store: Store, table: Path) -> None:
    work = _work(store, table)
    rows = _answer(work, START_ROWS + 20)
    assert rows[:START_ROWS] == chance_order(work.examples, 0)[:START_ROWS].tolist()
    assert all(_asked(work, row) == {"asked": CHANCE} for row in rows[:START_ROWS])
    assert [_asked(work, row)["asked"] for row in rows[START_ROWS:]].count(CHOSEN) == 16


def test_it_goes_on_after_a_stop_and_skips_what_was_skipped(store: Store, table: Path, tmp_path: Path) -> None:
    known = _known(tmp_path)
    first = _work(store, table, known)
    done = _answer(first, 25)
    again = _work(store, table, known)
    row = again.next()
    assert row is not None
    assert row not in done
    again.skip(row)
    assert row not in _answer(again, 54)
    assert again.next() is None


def test_what_is_taken_back_is_asked_for_the_same_reason(store: Store, table: Path, tmp_path: Path) -> None:
    known = _known(tmp_path)
    rows = _answer(_work(store, table, known), 20)
    later = _work(store, table, known)
    before = _asked(later, rows[-1])
    row = later.undo()
    assert row == rows[-1]
    later.answer(row, "billing", "normal")
    assert _asked(later, row) == before


def test_the_sample_by_chance_is_the_beginning_of_one_random_order(store: Store, table: Path, tmp_path: Path) -> None:
    work = _work(store, table, _known(tmp_path))
    _answer(work, 70)
    fair = work.fair_sample()
    assert fair is not None
    by_chance = [row for row in work.answers if _asked(work, row)["asked"] == CHANCE]
    order = chance_order(work.examples, 0).tolist()
    beginning = order[: 1 + max(order.index(row) for row in by_chance)]
    # Rows that were chosen before their turn belong to it: without them the doubtful would be missing.
    assert len(by_chance) < len(beginning)
    assert fair.rows == len(beginning)
    guesses = [(_asked(work, row)["guess"], TRUTH[work.examples[row].text]) for row in beginning]
    assert (fair.right, fair.guessed) == (sum(guess == truth for guess, truth in guesses), len(beginning))
    assert fair.low < fair.right / fair.guessed < fair.high
    assert sum(count for _, count in fair.labels) == fair.rows


def test_with_another_seed_only_rows_by_chance_count(store: Store, table: Path, tmp_path: Path) -> None:
    known = _known(tmp_path)
    _answer(_work(store, table, known), 20)
    other = _work(store, table, known, seed=9)
    _answer(other, 2)
    fair = other.fair_sample()
    assert fair is not None
    assert fair.rows == sum(_asked(other, row)["asked"] == CHANCE for row in other.answers)


def test_fair_figures_are_right_where_those_of_all_answers_are_not(tmp_path: Path) -> None:
    """A tenth of the rows are doubtful; choosing asks for them first, the sample does not."""
    random = np.random.default_rng(0)
    texts = [f"alpha{random.integers(9)} alpha{random.integers(9)} n{n}" for n in range(450)]
    texts += [f"alpha{random.integers(9)} beta{random.integers(9)} n{n}" for n in range(100)]
    texts += [f"beta{random.integers(9)} beta{random.integers(9)} n{n}" for n in range(450)]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["text,label", *(f"{t},{'a' if n < 500 else 'b'}" for n, t in enumerate(texts))]))
    rows = read_table(path, columns=ColumnMap(("text",), "label"), kind="classify").examples
    known, asked = [*rows[:40], *rows[-40:]], rows[40:-40]
    order = NextOrder(asked, known, seed=1)
    answers: dict[int, str] = {}
    for _ in range(150):
        row = order.next(answers, ())
        assert row is not None
        answers[row] = asked[row].target
    mixed = {n for n, row in enumerate(asked) if "alpha" in row.text and "beta" in row.text}
    chosen = [row for row in answers if order.asked(row).by == CHOSEN]
    chance = [row for row in answers if order.asked(row).by == CHANCE]
    assert len(mixed & set(chosen)) / len(chosen) > 0.5
    assert len(chance) == 30
    assert max(chance_order(asked, 1).tolist().index(row) for row in chance) < 60


def test_known_rows_of_a_project_are_not_those_of_its_test(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "large", make_rows(LOCKED_FROM_ROWS + 50))
    with Store.open(folder / ".tunewright") as store:
        rows, said = known_rows(store, folder, None, ("text",), None)
        from tunewright.project.file import load_project

        settings = load_project(folder / "tunewright.yaml")
        study = prepare(settings, folder, load(settings, folder, store), store).study
    tested = {input_digest(study.examples[row].messages) for row in study.scored}
    assert tested
    assert not tested & {input_digest(row.messages) for row in rows}
    assert len(rows) + len(study.scored) == LOCKED_FROM_ROWS + 50
    assert "its test rows do not" in said


def test_where_known_rows_come_from(store: Store, tmp_path: Path) -> None:
    assert known_rows(store, tmp_path, None, ("text",), None)[0] == ()
    folder = make_project(tmp_path / "small", make_rows(90))
    assert len(known_rows(store, folder, None, ("text",), None)[0]) == 90
    rows, said = known_rows(store, folder, folder / "tickets.csv", ("text",), "category")
    assert {row.target for row in rows} == set(LABELS)
    assert "tickets.csv" in said


def test_texts_have_no_doubt(store: Store, table: Path, tmp_path: Path) -> None:
    result, _ = read_inputs(store, table, ("text",), None)
    with pytest.raises(InputError) as caught:
        make_order(result.examples, (), ())
    assert caught.value.code == "label.order"
    folder = make_project(tmp_path / "texts", make_rows(30), fields={"kind": "generate"})
    with pytest.raises(InputError) as caught:
        known_rows(store, folder, None, ("text",), None)
    assert caught.value.code == "label.order"
    with pytest.raises(InputError) as caught:
        NextOrder(result.examples, chance_share=1.5)
    assert caught.value.code == "label.chance_share"


def test_rows_beyond_the_candidates_come_by_chance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunewright.workflow.reviewing.label_order.MOST_CANDIDATES", 30)
    known = _known(tmp_path)
    asked = _known(tmp_path, 50)
    order = NextOrder(asked, known)
    answers: dict[int, str] = {}
    while (row := order.next(answers, ())) is not None:
        answers[row] = asked[row].target
    by_chance = chance_order(asked, 0).tolist()
    assert sorted(list(answers)[:30]) == sorted(by_chance[:30])
    assert list(answers)[30:] == by_chance[30:]
    assert {order.asked(row).by for row in by_chance[30:]} == {CHANCE}
