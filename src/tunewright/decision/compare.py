"""Two systems on the same cases: the gain, its interval, and the test that gates a claim.

Independent 0/1 scores: exact McNemar, mid-p beside it, Tango's interval. Rows in groups, or other scores: sign-flip on
group sums and the interval on effective counts; never McNemar on grouped rows. Only cases that both systems answered
count. Cross-fitted rows also get the intervals of ``statistics.crossfit``, and the widest ends are kept. Where a
language model judged, the gain and its interval are those of ``rectified``, and the gate needs both tests: the judge's
and the rectified one. Nothing is decided here; ``ruling`` and ``use`` do that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tunewright.decision.inputs import DecisionInputs, SystemScores
from tunewright.decision.levels import FEWEST_FOR_MID_P, look_level, working_alpha
from tunewright.decision.rectified import Rectified, rectified
from tunewright.records.verdict import Bayes, GateTest, Paired
from tunewright.statistics.arrays import Bounds, FloatArray, IntArray
from tunewright.statistics.clusters import design_effect, group_totals
from tunewright.statistics.crossfit import VARIANCES, cross_fit_interval
from tunewright.statistics.gains import effective_counts, gain_intervals
from tunewright.statistics.mcnemar import one_sided_exact, one_sided_mid_p
from tunewright.statistics.posterior import gain_probability
from tunewright.statistics.sign_flip import sign_flip_p

TestName = Literal["exact-mcnemar", "mid-p-mcnemar", "sign-flip"]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The complete cases of two systems. ``groups`` is None when no two of them belong together.

    ``people`` float64[n] are the gains by people's judgements, nan without; None where no language model judged.
    """

    first: SystemScores
    second: SystemScores
    gains: FloatArray
    groups: IntArray | None
    folds: IntArray | None
    binary: bool
    people: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The gain of ``first`` over ``second`` with its interval; unrounded. ``discordance`` is the mean squared gain.

    ``people`` and ``p_people`` are None where no language model judged; else how many of the cases people judged too,
    and the one-sided p of the rectified gain.
    """

    first: str
    second: str
    n: int
    groups: int | None
    fixed: int | None
    broken: int | None
    delta: float
    low: float
    high: float
    discordance: float
    design_effect: float
    method: str
    people: int | None = None
    p_people: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """An estimate with the one-sided p of the gate; ``p_exact`` differs from it only where mid-p is the gate."""

    estimate: Estimate
    p: float
    p_mid: float | None
    test: TestName
    p_exact: float

    def proves_better(self, alpha: float) -> bool:
        """The gate passes and the interval lies above 0."""
        return self.p <= alpha and self.estimate.low > 0


def pair_up(first: SystemScores, second: SystemScores, inputs: DecisionInputs) -> Pair:
    """The cases that both systems answered."""
    complete = ~(np.isnan(first.scores) | np.isnan(second.scores))
    a, b = first.scores[complete], second.scores[complete]
    groups = None if inputs.groups is None else inputs.groups[complete]
    if groups is not None and len(np.unique(groups)) == len(groups):
        groups = None
    folds = None if inputs.folds is None else inputs.folds[complete]
    binary = bool(np.all((a == 0) | (a == 1)) and np.all((b == 0) | (b == 1)))
    people = None
    if inputs.people is not None:
        unknown = np.full(len(complete), np.nan)
        gains = inputs.people.get(first.name, unknown) - inputs.people.get(second.name, unknown)
        people = gains[complete]
    return Pair(first, second, a - b, groups, folds, binary, people)


def level_of(inputs: DecisionInputs) -> float:
    """The one-sided level of every single test on these inputs."""
    return working_alpha(inputs.alpha, cross_fitted=inputs.folds is not None)


def claim_level(inputs: DecisionInputs) -> float:
    """The one-sided level at which one system may be called better than another: at a later look that look's share.

    Intervals keep the whole level.
    """
    level = level_of(inputs)
    return level if inputs.look < 2 else look_level(inputs.look, level)


def compare(pairs: Sequence[Pair], inputs: DecisionInputs) -> list[Comparison]:
    """Estimate and test every pair, in order."""
    return [tested(p, e, inputs.seed, inputs.gate) for p, e in zip(pairs, estimate(pairs, inputs), strict=True)]


def estimate(pairs: Sequence[Pair], inputs: DecisionInputs, share_of_alpha: float = 1.0) -> list[Estimate]:
    """Gain and interval of every pair, without a test. All intervals are found in one vectorised search."""
    alpha = share_of_alpha * level_of(inputs)
    counts = [effective_counts(p.gains, p.groups, alpha) for p in pairs]
    bounds = gain_intervals(counts, alpha)
    found = [_estimated(p, _widened(p, b, alpha)) for p, b in zip(pairs, bounds, strict=True)]
    return [e if p.people is None else _rectified(e, p, p.people, alpha) for p, e in zip(pairs, found, strict=True)]


def as_record(comparison: Comparison, named: str, inputs: DecisionInputs) -> Paired:
    """The comparison as the verdict document shows it, rounded. ``named`` is the system that the record names."""
    e = comparison.estimate
    now, then = inputs.system(e.first).usd_per_month, inputs.system(e.second).usd_per_month
    saves = None if now is None or then is None else round(then - now, 2)
    return Paired(
        system=named,
        n=e.n,
        groups=e.groups,
        fixed=e.fixed,
        broken=e.broken,
        delta=round(e.delta, 6),
        interval=(round(e.low, 6), round(e.high, 6)),
        test=comparison.test,
        p_exact=float(f"{comparison.p_exact:.6g}"),
        p_mid=None if comparison.p_mid is None else float(f"{comparison.p_mid:.6g}"),
        interval_method=e.method,
        proven_better=comparison.proves_better(claim_level(inputs)),
        not_worse=e.low > -inputs.min_improvement,
        saves_usd_per_month=saves,
        bayes=_bayes(e, inputs) if comparison.test != "sign-flip" else None,
    )


def _bayes(e: Estimate, inputs: DecisionInputs) -> Bayes | None:
    """The sensitivity line, for independent right-or-wrong cases that were answered by systems fitted once."""
    if e.fixed is None or e.broken is None or inputs.folds is not None or not e.n:
        return None
    better, worthwhile = (gain_probability(e.fixed, e.broken, e.n, m) for m in (0.0, inputs.min_improvement))
    return Bayes(better=round(better, 4), worthwhile=round(worthwhile, 4))


def _widened(pair: Pair, bounds: Bounds, alpha: float) -> Bounds:
    """For cross-fitted rows the outermost of Tango's and all cross-fit intervals, cut to [-1, 1]."""
    if pair.folds is None or not len(pair.gains):
        return bounds
    lows, highs = [bounds[0]], [bounds[1]]
    for variance in VARIANCES:
        low, high = cross_fit_interval(pair.gains, pair.folds, pair.groups, alpha, variance)
        lows.append(low)
        highs.append(high)
    return max(min(lows), -1.0), min(max(highs), 1.0)


