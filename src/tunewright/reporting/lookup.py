"""Finding things in a verdict: a system by name, its comparison with today's system, the score to show.

Pure questions to the document; words and layout are elsewhere. The terminal, the report and the figures call it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tunewright.records.base import Interval
from tunewright.records.verdict import Gate, Paired, SystemResult, Verdict
from tunewright.reporting.words import present


@dataclass(frozen=True, slots=True)
class ShownScore:
    """The score of a system as it is shown: ``share`` in [0, 1] or None, over ``n`` cases."""

    share: float | None
    interval: Interval | None
    n: int
    from_validation: bool


def system_named(verdict: Verdict, name: str | None) -> SystemResult | None:
    """The system of that name."""
    return next((system for system in verdict.systems if system.name == name), None)


def against_today(verdict: Verdict, name: str | None) -> Paired | None:
    """The named system against today's; None where there is no such comparison."""
    if name is None or name == verdict.incumbent:
        return None
    return next((paired for paired in verdict.incumbent_comparisons if paired.system == name), None)


def against_baseline(verdict: Verdict, name: str | None) -> Paired | None:
    """The candidate against the named simpler system."""
    return next((paired for paired in verdict.baselines if paired.system == name), None)


def shown_score(verdict: Verdict, system: SystemResult) -> ShownScore:
    """The score on the cases that decide; while these are closed, the one on validation cases."""
    if present(system.score) or not present(system.validation_score):
        return ShownScore(system.score, system.interval, system.n, on_validation(verdict))
    return ShownScore(system.validation_score, None, verdict.data.validation, True)


def on_validation(verdict: Verdict) -> bool:
    """Whether the figures come from validation cases because the test set is still closed."""
    return verdict.stage == "explore" and verdict.test_set.regime == "locked"


def failed_gates(verdict: Verdict) -> list[Gate]:
    """The conditions that were not met."""
    return [gate for gate in verdict.gates if not gate.passed]


def right_or_wrong(verdict: Verdict) -> bool:
    """Whether every score is 0 or 1, so that a score is a share of right answers."""
    pairs = [*verdict.baselines, *verdict.incumbent_comparisons]
    return all(paired.fixed is not None for paired in pairs)
