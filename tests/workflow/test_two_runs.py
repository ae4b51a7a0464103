"""Two runs of one project at the same time share the work and corrupt nothing."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from pathlib import Path

import pytest
from desks import fits_made, make_project, make_rows, run_folders, run_project
from volatile import volatile_patterns, without_volatile

from forks import fork, reap
from tunewright.project.settings import ProjectSettings
from tunewright.workflow.release import InUse, read_in_use, write_in_use
from tunewright.workflow.runs import STATE


@pytest.mark.parametrize(("rows", "turn"), [(90, 0), (90, 1), (1500, 0)])
def test_two_at_once_end_with_the_same_verdict(in_memory: Path, rows: int, turn: int) -> None:
    folder = make_project(in_memory / "project", make_rows(rows, seed=turn))
    gate_read, gate_write = os.pipe()

    def wait_and_run() -> None:
        os.close(gate_write)
        os.read(gate_read, 1)
        run_project(folder)

    children = [fork(wait_and_run) for _ in range(2)]
    os.close(gate_read)
    os.close(gate_write)
    assert [reap(child) for child in children] == [0, 0]

    texts = [(run / "verdict.json").read_text(encoding="utf-8") for run in run_folders(folder)]
    first, second = (without_volatile(json.loads(text), volatile_patterns()) for text in texts)
    assert first == second
    made = fits_made(folder)
    assert len(made) == len(set(made)) >= 2
    _assert_sound(folder)
    again = run_project(folder)
    assert without_volatile(again.model_dump(mode="json"), volatile_patterns()) == first
    assert fits_made(folder) == made


def _assert_sound(folder: Path) -> None:
    connection = sqlite3.connect(folder / STATE / "state.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    twice = "SELECT 1 FROM score_rows GROUP BY fit_key, part, row_key, repetition HAVING count(*) > 1"
    assert connection.execute(twice).fetchall() == []
    assert connection.execute("SELECT count(*) FROM leases").fetchone() == (0,)
    connection.close()


def test_what_is_in_use_is_written_by_many_at_once(tmp_path: Path) -> None:
    problems: list[Exception] = []

    def write(name: str) -> None:
        for _ in range(150):
            try:
                write_in_use(InUse(run=name, use=name, settings=ProjectSettings(), ready={}), tmp_path)
            except OSError as error:
                problems.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("first", "second", "third")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert read_in_use(tmp_path).run in ("first", "second", "third")
    assert [path.name for path in tmp_path.iterdir()] == ["use.json"]
