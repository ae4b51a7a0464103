"""Several candidates against one system, tested together by flipping the signs of whole groups.

Candidates answer the same cases and are often wrong on the same ones, so their tests go together. Flipping a group's
gains for all candidates at once keeps that tie, and the largest t of a flip is what the best of several would show by
luck. Step-down (Westfall and Young 1993, algorithm 2.8): less strict than Holm where candidates are alike. One test
alone is in ``sign_flip``. Called for several candidates in one verdict.
"""

from __future__ import annotations

import numpy as np

from tunewright.statistics.arrays import FloatArray, IntArray
from tunewright.statistics.resampling import group_places

EXACT_GROUPS = 14
DRAWS = 10_000
_TIE = 1e-9
_CHUNK = 2_000_000


def max_t_p(gains: FloatArray, groups: IntArray | None = None, *, seed: int, draws: int = DRAWS) -> FloatArray:
    """One-sided p of "candidate j is no better than the system", adjusted for all candidates; float64[m].

    ``gains`` float64[m, n]: score of each candidate minus that of the system, case by case. Exact by enumeration up to
    ``EXACT_GROUPS`` groups, else p = (1 + hits) / (1 + draws). A candidate that never differs has p = 1.
    """
    candidates, rows = gains.shape
    places, count = group_places(groups, rows)
    sums = np.stack([np.bincount(places, weights=row, minlength=count) for row in gains]) if rows else gains
    squares = (sums**2).sum(axis=1)
    observed = _t(sums.sum(axis=1)[None, :], squares, count)[0]
    order = np.argsort(-observed, kind="stable")
    hits = np.zeros(candidates)
    total = 0
    for signs in _signs(count, seed, draws):
        flipped = _t(signs @ sums.T, squares, count)[:, order]
        # The best of the candidates from this one downwards: those above are already judged.
        best = np.maximum.accumulate(flipped[:, ::-1], axis=1)[:, ::-1]
        bar = observed[order] - _TIE * np.maximum(1.0, np.abs(observed[order]))
        hits += (best >= bar).sum(axis=0)
        total += len(signs)
    p = hits / total if count <= EXACT_GROUPS else (1 + hits) / (1 + total)
    adjusted = np.empty(candidates)
    adjusted[order] = np.maximum.accumulate(p)
    return np.where(squares > 0, adjusted, 1.0)


def _t(totals: FloatArray, squares: FloatArray, count: int) -> FloatArray:
    """Studentised totals float64[k, m]: total / sqrt(sum of squares - total^2 / C), large and finite at no spread."""
    spread = squares - totals**2 / max(count, 1)
    root = np.sqrt(np.maximum(spread, 1e-12 * np.maximum(squares, 1e-300)))
    return np.asarray(np.where(squares > 0, totals / root, -np.inf))


def _signs(count: int, seed: int, draws: int) -> list[FloatArray]:
    if count <= EXACT_GROUPS:
        numbers = np.arange(1 << count)[:, None] >> np.arange(count)
        return [np.where(numbers & 1, -1.0, 1.0)]
    generator = np.random.default_rng(seed)
    chunk = max(1, _CHUNK // count)
    sizes = [min(chunk, draws - start) for start in range(0, draws, chunk)]
    return [np.where(generator.integers(0, 2, size=(size, count)), -1.0, 1.0) for size in sizes]
