"""``rules``: a person's Python function from text to label, run in a process of its own.

``{rules: rules.py:route}`` names the file and the function. The function returns a label, or None when it has no
answer; an exception, a time-out or another type counts as no usable answer for that case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tunewright.errors import InputError
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Inputs
from tunewright.records.system import FitContext, Needs, Setting, SystemRole, Traits
from tunewright.sandbox.function import FunctionProcess
from tunewright.sandbox.local_sources import local_digest
from tunewright.systems.fitlog import FitLog, Logged
from tunewright.systems.options import Option, read

SUMMARY = "your own Python function, for example rules.py:route"
NAME_SHOWS_ARGUMENT = False
OPTIONS: Mapping[str, Option] = {
    "timeout_s": Option(2.0, "seconds per call", "a rule that takes longer hangs"),
    "memory_mb": Option(1024, "megabytes", "keeps a runaway rule from taking the machine down"),
}


@dataclass(slots=True)
class FittedRules(Logged):
    """The function and its process."""

    process: FunctionProcess
    log: FitLog = field(default_factory=FitLog)

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        return [self._one(item) for item in inputs]

    def _one(self, item: Inputs) -> Answer:
        result = self.process.call(item.text)
        if result.failure is not None:
            return Answer(None, Status.MODEL_FAIL, detail=result.failure)
        if result.answer is None:
            return Answer(None, Status.MODEL_FAIL, detail="the rules gave no answer")
        return Answer(result.answer)

    def save(self, folder: Path) -> None:
        self.log.write(folder)

    def close(self) -> None:
        self.process.close()


@dataclass(frozen=True, slots=True)
class Rules:
    """File, function and limits; ``root`` is the project, whose modules the file may import."""

    name: str
    path: Path
    function: str
    timeout_s: float
    memory_mb: int
    role: SystemRole = "baseline"
    needs: Needs = Needs(simplicity=10, seconds_per_call=0.001)
    traits: Traits = Traits(learns=False)
    root: Path | None = None

    def identity(self) -> Mapping[str, Setting]:
        return {"function": self.function, "code": local_digest(self.path, self.root), "timeout_s": self.timeout_s}

    def missing(self) -> str | None:
        if not self.path.is_file():
            return f"{self.path} does not exist; name the file as rules.py:function"
        return None

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedRules:
        fitted = self._start()
        fitted.process.call(train[0].text)
        return fitted

    def load(self, folder: Path) -> FittedRules:
        return self._start()

    def _start(self) -> FittedRules:
        process = FunctionProcess(self.path, self.function, seconds_per_call=self.timeout_s, memory_mb=self.memory_mb)
        return FittedRules(process)


def build(name: str, argument: str | None, options: Mapping[str, Setting], root: Path) -> Rules:
    """The system as named in the project file; ``argument`` is ``file.py:function``."""
    values = read(options, OPTIONS, "rules")
    file, _, function = (argument or "").rpartition(":")
    if not file or not function:
        raise InputError(
            "rules.argument",
            "Rules need a file and a function.",
            where=f"systems: rules: {argument!r}",
            hint="Write {rules: rules.py:route} for the function route in rules.py.",
        )
    return Rules(name, root / file, function, float(values["timeout_s"]), int(values["memory_mb"]), root=root)
