"""The levels at which single tests are made, so that the whole decision ships falsely at most 2.5 times in 100.

The nominal one-sided level is 0.025. Where enumeration or simulation shows more false SHIPs than that, the level is
lowered here by a factor, with the figures beside it. ``benchmarks/decision_grid.py`` repeats them all and writes
``docs/decision-grid.md``.
"""

from __future__ import annotations

from typing import Final

NON_INFERIORITY_FACTOR: Final = 0.84
"""For SHIP by saving, on top of the factor below. Tango's lower bound at 0.025 calls a system that is worse by exactly
the margin "not worse" up to 3.05 times in 100 (enumerated, 20 to 1,000 cases, margins 0.005 to 0.1); at 0.021 at most
2.5 times."""

CROSS_FIT_FACTOR: Final = 0.36
"""For out-of-fold answers. Between two exchangeable procedures, 120 to 1,000 rows, 5 folds, exact McNemar at 0.025
finds a winner on a side in 2.5 % (ridge), 4 % (full trees), 5 % (small nets trained to fit; nearest neighbours up to
5.8 %) and 16 % (a training that collapses 1 time in 10): folds share their training rows, and a whole fold shares its
luck. With the fold-to-fold interval and the level 0.009, all are at most 2.3 %."""


def working_alpha(alpha: float, *, cross_fitted: bool) -> float:
    """The one-sided level of each single test and of each end of an interval."""
    return alpha * CROSS_FIT_FACTOR if cross_fitted else alpha
