"""A run that is stopped at any moment goes on where it stopped, and ends with the same verdict."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from desks import (
    MAJORITY,
    WORDS_ONLY,
    fits_made,
    make_project,
    make_rows,
    open_state,
    run_folders,
    run_project,
    write_answers,
)
from volatile import stable

from forks import fork, reap
from tunewright.errors import Cancelled
from tunewright.project.settings import SystemEntry
from tunewright.records.verdict import Verdict
from tunewright.workflow.runs import STATE
from tunewright.workflow.study import Hooks

KILLS = 50
SYSTEMS = (MAJORITY, WORDS_ONLY, "tfidf", {"answers": "recorded.csv"})


QUICK = (MAJORITY, WORDS_ONLY, {"answers": "recorded.csv"})


def _project(folder: Path, systems: Sequence[SystemEntry]) -> Path:
    rows = make_rows(90, seed=5)
    make_project(folder, rows, systems=systems, fields={"incumbent": {"answers": "recorded.csv"}})
    write_answers(folder / "recorded.csv", rows, right=0.6)
    return folder


def _stored_fits(folder: Path) -> int:
    """How many fits are in the state, whole or not."""
    try:
        with sqlite3.connect(f"file:{folder / STATE / 'state.db'}?mode=ro", uri=True) as connection:
            count = connection.execute("SELECT count(*) FROM artifacts").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    return int(count)


def _assert_whole(folder: Path) -> None:
    connection = sqlite3.connect(folder / STATE / "state.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_killed_at_fifty_random_points_it_ends_with_the_same_verdict(in_memory: Path) -> None:
    fresh = _project(in_memory / "fresh", SYSTEMS)
    started = time.perf_counter()
    expected = run_project(fresh)
    whole_s = time.perf_counter() - started
    started = time.perf_counter()
    run_project(fresh)
    again_s = time.perf_counter() - started

    # A little more than the time to get back to where the last one stopped, so that kills fall on every stage.
    longest_s = again_s + 0.15 * whole_s
    folder, chance = _project(in_memory / "killed", SYSTEMS), random.Random(20261120)
    kills, progress = 0, set()
    while kills < KILLS:
        child = fork(lambda: run_project(folder))
        time.sleep(chance.uniform(0, longest_s))
        os.kill(child, signal.SIGKILL)
        code = reap(child)
        assert code in (0, -signal.SIGKILL)
        if code == 0:
            longest_s *= 0.9
            continue
        kills += 1
        progress.add(_stored_fits(folder))
    assert len(progress) >= 4
    assert stable(run_project(folder)) == stable(expected)
    _assert_whole(folder)
    for path in folder.glob("runs/*/verdict.json"):
        Verdict.model_validate(json.loads(path.read_text(encoding="utf-8")))


@dataclass
class _Stop:
    """Says stop from the n-th question on."""

    left: int

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_after_ctrl_c_finished_fits_are_not_made_again(in_memory: Path) -> None:
    folder = _project(in_memory / "project", QUICK)
    stops = 0
    while True:
        before = fits_made(folder)
        try:
            verdict = run_project(folder, hooks=Hooks(cancelled=_Stop(7)))
            break
        except Cancelled:
            stops += 1
            assert len(fits_made(folder)) > len(before)
    assert stops >= 4
    made = fits_made(folder)
    # A fit that was under way when a run was stopped was begun and not finished: it alone is begun twice.
    assert len(made) - len(set(made)) <= stops
    assert len(set(made)) == _stored_fits(folder) == len(QUICK) * 5 + 1
    assert stable(verdict) == stable(run_project(_project(in_memory / "fresh", QUICK)))


def test_a_stop_before_the_first_fit_leaves_nothing_half_made(in_memory: Path) -> None:
    folder = _project(in_memory / "project", QUICK)
    with pytest.raises(Cancelled, match="Finished parts are kept"):
        run_project(folder, hooks=Hooks(cancelled=lambda: True))
    assert fits_made(folder) == ["majority, fold-0"]
    with open_state(folder) as store:
        assert store.unfinished_runs() == []


def test_after_an_interrupt_in_the_middle_of_a_step_the_next_run_goes_on(in_memory: Path) -> None:
    folder = _project(in_memory / "project", QUICK)

    def interrupt(system: str, stage: str, fraction: float) -> None:
        if system == "words" and stage.startswith("fold-2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_project(folder, hooks=Hooks(progress=interrupt))
    assert fits_made(folder)[-1] == "words, fold-2"
    with open_state(folder) as store:
        assert store.unfinished_runs() == []
    run_project(folder)
    assert fits_made(folder).count("words, fold-1") == fits_made(folder).count("majority, fold-4") == 1


def test_a_third_run_makes_nothing(in_memory: Path) -> None:
    folder = _project(in_memory / "project", QUICK)
    first = run_project(folder)
    made = fits_made(folder)
    assert stable(run_project(folder)) == stable(first)
    assert fits_made(folder) == made
    assert len(made) == len(set(made)) == len(QUICK) * 5 + 1
    assert len(run_folders(folder)) == 2
