"""The interval of one system's mean score, for scores in [0, 1], with or without groups.

Wilson's interval (or Clopper-Pearson's exact one, for targets) on the effective number of cases: the number of
independent 0/1 cases that would give the same standard error (Korn and Graubard 1998). Differences between systems are
in ``gains``. Called for score columns and by ``decision.target``.
"""

from __future__ import annotations

from typing import Literal

from scipy.special import ndtri

from tunewright.statistics.arrays import Bounds, FloatArray, IntArray
from tunewright.statistics.clusters import clustered_standard_error, group_totals, t_quantile
from tunewright.statistics.gains import FEW_VARYING, is_binary
from tunewright.statistics.proportions import clopper_pearson_interval, wilson_interval

Method = Literal["wilson", "exact"]


def mean_interval(
    scores: FloatArray, groups: IntArray | None = None, alpha: float = 0.025, method: Method = "wilson"
) -> Bounds:
    """Interval of the mean score, one-sided ``alpha`` on each end; (0, 1) without scores. ``scores`` float64[n]."""
    if not len(scores):
        return 0.0, 1.0
    cases = effective_cases(scores, groups, alpha)
    right = float(scores.mean()) * cases
    interval = wilson_interval if method == "wilson" else clopper_pearson_interval
    low, high = interval(right, cases, alpha)
    return float(low), float(high)


def effective_cases(scores: FloatArray, groups: IntArray | None = None, alpha: float = 0.025) -> float:
    """How many independent 0/1 cases carry as much as these scores; n itself for ungrouped 0/1 scores.

    Never more than n for 0/1 scores. Where all scores are equal their spread is unknown and each group counts once.
    """
    binary = is_binary(scores)
    if groups is None and binary:
        return float(len(scores))
    totals = group_totals(scores, groups)
    cautious = min(float(len(scores)), totals.effective_groups)
    variance = totals.mean * (1 - totals.mean)
    error = clustered_standard_error(totals) ** 2
    most = float(len(scores)) if binary or totals.varying_groups < FEW_VARYING else float("inf")
    cases = cautious if variance <= 0 or error <= 0 else max(min(variance / error, most), cautious)
    return cases * (float(ndtri(alpha)) / t_quantile(totals.effective_groups, alpha)) ** 2
