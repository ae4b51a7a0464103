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
"""For out-of-fold answers. Between two exchangeable procedures, 120 to 1,000 rows, 5 folds, the rates of false SHIP at
0.025 are 2.0 % (ridge), 3.9 % (full trees), 4.3 % (small nets trained to fit), 5 to 6 % (nearest neighbours): training
rows are shared by all folds, which no variance of a single cross-fitting can show. At 0.009 all are below 2.5 %."""


def working_alpha(alpha: float, *, cross_fitted: bool) -> float:
    """The one-sided level of each single test and of each end of an interval."""
    return alpha * CROSS_FIT_FACTOR if cross_fitted else alpha
