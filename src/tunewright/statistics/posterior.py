"""A second look at two systems on the same cases: how probable a gain is, given a weak prior. Never the test.

Jeffreys' Dirichlet(1/2, 1/2, 1/2, 1/2) on the table of both right, fixed, broken, both wrong. The gain, share fixed
minus share broken, does not depend on how the rest is divided, so the posterior of (fixed, broken, rest) is
Dirichlet(b + 1/2, c + 1/2, n - b - c + 1). Only for independent 0/1 cases. Called by ``decision.compare``.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, betaincc, betaln, xlog1py, xlogy

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)
_REACH = 30  # standard deviations around the mean of the share that differs; beyond lies less than 1e-12


def gain_probability(b: int, c: int, n: int, margin: float = 0.0) -> float:
    """P(gain > ``margin``) after ``b`` fixed and ``c`` broken of ``n`` cases; ``margin`` from 0 to 1.

    The share that differs, s, and the part of it that is fixed, r, are independent: s ~ Beta(b + c + 1, n - b - c + 1),
    r ~ Beta(b + 1/2, c + 1/2), and the gain is s (2r - 1). At 0 that is P(r > 1/2) in closed form; else the integral of
    P(r > (1 + margin / s) / 2) over the density of s, by Gauss and Legendre's rule with 400 nodes.

    Raises:
        ValueError: the counts do not fit into ``n``, or the margin is out of range.
    """
    if b < 0 or c < 0 or b + c > n or not 0 <= margin <= 1:
        raise ValueError("need 0 <= b, c, b + c <= n and a margin from 0 to 1")
    if margin == 0:
        return float(betaincc(b + 0.5, c + 0.5, 0.5))
    first, second = b + c + 1.0, n - b - c + 1.0
    mean = first / (first + second)
    spread = _REACH * (mean * (1 - mean) / (first + second + 1)) ** 0.5
    low, high = max(margin, mean - spread), min(1.0, mean + spread)
    if low >= high:
        return 0.0
    differing = (low + high + (high - low) * _NODES) / 2
    density = np.exp(xlogy(first - 1, differing) + xlog1py(second - 1, -differing) - betaln(first, second))
    fixed = 1 - betainc(b + 0.5, c + 0.5, np.minimum((1 + margin / differing) / 2, 1.0))
    return float(np.clip(density * fixed @ _WEIGHTS * (high - low) / 2, 0.0, 1.0))
