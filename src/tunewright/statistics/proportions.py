"""Intervals for one proportion: Wilson, Clopper-Pearson.

Counts may be fractions, for effective sample sizes. ``means`` builds on these for scores in groups; differences between
systems are in ``paired`` and ``clusters``. Called for score columns, targets and zero-event bounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import betaincinv, ndtri

from tunewright.statistics.arrays import FloatArray, as_floats


def wilson_interval(successes: Any, n: Any, alpha: float = 0.025) -> tuple[FloatArray, FloatArray]:
    """Wilson's score interval, one-sided ``alpha`` on each end; (0, 1) when n is 0. Shapes broadcast."""
    x, n = np.broadcast_arrays(as_floats(successes), as_floats(n))
    z2 = float(ndtri(alpha)) ** 2
    size = np.maximum(n, 1e-300)
    p = x / size
    centre = (x + z2 / 2) / (n + z2)
    half = np.sqrt(z2) * np.sqrt(np.maximum(n * p * (1 - p) + z2 / 4, 0.0)) / (n + z2)
    low = np.where(x <= 0, 0.0, np.maximum(centre - half, 0.0))
    high = np.where(x >= n, 1.0, np.minimum(centre + half, 1.0))
    return as_floats(low), as_floats(high)


def clopper_pearson_interval(successes: Any, n: Any, alpha: float = 0.025) -> tuple[FloatArray, FloatArray]:
    """The exact interval, one-sided ``alpha`` on each end (Clopper and Pearson 1934, as beta quantiles)."""
    x, n = np.broadcast_arrays(as_floats(successes), as_floats(n))
    low = np.where(x > 0, betaincinv(np.maximum(x, 1e-300), n - x + 1, alpha), 0.0)
    high = np.where(x < n, betaincinv(x + 1, np.maximum(n - x, 1e-300), 1 - alpha), 1.0)
    return as_floats(low), as_floats(high)
