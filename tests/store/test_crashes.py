"""A process killed at any moment leaves whole transactions and whole artifacts."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from store_helpers import key, make_folder, score

from forks import fork, killed_at, reap
from tunewright.store import RecordedUse, Store

_BATCH = 40


def _write_one(store: Store, number: int, source: Path) -> None:
    name = f"fit-{number}"
    row_set = store.row_set([key(number)])
    store.save_artifact(name, "fit", source, row_set, {"number": number})
    store.append_scores([score(key(n), fit_key=name) for n in range(_BATCH)])
    store.record_use(RecordedUse("test", name, "m", "run", f"2026-01-01T00:00:{number % 60:02d}Z"))


def _check(folder: Path) -> int:
    """Assert that everything stored is whole; returns how many batches there are."""
    with Store.open(folder) as store:
        connection = sqlite3.connect(folder / "state.db")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        counts = connection.execute("SELECT fit_key, count(*) FROM score_rows GROUP BY fit_key").fetchall()
        saved = [name for (name,) in connection.execute("SELECT key FROM artifacts")]
        connection.close()
        assert {count for _, count in counts} <= {_BATCH}
        assert all(store.artifact(name) is not None for name in saved)
        assert len(counts) <= len(saved) <= len(counts) + 1
        assert len(counts) - 1 <= len(store.uses("test")) <= len(counts)
        store.gc(max_bytes=1 << 40)
        assert len(list((folder / "blobs").iterdir())) == len(saved)
        return len(counts)


def test_every_kill_point_of_one_save_and_append(in_memory: Path) -> None:
    made = in_memory / "made"
    source = make_folder(in_memory / "source", weights="0 1 2", **{"deep/notes": "ok"})
    with Store.open(made) as store:
        _write_one(store, 0, source)
    step, killed = 0, True
    while killed:
        folder = shutil.copytree(made, in_memory / f"s{step}")

        def write(folder: Path = folder) -> Callable[[], None]:
            store = Store.open(folder)
            return lambda: _write_one(store, 1, source)

        killed = killed_at(step, write)
        shutil.rmtree(in_memory / "user", ignore_errors=True)  # each attempt is the first that the user makes
        assert _check(folder) in ((1, 2) if killed else (2,))
        with Store.open(folder) as store:
            _write_one(store, 1, source)
            assert store.artifact("fit-1") is not None
            assert len(store.scores("fit-1", "test")) == _BATCH
        shutil.rmtree(in_memory / "user", ignore_errors=True)
        shutil.rmtree(folder)
        step += 1
    assert step > 30


def test_writers_killed_at_random_moments(in_memory: Path) -> None:
    folder, source = in_memory / "state", make_folder(in_memory / "source", weights="0 1 2" * 5000)
    chance = random.Random(20260101)
    done = 0
    for turn in range(8):

        def write(turn: int = turn) -> None:
            with Store.open(folder) as store:
                for number in itertools.count(turn * 10_000):
                    _write_one(store, number, source)

        child = fork(write)
        time.sleep(chance.uniform(0.05, 0.4))
        os.kill(child, signal.SIGKILL)
        assert reap(child) == -signal.SIGKILL
        done_now = _check_counts_only(folder)
        assert done_now >= done
        done = done_now
    assert done > 0


def _check_counts_only(folder: Path) -> int:
    with Store.open(folder) as store:
        connection = sqlite3.connect(folder / "state.db")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        counts = connection.execute("SELECT fit_key, count(*) FROM score_rows GROUP BY fit_key").fetchall()
        saved = [name for (name,) in connection.execute("SELECT key FROM artifacts")]
        connection.close()
        assert {count for _, count in counts} <= {_BATCH}
        assert all(store.artifact(name) is not None for name in saved)
        store.gc(max_bytes=1 << 40)
        assert len(list((folder / "blobs").iterdir())) == len(saved)
        return len(counts)
