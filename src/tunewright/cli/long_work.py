"""What long work owes to whoever waits for it: a line now and then where there is no terminal, and a prompt stop.

For work that may be left at any place, because it changes no data and writes in transactions. Called by ``audit``.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tunewright.workflow.study import Hooks

LINE_EVERY_S = 10.0
# Work that asks whether to stop is given this long to end by itself.
STOP_AFTER_S = 0.5


@contextmanager
def progress_lines(hooks: Hooks, *, quiet: bool = False, every_s: float = LINE_EVERY_S) -> Iterator[Hooks]:
    """The hooks, which off a terminal also write a line on stderr every ``every_s`` seconds: what is being done, since
    when and how far it is."""
    if quiet or sys.stderr.isatty():
        yield hooks
        return
    started, now, done = time.monotonic(), ["starting", ""], threading.Event()

    def progress(system: str, stage: str, fraction: float) -> None:
        hooks.progress(system, stage, fraction)
        if stage != "done":
            now[:] = [f"{system}: {stage}", f", {fraction:.0%}" if fraction > 0 else ""]

    def speak() -> None:
        while not done.wait(every_s):
            sys.stderr.write(f"{now[0]}{now[1]} ({time.monotonic() - started:.0f} s)\n")
            sys.stderr.flush()

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    try:
        yield replace(hooks, progress=progress)
    finally:
        done.set()
        speaker.join()


@contextmanager
def prompt_stop(after_s: float = STOP_AFTER_S) -> Iterator[None]:
    """Within ``stoppable``: work that has not heard of Ctrl-C after ``after_s`` seconds is left where it stands.

    Raises:
        KeyboardInterrupt: from anywhere in the work.
    """
    on_main = threading.current_thread() is threading.main_thread()
    asked = signal.getsignal(signal.SIGINT)
    if not on_main or not hasattr(signal, "setitimer") or not callable(asked):
        yield
        return

    def press(number: int, frame: FrameType | None) -> None:
        # Again and again, for whoever swallows the first.
        signal.setitimer(signal.ITIMER_REAL, after_s, after_s)
        asked(number, frame)

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, leave)
    signal.signal(signal.SIGINT, press)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGINT, asked)
        signal.signal(signal.SIGALRM, before)
