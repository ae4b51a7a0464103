"""The gain in every kind of case (language, length, customer tier): where a change helps or harms more than by chance.

A slice is looked at because it exists, not because a claim was registered for it, so flags are kept to a share ``q`` of
false ones (Benjamini and Hochberg) and never make a headline. Slices of fewer than 30 cases are counted, not judged.
Called for the tags of recorded scores and for the parts of a run's cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tunewright.statistics.arrays import FloatArray, IntArray
from tunewright.statistics.clusters import group_totals
from tunewright.statistics.gains import effective_counts, gain_intervals, is_binary
from tunewright.statistics.mcnemar import two_sided_exact
from tunewright.statistics.multiplicity import benjamini_hochberg
from tunewright.statistics.sign_flip import DRAWS, sign_flip_p

MIN_CASES = 30
Q = 0.10
Flag = Literal["better", "worse"]


@dataclass(frozen=True, slots=True)
class Slice:
    """Cases, mean gain and its 95 % interval; ``p`` two-sided and ``p_adjusted`` None where there are too few cases."""

    name: str
    n: int
    gain: float
    low: float
    high: float
    p: float | None
    p_adjusted: float | None
    flag: Flag | None


def slice_gains(
    gains: FloatArray,
    names: Sequence[str],
    groups: IntArray | None = None,
    *,
    seed: int,
    minimum: int = MIN_CASES,
    q: float = Q,
    draws: int = DRAWS,
) -> list[Slice]:
    """Every slice, largest first. ``gains`` float64[n] without nan, ``names`` the slice of each case.

    A case of several slices stands there once for each. The two-sided p is exact McNemar's for independent 0/1
    scores, else that of sign flips on group sums, of which ``draws`` are drawn where there are too many for all.
    """
    members: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        members.setdefault(name, []).append(row)
    ordered = sorted(members, key=lambda name: (-len(members[name]), name))
    inside = [(gains[rows], None if groups is None else groups[rows]) for rows in (members[name] for name in ordered)]
    bounds = gain_intervals([effective_counts(part, part_groups) for part, part_groups in inside])
    judged = [place for place, (part, _) in enumerate(inside) if len(part) >= minimum]
    p_values = {place: _two_sided_p(*inside[place], seed, draws) for place in judged}
    adjusted = dict(zip(judged, benjamini_hochberg(np.array([p_values[place] for place in judged])), strict=True))
    found = []
    for place, (name, (part, _), (low, high)) in enumerate(zip(ordered, inside, bounds, strict=True)):
        gain = float(part.mean())
        p = adjusted.get(place)
        flag: Flag | None = None
        if p is not None and p <= q and gain != 0:
            flag = "better" if gain > 0 else "worse"
        p_adjusted = None if p is None else float(p)
        found.append(Slice(name, len(part), gain, low, high, p_values.get(place), p_adjusted, flag))
    return found


def _two_sided_p(gains: FloatArray, groups: IntArray | None, seed: int, draws: int) -> float:
    """Twice the p of the side on which the gain lies; the other side's is never the smaller."""
    if groups is None and is_binary(gains):
        return float(two_sided_exact(np.count_nonzero(gains > 0), np.count_nonzero(gains < 0)))
    side = 1.0 if gains.sum() >= 0 else -1.0
    return min(1.0, 2 * sign_flip_p(group_totals(side * gains, groups), seed=seed, draws=draws))
