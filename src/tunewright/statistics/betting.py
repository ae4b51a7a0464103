"""A confidence sequence for the mean of bounded scores by betting: valid at every look, for any scores in [0, 1].

For every possible mean m two gamblers bet that the scores lie above and below it; an m at which one of them grows rich
is refuted (Waudby-Smith and Ramdas 2021, arXiv 2010.09686, theorem 3: hedged capital, with the predictable plug-in bets
of their section 4.2). Counts of right and wrong have a closed form in ``sequential``. Called by the verdict where the
same cases are looked at as they grow.
"""

from __future__ import annotations

import math

import numpy as np

from tunewright.statistics.arrays import Bounds, FloatArray

GRID = 1_001
_MOST_SHARE = 0.5  # of the capital that may be lost in one bet
_CHUNK = 512


def betting_confidence_sequence(scores: FloatArray, error: float = 0.05, grid: int = GRID) -> Bounds:
    """Means in [0, 1] not refuted by ``scores`` float64[n] in [0, 1], in the order in which they came.

    Whoever looks after each score sees the true mean outside the bounds with probability ``error`` at most, ever. Ends
    are grid points, rounded outwards. (0, 1) without scores.
    """
    means = np.linspace(0.0, 1.0, grid)
    if not len(scores):
        return 0.0, 1.0
    bets = _bets(scores, error)
    with np.errstate(divide="ignore"):
        most_up, most_down = _MOST_SHARE / means, _MOST_SHARE / (1 - means)
    up, down = np.zeros(grid), np.zeros(grid)
    highest = np.full(grid, -np.inf)
    for start in range(0, len(scores), _CHUNK):
        part = slice(start, start + _CHUNK)
        distance = scores[part, None] - means
        stakes = bets[part, None]
        rising = up + np.cumsum(np.log1p(np.minimum(stakes, most_up) * distance), axis=0)
        falling = down + np.cumsum(np.log1p(-np.minimum(stakes, most_down) * distance), axis=0)
        highest = np.maximum(highest, np.maximum(rising, falling).max(axis=0))
        up, down = rising[-1], falling[-1]
    # Each gambler holds half of the capital: max(K+ / 2, K- / 2) < 1 / error keeps a mean.
    kept = np.flatnonzero(highest < math.log(2 / error))
    if not len(kept):
        # Nothing is left only where the bets contradict each other; the last mean stands alone then.
        middle = float(scores.mean())
        return middle, middle
    return float(means[max(kept[0] - 1, 0)]), float(means[min(kept[-1] + 1, grid - 1)])


def gain_confidence_sequence(gains: FloatArray, error: float = 0.05) -> Bounds:
    """The same for gains in [-1, 1], such as the differences of paired scores."""
    low, high = betting_confidence_sequence((gains + 1) / 2, error)
    return 2 * low - 1, 2 * high - 1


def _bets(scores: FloatArray, error: float) -> FloatArray:
    """Stakes float64[n], each from the scores before it alone: sqrt(2 ln(2 / error) / (variance t ln(1 + t)))."""
    t = np.arange(1, len(scores) + 1)
    means = (0.5 + np.cumsum(scores)) / (t + 1)
    variances = (0.25 + np.cumsum((scores - means) ** 2)) / (t + 1)
    before = np.concatenate([[0.25], variances[:-1]])
    return np.asarray(np.sqrt(2 * math.log(2 / error) / (before * t * np.log1p(t))))