def _estimated(pair: Pair, bounds: Bounds) -> Estimate:
    gains = pair.gains
    n = len(gains)
    method = "Tango score" if pair.binary and pair.groups is None else "Tango score on effective counts"
    return Estimate(
        first=pair.first.name,
        second=pair.second.name,
        n=n,
        groups=None if pair.groups is None else len(np.unique(pair.groups)),
        fixed=int(np.count_nonzero(gains > 0)) if pair.binary else None,
        broken=int(np.count_nonzero(gains < 0)) if pair.binary else None,
        delta=float(gains.sum()) / n if n else 0.0,
        low=bounds[0],
        high=bounds[1],
        discordance=float(gains @ gains) / n if n else 0.0,
        design_effect=1.0 if pair.groups is None else design_effect(gains, pair.groups),
        method=method if pair.folds is None else method + ", widened for cross-fitting",
    )


def _rectified(raw: Estimate, pair: Pair, people: FloatArray, alpha: float) -> Estimate:
    """The estimate by people and judge together. What the judge calls fixed and broken is no count of right answers."""
    found: Rectified = rectified(pair.gains, people, pair.groups, alpha, partial(_bounds_of, pair, alpha))
    return replace(
        raw,
        fixed=None,
        broken=None,
        delta=found.delta,
        low=found.low,
        high=found.high,
        method=f"prediction-powered, {found.people} cases judged by people",
        people=found.people,
        p_people=found.p,
    )


def _bounds_of(pair: Pair, alpha: float, values: FloatArray, mask: NDArray[np.bool_]) -> Bounds:
    """The interval that a gain would get, for other values on some of the cases of a pair."""
    some = replace(
        pair,
        gains=values[mask],
        groups=None if pair.groups is None else pair.groups[mask],
        folds=None if pair.folds is None else pair.folds[mask],
        people=None,
    )
    (bounds,) = gain_intervals([effective_counts(some.gains, some.groups, alpha)], alpha)
    return _widened(some, bounds, alpha)


def tested(pair: Pair, estimate: Estimate, seed: int, gate: GateTest) -> Comparison:
    """The estimate with its gate: exact McNemar for independent 0/1 scores, else sign-flip on group sums.

    With ``gate`` "midp" the mid-p takes the place of the exact p on 100 such cases or more, answered by systems fitted
    once and not judged by a language model; elsewhere the level was measured with the exact test. Where a language
    model judged, p is the larger of that and of the rectified gain's.
    """
    least = 0.0 if estimate.p_people is None else estimate.p_people
    if pair.binary and pair.groups is None:
        fixed, broken = np.count_nonzero(pair.gains > 0), np.count_nonzero(pair.gains < 0)
        p = max(float(one_sided_exact(fixed, broken)), least)
        p_mid = max(float(one_sided_mid_p(fixed, broken)), least)
        plain = pair.folds is None and estimate.p_people is None and estimate.n >= FEWEST_FOR_MID_P
        if gate == "midp" and plain:
            return Comparison(estimate, p_mid, p_mid, "mid-p-mcnemar", p)
        return Comparison(estimate, p, p_mid, "exact-mcnemar", p)
    p = max(sign_flip_p(group_totals(pair.gains, pair.groups), seed=seed), least)
    return Comparison(estimate, p, None, "sign-flip", p)
