"""Drawing whole groups again with replacement: the weights of bootstrap samples, and bounds read from their spread.

Two systems are always drawn together (the same groups for both), so that a difference or a ratio keeps its pairing.
Called by ``ratios`` and ``corpus``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtri

from tunewright.statistics.arrays import Bounds, FloatArray, IntArray
from tunewright.statistics.clusters import t_quantile

DRAWS = 2_000
_CHUNK = 2_000_000  # weights held in memory at once


def group_places(groups: IntArray | None, rows: int) -> tuple[IntArray, int]:
    """(place of each row's group int64[n], number of groups); every row is a group of its own where there are none."""
    if groups is None:
        return np.arange(rows, dtype=np.int64), rows
    names, places = np.unique(groups, return_inverse=True)
    return places.astype(np.int64), len(names)


def bootstrap_weights(count: int, *, seed: int, draws: int = DRAWS) -> Iterator[FloatArray]:
    """How often each of ``count`` groups is drawn, float64[k, count], in chunks that add up to ``draws`` rows."""
    generator = np.random.default_rng(seed)
    chunk = max(1, _CHUNK // max(count, 1))
    for start in range(0, draws, chunk):
        size = min(chunk, draws - start)
        # Counting drawn numbers is ten times as quick as drawing multinomial counts.
        drawn = generator.integers(0, max(count, 1), size=(size, count)) + count * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count).astype(np.float64)


def percentile_bounds(estimate: float, drawn: FloatArray, groups: int, alpha: float) -> Bounds:
    """Percentiles of what was drawn, one-sided ``alpha`` on each end, stretched away from the estimate.

    A bootstrap of C groups is too narrow by sqrt((C - 1) / C), and takes a normal for a t distribution; the factor
    t / z sqrt(C / (C - 1)) mends both (Hesterberg 2015, The American Statistician 69:371, section 3.2). Draws without a
    value (nan) are left out; infinite with fewer than two groups or without a single value.
    """
    known = drawn[~np.isnan(drawn)]
    if groups < 2 or not len(known):
        return -np.inf, np.inf
    stretch = t_quantile(groups, alpha) / -float(ndtri(alpha)) * float(np.sqrt(groups / (groups - 1)))
    low, high = np.quantile(known, [alpha, 1 - alpha])
    return estimate + (float(low) - estimate) * stretch, estimate + (float(high) - estimate) * stretch
