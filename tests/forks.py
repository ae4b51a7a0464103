"""Forked children, for tests of what is killed or what meets another process."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine


def fork(work: Callable[[], object]) -> int:
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
