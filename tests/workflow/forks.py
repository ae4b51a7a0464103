"""Forked children, for runs that are killed or that meet one another."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable

import pytest


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
