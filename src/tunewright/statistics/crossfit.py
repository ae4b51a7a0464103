"""The interval of a gain whose every row was scored by systems that had not seen its fold.

After Bayle, Bayle, Janson, Mackey, "Cross-validation confidence intervals for test error" (2020, arXiv 2007.12671): the
mean over all rows is nearly normal, with a variance that can be estimated over all rows ("all-pairs") or within folds
(their section 4). Both take the trained systems as given. A claim about the procedure must also bear the luck of
training, which moves whole folds: "between-folds" takes each fold as one observation and is ours. Groups never straddle
folds and are summed first. Called by ``decision.compare``.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from scipy.special import ndtri

from tunewright.statistics.arrays import Bounds, FloatArray, IntArray
from tunewright.statistics.clusters import clustered_standard_error, group_totals

Variance = Literal["all-pairs", "within-fold", "between-folds"]
VARIANCES: tuple[Variance, ...] = get_args(Variance)


def cross_fit_interval(
    gains: FloatArray,
    folds: IntArray,
    groups: IntArray | None = None,
    alpha: float = 0.025,
    variance: Variance = "all-pairs",
) -> Bounds:
    """Mean gain plus and minus z standard errors, one-sided ``alpha`` on each end.

    ``gains`` float64[n], ``folds`` int64[n].
    Infinite when the variance cannot be had: within folds of a single group, or between folds when there is but one.
    """
    mean = float(gains.mean()) if len(gains) else 0.0
    error = cross_fit_standard_error(gains, folds, groups, variance)
    half = -float(ndtri(alpha)) * error
    return mean - half, mean + half


def cross_fit_standard_error(
    gains: FloatArray, folds: IntArray, groups: IntArray | None = None, variance: Variance = "all-pairs"
) -> float:
    """The standard error of the mean out-of-fold gain by one of the three variances."""
    if variance == "between-folds":
        return clustered_standard_error(group_totals(gains, folds))
    if not len(gains):
        return float("inf")
    overall = float(gains.mean())
    squares = 0.0
    for fold in np.unique(folds):
        inside = folds == fold
        totals = group_totals(gains[inside], None if groups is None else groups[inside])
        if variance == "all-pairs":
            residuals = totals.sums - totals.sizes * overall
            squares += float(residuals @ residuals)
        elif totals.count < 2:
            return float("inf")
        else:
            residuals = totals.sums - totals.sizes * totals.mean
            squares += float(residuals @ residuals) * totals.count / (totals.count - 1)
    return float(np.sqrt(squares)) / len(gains)
