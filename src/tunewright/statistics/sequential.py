"""Looking again and again while cases come in: evidence and intervals that stay valid whenever one stops.

A fixed-sample p may be looked at once; asked daily for a month it finds a winner 3 times in 10 where there is none. An
e-value is a bet against "no better" whose gain exceeds 1 / alpha with probability alpha at most, ever (Ville 1939). Use
these only where labels or calls are bought one by one: with a fixed number of cases they prove less. Scores between 0
and 1 are in ``betting``. Called by the verdict where the same cases are looked at as they grow.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import betaincc, betaln, xlog1py, xlogy

from tunewright.statistics.arrays import Bounds, FloatArray, as_floats

_HALVINGS = 60


def discordant_e_value(b: Any, c: Any) -> FloatArray:
    """Evidence that cases fixed (``b``) are likelier than cases broken (``c``); stop at 1 / alpha (40 for 0.025).

    A uniform mixture over p in (1/2, 1) of the likelihood ratio against p = 1/2:
    E = 2^(b+c+1) B(1+b, 1+c) (1 - I_{1/2}(1+b, 1+c)). Valid at any stopping time.
    """
    fixed, broken = as_floats(b), as_floats(c)
    upper = np.maximum(betaincc(1 + fixed, 1 + broken, 0.5), 1e-300)
    return as_floats(np.exp((fixed + broken + 1) * math.log(2) + betaln(1 + fixed, 1 + broken) + np.log(upper)))


def two_sided_discordant_e_value(b: Any, c: Any) -> FloatArray:
    """Evidence that either is likelier: E = 2^(b+c) B(1+b, 1+c), a uniform mixture over p in (0, 1)."""
    fixed, broken = as_floats(b), as_floats(c)
    return as_floats(np.exp((fixed + broken) * math.log(2) + betaln(1 + fixed, 1 + broken)))


def bernoulli_confidence_sequence(successes: float, n: float, error: float = 0.05) -> Bounds:
    """The rates not yet refuted by ``successes`` of ``n``, at any time with probability 1 - ``error``.

    All p with B(1+x, 1+n-x) / (p^x (1-p)^(n-x)) < 1 / error: the beta-binomial mixture (Robbins 1970). Both ends.
    """
    x, rest = float(successes), float(n) - float(successes)
    if n <= 0:
        return 0.0, 1.0
    bar = float(betaln(1 + x, 1 + rest)) + math.log(error)

    def inside(p: float) -> bool:
        return float(xlogy(x, p) + xlog1py(rest, -p)) > bar

    share = x / n
    return _edge(inside, share, 0.0), _edge(inside, share, 1.0)


def _edge(inside: Any, start: float, end: float) -> float:
    """Where ``inside`` ends on the way from ``start`` to ``end``."""
    if inside(end):
        return end
    near, far = start, end
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        near, far = (middle, far) if inside(middle) else (near, middle)
    return far
