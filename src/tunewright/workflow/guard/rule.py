"""When a guard holds: pure rules from scores to a ``Guard``, the same for everything that is guarded.

A guard *holds* when the worse end of its 95 % interval is within the limit. It is *broken* when it is shown to be worse
at all and the estimate lies beyond the limit. Everything between is *unproven*, and so is a loss that could not be seen
because the model that the fine-tune is made from is itself no better than guessing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import binom

from tunewright.records.base import Interval
from tunewright.records.guard import Guard, GuardResult
from tunewright.statistics.arrays import FloatArray, IntArray
from tunewright.statistics.gains import effective_counts, gain_intervals
from tunewright.statistics.means import mean_interval
from tunewright.statistics.proportions import clopper_pearson_interval

# Points of general ability, as share, that may be lost; and of behaviour measured on far fewer cases.
ABILITY_MARGIN = 0.02
BEHAVIOUR_MARGIN = 0.05
ALPHA = 0.025
# At 0.5 the normal quantile is 0, and an interval for groups has no width to speak of.
HIGHEST_ALPHA = 0.45
AT_CHANCE = "the base itself is at chance here: nothing can be lost, so this guard says nothing"


@dataclass(frozen=True, slots=True)
class Named:
    """What a guard is called, whom it is about, and whether it may stop a shipment."""

    name: str
    system: str
    against: str | None
    blocks: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The same cases answered by the tuned system and by what it is made from, both float64[n], nan where missing.

    ``chance`` is what guessing would bring on average. ``groups`` int64[n] where cases belong together.
    """

    tuned: FloatArray
    base: FloatArray
    chance: float = 0.0
    groups: IntArray | None = None

    def complete(self) -> Scores:
        """Without the cases that either has not answered."""
        keep = ~(np.isnan(self.tuned) | np.isnan(self.base))
        groups = None if self.groups is None else self.groups[keep]
        return Scores(self.tuned[keep], self.base[keep], self.chance, groups)

    @property
    def base_at_chance(self) -> bool:
        """Whether the base is not shown to be better than guessing: there is nothing that could be seen to be lost."""
        return bool(mean_interval(self.base, self.groups)[0] <= self.chance)

    def interval(self, alpha: float = ALPHA) -> Interval:
        """Of the mean gain."""
        low, high = gain_intervals([effective_counts(self.tuned - self.base, self.groups, alpha)], alpha)[0]
        return round(low, 6), round(high, 6)

    def chance_of_loss(self, margin: float) -> float:
        """One-sided p of no loss: the least alpha with an ``interval`` below 0; 1 where at most ``margin`` is lost.

        Tango's score statistic at no gain is that of McNemar, (b - c) / sqrt(b + c).
        """
        gains = self.tuned - self.base
        if not len(gains) or float(gains.mean()) >= -margin:
            return 1.0

        def statistic(alpha: float) -> float:
            counts = effective_counts(gains, self.groups, alpha)
            return float((counts.fixed - counts.broken) / np.sqrt(counts.fixed + counts.broken))

        if self.groups is None and set(np.unique(gains)) <= {-1.0, 0.0, 1.0}:
            return float(ndtr(statistic(ALPHA)))
        return least_alpha(lambda alpha: statistic(alpha) < ndtri(alpha))


def not_worse(named: Named, scores: Scores, margin: float, text: str, *, beats_chance: bool = True) -> Guard:
    """Higher is better, paired with the base: held to losing less than ``margin``.

    ``beats_chance``: a base at chance makes the guard unproven, for then nothing can be lost.
    """
    kept = scores.complete()
    n = len(kept.tuned)
    if not n:
        return not_checked(named, "no case was answered by both", margin)
    interval = kept.interval()
    tuned, base = float(kept.tuned.mean()), float(kept.base.mean())
    at_chance = beats_chance and kept.base_at_chance
    p = 1.0 if at_chance else kept.chance_of_loss(margin)
    result = result_above(tuned - base, interval, -margin)
    if at_chance:
        result, text = "unproven", f"{text} {AT_CHANCE[0].upper()}{AT_CHANCE[1:]}."
    elif result == "unproven":
        text = f"{text} {n} cases are too few to show a loss of less than {_points(margin)}."
    return made(named, n, tuned, base, interval, -margin, result, text, p)


def share_at_least(named: Named, right: int, n: int, limit: float, text: str, reference: float | None = None) -> Guard:
    """An absolute rate near 1: its Clopper-Pearson interval is held to at least ``limit``."""
    if not n:
        return not_checked(named, "there is no case of this kind", limit)
    low, high = (float(end) for end in clopper_pearson_interval(right, n, ALPHA))
    result: GuardResult = "holds" if low >= limit else "broken" if high < limit else "unproven"
    if result == "unproven":
        text += f" {n} cases cannot show that it is at least {limit:.0%}, nor that it is not."
    p = float(binom.cdf(right, n, limit))
    return made(named, n, right / n, reference, (low, high), limit, result, text, p)


def least_alpha(excludes: Callable[[float], bool]) -> float:
    """The least one-sided level at which an interval still excludes no change; 1 where none up to 0.45 does."""
    if not excludes(HIGHEST_ALPHA):
        return 1.0
    low, high = -12.0, float(np.log10(HIGHEST_ALPHA))
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if excludes(10.0**middle) else (middle, high)
    return float(10.0**high)


def result_above(estimate: float, interval: Interval, limit: float) -> GuardResult:
    """For a gain, where less is worse and 0 is no change."""
    if interval[0] >= limit:
        return "holds"
    return "broken" if interval[1] < 0 and estimate < limit else "unproven"


def result_below(estimate: float, interval: Interval, limit: float, nothing: float = 0.0) -> GuardResult:
    """For an excess, where more is worse and ``nothing`` is none at all."""
    if interval[1] <= limit:
        return "holds"
    return "broken" if interval[0] > nothing and estimate > limit else "unproven"


def not_checked(named: Named, why: str, limit: float = 0.0) -> Guard:
    """A guard that could not be measured, or does not apply, with the reason."""
    return Guard(
        name=named.name,
        system=named.system,
        against=named.against,
        n=0,
        score=None,
        reference=None,
        interval=None,
        limit=limit,
        result="not-checked",
        blocks=named.blocks,
        text=f"Not checked: {why}.",
    )


def made(
    named: Named,
    n: int,
    score: float,
    reference: float | None,
    interval: Interval | None,
    limit: float,
    result: GuardResult,
    text: str,
    p: float | None = None,
) -> Guard:
    """A measured guard, its figures rounded."""
    return Guard(
        name=named.name,
        system=named.system,
        against=named.against,
        n=n,
        score=round(score, 6),
        reference=None if reference is None else round(reference, 6),
        interval=None if interval is None else (round(interval[0], 6), round(interval[1], 6)),
        p=None if p is None else float(f"{p:.4g}"),
        limit=limit,
        result=result,
        blocks=named.blocks,
        text=text,
    )


def as_scores(values: Sequence[float | None]) -> FloatArray:
    """Scores as an array, nan where there is none."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share:.1f} %"


def _points(share: float) -> str:
    return f"{100 * share:g} points"
