"""Starting a child process with a stripped environment, and reading its lines with a deadline."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

# What programs need to start and to speak the right language; no keys, no tokens.
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "OMP_NUM_THREADS")


def stripped_environment() -> dict[str, str]:
    """The few variables that a child is given."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {**kept, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}


class LineProcess:
    """A child that answers lines with lines.

    A thread reads its output, so that waiting for a line can have a deadline on every platform.
    """

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=stripped_environment(),
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=os.name == "posix",
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._complaints: list[str] = []
        threading.Thread(target=self._read_lines, daemon=True).start()
        threading.Thread(target=self._read_complaints, daemon=True).start()

    def send(self, line: str) -> bool:
        """Write one line; False when the child is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, OSError, ValueError):
            return False
        return True

    def finish_input(self) -> None:
        """Tell the child that no more lines come."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except OSError:
            return

    def receive(self, seconds: float) -> str | None:
        """The next line, or None when the child closed its output.

        Raises:
            TimeoutError: no line came within ``seconds``.
        """
        try:
            return self._lines.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            raise TimeoutError from None

    def complaints(self) -> str:
        """The end of what the child wrote to its error stream."""
        return "".join(self._complaints)[-2000:].strip()

    def wait(self, seconds: float) -> int | None:
        """Exit code, or None when it still runs after ``seconds``."""
        try:
            return self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """End the child and its own children."""
        if os.name == "posix":
            import signal

            # The group too: a child that has ended may have left children of its own that hold its output open.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        elif self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                try:
                    stream.close()
                except (OSError, ValueError):
                    continue

    def _read_lines(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self._lines.put(line.rstrip("\n"))
        except ValueError:
            pass
        self._lines.put(None)

    def _read_complaints(self) -> None:
        assert self._process.stderr is not None
        try:
            for line in self._process.stderr:
                self._complaints.append(line)
                del self._complaints[:-50]
        except ValueError:
            return


def monotonic() -> float:
    """Seconds of a clock that never goes back."""
    return time.monotonic()
