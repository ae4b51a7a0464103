"""A person's Python functions as tools, in a persistent worker process: what they are, and calling them.

Each call has its own time limit. A worker that hangs or dies is replaced; the call concerned has failed. The person's
file is never imported here. What a function writes where replies go is passed over (``replies``).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tunewright.errors import InputError
from tunewright.sandbox import tool_worker
from tunewright.sandbox.process import LineProcess
from tunewright.sandbox.replies import receive, send
from tunewright.sandbox.tool_file import refuse_file, require_file

START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """One tool: ``parameters`` is the JSON schema of its arguments as text.

    ``writes``: it changes something outside; ``dry_run``: it has an argument of that name, which says that it must not.
    """

    name: str
    description: str
    parameters: str
    writes: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What one call gave: JSON as text, or why there is none."""

    result: str | None
    failure: str | None = None
    seconds: float = 0.0


class Toolbox(Protocol):
    """Tools that can be called by name."""

    def specs(self) -> tuple[ToolSpec, ...]:
        """What tools there are.

        Raises:
            InputError: the file cannot be loaded, or holds a function that can be no tool.
        """
        ...

    def call(self, tool: str, arguments: Mapping[str, object]) -> ToolResult:
        """One call; it never raises for what the function does."""
        ...

    def close(self) -> None: ...


class ToolProcess:
    """The tools of one file, in a process of their own. It starts when it is first needed."""

    def __init__(self, path: Path, *, seconds_per_call: float = 10.0, memory_mb: int = 1024) -> None:
        self._path = path
        self._seconds = seconds_per_call
        self._memory_mb = memory_mb
        self._child: LineProcess | None = None
        self._specs: tuple[ToolSpec, ...] | None = None

    def specs(self) -> tuple[ToolSpec, ...]:
        """What tools there are.

        Raises:
            InputError: the file cannot be loaded, or holds a function that can be no tool.
        """
        if self._specs is None:
            self._start()
        assert self._specs is not None
        return self._specs

    def call(self, tool: str, arguments: Mapping[str, object]) -> ToolResult:
        """One call, in a new worker where the last one died."""
        started = time.perf_counter()
        try:
            child = self._child or self._start()
        except InputError as error:
            return ToolResult(None, f"the tool's process cannot be started again: {error.message}")
        token = send(child, {"tool": tool, "arguments": dict(arguments)})
        if token is None:
            return self._died("the process had ended", started)
        try:
            said = receive(child, token, self._seconds)
        except TimeoutError:
            self.close()
            return ToolResult(None, f"no result within {self._seconds:g} s", time.perf_counter() - started)
        if said is None:
            return self._died(child.complaints() or "the process ended", started)
        seconds = time.perf_counter() - started
        result = _read_reply(said, seconds)
        if result is None:
            self.close()
            return ToolResult(None, "what the tool's process wrote cannot be read", seconds)
        return result

    def close(self) -> None:
        """End the worker; calling it twice is harmless."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _start(self) -> LineProcess:
        require_file(self._path)
        path = self._path.resolve()
        script = str(Path(tool_worker.__file__).resolve())
        child = LineProcess([sys.executable, "-I", "-B", script, str(path), str(self._memory_mb)], path.parent)
        token = send(child, {})
        try:
            first = receive(child, token, START_SECONDS) if token else None
        except TimeoutError:
            first = None
        said = _read_first(first) if first else {"fatal": child.complaints() or "it did not start"}
        try:
            self._specs = _read_specs(said, self._path)
        except InputError:
            child.kill()
            raise
        self._child = child
        return child

    def _died(self, reason: str, started: float) -> ToolResult:
        self.close()
        last = reason.splitlines()[-1] if reason else ""
        return ToolResult(None, f"the tool's process died: {last}", time.perf_counter() - started)


def _read_reply(value: Mapping[str, Any], seconds: float) -> ToolResult | None:
    """One reply of the worker; None where it is none."""
    kinds = {name: type(one) for name, one in value.items()}
    if kinds == {"error": str}:
        return ToolResult(None, value["error"], seconds)
    if kinds != {"result": str}:
        return None
    try:
        json.loads(value["result"])
    except (ValueError, RecursionError):
        return None
    return ToolResult(value["result"], None, seconds)


def _read_first(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the worker says of the file before the first call."""
    if isinstance(value.get("fatal"), str) or value.keys() == {"wrong", "tools"}:
        return value
    return {"fatal": "what its process wrote cannot be read; the file writes to descriptors that are not its own"}


def _read_specs(said: Mapping[str, Any], path: Path) -> tuple[ToolSpec, ...]:
    refuse_file(said.get("fatal"), said.get("wrong", ()), path)
    if not said["tools"]:
        raise InputError(
            "tools.none",
            "The file defines no public function.",
            where=str(path),
            hint='Write one: def contract_of(customer: str) -> dict: """The contract of a customer."""',
        )
    return tuple(
        ToolSpec(one["name"], one["description"], json.dumps(one["parameters"]), one["writes"], one["dry_run"])
        for one in said["tools"]
    )
