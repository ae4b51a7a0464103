"""Rates near 0 or 1, such as leaks, unsafe answers or broken schemas: what no failure in n cases shows.

The bound is Clopper and Pearson's, one-sided; with no event it is close to 3 / n at 95 % (the rule of three). Normal
intervals have no width here. Two-sided intervals of ordinary rates are in ``proportions``. Called by the command that
says how many cases a claim needs, and for shares of unusable answers.
"""

from __future__ import annotations

import math

from tunewright.statistics.proportions import clopper_pearson_interval

_MOST = 1_000_000_000


def upper_bound(events: float, n: float, alpha: float = 0.05) -> float:
    """The largest rate that so few events in ``n`` cases leave possible, at one-sided error ``alpha``."""
    return float(clopper_pearson_interval(events, n, alpha)[1])


def cases_to_bound(rate: float, events: int = 0, alpha: float = 0.05) -> int:
    """The fewest cases in which ``events`` events or fewer show a rate of at most ``rate``.

    Raises:
        ValueError: the rate is not between 0 and 1.
    """
    if not 0 < rate < 1:
        raise ValueError(f"a rate lies between 0 and 1, not {rate}")
    if events == 0:
        return math.ceil(math.log(alpha) / math.log1p(-rate) - 1e-9)
    low, high = events, max(2 * events, 2)
    while upper_bound(events, high, alpha) > rate and high < _MOST:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if upper_bound(events, middle, alpha) <= rate else (middle, high)
    return high
