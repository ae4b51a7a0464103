"""Which rows are learned from, tuned on and scored: few rows, many rows, and a test file of the person's own."""

from __future__ import annotations

import csv
import sqlite3
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from desks import (
    LABELS,
    MAJORITY,
    WORDS_ONLY,
    Row,
    make_project,
    make_rows,
    near_copy,
    open_state,
    run_folders,
    run_project,
    settings_of,
    shuffled_labels,
    stand_in,
    study_of,
    words_only,
    write_rows,
)

from tunewright.store import Store
from tunewright.workflow.comparison import compare
from tunewright.workflow.conclude import judge
from tunewright.workflow.evidence.own_rows import PART
from tunewright.workflow.run import RunOptions
from tunewright.workflow.runs import STATE
from tunewright.workflow.study import Hooks, Study

FINAL = RunOptions(final=True)


# Few rows


def _with_copies(rows: list[Row]) -> list[Row]:
    """The rows, an exact copy of one in ten and a near copy of another one in ten."""
    exact = [replace(row, id=f"{row.id}-copy", text=f"  {row.text.upper()}!") for row in rows[::10]]
    return [*rows, *exact, *(near_copy(row, f"{row.id}-near") for row in rows[5::10])]


@pytest.mark.parametrize("grouped", [False, True])
def test_every_row_is_scored_once_by_a_fit_that_saw_neither_it_nor_its_like(tmp_path: Path, grouped: bool) -> None:
    rows = _with_copies(make_rows(120, group_size=3))
    if not grouped:
        rows = [replace(row, customer="") for row in rows]
    folder = make_project(tmp_path, rows, data={"group": "customer"} if grouped else {})
    with open_state(folder) as store:
        study, set_aside = study_of(folder, store)
    assert study.regime == "cross-fitted"
    assert set_aside == ()
    assert Counter(study.scored) == Counter(range(len(rows)))
    family = [row.id.partition("-")[0] for row in rows]
    for part in study.parts:
        assert set(part.train) | set(part.validation) | set(part.scored) == set(range(len(rows)))
        sides = [set(rows_) for rows_ in (part.train, part.validation, part.scored)]
        for one, other in ((0, 1), (0, 2), (1, 2)):
            assert not {family[i] for i in sides[one]} & {family[i] for i in sides[other]}
            if grouped:
                assert not {rows[i].customer for i in sides[one]} & {rows[i].customer for i in sides[other]}
    assert study.groups is not None


def test_stored_evidence_shows_that_no_fit_scored_what_it_learned_from(tmp_path: Path) -> None:
    folder = make_project(tmp_path, _with_copies(make_rows(90)))
    run_project(folder)
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
        for example in study.examples:
            found = store.where(example)
            own = [score for score in found.scores if score.row_key == store.row_key(example)]
            # What was asked of its own rows to see overfitting stands apart, and nothing is decided by it.
            scored_by = {score.fit_key for score in own if not score.part.startswith(PART)}
            assert len(scored_by) == 2
            assert not scored_by & {artifact.key for artifact in found.artifacts}


def test_the_claim_of_few_rows_is_about_the_procedure(tmp_path: Path) -> None:
    verdict = run_project(make_project(tmp_path, make_rows(90)))
    assert (verdict.stage, verdict.test_set.regime, verdict.test_set.folds) == ("final", "cross-fitted", 5)
    assert verdict.test_set.n == 90
    assert "this way of building the system" in verdict.test_set.text


# Many rows


def _asked_rows(diary: Path) -> set[str]:
    return set(diary.read_text(encoding="utf-8").split())


def _score_rows_of_test(folder: Path) -> int:
    with sqlite3.connect(folder / STATE / "state.db") as connection:
        return int(connection.execute("SELECT count(*) FROM score_rows WHERE part = 'test'").fetchone()[0])


def test_the_locked_test_stays_closed_until_it_is_opened(tmp_path: Path) -> None:
    diary = tmp_path / "diary.txt"
    spy = {"keywords": {"diary": str(diary)}}
    folder = make_project(tmp_path / "project", make_rows(1500), systems=(MAJORITY, WORDS_ONLY, spy))
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
    test_ids = {study.examples[row].row_id for row in study.scored}
    assert len(test_ids) == 300

    explored = run_project(folder)
    assert (explored.stage, explored.headline) == ("explore", None)
    assert explored.test_set.uses == []
    assert _score_rows_of_test(folder) == 0
    assert not _asked_rows(diary) & test_ids
    assert _asked_rows(diary) == {
        study.examples[row].row_id for row in (*study.parts[0].train, *study.parts[0].validation)
    }
    assert {system.name: system.n for system in explored.systems}["words"] == len(study.parts[0].validation)

    opened = run_project(folder, FINAL)
    assert opened.stage == "final"
    assert opened.headline is not None
    assert len(opened.test_set.uses) == 1
    assert test_ids <= _asked_rows(diary)

    again = run_project(folder, FINAL)
    assert again.test_set.uses == opened.test_set.uses
    assert "used once" in again.test_set.text

    write_again = make_project(tmp_path / "project", make_rows(1500), systems=(MAJORITY, WORDS_ONLY))
    other = run_project(write_again, FINAL)
    assert len(other.test_set.uses) == 2
    assert "used 2 times" in other.test_set.text
    assert run_project(write_again).test_set.uses == other.test_set.uses


