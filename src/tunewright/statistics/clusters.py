"""Means of scores whose rows belong together: totals by group, standard error, design effect, t interval.

Rows of one group (a customer, a document) are more alike than rows of different groups, so the groups are what is
counted, not the rows. Tests on groups are in ``sign_flip``; this file only estimates. With ``groups`` None every row
is a group of its own. Called by ``means``, ``gains`` and ``crossfit``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from tunewright.statistics.arrays import Bounds, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class GroupTotals:
    """Sum of the values and number of rows of each group, both float64[C]."""

    sums: FloatArray
    sizes: FloatArray

    @property
    def rows(self) -> float:
        return float(self.sizes.sum())

    @property
    def count(self) -> int:
        return len(self.sizes)

    @property
    def mean(self) -> float:
        """Mean over rows; 0 without rows."""
        return float(self.sums.sum()) / max(self.rows, 1.0)

    @property
    def effective_groups(self) -> float:
        """Number of equal groups that would weigh the same (Kish): n^2 / sum of squared sizes."""
        return self.rows**2 / max(float((self.sizes**2).sum()), 1.0)

    @property
    def varying_groups(self) -> int:
        """Groups whose total differs from the commonest mean (a group of mere ties says nothing about spread)."""
        means = np.round(self.sums / np.maximum(self.sizes, 1.0), 12)
        _, counts = np.unique(means, return_counts=True)
        return self.count - int(counts.max(initial=0))


def group_totals(values: FloatArray, groups: IntArray | None) -> GroupTotals:
    """Totals by group, in ascending order of the group's number. ``values`` float64[n], ``groups`` int64[n]."""
    if groups is None:
        return GroupTotals(values, np.ones(len(values)))
    _, place = np.unique(groups, return_inverse=True)
    return GroupTotals(np.bincount(place, weights=values).astype(np.float64), np.bincount(place).astype(np.float64))


def clustered_standard_error(totals: GroupTotals) -> float:
    """Standard error of the mean over rows, with the factor C / (C - 1); infinite with fewer than two groups.

    With groups of one row it is the ordinary sd / sqrt(n).
    """
    if totals.count < 2:
        return float("inf")
    residuals = totals.sums - totals.sizes * totals.mean
    factor = totals.count / (totals.count - 1)
    return float(np.sqrt(factor * float(residuals @ residuals))) / totals.rows


def design_effect(values: FloatArray, groups: IntArray | None) -> float:
    """How many times larger the variance of the mean is than if the rows were independent; 1 when nothing varies."""
    totals = group_totals(values, groups)
    residuals = totals.sums - totals.sizes * totals.mean
    independent = float(((values - totals.mean) ** 2).sum())
    return float(residuals @ residuals) / independent if independent > 0 else 1.0


def t_interval(totals: GroupTotals, alpha: float = 0.025) -> Bounds:
    """Mean plus and minus t with C - 1 degrees of freedom times the clustered standard error; infinite if C < 2."""
    half = t_quantile(totals.count, alpha) * clustered_standard_error(totals)
    return totals.mean - half, totals.mean + half


def t_quantile(groups: float, alpha: float) -> float:
    """The upper ``alpha`` quantile of t for a number of groups (degrees of freedom: one fewer)."""
    return -float(stdtrit(max(groups - 1.0, 1.0), alpha))
