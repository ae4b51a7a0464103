"""Two runs of one project: rows, settings, and every system on the cases that both answered."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from desks import (
    MAJORITY,
    WORDS_ONLY,
    Row,
    make_project,
    make_rows,
    open_state,
    run_project,
    shuffled_labels,
    write_rows,
)

from tunewright.errors import InputError
from tunewright.reporting.compare_document import ComparedRuns
from tunewright.reporting.compare_page import compare_lines
from tunewright.store import RegisteredRow
from tunewright.workflow import run_folder
from tunewright.workflow.compare_runs.job import compare_runs
from tunewright.workflow.compare_runs.past_run import read_run
from tunewright.workflow.compare_runs.row_changes import changes_between
from tunewright.workflow.compare_runs.system_changes import widest_estimate
from tunewright.workflow.compare_runs.validation_use import validation_use
from tunewright.workflow.run import RunOptions
from tunewright.workflow.runs import resolve, run_names
from tunewright.workflow.study import Hooks
from tunewright.workflow.uses import KnownUses, look_text, opening_text

TEST_ROWS = 60


def _changed(rows: list[Row]) -> list[Row]:
    """Five rows fewer, four relabelled, one with another text, three new."""
    kept = rows[5:]
    for place in (10, 20, 30, 40):
        other = "repair" if kept[place].category != "repair" else "billing"
        kept[place] = replace(kept[place], category=other)
    kept[50] = replace(kept[50], text=kept[50].text + " zzz yyy")
    return [*kept, *make_rows(3, seed=9, prefix="N")]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs with few rows: everything is scored out of fold. The table was changed in place."""
    folder = make_project(tmp_path_factory.mktemp("small"), make_rows(120), systems=[MAJORITY, WORDS_ONLY])
    run_project(folder)
    write_rows(folder / "tickets.csv", _changed(make_rows(120)))
    run_project(folder)
    return folder


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs with a test file of one's own that neither opened; the second table has other labels."""
    folder = tmp_path_factory.mktemp("locked")
    rows = make_rows(300)
    write_rows(folder / "own.csv", make_rows(TEST_ROWS, seed=7, prefix="O"))
    make_project(folder, rows, systems=[MAJORITY, WORDS_ONLY], data={"test": "own.csv"})
    run_project(folder)
    write_rows(folder / "better.csv", rows[:-20])
    text = (folder / "tunewright.yaml").read_text().replace("path: tickets.csv", "path: better.csv")
    (folder / "tunewright.yaml").write_text(text + "min_improvement: 0.05\n")
    run_project(folder)
    return folder


def compared(folder: Path, before: str = "last-1", after: str = "last", **more: object) -> ComparedRuns:
    return compare_runs(before, after, folder, Hooks(), **more)  # type: ignore[arg-type]


def test_rows_are_counted_by_what_became_of_them(small: Path) -> None:
    rows = compared(small).rows
    assert (rows.before, rows.after) == (120, 118)
    assert (rows.same, rows.added, rows.removed, rows.relabelled, rows.changed) == (110, 3, 5, 4, 1)
    assert rows.paired_by_id
    relabelled = rows.examples["relabelled"]
    # The table was changed in place; the first run kept its rows as a version.
    assert all(row.before and row.after and row.before != row.after and row.text for row in relabelled)


def test_scores_are_those_of_both_runs_on_the_same_cases_and_the_newer_labels(small: Path) -> None:
    found = compared(small)
    assert (found.cases, found.common) == ("out-of-fold", 114)
    with open_state(small) as store:
        old, new = (read_run(small, name, store) for name in run_names(small))
        answers = []
        for run in (old, new):
            scored = {}
            for fit in run.fits_of("words"):
                for part in store.scored_parts(fit.key):
                    if part in run.manifest["parts"]:
                        scored |= {row.row_key: row.answer for row in store.scores(fit.key, part) if not row.repetition}
            answers.append({row.row_id: scored[row.row_key] for row in run.rows})
    with (small / "tickets.csv").open(encoding="utf-8") as stream:
        target = {row["id"]: row["category"] for row in csv.DictReader(stream)}
    # A row whose text changed is another case.
    both = [name for name in target if name in answers[0] and name in answers[1] and name != "T0055"]
    before = np.array([answers[0][name] == target[name] for name in both], dtype=float)
    after = np.array([answers[1][name] == target[name] for name in both], dtype=float)
    words = next(one for one in found.systems if one.system == "words")
    assert words.n == len(both) == 114
    assert (words.before, words.after) == (
        pytest.approx(before.mean(), abs=1e-6),
        pytest.approx(after.mean(), abs=1e-6),
    )
    assert (words.fixed, words.broken) == (int((after > before).sum()), int((before > after).sum()))
    assert words.relabelled == 4
    assert words.interval is not None
    assert words.interval[0] <= (after - before).mean() <= words.interval[1]


def test_it_says_that_it_proves_nothing_and_on_how_many_cases_it_rests(small: Path) -> None:
    found = compared(small)
    assert "114 cases" in found.rests_on
    assert "(120 before, 118 after)" in found.rests_on
    assert found.warnings[0].startswith("This describes and proves nothing")
    text = "\n".join(compare_lines(found))
    assert "rows: 120 -> 118" in text
    assert "\n  ~ T0015: " in text


