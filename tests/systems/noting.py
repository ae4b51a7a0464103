"""A system for tests that learns by heart and remembers what it was given."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunewright.records.answers import Answer
from tunewright.records.example import Example, Inputs
from tunewright.records.system import FitContext, Needs, Setting, Traits
from tunewright.records.usage import Spent, Usage
from tunewright.systems.fitlog import FitLog, Logged


@dataclass
class FittedNoted(Logged):
    """Answers with the target of the row it was taught with the same words, else with ``usual``."""

    system: Noted
    taught: dict[str, str]
    log: FitLog = field(default_factory=FitLog)
    closed: int = 0

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        self.system.read.extend(one.text for one in inputs)
        spent = Spent(1, Usage(5), 0.1)
        return [self.system.fixed.get(one.row_id) or Answer(self._one(one), spent=spent) for one in inputs]

    def _one(self, inputs: Inputs) -> str:
        return self.taught.get(inputs.text, self.system.usual)

    def save(self, folder: Path) -> None:
        (folder / "taught.json").write_text(json.dumps(self.taught), encoding="utf-8")
        self.log.write(folder)

    def close(self) -> None:
        self.closed += 1


@dataclass
class Noted:
    """A system that learns by heart and remembers what it was given."""

    name: str
    usual: str = "unknown"
    traits: Traits = Traits(("classify",))
    role: Any = "baseline"
    needs: Needs = Needs(simplicity=10)
    fixed: dict[str, Answer] = field(default_factory=dict)
    fits: list[tuple[list[Example], list[Example], FitContext]] = field(default_factory=list)
    read: list[str] = field(default_factory=list)

    def identity(self) -> dict[str, Setting]:
        return {"usual": self.usual}

    def missing(self) -> str | None:
        return None

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedNoted:
        self.fits.append((list(train), list(validation), context))
        return FittedNoted(self, {row.text: row.target for row in (*train, *validation)})

    def load(self, folder: Path) -> FittedNoted:
        taught = json.loads((folder / "taught.json").read_text(encoding="utf-8"))
        return FittedNoted(self, taught, FitLog.read(folder))
