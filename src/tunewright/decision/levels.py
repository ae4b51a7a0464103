"""The levels at which single tests are made, so that the whole decision ships falsely at most 2.5 times in 100.

The nominal one-sided level is 0.025. Where enumeration or simulation shows more false SHIPs than that, the level is
lowered here by a factor, with the figures beside it. ``benchmarks/decision_grid.py`` repeats them all and writes
``docs/decision-grid.md``. Repeated looks at one test set, and choosing the best of many on one set of validation rows,
have their price here as well: ``look_level`` and ``optimism``.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np
from scipy.special import log_ndtr

ALPHA: Final = 0.025
"""The nominal one-sided level of the whole decision."""

NON_INFERIORITY_FACTOR: Final = 0.84
"""For SHIP by saving, on top of the factor below. Tango's lower bound at 0.025 calls a system that is worse by exactly
the margin "not worse" up to 3.05 times in 100 (enumerated, 20 to 1,000 cases, margins 0.005 to 0.1); at 0.021 at most
2.5 times."""

CROSS_FIT_FACTOR: Final = 0.36
"""For out-of-fold answers. Between two exchangeable procedures, 120 to 1,000 rows, 5 folds, exact McNemar at 0.025
finds a winner on a side in 2.5 % (ridge), 4 % (full trees), 5 % (small nets trained to fit; nearest neighbours up to
5.8 %) and 16 % (a training that collapses 1 time in 10): folds share their training rows, and a whole fold shares its
luck. With the fold-to-fold interval and the level 0.009, all are at most 2.3 %."""


FEWEST_FOR_MID_P: Final = 100
"""Below so many cases a claim needs the exact test, whichever gate the project asks for."""


def working_alpha(alpha: float, *, cross_fitted: bool) -> float:
    """The one-sided level of each single test and of each end of an interval."""
    return alpha * CROSS_FIT_FACTOR if cross_fitted else alpha


def look_level(look: int, alpha: float = ALPHA) -> float:
    """The one-sided level of the ``look``-th look at one test set, counted from 1: ``alpha / (k (k + 1))``.

    These levels (0.0125, 0.0042, 0.0021, ...; the sum telescopes) add up to ``alpha`` over any number of looks only
    when they are spent from look 1 on. The program spends the whole ``alpha`` on look 1 and these shares on later
    looks: 1.5 alpha, 3.75 % in all (docs/locked-test.md).

    Raises:
        ValueError: looks are counted from 1.
    """
    if look < 1:
        raise ValueError("looks are counted from 1")
    return alpha / (look * (look + 1))


@cache
def expected_best_of(alternatives: int) -> float:
    """The expected largest of so many independent standard normal numbers: 0, .564, .846, 1.029, 1.163, ...

    The integral of ``x m phi(x) Phi(x)^(m-1)`` (order statistics; David and Nagaraja 2003, section 3.1).

    Raises:
        ValueError: there is no alternative.
    """
    if alternatives < 1:
        raise ValueError("the best of none is nothing")
    if alternatives == 1:
        return 0.0

    # The largest of a million normals lies within 9 of 0 but for a chance of 1e-12.
    x = np.linspace(-10.0, 10.0, 20_001)
    density = x * alternatives * np.exp((alternatives - 1) * log_ndtr(x) - x * x / 2) / math.sqrt(2 * math.pi)
    return float(np.trapezoid(density, x))


def standard_error_of_gain(cases: int, discordance: float) -> float:
    """Standard error of the gain between two equally good systems that differ on a share of ``discordance`` cases."""
    return math.sqrt(discordance / cases) if cases > 0 else 1.0


def optimism(alternatives: int, cases: int, discordance: float) -> float:
    """How much better than it is the best of several equally good systems is expected to look on the cases it was
    chosen on: ``E[max of m] * SE_diff``. An upper guide: alternatives that resemble each other flatter less.
    """
    return expected_best_of(alternatives) * standard_error_of_gain(cases, discordance)
