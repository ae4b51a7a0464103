"""Are two samples from one place: stability index, Kolmogorov-Smirnov, AUC of a classifier that tells them apart.

Called by the audit, where one sample is the training rows and the other what deployment saw.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import ks_2samp, rankdata

from tunewright.statistics.arrays import Bounds, FloatArray, IntArray, as_floats

# Added to an empty bin's share, so that one empty bin is a large value and not an infinite one.
EMPTY_SHARE = 1e-4


def stability_index(base: FloatArray, other: FloatArray, bins: int = 10) -> float:
    """Population stability index sum (p - q) ln(p / q) over bins of equal mass in ``base``; 0 means alike.

    Equal values never part, so there may be fewer bins. By custom 0.1 is worth watching and 0.25 worth acting on.
    """
    base, other = as_floats(base), as_floats(other)
    if not len(base) or not len(other):
        return 0.0
    edges = np.unique(np.quantile(base, np.arange(1, bins) / bins))
    p = _shares(np.asarray(np.searchsorted(edges, base, side="left"), dtype=np.int64), len(edges) + 1)
    q = _shares(np.asarray(np.searchsorted(edges, other, side="left"), dtype=np.int64), len(edges) + 1)
    return float(((p - q) * np.log(p / q)).sum())


def kolmogorov_smirnov(base: FloatArray, other: FloatArray) -> tuple[float, float]:
    """Largest distance of the two distribution functions, and its two-sided p value (asymptotic)."""
    if not len(base) or not len(other):
        return 0.0, 1.0
    found = ks_2samp(as_floats(base), as_floats(other), method="asymp")
    return float(found.statistic), float(found.pvalue)


def auc_interval(positive: FloatArray, negative: FloatArray, alpha: float = 0.025) -> tuple[float, Bounds]:
    """Area under the ROC curve and its interval, one-sided ``alpha`` on each end.

    The variance is that of DeLong, DeLong and Clarke-Pearson 1988 (Biometrics 44), by ranks; (0.5, (0, 1)) where a side
    is empty. A perfect separation has no spread, so the interval is then widened as if one pair were wrong.
    """
    x, y = as_floats(positive), as_floats(negative)
    m, n = len(x), len(y)
    if not m or not n:
        return 0.5, (0.0, 1.0)
    ranks = rankdata(np.concatenate([x, y]))
    of_positive = (ranks[:m] - rankdata(x)) / n
    of_negative = 1 - (ranks[m:] - rankdata(y)) / m
    area = float(of_positive.mean())
    variance = _variance(of_positive) / m + _variance(of_negative) / n
    half = max(-float(ndtri(alpha)) * float(np.sqrt(variance)), 1.0 / (m * n))
    return area, (max(0.0, area - half), min(1.0, area + half))


def _variance(values: FloatArray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.25


def _shares(places: IntArray, bins: int) -> FloatArray:
    shares = np.bincount(places, minlength=bins) / max(len(places), 1)
    return np.maximum(shares, EMPTY_SHARE)
