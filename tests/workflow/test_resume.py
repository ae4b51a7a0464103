"""A run that is stopped at any moment goes on where it stopped, and ends with the same verdict."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import time
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
from forks import fork, reap
from volatile import stable

from tunewright.errors import Cancelled
from tunewright.records.verdict import Verdict
from tunewright.workflow.run import STATE
from tunewright.workflow.study import Hooks

KILLS = 50
SYSTEMS = (MAJORITY, WORDS_ONLY, "tfidf", {"answers": "recorded.csv"})


def _project(folder: Path) -> Path:
    rows = make_rows(90, seed=5)
    make_project(folder, rows, systems=SYSTEMS, fields={"incumbent": {"answers": "recorded.csv"}})
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
    fresh = _project(in_memory / "fresh")
    started = time.perf_counter()
    expected = run_project(fresh)
    whole_s = time.perf_counter() - started
    started = time.perf_counter()
    run_project(fresh)
    again_s = time.perf_counter() - started

    # A little more than the time to get back to where the last one stopped, so that kills fall on every stage.
    longest_s = again_s + 0.15 * whole_s
    folder, chance = _project(in_memory / "killed"), random.Random(20261120)
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


@pytest.mark.parametrize("questions", [0, 3, 11, 30, 45])
def test_after_ctrl_c_finished_fits_are_not_made_again(in_memory: Path, questions: int) -> None:
    folder = _project(in_memory / "project")
    with pytest.raises(Cancelled, match="Finished parts are kept"):
        run_project(folder, hooks=Hooks(cancelled=_Stop(questions)))
    finished = _stored_fits(folder)
    assert (finished > 0) == (questions > 0)
    started = fits_made(folder)
    resumed = run_project(folder)
    made = fits_made(folder)
    # The fit that was under way when the run was stopped was begun and not finished: it alone is begun twice.
    assert len(made) - len(set(made)) == len(started) - finished <= 1
    assert stable(resumed) == stable(run_project(_project(in_memory / "fresh")))


def test_after_an_interrupt_in_the_middle_of_a_step_the_next_run_goes_on(in_memory: Path) -> None:
    folder = _project(in_memory / "project")

    def interrupt(system: str, stage: str, fraction: float) -> None:
        if system == "tfidf" and stage.startswith("fold-2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_project(folder, hooks=Hooks(progress=interrupt))
    kept = {"majority", "words", "tfidf"}
    assert {name.partition(",")[0] for name in fits_made(folder)} == kept
    with open_state(folder) as store:
        assert store.unfinished_runs() == []
    run_project(folder)
    assert fits_made(folder).count("tfidf, fold-1") == fits_made(folder).count("words, fold-4") == 1


def test_a_third_run_makes_nothing(in_memory: Path) -> None:
    folder = _project(in_memory / "project")
    first = run_project(folder)
    made = fits_made(folder)
    assert stable(run_project(folder)) == stable(first)
    assert fits_made(folder) == made
    assert len(made) == len(set(made)) == 4 * 5 + 1
    assert len(run_folders(folder)) == 2
