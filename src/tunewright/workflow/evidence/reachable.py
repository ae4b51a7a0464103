"""How much of the reachable gain each system brings: from today's system to the best of the comparison.

Where today's system is itself the best, the gain is counted from the simplest one.

A person who sees that a linear model brings 90 % of what the fine-tune brings decides otherwise than one who sees two
scores. Called by ``conclude``, and by ``all_systems`` and ``scores_verdict`` for
further candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tunewright.records.base import Interval
from tunewright.statistics.arrays import FloatArray, IntArray
from tunewright.statistics.clusters import group_totals
from tunewright.statistics.gain_shares import gain_share
from tunewright.statistics.gains import is_binary
from tunewright.statistics.mcnemar import one_sided_exact
from tunewright.statistics.sign_flip import sign_flip_p

ALPHA = 0.025
DIGITS = 4
LEAST_SYSTEMS = 2
Share = tuple[float, Interval | None]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A system's score of each case, float64[n], nan where missing; ``simplicity`` counts from simple (0) on."""

    name: str
    simplicity: int
    scores: FloatArray


@dataclass(frozen=True, slots=True)
class Reachable:
    """Where the gain is counted from and to, and the share (with its interval) of each system in between.

    The best has no interval: it is 1 by definition, and another may be as good. Both ends are there once two systems
    can be compared; ``shares`` is empty where the whole gain is not shown.
    """

    start: str | None = None
    best: str | None = None
    shares: Mapping[str, Share] = field(default_factory=dict)


def reachable(
    systems: Sequence[Scored], incumbent: str | None, groups: IntArray | None, *, seed: int, alpha: float = ALPHA
) -> Reachable:
    """Shares of all systems. The start is today's system, else (or where that is the best) the simplest; the best has
    the highest mean score.

    It was picked by the very scores that are tested, so ``alpha`` is divided by the number of systems that could have
    been the best (Bonferroni), both in the exact test that shows the whole gain and in the interval of each share.
    """
    known = [one for one in systems if not np.isnan(one.scores).all()]
    if len(known) < LEAST_SYSTEMS:
        return Reachable()
    simplest = min(known, key=lambda one: one.simplicity)
    start = next((one for one in known if one.name == incumbent), simplest)
    best = max(known, key=lambda one: (round(float(np.nanmean(one.scores)), 9), -one.simplicity))
    if best is start:
        start = simplest
    level = alpha / (len(known) - 1)
    if best is start or not _shown(start, best, groups, seed, level):
        return Reachable(start.name, best.name)
    shares = {}
    for one in known:
        found = _share(one, start, best, groups, level)
        if found is not None:
            shares[one.name] = found
    return Reachable(start.name, best.name, shares)


def _shown(start: Scored, best: Scored, groups: IntArray | None, seed: int, alpha: float) -> bool:
    both = _complete(start, best)
    gains, kept = best.scores[both] - start.scores[both], _groups(groups, both)
    if len(gains) < 2 or gain_share(gains, gains, kept, alpha) is None:
        return False
    if kept is None and is_binary(best.scores[both]) and is_binary(start.scores[both]):
        return float(one_sided_exact(np.count_nonzero(gains > 0), np.count_nonzero(gains < 0))) <= alpha
    return sign_flip_p(group_totals(gains, kept), seed=seed) <= alpha


def _share(one: Scored, start: Scored, best: Scored, groups: IntArray | None, alpha: float) -> Share | None:
    if one.name == start.name:
        return 0.0, (0.0, 0.0)
    if one.name == best.name:
        return 1.0, None
    rows = _complete(one, start, best)
    if not rows.any():
        return None
    base = start.scores[rows]
    found = gain_share(one.scores[rows] - base, best.scores[rows] - base, _groups(groups, rows), alpha)
    return (
        None if found is None else (round(found.share, DIGITS), (round(found.low, DIGITS), round(found.high, DIGITS)))
    )


def _complete(*systems: Scored) -> NDArray[np.bool_]:
    """Which cases all of them answered, bool[n]."""
    complete = np.ones(len(systems[0].scores), dtype=np.bool_)
    for one in systems:
        complete &= ~np.isnan(one.scores)
    return complete


def _groups(groups: IntArray | None, rows: NDArray[np.bool_]) -> IntArray | None:
    """Groups of these cases; None where no two of them belong together."""
    if groups is None:
        return None
    kept = groups[rows]
    return None if len(np.unique(kept)) == len(kept) else kept