def test_texts_stay_out_where_asked(small: Path) -> None:
    found = compared(small, texts=False)
    assert not found.rows.examples
    assert not any(one.fixed_cases or one.broken_cases for one in found.systems)


def test_backwards_gains_are_losses(small: Path) -> None:
    there, back = compared(small), compared(small, "last", "last-1")
    assert (back.rows.added, back.rows.removed) == (there.rows.removed, there.rows.added)
    one, other = (next(s for s in found.systems if s.system == "words") for found in (there, back))
    assert one.delta_without_relabelled is not None
    # Labels of the run named last count, so that only rows whose label stayed gain as much as they lose backwards.
    assert (other.n, other.missing) == (one.n, 0)
    assert other.delta_without_relabelled == pytest.approx(-one.delta_without_relabelled, abs=1e-6)


def test_the_locked_test_stays_locked(locked: Path) -> None:
    lines: list[str] = []
    found = compare_runs("last-1", "last", locked, Hooks(say=lines.append))
    assert found.cases == "validation"
    with open_state(locked) as store:
        tests = {row.row_key for name in run_names(locked) for row in store.rows_of(name) if row.part == "test"}
        asked = {
            score.row_key
            for run in (read_run(locked, name, store) for name in run_names(locked))
            for key in [*(fit.key for fit in run.fits), *_all_fits(store.folder)]
            for part in store.scored_parts(key)
            for score in store.scores(key, part)
        }
    assert len(tests) == TEST_ROWS
    assert asked
    assert not asked & tests
    # The fit of a linear model has learned from its validation rows: another is made that has not.
    assert any("words" in line and "fitted again" in line for line in lines)


def _all_fits(state: Path) -> list[str]:
    import sqlite3

    with sqlite3.connect(state / "state.db") as connection:
        return [key for (key,) in connection.execute("SELECT DISTINCT fit_key FROM score_rows")]


def test_a_fit_that_learned_from_its_validation_rows_is_not_believed(tmp_path: Path) -> None:
    """Labels are dealt out at random: whoever scores well on validation rows has seen them."""
    folder = tmp_path
    write_rows(folder / "own.csv", make_rows(40, seed=7, prefix="O"))
    make_project(folder, shuffled_labels(make_rows(300), 3), systems=[WORDS_ONLY], data={"test": "own.csv"})
    run_project(folder)
    write_rows(folder / "fewer.csv", shuffled_labels(make_rows(300), 3)[:290])
    text = (folder / "tunewright.yaml").read_text().replace("path: tickets.csv", "path: fewer.csv")
    (folder / "tunewright.yaml").write_text(text)
    run_project(folder)
    (words,) = compared(folder).systems
    assert words.reason is None
    assert words.before is not None
    assert words.after is not None
    assert max(words.before, words.after) < 0.6


def test_settings_that_changed_are_named(locked: Path) -> None:
    changes = {one.name: (one.before, one.after) for one in compared(locked).settings}
    assert changes == {"data.path": ("tickets.csv", "better.csv"), "min_improvement": (None, "0.05")}


def test_what_was_tried_on_the_validation_rows_is_counted(locked: Path) -> None:
    with open_state(locked) as store:
        runs = [read_run(locked, name, store) for name in run_names(locked)]
        first, second = (validation_use(run, locked, store) for run in runs)
    assert (first.runs, second.runs) == (1, 2)
    assert first.alternatives >= 2
    assert second.alternatives > first.alternatives
    assert second.optimism(0.2) > 0
    assert "alternatives were scored in 2 runs" in compared(locked).warnings[0]


def test_runs_that_opened_the_same_test_are_compared_on_what_is_stored(tmp_path: Path) -> None:
    folder = tmp_path
    write_rows(folder / "own.csv", make_rows(TEST_ROWS, seed=7, prefix="O"))
    make_project(folder, make_rows(150), systems=[MAJORITY, WORDS_ONLY], data={"test": "own.csv"})
    first = run_project(folder, RunOptions(final=True))
    write_rows(folder / "tickets.csv", make_rows(120))
    explored = run_project(folder)
    assert "would be look 2" in explored.next_step
    second = run_project(folder, RunOptions(final=True))
    assert any("look 2" in text and "0.42 %" in text for text in second.warnings)
    lines: list[str] = []
    found = compare_runs(first.run, second.run, folder, Hooks(say=lines.append))
    assert (found.cases, found.common) == ("test", TEST_ROWS)
    assert not lines
    words = next(one for one in found.systems if one.system == "words")
    scores = [next(s.score for s in verdict.systems if s.name == "words") for verdict in (first, second)]
    assert [words.before, words.after] == pytest.approx(scores, abs=1e-6)
    assert "used 2 times" in found.warnings[0]
    # One of the two did not open it: the test is left alone.
    assert compare_runs(first.run, explored.run, folder, Hooks()).cases == "validation"


