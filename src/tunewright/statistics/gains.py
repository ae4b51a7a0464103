"""The interval of a mean gain between two systems, for any scores in [0, 1], with or without groups.

Independent 0/1 scores get Tango's interval on their counts. Everything else gets Tango's interval on *effective*
counts: gains and losses are scaled to the number of independent cases that would carry the same variance. In
simulations of 0/1 scores in 20 to 200 groups (docs/decision-grid.md) this misses 0.2 to 4.5 times in 100 on a side,
where the clustered t interval and the bootstrap-t miss up to 14 and 12 times on the side of the rarer outcome; and it
keeps an honest width when the systems never differ, where a t interval has none. Called by ``decision.compare``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from tunewright.statistics.arrays import Bounds, FloatArray, IntArray
from tunewright.statistics.clusters import GroupTotals, clustered_standard_error, group_totals, t_quantile
from tunewright.statistics.paired import tango_interval

FEW_VARYING = 10


@dataclass(frozen=True, slots=True)
class EffectiveCounts:
    """Gains, losses and cases as Tango's interval takes them; fractions unless the cases are independent 0/1."""

    fixed: float
    broken: float
    cases: float


def is_binary(values: FloatArray) -> bool:
    """Whether all gains are -1, 0 or 1 (or all scores 0 or 1)."""
    return bool(np.all(values == np.rint(values)))


def effective_counts(gains: FloatArray, groups: IntArray | None, alpha: float = 0.025) -> EffectiveCounts:
    """Counts for Tango's interval at one-sided level ``alpha``. ``gains`` float64[n] in [-1, 1]."""
    fixed, broken = float(gains[gains > 0].sum()), -float(gains[gains < 0].sum())
    binary = is_binary(gains)
    if groups is None and binary:
        return EffectiveCounts(fixed, broken, float(len(gains)))
    share = 1.0 / _variance_ratio(fixed, broken, group_totals(gains, groups), binary=binary, alpha=alpha)
    return EffectiveCounts(fixed * share, broken * share, len(gains) * share)


def gain_intervals(counts: Sequence[EffectiveCounts], alpha: float = 0.025) -> list[Bounds]:
    """Intervals of mean gains, one-sided ``alpha`` on each end, in one vectorised search; (-1, 1) without cases."""
    if not counts:
        return []
    fixed, broken, cases = np.array([(c.fixed, c.broken, c.cases) for c in counts]).T
    low, high = tango_interval(fixed, broken, cases, alpha)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def _variance_ratio(fixed: float, broken: float, totals: GroupTotals, *, binary: bool, alpha: float) -> float:
    """Variance of the mean over that of as many independent -1/0/1 cases with the same gains and losses.

    The ratio of t to normal quantiles is folded in, with Kish's effective number of groups for the degrees of freedom
    (Korn and Graubard 1998 do so for one proportion). At least 1 for 0/1 scores. Scores between 0 and 1 may vary less
    than 0/1 scores, but that is believed only once ``FEW_VARYING`` groups differ. When nothing differs at all, each
    group counts as one case: it is all that can be known.
    """
    rows = totals.rows
    if rows == 0:
        return 1.0
    cautious = max(1.0, rows / totals.effective_groups)
    independent = ((fixed + broken) / rows - totals.mean**2) / rows
    seen = clustered_standard_error(totals) ** 2
    floor = 1.0 if binary or totals.varying_groups < FEW_VARYING else 1e-6
    ratio = cautious if independent <= 0 else min(max(seen / independent, floor), cautious)
    return ratio * (t_quantile(totals.effective_groups, alpha) / float(ndtri(alpha))) ** 2
