"""One Python function of a person's, in a persistent worker process.

Each call has its own time limit. A worker that hangs or dies is replaced; the call concerned counts as failed.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tunewright.errors import InputError
from tunewright.sandbox import worker
from tunewright.sandbox.process import LineProcess

START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class CallResult:
    """What one call gave: an answer, or why there is none."""

    answer: str | None
    failure: str | None = None


class FunctionProcess:
    """``function(text) -> text | None`` from a file, isolated.

    Raises:
        InputError: on the first call, when the file or the function cannot be loaded.
    """

    def __init__(self, path: Path, function: str, *, seconds_per_call: float = 2.0, memory_mb: int = 1024) -> None:
        self._path = path
        self._function = function
        self._seconds = seconds_per_call
        self._memory_mb = memory_mb
        self._child: LineProcess | None = None

    def call(self, text: str) -> CallResult:
        """One answer; never raises for what the function does with this text."""
        child = self._child or self._start()
        if not child.send(json.dumps({"text": text})):
            return self._died("the process had ended")
        try:
            line = child.receive(self._seconds)
        except TimeoutError:
            self.close()
            return CallResult(None, f"no answer within {self._seconds:g} s")
        if line is None:
            return self._died(child.complaints() or "the process ended")
        reply = json.loads(line)
        return CallResult(reply.get("answer"), reply.get("error"))

    def close(self) -> None:
        """End the worker; calling it twice is harmless."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _start(self) -> LineProcess:
        if not self._path.is_file():
            raise InputError("rules.missing", "The file with the rules does not exist.", where=str(self._path))
        script = str(Path(worker.__file__).resolve())
        command = [sys.executable, "-I", script, str(self._path.resolve()), self._function, str(self._memory_mb)]
        child = LineProcess(command, self._path.resolve().parent)
        try:
            line = child.receive(START_SECONDS)
        except TimeoutError:
            line = None
        reply = json.loads(line) if line else {"fatal": child.complaints() or "it did not start"}
        if "fatal" in reply:
            child.kill()
            raise InputError(
                "rules.load",
                f"The rules cannot be loaded: {reply['fatal']}",
                where=f"{self._path}:{self._function}",
                hint=f"Write a function {self._function}(text) in that file that returns one label, or None.",
            )
        self._child = child
        return child

    def _died(self, reason: str) -> CallResult:
        self.close()
        return CallResult(None, f"the function's process died: {reason.splitlines()[-1] if reason else ''}")