def test_a_system_that_left_and_a_fit_under_another_name(tmp_path: Path) -> None:
    """Nobody tidied anything away: one system left the project, and its fits are those of another one by content."""
    twin = {"tfidf": {"name": "größe", "character_ngrams": False}}
    folder = make_project(tmp_path, make_rows(120), systems=[MAJORITY, twin])
    run_project(folder)
    text = (folder / "tunewright.yaml").read_text(encoding="utf-8")
    make_project(tmp_path, make_rows(120), systems=[MAJORITY, WORDS_ONLY])
    assert text != (folder / "tunewright.yaml").read_text(encoding="utf-8")
    run_project(folder)
    found = compared(folder)
    said = {one.system: one for one in found.systems}
    assert "no longer in the project" in str(said["größe"].reason)
    assert "did not have it" in str(said["words"].reason)
    assert "tidied" not in " ".join(one.text for one in found.systems)
    with open_state(folder) as store:
        for name, system in zip(run_names(folder), ("größe", "words"), strict=True):
            assert read_run(folder, name, store).fits_of(system), system
    assert found.recommended is not None
    assert found.recommended.reason is None
    assert found.recommended.delta == 0
    changed = [f"{one.before} {one.after}" for one in found.settings if "größe" in one.name]
    assert changed
    assert "u00f6" not in " ".join(changed)


def test_names_of_runs(small: Path) -> None:
    names = run_names(small)
    assert [resolve(small, word) for word in ("last", "last-1", names[0], names[1][:-1])] == [
        names[1],
        names[0],
        names[0],
        names[1],
    ]
    assert resolve(small, str(small / "runs" / names[0])) == names[0]
    for word, code in (("2", "run.ambiguous"), ("last-7", "run.unknown"), ("", "run.unknown")):
        with pytest.raises(InputError) as caught:
            resolve(small, word)
        assert caught.value.code == code
    with pytest.raises(InputError, match="Both words mean"):
        compared(small, "last", names[1])


def _row(key: str, input_key: str, name: str, part: str = "train") -> RegisteredRow:
    return RegisteredRow(key, input_key, name, f"t.csv:{name}", part)


def test_rows_pair_by_content_then_name_then_input() -> None:
    old = [_row("k1", "i1", "a"), _row("k2", "i2", "b"), _row("k3", "i3", "c"), _row("k4", "i4", "d", "validation")]
    new = [
        _row("k1", "i1", "z"),
        _row("k2x", "i2", "b"),
        _row("k3x", "i3x", "c"),
        _row("k4", "i4", "d"),
        _row("k5", "i5", "e"),
    ]
    found = changes_between(old, new, by_id=True)
    assert (found.same, len(found.moved)) == (2, 1)
    assert [pair.after.row_key for pair in found.relabelled] == ["k2x"]
    assert [pair.after.row_key for pair in found.changed] == ["k3x"]
    assert [row.row_key for row in found.added] == ["k5"]
    assert not found.removed
    without = changes_between(old, new, by_id=False)
    assert (len(without.relabelled), len(without.changed), len(without.added), len(without.removed)) == (1, 0, 2, 1)


def test_a_name_that_several_rows_bear_pairs_none() -> None:
    old = [_row("k1", "i1", "a"), _row("k2", "i2", "a")]
    new = [_row("k3", "i3", "a"), _row("k4", "i2", "a")]
    found = changes_between(old, new, by_id=True)
    assert [pair.before.row_key for pair in found.relabelled] == ["k2"]
    assert (found.same, len(found.changed), len(found.added), len(found.removed)) == (0, 0, 1, 1)


def test_texts_that_are_gone_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table too long to be kept as a version, changed in place: the earlier run cannot be asked, and says why."""
    monkeypatch.setattr(run_folder, "MOST_ROWS_AS_VERSION", 0)
    folder = tmp_path
    write_rows(folder / "own.csv", make_rows(30, seed=7, prefix="O"))
    make_project(folder, make_rows(90), systems=[MAJORITY], data={"test": "own.csv"})
    run_project(folder)
    write_rows(folder / "tickets.csv", make_rows(90)[:80])
    run_project(folder)
    (only,) = compared(folder).systems
    assert only.reason is not None
    assert "are gone" in only.reason


def test_the_widest_interval_over_both_divisions_counts() -> None:
    rng = np.random.default_rng(0)
    before = rng.integers(0, 2, 200).astype(float)
    after = np.where(rng.random(200) < 0.2, 1 - before, before)
    lucky = np.argsort(np.argsort(after - before, kind="stable")) // 40
    plain = widest_estimate(after, before, None, [None, None])
    folds = np.arange(200) % 5
    wide = widest_estimate(after, before, None, [folds, lucky])
    assert wide.delta == pytest.approx(plain.delta)
    assert wide.low < plain.low < plain.high < wide.high
    assert wide.high - wide.low > (one := widest_estimate(after, before, None, [folds, folds])).high - one.low


def test_what_looks_cost_in_words() -> None:
    assert "whole 2.5 %" in opening_text(300, KnownUses())
    assert look_text(KnownUses()) == ""
