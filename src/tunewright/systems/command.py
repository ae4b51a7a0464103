"""``command``: any program that reads JSON lines and writes JSON lines.

``{command: "node route.js"}`` runs in the project folder, once per batch of cases. A case that never comes back is
missing (not wrong) and blocks the verdict above 1 %; an answer of null is no usable answer.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tunewright.errors import InputError
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Inputs, Message
from tunewright.records.system import FitContext, Needs, Setting, SystemRole, Traits
from tunewright.sandbox.local_sources import local_digest
from tunewright.sandbox.program import ProgramReply, run_program
from tunewright.systems.fitlog import FitLog, Logged
from tunewright.systems.options import Option, read

SUMMARY = "any program that reads JSON lines and writes JSON lines"
NAME_SHOWS_ARGUMENT = False
OPTIONS: Mapping[str, Option] = {
    "timeout_s": Option(600.0, "seconds per batch", "after it, what has not come back is missing"),
    "network": Option(
        True, "yes or no", "nobody can see from here whether a program calls out; say false if it does not"
    ),
    "seconds_per_call": Option(0.05, "seconds", "declared time of one answer, for planning machines and money"),
}


@dataclass(slots=True)
class FittedCommand(Logged):
    """The command line and where it runs."""

    command: str
    folder: Path
    timeout_s: float
    log: FitLog = field(default_factory=FitLog)

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        lines: list[dict[str, object]] = [
            {"id": str(position), "text": item.text, "messages": [_plain(message) for message in item.messages]}
            for position, item in enumerate(inputs)
        ]
        result = run_program(self.command, self.folder, lines, seconds=self.timeout_s)
        return [_answer(result.replies.get(str(position)), result.trouble) for position in range(len(inputs))]

    def save(self, folder: Path) -> None:
        self.log.write(folder)

    def close(self) -> None:
        """No process outlives a batch."""


def _plain(message: Message) -> dict[str, object]:
    """A message as programs get it: role and content, and what else it has."""
    filled = {name: value for name, value in asdict(message).items() if value not in (None, ()) and name != "weight"}
    return {"role": message.role, "content": message.content, **filled}


def _answer(reply: ProgramReply | None, trouble: str) -> Answer:
    if reply is None:
        return Answer(None, Status.INFRA_FAIL, detail=f"never came back {trouble}".strip())
    if reply.answer is None:
        return Answer(None, Status.MODEL_FAIL, detail="the program gave no answer")
    return Answer(reply.answer, confidence=reply.confidence)


@dataclass(frozen=True, slots=True)
class Command:
    """A program as described in the project file."""

    name: str
    command: str
    folder: Path
    timeout_s: float
    needs: Needs
    role: SystemRole = "baseline"
    traits: Traits = Traits(learns=False)

    def identity(self) -> Mapping[str, Setting]:
        """The command line and the content of every file in the project that it names, and what they import."""
        digest = hashlib.sha256()
        for word in shlex.split(self.command):
            path = self.folder / word
            if path.is_file():
                imported = local_digest(path, self.folder).encode() if path.suffix == ".py" else b""
                digest.update(word.encode() + b"\0" + path.read_bytes() + b"\0" + imported)
        return {"command": self.command, "files": digest.hexdigest(), "timeout_s": self.timeout_s}

    def missing(self) -> str | None:
        return None

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedCommand:
        return FittedCommand(self.command, self.folder, self.timeout_s)

    def load(self, folder: Path) -> FittedCommand:
        return FittedCommand(self.command, self.folder, self.timeout_s, FitLog.read(folder))


def build(name: str, argument: str | None, options: Mapping[str, Setting], root: Path) -> Command:
    """The system as named in the project file; ``argument`` is the command line."""
    values = read(options, OPTIONS, "command")
    if not argument:
        raise InputError(
            "command.argument", "A command needs a command line.", hint='Write {command: "python route.py"}.'
        )
    needs = Needs(
        simplicity=15,
        network=bool(values["network"]),
        seconds_per_call=float(values["seconds_per_call"]),
        own_machine=True,
    )
    return Command(name, argument, root, float(values["timeout_s"]), needs)