def test_moving_the_folder_does_not_make_a_used_test_new(tmp_path: Path) -> None:
    rows = make_rows(1500)
    run_project(make_project(tmp_path / "first", rows, systems=(MAJORITY, WORDS_ONLY)), FINAL)
    elsewhere = run_project(make_project(tmp_path / "second", rows, systems=(MAJORITY, "keywords")), FINAL)
    assert len(elsewhere.test_set.uses) == 2


def test_a_few_common_cases_are_no_look(tmp_path: Path) -> None:
    systems = (MAJORITY, WORDS_ONLY)
    for name, test in (("first", make_rows(60, seed=7, prefix="A")), ("second", make_rows(60, seed=8, prefix="B"))):
        (tmp_path / name).mkdir()
        common = make_rows(3, seed=9, prefix="C")
        write_rows(tmp_path / name / "own.csv", [*test, *common])
        make_project(tmp_path / name, make_rows(90), systems=systems, data={"test": "own.csv"})
    run_project(tmp_path / "first", FINAL)
    again = run_project(tmp_path / "second")
    assert again.test_set.overlapping_rows == 3
    assert "would be look" not in again.next_step


def test_another_seed_does_not_make_used_cases_new(tmp_path: Path) -> None:
    rows, systems = make_rows(1500), (MAJORITY, WORDS_ONLY)
    first = run_project(make_project(tmp_path / "first", rows, systems=systems), FINAL)
    assert first.test_set.overlapping_uses == []
    assert "share" not in first.test_set.text
    other = make_project(tmp_path / "other", rows, systems=systems, fields={"seed": 7})
    explored = run_project(other)
    again = run_project(other, FINAL)
    assert again.test_set.hash != first.test_set.hash
    assert len(again.test_set.uses) == 1
    (use,) = again.test_set.overlapping_uses
    assert use.run == first.test_set.uses[0].run
    # Two independent fifths of 1,500 rows have a fifth of 300 in common.
    assert 30 < use.shared_rows == again.test_set.overlapping_rows < 95
    shared = f"1 earlier use of a test that shares {use.shared_rows} rows with this one."
    assert again.test_set.text.endswith(f"used once. {shared}")
    assert explored.test_set.text == f"300 locked cases, not opened yet. {shared}"
    assert any("This was look 2" in warning and "other tests" in warning for warning in again.warnings)


def _side_of(study: Study) -> dict[str, str]:
    part = study.parts[0]
    named = (("train", part.train), ("validation", part.validation), ("test", part.scored))
    return {study.examples[row].row_id: side for side, rows in named for row in rows}


@pytest.mark.parametrize("by_time", [False, True])
def test_a_growing_table_keeps_the_side_of_old_rows(tmp_path: Path, by_time: bool) -> None:
    data = {"time": "received"} if by_time else {}
    rows = make_rows(1900)
    folder = make_project(tmp_path, rows[:1500], data=data)
    with open_state(folder) as store:
        before = _side_of(study_of(folder, store)[0])
    make_project(tmp_path, [*rows[1500:], *rows[:1500]], data=data)
    with open_state(folder) as store:
        study, set_aside = study_of(folder, store)
    after = _side_of(study)
    assert {name: after[name] for name in before} == before
    assert len(after) + len(set_aside) == 1900
    assert Counter(after.values())["test"] > 300
    if by_time:
        newest = sorted(rows[:1500], key=lambda row: row.received)[-300:]
        assert {name for name, side in before.items() if side == "test"} == {row.id for row in newest}


# A test file of the person's own


def _own_test(
    folder: Path, rows: list[Row], test: list[Row], systems: tuple[object, ...] = (MAJORITY, WORDS_ONLY)
) -> Path:
    write_rows(folder / "test.csv", test)
    return make_project(folder, rows, data={"test": "test.csv"}, systems=systems)  # type: ignore[arg-type]


def test_copies_over_one_percent_of_the_test_cannot_be_judged(tmp_path: Path) -> None:
    rows, test = make_rows(90), make_rows(100, seed=9, prefix="X")
    leaking = [replace(row, id=f"leak-{row.id}", text=f"{row.text} .") for row in rows[:2]]
    folder = _own_test(tmp_path, rows, [*test[:98], *leaking], (MAJORITY, WORDS_ONLY, "keywords"))
    verdict = run_project(folder, FINAL)
    assert verdict.headline == "CANNOT_JUDGE"
    (gate,) = [gate for gate in verdict.gates if gate.name == "leaks"]
    assert not gate.passed
    assert gate.rows == ["leak-T0000", "leak-T0001"]
    assert "2 of 100 test rows (2.0%)" in gate.text
    assert "test.csv:100 and tickets.csv:2" in gate.text
    assert gate.text in verdict.next_step


