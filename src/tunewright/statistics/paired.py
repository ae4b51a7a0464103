"""Intervals for the difference of two paired proportions: Tango's score interval and Newcombe's square-and-add.

The estimate is (b - c) / n, where ``b`` cases are right only for the first system, ``c`` only for the second. Tango's
interval is the one that decides; Newcombe's is the independent second opinion. Everything broadcasts over arrays, so
that whole decisions can be enumerated. Cases must be independent: groups go to ``clusters``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri

from tunewright.statistics.arrays import FloatArray, as_floats
from tunewright.statistics.proportions import wilson_interval

_HALVINGS = 44  # 2 / 2**44 = 1e-13, far below the 1e-6 to which bounds are stored


def tango_excess(b: Any, c: Any, n: Any, gain: Any, z: Any) -> FloatArray:
    """Numerator of Tango's score statistic at ``gain`` minus z times its standard deviation.

    Positive exactly where the score statistic exceeds z. Written as a difference, so that a variance of 0 needs no
    division. Tango 1998, Statistics in Medicine 17:891, equations 6 to 9: the second discordant probability is the
    larger root of 2n q^2 + B q - c gain (1 - gain) = 0 with B = (2n - b + c) gain - b - c.
    """
    b, c, n, gain = as_floats(b), as_floats(c), as_floats(n), as_floats(gain)
    linear = (2 * n - b + c) * gain - b - c
    root = np.sqrt(np.maximum(linear * linear + 8 * n * c * gain * (1 - gain), 0.0))
    broken_probability = (root - linear) / (4 * n)
    variance = n * np.maximum(2 * broken_probability + gain * (1 - gain), 0.0)
    return as_floats(b - c - n * gain - z * np.sqrt(variance))


def tango_interval(b: Any, c: Any, n: Any, alpha: float = 0.025) -> tuple[FloatArray, FloatArray]:
    """The gains that Tango's score test does not reject, one-sided ``alpha`` on each end.

    Counts may be fractions (effective counts). With n = 0 the interval is (-1, 1).
    """
    b, c, n = np.broadcast_arrays(as_floats(b), as_floats(c), as_floats(n))
    size = np.maximum(n, 1e-300)
    estimate = (b - c) / size
    z = -float(ndtri(alpha))
    # Both ends are found in one bisection: the statistic falls in the gain, so its sign tells the side.
    first, second = np.stack([b, b]), np.stack([c, c])
    critical = np.stack([np.full(b.shape, z), np.full(b.shape, -z)])
    low = np.stack([np.full(b.shape, -1.0), estimate])
    high = np.stack([estimate, np.full(b.shape, 1.0)])
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = tango_excess(first, second, size, middle, critical) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    known = n > 0
    lower = np.where(known, np.where(c >= n, -1.0, low[0]), -1.0)
    upper = np.where(known, np.where(b >= n, 1.0, high[1]), 1.0)
    return as_floats(lower), as_floats(upper)


def newcombe_interval(
    both_right: Any, b: Any, c: Any, both_wrong: Any, alpha: float = 0.025
) -> tuple[FloatArray, FloatArray]:
    """Newcombe's square-and-add interval, phi corrected (1998, Statistics in Medicine 17:2635, method 10)."""
    a, b, c, d = (as_floats(x) for x in (both_right, b, c, both_wrong))
    n = a + b + c + d
    p1, p2 = (a + b) / n, (a + c) / n
    low1, high1 = wilson_interval(a + b, n, alpha)
    low2, high2 = wilson_interval(a + c, n, alpha)
    product = (a + b) * (c + d) * (a + c) * (b + d)
    numerator = a * d - b * c
    numerator = np.where(numerator > 0, np.maximum(numerator - n / 2, 0.0), numerator)
    phi = np.where(product > 0, numerator / np.sqrt(np.maximum(product, 1e-300)), 0.0)
    down1, up1, down2, up2 = p1 - low1, high1 - p1, p2 - low2, high2 - p2
    below = np.sqrt(np.maximum(down1**2 - 2 * phi * down1 * up2 + up2**2, 0.0))
    above = np.sqrt(np.maximum(down2**2 - 2 * phi * down2 * up1 + up1**2, 0.0))
    return as_floats(p1 - p2 - below), as_floats(p1 - p2 + above)
