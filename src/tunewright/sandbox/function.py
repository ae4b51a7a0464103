"""One Python function of a person's, in a persistent worker process.

Each call has its own time limit. A worker that hangs or dies is replaced; the call concerned counts as failed. What a
function writes where replies go is passed over (``replies``).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.errors import InputError
from tunewright.sandbox import worker
from tunewright.sandbox.process import LineProcess
from tunewright.sandbox.replies import receive, send

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
        token = send(child, {"text": text})
        if token is None:
            return self._died("the process had ended")
        try:
            said = receive(child, token, self._seconds)
        except TimeoutError:
            self.close()
            return CallResult(None, f"no answer within {self._seconds:g} s")
        if said is None:
            return self._died(child.complaints() or "the process ended")
        result = _read_reply(said)
        if result is None:
            self.close()
            return CallResult(None, "what the function's process wrote cannot be read")
        return result

    def close(self) -> None:
        """End the worker; calling it twice is harmless."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _start(self) -> LineProcess:
        if not self._path.is_file():
            raise InputError("rules.missing", "The file with the rules does not exist.", where=str(self._path))
        script = str(Path(worker.__file__).resolve())
        command = [sys.executable, "-I", "-B", script, str(self._path.resolve()), self._function, str(self._memory_mb)]
        child = LineProcess(command, self._path.resolve().parent)
        token = send(child, {})
        try:
            said = receive(child, token, START_SECONDS) if token else None
        except TimeoutError:
            said = None
        if said != {"ready": True}:
            child.kill()
            why = said.get("fatal") if said else child.complaints()
            raise InputError(
                "rules.load",
                f"The rules cannot be loaded: {why or 'it did not start'}",
                where=f"{self._path}:{self._function}",
                hint=f"Write a function {self._function}(text) in that file that returns one label, or None.",
            )
        self._child = child
        return child

    def _died(self, reason: str) -> CallResult:
        self.close()
        return CallResult(None, f"the function's process died: {reason.splitlines()[-1] if reason else ''}")


def _read_reply(said: Mapping[str, Any]) -> CallResult | None:
    """One reply of the worker; None where it is none."""
    kinds = {name: type(one) for name, one in said.items()}
    if kinds == {"error": str}:
        return CallResult(None, said["error"])
    return CallResult(said["answer"]) if kinds in ({"answer": str}, {"answer": type(None)}) else None
