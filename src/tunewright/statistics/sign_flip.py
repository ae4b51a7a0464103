"""Permutation test of a mean gain by flipping the signs of whole groups.

If neither system is better, each group's gain could as well have had the other sign. The statistic is the clustered
t, recomputed for every flip (with groups of equal size this orders flips as the plain mean does). Exact by
enumeration up to 20 groups, else by seeded draws. Called by ``decision.compare`` for grouped or non-binary scores.
"""

from __future__ import annotations

import numpy as np

from tunewright.statistics.arrays import FloatArray
from tunewright.statistics.clusters import GroupTotals

EXACT_GROUPS = 20
DRAWS = 20_000
_TIE = 1e-9  # relative; flips that tie with what was seen count as hits
_CHUNK = 2_000_000  # signs held in memory at once


def sign_flip_p(totals: GroupTotals, *, seed: int, draws: int = DRAWS) -> float:
    """One-sided p of "the mean gain is not above 0".

    Groups whose gain is 0 change nothing when flipped and are left out of the flipping. Up to ``EXACT_GROUPS``
    others the p is exact; beyond, p = (1 + hits) / (1 + draws), which never understates.
    """
    moving = totals.sums != 0
    sums, sizes = totals.sums[moving], totals.sizes[moving]
    if not len(sums):
        return 1.0
    squares = float(sums @ sums)
    size_squares = float(totals.sizes @ totals.sizes)
    scale = _Scale(totals.rows, squares, size_squares)
    observed = scale.statistic(np.array([sums.sum()]), np.array([float(sums @ sizes)]))[0]
    bar = observed - _TIE * max(1.0, abs(observed)) if np.isfinite(observed) else observed
    if len(sums) <= EXACT_GROUPS:
        flipped = scale.statistic(_all_flips(sums), _all_flips(sums * sizes))
        return float(np.mean(flipped >= bar))
    hits = _drawn_hits(scale, sums, sizes, bar, seed, draws)
    return (1 + hits) / (1 + draws)


class _Scale:
    """Turns flipped totals into clustered t statistics (without the constant C / (C - 1), which orders nothing)."""

    def __init__(self, rows: float, squares: float, size_squares: float) -> None:
        self.rows, self.squares, self.size_squares = rows, squares, size_squares

    def statistic(self, total: FloatArray, total_by_size: FloatArray) -> FloatArray:
        """t of flips with sum of gains ``total`` and sum of gain times size ``total_by_size``; both float64[k].

        The residual sum of squares over groups is expanded, since the squared gains do not change with their signs.
        """
        mean = total / self.rows
        spread = self.squares - 2 * mean * total_by_size + mean * mean * self.size_squares
        nothing = spread <= 1e-12 * self.squares
        root = np.sqrt(np.where(nothing, 1.0, spread))
        return np.where(nothing, np.copysign(np.inf, total), total / root)


def _all_flips(values: FloatArray) -> FloatArray:
    """Sums over all 2^C sign patterns, in a fixed order; float64[2^C]."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def _drawn_hits(scale: _Scale, sums: FloatArray, sizes: FloatArray, bar: float, seed: int, draws: int) -> int:
    """How many of ``draws`` random flips reach the bar. Worked in chunks to bound memory."""
    generator = np.random.default_rng(seed)
    both = np.stack([sums, sums * sizes], axis=1)
    width = (len(sums) + 7) // 8
    chunk = max(1, _CHUNK // len(sums))
    hits = 0
    for start in range(0, draws, chunk):
        count = min(chunk, draws - start)
        packed = np.frombuffer(generator.bytes(count * width), dtype=np.uint8).reshape(count, width)
        flipped = np.unpackbits(packed, axis=1, count=len(sums)).astype(np.float64)
        totals = both.sum(axis=0) - 2 * (flipped @ both)
        hits += int(np.count_nonzero(scale.statistic(totals[:, 0], totals[:, 1]) >= bar))
    return hits
