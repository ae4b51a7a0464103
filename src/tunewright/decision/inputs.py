"""What the decision is made from, checked once at the door.

Only data live here. The workflow fills these in from score rows; ``verdict.decide`` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tunewright.errors import InputError
from tunewright.records.guard import Guard
from tunewright.records.system import SystemRole
from tunewright.records.verdict import Gate, GateTest, Regime
from tunewright.statistics.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SystemScores:
    """One available system on the cases that decide.

    ``scores`` float64[n] in [0, 1]; nan is missing (never 0). Budgets are scored validation passes. ``own`` is False
    for recorded answers, whose tuning nobody here has seen. ``usd_per_month`` None is unpriced, never 0.
    """

    name: str
    role: SystemRole
    simplicity: int
    scores: FloatArray
    usd_per_month: float | None = None
    validation_score: float | None = None
    declared_budget: int | None = None
    spent_budget: int = 0
    exhausted: bool = False
    own: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecisionInputs:
    """Everything that ``decide`` takes.

    ``groups`` and ``folds`` are int64[n]; ``folds`` given means that every row was scored out of fold. ``gates`` were
    judged elsewhere (leaks, dead adapter). ``hard_limits_met`` names systems whose limits on latency, egress or cost
    are known to hold or not. ``usd_at_stake`` is what all answers of a month being wrong would cost (0: not stated).
    ``target`` is (metric, at least). ``incumbent`` may name a system that could not be
    scored. ``people`` is given where a language model judged: what people say of the answers of each system,
    float64[n] in [0, 1], nan outside the random sample that they judged. ``guards`` are what was measured of the
    candidate beside the job; with ``guards_required`` nothing ships without.
    ``look`` counts how often these cases have decided, this time included. ``gate`` is the test that a claim on
    independent 0/1 cases must pass: exact McNemar, or its mid-p (``compare.tested`` says where it holds). ``strong``
    asks that the lower bound of the gain, not its estimate, reach ``min_improvement`` before being better ships.
    ``saving_basis`` ends the sentence of a headline that rests on a saving: at which price and volume.

    Raises InputError when the parts do not fit together.
    """

    systems: tuple[SystemScores, ...]
    min_improvement: float
    groups: IntArray | None = None
    folds: IntArray | None = None
    min_saving_usd: float = 0.0
    usd_at_stake: float = 0.0
    incumbent: str | None = None
    candidate: str | None = None
    gates: tuple[Gate, ...] = ()
    alpha: float = 0.025
    seed: int = 0
    hard_limits_met: Mapping[str, bool] | None = None
    target: tuple[str, float] | None = None
    regime: Regime = "locked"
    people: Mapping[str, FloatArray] | None = None
    guards: tuple[Guard, ...] = ()
    guards_required: bool = False
    look: int = 1
    gate: GateTest = "exact"
    strong: bool = False
    saving_basis: str = "at the stated price and volume"

    def __post_init__(self) -> None:
        _check_systems(self.systems)
        _check_rows(self)
        if not 0 <= self.min_improvement <= 1:
            raise _refused(
                "min_improvement", "The smallest worthwhile gain must lie between 0 and 1 (0.02 is 2 points)."
            )
        if self.look < 1:
            raise _refused("look", "Looks at the cases that decide are counted from 1.")
        if not 0 < self.alpha < 0.5:
            raise _refused("alpha", "The error rate of a test must lie between 0 and 0.5.")
        if self.candidate is not None and (
            self.candidate not in {s.name for s in self.systems} or self.system(self.candidate).role != "candidate"
        ):
            raise _refused("candidate", f"'{self.candidate}' is not a candidate among the scored systems.")

    def system(self, name: str) -> SystemScores:
        """The system of that name; KeyError if it was not scored."""
        return {s.name: s for s in self.systems}[name]

    @property
    def scored_incumbent(self) -> SystemScores | None:
        """The system of today, if it is named and was scored."""
        return next((s for s in self.systems if s.name == self.incumbent), None)

    @property
    def references(self) -> tuple[SystemScores, ...]:
        """What the candidate must beat: every baseline, and the system of today even if it is itself a fine-tune."""
        return tuple(
            s for s in self.systems if s.name != self.candidate and (s.role == "baseline" or s.name == self.incumbent)
        )

    def within_limits(self, name: str) -> bool:
        """False only when the system is known to break a hard limit."""
        return (self.hard_limits_met or {}).get(name, True)


def _check_systems(systems: tuple[SystemScores, ...]) -> None:
    names = [s.name for s in systems]
    if len(set(names)) != len(names):
        raise _refused("systems", "Two systems have the same name.")
    if len({s.scores.shape for s in systems}) > 1 or any(s.scores.ndim != 1 for s in systems):
        raise _refused("systems", "The systems were not scored on the same cases.")
    for system in systems:
        present = system.scores[~np.isnan(system.scores)]
        if len(present) and not (present.min() >= 0 and present.max() <= 1):
            raise _refused(system.name, "Scores must lie between 0 and 1.")


def _check_rows(inputs: DecisionInputs) -> None:
    rows = len(inputs.systems[0].scores) if inputs.systems else 0
    for name, labels in (("groups", inputs.groups), ("folds", inputs.folds)):
        if labels is not None and labels.shape != (rows,):
            raise _refused(name, f"There must be one entry per case: {rows}, not {labels.shape}.")
    for name, judged in (inputs.people or {}).items():
        if judged.shape != (rows,):
            raise _refused(name, f"There must be one judgement or gap per case: {rows}, not {judged.shape}.")


def _refused(where: str, message: str) -> InputError:
    return InputError("decision.inputs", message, where=where)
