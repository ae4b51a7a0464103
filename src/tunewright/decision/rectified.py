"""A judged gain with the judge's errors taken out: what people said of a random sample corrects it.

The estimate is the prediction-powered difference (Angelopoulos et al. 2023, arXiv 2301.09633; power tuning 2311.01453):
weight x the judge's mean gain on the cases without people's judgements, plus the mean over the others of people's gain
less weight x the judge's. It has no bias whatever the judge's faults are, also where they differ between two systems.

Two intervals are made, and the outer ends are kept. One is the estimate with t standard errors. It has hardly a width
when people happened to see none of the judge's errors, so that a judge that errs in 3 cases of 100, always for the same
side, would pass; the other therefore joins the interval that ``compare`` gives to the judge's gain with that of the
errors (square and add: Zou and Donner 2008, Statistics in Medicine 27, 1693), which stays wide when no error was seen.
Called by ``compare``, which hands over its own interval for a mean gain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from tunewright.statistics.arrays import Bounds, FloatArray
from tunewright.statistics.clusters import GroupTotals, clustered_standard_error, group_totals, t_quantile
from tunewright.statistics.prediction_powered import tuned_weight

# Fewer cases judged by people say nothing about the judge's errors: the gain is then anything between -1 and 1.
MIN_PEOPLE = 30

# Bounds of the mean of values in [-1, 1] on the cases where the mask is True.
BoundsOf = Callable[[FloatArray, NDArray[np.bool_]], Bounds]


@dataclass(frozen=True, slots=True)
class Rectified:
    """A gain with interval, one-sided p and standard error, the judge's weight, and how many cases people judged."""

    delta: float
    low: float
    high: float
    p: float
    weight: float
    people: int
    standard_error: float


def rectified(
    judged: FloatArray, people: FloatArray, groups: NDArray[np.int64] | None, alpha: float, bounds_of: BoundsOf
) -> Rectified:
    """The gain of one system over another by people and judge together.

    Args:
        judged: the judge's gain of each case, float64[n] in [-1, 1].
        people: people's gain, float64[n]; nan where they did not judge both answers. Those judged must be a random
            sample of the cases (of the groups, where there are any).
        groups: int64[n], or None where every case stands alone.
        alpha: one-sided, on each end.
        bounds_of: an interval for a mean of values in [-1, 1] at the same level.
    """
    known = ~np.isnan(people)
    n = int(known.sum())
    if n < MIN_PEOPLE:
        return Rectified(float(judged.mean()) if len(judged) else 0.0, -1.0, 1.0, 1.0, 0.0, n, float("inf"))
    weight = min(max(tuned_weight(people[known], judged[known], judged[~known]), 0.0), 1.0)
    if int((~known).sum()) < 2:
        weight = 0.0
    errors = np.where(known, people - weight * judged, 0.0)
    delta = float(errors[known].mean()) + (weight * float(judged[~known].mean()) if weight else 0.0)
    seen, rest = _totals(errors, groups, known), _totals(judged, groups, ~known)
    spread = clustered_standard_error(seen) ** 2
    spread += (weight * clustered_standard_error(rest)) ** 2 if weight else 0.0
    error = float(np.sqrt(spread))
    half = t_quantile(seen.effective_groups, alpha) * error
    low, high = _joined(delta, errors, judged, known, weight, bounds_of)
    return Rectified(
        delta,
        max(-1.0, min(low, delta - half)),
        min(1.0, max(high, delta + half)),
        _p(delta, error, seen.effective_groups),
        weight,
        n,
        error,
    )


def _joined(
    delta: float,
    errors: FloatArray,
    judged: FloatArray,
    known: NDArray[np.bool_],
    weight: float,
    bounds_of: BoundsOf,
) -> Bounds:
    """Square and add: the distances of both parts to their own bounds, joined like standard errors.

    An error lies within 1 + weight, so it is scaled down to [-1, 1] and its interval up again.
    """
    most = 1.0 + weight
    mean = float(errors[known].mean())
    low, high = (most * end for end in bounds_of(errors / most, known))
    below, above = max(mean - low, 0.0), max(high - mean, 0.0)
    if not weight:
        return delta - below, delta + above
    of_judge = float(judged[~known].mean())
    judge_low, judge_high = bounds_of(judged, ~known)
    return (
        delta - float(np.hypot(below, weight * max(of_judge - judge_low, 0.0))),
        delta + float(np.hypot(above, weight * max(judge_high - of_judge, 0.0))),
    )


def _totals(values: FloatArray, groups: NDArray[np.int64] | None, mask: NDArray[np.bool_]) -> GroupTotals:
    return group_totals(values[mask], None if groups is None else groups[mask])


def _p(delta: float, error: float, groups: float) -> float:
    """One-sided, by t. Without any spread the interval alone decides."""
    if error <= 0:
        return 0.0 if delta > 0 else 1.0
    return float(stdtr(max(groups - 1.0, 1.0), -delta / error))
