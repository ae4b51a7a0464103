"""Any program that reads JSON lines and writes JSON lines, run once over a batch of cases.

It gets ``{"id", "text", "messages"}`` per line and writes ``{"id", "answer"}``, optionally with ``"confidence"``, in
any order. What never comes back is reported as such, not as wrong.
"""

from __future__ import annotations

import json
import shlex
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tunewright.errors import InputError
from tunewright.sandbox.process import LineProcess, monotonic


@dataclass(frozen=True, slots=True)
class ProgramReply:
    """One line that came back."""

    answer: str | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """All replies by id, and why some may be missing."""

    replies: dict[str, ProgramReply]
    trouble: str


def run_program(command: str, folder: Path, lines: Sequence[dict[str, object]], *, seconds: float) -> ProgramResult:
    """Send the lines, collect the replies until the program ends or ``seconds`` are over.

    Raises:
        InputError: the program cannot be started.
    """
    try:
        child = LineProcess(shlex.split(command), folder)
    except (OSError, ValueError) as error:
        raise InputError(
            "command.start", f"The command cannot be started: {error}", where=command, hint=f"It runs in {folder}."
        ) from None
    sender = threading.Thread(target=_send_all, args=(child, lines), daemon=True)
    sender.start()
    replies: dict[str, ProgramReply] = {}
    trouble: list[str] = []
    deadline = monotonic() + seconds
    try:
        while True:
            line = child.receive(deadline - monotonic())
            if line is None:
                break
            _take(line, replies, trouble)
        code = child.wait(1.0) if not trouble else None
        if code:
            trouble.append(f"exit code {code}")
    except TimeoutError:
        trouble.append(f"stopped after {seconds:g} s")
    finally:
        child.kill()
    if trouble and child.complaints():
        trouble.append(child.complaints().splitlines()[-1])
    return ProgramResult(replies, "; ".join(trouble[:5]))


def _send_all(child: LineProcess, lines: Sequence[dict[str, object]]) -> None:
    for line in lines:
        if not child.send(json.dumps(line, ensure_ascii=False)):
            return
    child.finish_input()


def _take(line: str, replies: dict[str, ProgramReply], trouble: list[str]) -> None:
    if not line.strip():
        return
    try:
        value = json.loads(line)
        answer, confidence = value.get("answer"), value.get("confidence")
        key = str(value["id"])
    except (ValueError, KeyError, AttributeError):
        trouble.append(f"a line that is not JSON with an id: {line[:80]!r}")
        return
    if key in replies:
        trouble.append(f"two answers for {key!r}; the first counts")
        return
    usable = isinstance(confidence, int | float) and 0 <= confidence <= 1
    replies[key] = ProgramReply(None if answer is None else str(answer), float(confidence) if usable else None)
