"""Small makers of rows and folders, and forked children, for the tests of the store."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tunewright.records.answers import ScoreRow, Status
from tunewright.records.example import Example, Message, Source
from tunewright.store import RegisteredRow, Store


def example(text: str, target: str = "billing", row_id: str = "r1", line: int = 2) -> Example:
    return Example((Message("user", text),), target, Source("tickets.csv", line), row_id)


def key(number: int) -> str:
    """A row key, as if made by a keyring."""
    return f"{number:032x}"


def score(row_key: str, fit_key: str = "fit", part: str = "test", **changes: object) -> ScoreRow:
    values: dict[str, object] = {"status": Status.OK, "score": 1.0, "answer": "billing"}
    return ScoreRow(fit_key=fit_key, row_key=row_key, part=part, **{**values, **changes})  # type: ignore[arg-type]


def registered(store: Store, row: Example, part: str = "train") -> RegisteredRow:
    return RegisteredRow(store.row_key(row), store.input_key(row), row.row_id, str(row.source), part)


def make_folder(folder: Path, **texts: str) -> Path:
    """A folder with files ``name.txt`` of these texts."""
    for name, text in (texts or {"weights": "0 1 2"}).items():
        path = folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def fork(work: Callable[[], None]) -> int:
    """Run work in a forked child and return its process id; the child exits 0, or 1 when the work raised."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def reap(pid: int) -> int:
    """Wait for a child: its exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def killed_at(step: int, prepare: Callable[[], Callable[[], None]]) -> bool:
    """Run what ``prepare`` returns in a child that is killed before its n-th SQL statement or flush.

    Returns False when it ended before that.
    """

    def counted() -> None:
        left = step

        def count(*_arguments: object) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        flush = os.fsync

        def counted_flush(handle: int) -> None:
            count()
            flush(handle)

        work = prepare()
        os.fsync = counted_flush  # type: ignore[assignment]
        event.listen(Engine, "before_cursor_execute", count)
        work()

    code = reap(fork(counted))
    assert code in (0, -signal.SIGKILL)
    return code != 0
