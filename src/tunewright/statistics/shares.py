"""Tables of counts: is a share the same in every slice, how strong is the tie, what one column tells of another.

Called by the audit. Intervals of a single share are in ``proportions``; change between two samples in ``drift``.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincc

from tunewright.statistics.arrays import FloatArray, IntArray, as_floats


def cross_table(left: IntArray, right: IntArray, n_left: int, n_right: int) -> IntArray:
    """Counts ``[n_left, n_right]`` of pairs of category numbers, both ``[rows]``."""
    codes = left.astype(np.int64) * n_right + right
    return np.bincount(codes, minlength=n_left * n_right).reshape(n_left, n_right).astype(np.int64)


def chi_square(table: IntArray) -> tuple[float, float]:
    """Pearson's statistic for independence of rows and columns, and its p value; (0, 1) where a side has one category.

    Empty rows and columns are left out. The p value is the upper tail of chi-square with (r - 1)(c - 1) degrees.
    """
    counts = _without_empty(table)
    degrees = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    if degrees <= 0:
        return 0.0, 1.0
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / counts.sum()
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return statistic, float(gammaincc(degrees / 2, statistic / 2))


def cramers_v(table: IntArray) -> float:
    """Cramer's V in [0, 1], with the bias correction of Bergsma 2013 (J. Korean Stat. Soc. 42, eq. 5 to 7)."""
    counts = _without_empty(table)
    n, (r, c) = counts.sum(), counts.shape
    if min(r, c) < 2 or n < 2:
        return 0.0
    phi2 = max(0.0, chi_square(table)[0] / n - (r - 1) * (c - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    smaller = min(rows, columns) - 1
    return float(min(1.0, np.sqrt(phi2 / smaller))) if smaller > 0 else 0.0


def mutual_information(table: IntArray) -> float:
    """Mutual information of rows and columns in nats, from counts."""
    counts = _without_empty(table)
    if not counts.size:
        return 0.0
    joint = counts / counts.sum()
    product = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log(joint[there] / product[there])).sum())


def entropy(counts: IntArray) -> float:
    """Entropy in nats of shares given as counts."""
    shares = as_floats(counts[counts > 0])
    shares = shares / max(shares.sum(), 1.0)
    return float(-(shares * np.log(shares)).sum())


def information_above_chance(
    left: IntArray, right: IntArray, n_left: int, n_right: int, permutations: int, seed: int
) -> tuple[float, float, float]:
    """(mutual information, its mean when ``left`` is shuffled, p value) in nats; p is (1 + as much) / (1 + n).

    The mean under shuffling is what many categories in few rows give by chance alone.
    """
    seen = mutual_information(cross_table(left, right, n_left, n_right))
    random = np.random.default_rng(seed)
    chance = np.array(
        [mutual_information(cross_table(random.permutation(left), right, n_left, n_right)) for _ in range(permutations)]
    )
    as_much = int((chance >= seen - 1e-12).sum())
    return seen, float(chance.mean()) if permutations else 0.0, (1 + as_much) / (1 + permutations)


def holm(p_values: FloatArray) -> FloatArray:
    """p values adjusted for looking at all of them (Holm 1979), in the order given."""
    p = as_floats(p_values)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    if len(p):
        adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted


def _without_empty(table: IntArray) -> FloatArray:
    counts = as_floats(table)
    return np.asarray(counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0], dtype=np.float64)