def test_fewer_copies_are_dropped_from_training_and_listed(tmp_path: Path) -> None:
    rows, test = make_rows(90), make_rows(120, seed=9, prefix="X")
    test[7] = replace(rows[4], id="leak")
    folder = _own_test(tmp_path, rows, test, (MAJORITY, WORDS_ONLY, "keywords"))
    verdict = run_project(folder, FINAL)
    assert verdict.headline != "CANNOT_JUDGE"
    (run,) = run_folders(folder)
    with (run / "set_aside.csv").open(encoding="utf-8-sig", newline="") as stream:
        (line,) = list(csv.DictReader(stream))
    assert (line["file"], line["line"], line["code"]) == ("tickets.csv", "6", "split.in_test")
    assert "test.csv:9" in line["reason"]
    assert (verdict.data.rows_in, verdict.data.rows_used, verdict.data.rows_set_aside) == (210, 209, 1)
    assert verdict.data.train + verdict.data.validation == 89
    assert verdict.data.test == 120
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
        learned = {study.examples[row].row_id for row in (*study.parts[0].train, *study.parts[0].validation)}
    assert rows[4].id not in learned


def test_near_copies_show_both_figures(tmp_path: Path) -> None:
    rows, test = make_rows(90), make_rows(100, seed=9, prefix="X")
    near = [near_copy(row, f"near-{row.id}") for row in rows[:25]]
    verdict = run_project(_own_test(tmp_path, rows, [*test, *near], (MAJORITY, WORDS_ONLY, "keywords")), FINAL)
    (counted,) = [text for text in verdict.warnings if "have a near copy among the training rows" in text]
    assert counted.startswith("25 of 125 test rows (20.0%)")
    (figures,) = [text for text in verdict.warnings if "without near copies" in text]
    for name in ("majority", "words", "keywords"):
        assert f"{name}: " in figures
    assert figures.count("on all rows") == 3
    assert {gate.name: gate.passed for gate in verdict.gates}["leaks"]


def test_near_copies_that_change_the_gain_are_left_out_of_the_headline(tmp_path: Path) -> None:
    # Shuffled labels: what is right is known by heart from the near copies alone, and only the stand-in learns them.
    rows = shuffled_labels(make_rows(120, noise=0), 4)
    test = shuffled_labels(make_rows(100, seed=9, prefix="X", noise=0), 5)
    near = [near_copy(row, f"near-{row.id}") for row in rows[:60]]
    folder = _own_test(tmp_path, rows, [*test, *near])
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
        systems = [_majority(), stand_in("fine-tune", "candidate")]
        outcomes = compare(study, systems, store, Hooks())
        judged = judge(study, outcomes, None)
    candidate = outcomes[1].score_values
    assert np.nanmean(candidate[100:]) > 0.9
    assert "The verdict rests on the 100 other rows" in " ".join(judged.extra_warnings)
    assert judged.decision.baselines[0].n == 100
    assert judged.decision.headline != "SHIP_FINE_TUNE"


def _majority():  # type: ignore[no-untyped-def]
    from tunewright.systems.majority import Majority
    from tunewright.systems.registry import parse_entry
    from tunewright.workflow.fitting import Contestant

    return Contestant(parse_entry(MAJORITY), Majority(MAJORITY))


# Nothing to learn


@pytest.mark.parametrize("seed", range(8))
def test_shuffled_labels_never_ship(tmp_path: Path, seed: int) -> None:
    folder = make_project(tmp_path, shuffled_labels(make_rows(120, seed=seed), seed), fields={"seed": seed})
    with Store.open(tmp_path / STATE) as store:
        study, _ = study_of(folder, store)
        outcomes = compare(study, [_majority(), words_only(), stand_in("fine-tune", "candidate")], store, Hooks())
        judged = judge(study, outcomes, None)
    assert judged.candidate is not None
    assert judged.decision.headline in ("KEEP_SIMPLER", "NOT_PROVEN")
    assert judged.decision.use.system != "fine-tune"


def test_a_fine_tune_that_is_really_better_ships(tmp_path: Path) -> None:
    # The counterpart of the test above: the judge is not merely deaf.
    folder = make_project(tmp_path, make_rows(150, noise=0.05), systems=(MAJORITY, "keywords"))
    verdict = run_project(folder)
    assert (verdict.headline, verdict.use.system, verdict.quality) == ("SHIP_FINE_TUNE", "keywords", "superior")
    (paired,) = verdict.baselines
    assert paired.fixed is not None
    assert paired.broken is not None
    assert paired.delta == pytest.approx((paired.fixed - paired.broken) / 150)
    assert settings_of(folder).seed == 0
    assert set(verdict.data.labels) == set(LABELS)


def test_texts_without_classes_have_a_locked_test_set_too(tmp_path: Path) -> None:
    rows = [replace(row, category=f"answer {n} to {row.category}") for n, row in enumerate(make_rows(1600))]
    make_project(tmp_path, rows, systems=[MAJORITY], fields={"kind": "generate"})
    with open_state(tmp_path) as store:
        study, _ = study_of(tmp_path, store)
    assert study.regime == "locked"
    assert len(study.scored) >= 300
