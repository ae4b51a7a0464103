"""McNemar's test of two systems on the same cases, from the two discordant counts.

``b`` counts cases fixed (first right, second wrong), ``c`` cases broken. Cases on which both are right or both wrong
carry no information about the difference. Only for cases that are independent of each other: rows in groups go to
``sign_flip``. Called by ``decision.compare`` and by the power calculations.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from scipy.special import betainc, chdtrc

from tunewright.statistics.arrays import FloatArray, as_floats


def one_sided_exact(b: Any, c: Any) -> FloatArray:
    """P(X >= b) for X ~ Binomial(b + c, 1/2): the p of "the first system is no better". Shapes broadcast.

    The binomial tail is a regularised incomplete beta function, which is exact and works on whole arrays.
    """
    fixed, broken = np.broadcast_arrays(as_floats(b), as_floats(c))
    tail = betainc(np.maximum(fixed, 1.0), broken + 1.0, 0.5)
    return as_floats(np.where(fixed > 0, tail, 1.0))


def one_sided_mid_p(b: Any, c: Any) -> FloatArray:
    """P(X > b) + P(X = b) / 2 (Fagerland, Lydersen, Laake 2013); 0.5 when nothing is discordant."""
    fixed, broken = np.broadcast_arrays(as_floats(b), as_floats(c))
    beyond = np.where(broken > 0, betainc(fixed + 1.0, np.maximum(broken, 1.0), 0.5), 0.0)
    return as_floats((one_sided_exact(fixed, broken) + beyond) / 2)


def two_sided_exact(b: Any, c: Any) -> FloatArray:
    """Twice the smaller one-sided p, at most 1 (the null distribution is symmetric)."""
    smaller = np.minimum(one_sided_exact(b, c), one_sided_exact(c, b))
    return as_floats(np.minimum(1.0, 2 * smaller))


def two_sided_mid_p(b: Any, c: Any) -> FloatArray:
    """Twice the smaller one-sided mid-p; exactly 1 when b equals c."""
    smaller = np.minimum(one_sided_mid_p(b, c), one_sided_mid_p(c, b))
    return as_floats(np.minimum(1.0, 2 * smaller))


def chi_square(b: Any, c: Any, *, corrected: bool = False) -> tuple[FloatArray, FloatArray]:
    """McNemar's chi-squared with one degree of freedom and its two-sided p, as other programs print them.

    ``(b - c)^2 / (b + c)``; ``corrected`` takes 1 from the absolute difference (Edwards 1948). Asymptotic: nothing is
    decided by it. 0 with p 1 when nothing is discordant. Shapes broadcast.
    """
    fixed, broken = np.broadcast_arrays(as_floats(b), as_floats(c))
    distance = np.maximum(np.abs(fixed - broken) - (1.0 if corrected else 0.0), 0.0)
    found = distance**2 / np.maximum(fixed + broken, 1.0)
    return as_floats(found), as_floats(chdtrc(1.0, found))


def smallest_rejecting(most: int, alpha: float, *, mid_p: bool = False) -> FloatArray:
    """The smallest b with one-sided p <= alpha for 0 to ``most`` discordant cases (b + c); one more where none rejects.

    float64[most + 1], read-only, and remembered: power curves ask for it again and again.
    """
    size = 1 << max(int(most), 255).bit_length()
    return _table(size, alpha, mid_p)[: most + 1]


@lru_cache(maxsize=16)
def _table(size: int, alpha: float, mid_p: bool) -> FloatArray:
    """Found by bisection over b, since p falls as b grows at a fixed b + c."""
    total = np.arange(size, dtype=np.float64)
    p_value = one_sided_mid_p if mid_p else one_sided_exact
    low, high = (
        np.zeros_like(total),
        total + 1.0,
    )  # p > alpha at ``low`` or low is 0; ``high`` rejects or is out of reach
    for _ in range(size.bit_length() + 1):
        middle = np.floor((low + high) / 2)
        rejects = p_value(middle, np.maximum(total - middle, 0.0)) <= alpha
        high = np.where(rejects, middle, high)
        low = np.where(rejects, low, middle)
    high.flags.writeable = False
    return high
