"""What a fit leaves behind besides the model: trials, budget, notes. Saved beside the model as ``fit.json``.

The loss of every training row, where a fit keeps it, lies beside that in a file of its own (``_loss_history.py``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tunewright.records.system import Budget, Trial
from tunewright.systems._loss_history import LossHistory

FILE_NAME = "fit.json"
NO_TUNING = Budget(declared=0, spent=0, exhausted=True)


@dataclass(frozen=True, slots=True)
class FitLog:
    """Trials in the order tried, the tuning budget, and plain sentences for a person.

    ``validation_score`` is an honest figure of what was chosen, where there is a better one than the best trial's.
    ``hard_rows`` are names of training rows whose loss stayed high to the end, and ``history`` is the loss of every
    training row in every epoch, where the losses of rows were kept.
    """

    trials: tuple[Trial, ...] = ()
    budget: Budget = NO_TUNING
    notes: tuple[str, ...] = ()
    validation_score: float | None = None
    hard_rows: tuple[str, ...] = ()
    history: LossHistory | None = field(default=None, compare=False, repr=False)

    def write(self, folder: Path) -> None:
        """Save as ``fit.json``, and the history beside it."""
        value = {
            "trials": [asdict(trial) for trial in self.trials],
            "budget": asdict(self.budget),
            "notes": list(self.notes),
            "validation_score": self.validation_score,
            "hard_rows": list(self.hard_rows),
        }
        (folder / FILE_NAME).write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
        if self.history is not None:
            self.history.write(folder)

    @staticmethod
    def read(folder: Path) -> FitLog:
        """What ``write`` saved."""
        value = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        return FitLog(
            trials=tuple(Trial(**trial) for trial in value["trials"]),
            budget=Budget(**value["budget"]),
            notes=tuple(value["notes"]),
            validation_score=value.get("validation_score"),
            hard_rows=tuple(value.get("hard_rows", ())),
            history=LossHistory.read(folder),
        )


class Logged:
    """A fitted system that keeps its ``FitLog`` as ``log``: the base of all that are made here."""

    __slots__ = ()
    log: FitLog

    @property
    def trials(self) -> Sequence[Trial]:
        """Settings tried, in their order."""
        return self.log.trials

    @property
    def budget(self) -> Budget:
        """The tuning budget, declared and spent."""
        return self.log.budget

    @property
    def notes(self) -> Sequence[str]:
        """Plain sentences for a person."""
        return self.log.notes

    @property
    def validation_score(self) -> float | None:
        """What was chosen is worth on rows that did not choose it; None where the fit does not know."""
        return self.log.validation_score
