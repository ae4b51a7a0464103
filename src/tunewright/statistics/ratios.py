"""How many times dearer or slower one system is than another on the same cases: ratios of means and of percentiles.

Cost and latency are positive and skewed, so what is compared is their ratio, and its interval is made for the logarithm
of it. Ratios of means have a formula; medians and 95th percentiles are bootstrapped, whole groups at a time. Called for
tokens, dollars and seconds in recorded logs, and for the rule "not worse and cheaper".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tunewright.statistics.arrays import FloatArray, IntArray
from tunewright.statistics.clusters import clustered_standard_error, group_totals, t_quantile
from tunewright.statistics.resampling import DRAWS, bootstrap_weights, group_places, percentile_bounds


@dataclass(frozen=True, slots=True)
class Ratio:
    """The two figures, ``first`` over ``second`` and the interval of that ratio; nan where ``second`` is 0."""

    first: float
    second: float
    ratio: float
    low: float
    high: float

    def at_most(self, limit: float) -> bool:
        """Whether the ratio is shown to be no more than ``limit``."""
        return self.high <= limit


def mean_ratio(first: FloatArray, second: FloatArray, groups: IntArray | None = None, alpha: float = 0.025) -> Ratio:
    """Ratio of the means of paired values float64[n] >= 0, with the interval of its logarithm.

    By the delta method log(mean a / mean b) varies as the mean of a_i / mean a - b_i / mean b, whose standard error is
    clustered; t with C - 1 degrees of freedom, one-sided ``alpha`` on each end.
    """
    a, b = (float(values.mean()) if len(values) else math.nan for values in (first, second))
    if not (a > 0 and b > 0):
        return _unbounded(a, b)
    linear = group_totals(first / a - second / b, groups)
    half = t_quantile(linear.count, alpha) * clustered_standard_error(linear)
    return Ratio(a, b, a / b, a / b * math.exp(-half), a / b * math.exp(half) if half < 700 else math.inf)


def outer_mean_ratio(
    first: FloatArray, second: FloatArray, groups: IntArray | None = None, *, seed: int, alpha: float = 0.025
) -> Ratio:
    """The ratio of means with the outer ends of both intervals: few cases may make most of the cost."""
    formula = mean_ratio(first, second, groups, alpha)
    drawn = bootstrap_mean_ratio(first, second, groups, seed=seed, alpha=alpha)
    return replace(formula, low=min(formula.low, drawn.low), high=max(formula.high, drawn.high))


def bootstrap_mean_ratio(
    first: FloatArray,
    second: FloatArray,
    groups: IntArray | None = None,
    *,
    seed: int,
    alpha: float = 0.025,
    draws: int = DRAWS,
) -> Ratio:
    """The same ratio with a bootstrapped interval; the second opinion where a few cases make most of the cost."""
    places, count = group_places(groups, len(first))
    sums = np.stack([np.bincount(places, weights=values, minlength=count) for values in (first, second)], axis=1)

    def drawn(weights: FloatArray) -> FloatArray:
        totals = weights @ sums
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(totals[:, 0]) - np.log(totals[:, 1]))

    a, b = (float(values.mean()) if len(values) else math.nan for values in (first, second))
    return _bootstrapped(a, b, drawn, count, seed, alpha, draws)


def quantile_ratio(
    first: FloatArray,
    second: FloatArray,
    share: float,
    groups: IntArray | None = None,
    *,
    seed: int,
    alpha: float = 0.025,
    draws: int = DRAWS,
) -> Ratio:
    """Ratio of the ``share`` quantiles (0.5, 0.95) of paired values, interval by paired bootstrap of the logarithm.

    The quantile of a sample is its smallest value that at least that share of the values do not exceed.
    """
    places, count = group_places(groups, len(first))
    orders = [np.argsort(values, kind="stable") for values in (first, second)]

    def drawn(weights: FloatArray) -> FloatArray:
        by_row = weights[:, places]
        found = []
        for values, order in zip((first, second), orders, strict=True):
            running = np.cumsum(by_row[:, order], axis=1)
            reached = running >= share * running[:, -1:] - 1e-9
            found.append(values[order][np.argmax(reached, axis=1)])
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(found[0]) - np.log(found[1]))

    a, b = (sample_quantile(values, share) for values in (first, second))
    return _bootstrapped(a, b, drawn, count, seed, alpha, draws)


def sample_quantile(values: FloatArray, share: float) -> float:
    """The smallest value that at least ``share`` of the values do not exceed; nan without values."""
    if not len(values):
        return math.nan
    return float(np.sort(values)[max(math.ceil(share * len(values) - 1e-9), 1) - 1])


def _bootstrapped(
    a: float,
    b: float,
    drawn: Callable[[FloatArray], FloatArray],
    count: int,
    seed: int,
    alpha: float,
    draws: int,
) -> Ratio:
    if not (a > 0 and b > 0):
        return _unbounded(a, b)
    logs = np.concatenate([drawn(weights) for weights in bootstrap_weights(count, seed=seed, draws=draws)])
    low, high = percentile_bounds(math.log(a / b), logs[np.isfinite(logs)], count, alpha)
    return Ratio(a, b, a / b, float(np.exp(low)), float(np.exp(min(high, 700.0))) if high < 700 else math.inf)


def _unbounded(a: float, b: float) -> Ratio:
    """Where a mean is 0 a ratio has no interval; nothing against nothing is no ratio either."""
    return Ratio(a, b, a / b if b > 0 else math.nan, 0.0, math.inf)
