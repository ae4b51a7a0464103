"""``majority``: always the commonest label. What a system must beat to be called one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunewright.records.answers import Answer
from tunewright.records.example import Example, Inputs
from tunewright.records.system import FitContext, Needs, Setting, SystemRole
from tunewright.systems.fitlog import FitLog, Logged
from tunewright.systems.options import Option, read

SUMMARY = "always the commonest label"
OPTIONS: Mapping[str, Option] = {}


@dataclass(frozen=True, slots=True)
class FittedMajority(Logged):
    """The label and its share of the training rows, which is its confidence."""

    label: str
    share: float
    log: FitLog = FitLog()

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        return [Answer(self.label, confidence=self.share) for _ in inputs]

    def save(self, folder: Path) -> None:
        (folder / "majority.json").write_text(json.dumps({"label": self.label, "share": self.share}), encoding="utf-8")
        self.log.write(folder)

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class Majority:
    """The system before it has seen rows."""

    name: str
    role: SystemRole = "baseline"
    needs: Needs = Needs(simplicity=0, seconds_per_call=1e-6)

    def identity(self) -> Mapping[str, Setting]:
        return {}

    def missing(self) -> str | None:
        return None

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedMajority:
        counts = Counter(example.target for example in [*train, *validation])
        label, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
        return FittedMajority(label, count / counts.total())

    def load(self, folder: Path) -> FittedMajority:
        value = json.loads((folder / "majority.json").read_text(encoding="utf-8"))
        return FittedMajority(value["label"], value["share"], FitLog.read(folder))


def build(name: str, argument: str | None, options: Mapping[str, Setting], root: Path) -> Majority:
    """The system as named in the project file."""
    read(options, OPTIONS, "majority")
    return Majority(name)
