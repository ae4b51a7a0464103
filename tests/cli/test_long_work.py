"""Lines for whoever waits without a terminal, and stopping work that does not ask whether to stop."""

from __future__ import annotations

import io
import signal
import sys
import time
from dataclasses import dataclass, field

import pytest

from tunewright.cli.common import stoppable
from tunewright.cli.long_work import progress_lines, prompt_stop
from tunewright.workflow.study import Hooks


@dataclass
class Heard:
    """Progress that went on to the hooks beneath."""

    calls: list[tuple[str, str, float]] = field(default_factory=list)

    def __call__(self, system: str, stage: str, fraction: float) -> None:
        self.calls.append((system, stage, fraction))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_now_and_then_says_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    written, heard = io.StringIO(), Heard()
    monkeypatch.setattr(sys, "stderr", written)
    with progress_lines(Hooks(progress=heard), every_s=0.02) as hooks:
        hooks.progress("audit", "Wrong labels", 0.4)
        _wait_for(lambda: "Wrong labels" in written.getvalue())
        hooks.progress("audit", "done", 1.0)
    lines = written.getvalue().splitlines()
    assert "audit: Wrong labels, 40% (0 s)" in lines
    assert not any("done" in line for line in lines)
    assert heard.calls == [("audit", "Wrong labels", 0.4), ("audit", "done", 1.0)]
    time.sleep(0.05)
    assert len(written.getvalue().splitlines()) == len(lines)


@pytest.mark.parametrize("quiet", [True, False])
def test_nothing_is_written_on_a_terminal_or_when_quiet(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    written = io.StringIO() if quiet else Terminal()
    monkeypatch.setattr(sys, "stderr", written)
    given = Hooks()
    with progress_lines(given, quiet=quiet, every_s=0.01) as hooks:
        time.sleep(0.03)
    assert hooks is given
    assert written.getvalue() == ""


def test_work_that_does_not_listen_is_left_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM)
    started = time.monotonic()
    heard = []

    def deaf() -> None:
        with stoppable() as cancelled, prompt_stop(0.1):
            signal.raise_signal(signal.SIGINT)
            heard.append(cancelled())
            while time.monotonic() < started + 10:
                time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt):
        deaf()
    assert heard == [True]
    assert time.monotonic() < started + 5
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM)) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_work_that_swallows_a_stop_is_stopped_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    swallowed = []
    started = time.monotonic()

    def deaf() -> None:
        with stoppable(), prompt_stop(0.05):
            signal.raise_signal(signal.SIGINT)
            try:
                while time.monotonic() < started + 10:
                    time.sleep(0.01)
            except KeyboardInterrupt:
                swallowed.append(True)
            while time.monotonic() < started + 10:
                time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt):
        deaf()
    assert swallowed == [True]
    assert time.monotonic() < started + 5


def test_work_that_ends_by_itself_is_not_disturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with stoppable() as cancelled, prompt_stop(0.05):
        signal.raise_signal(signal.SIGINT)
        heard = cancelled()
    time.sleep(0.1)
    assert heard


def _wait_for(said: object) -> None:
    until = time.monotonic() + 10
    while not said() and time.monotonic() < until:  # type: ignore[operator]
        time.sleep(0.005)
