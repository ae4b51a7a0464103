"""The one-standard-error rule: of the candidates that are not shown to be worse than the best, the shortest.

After Breiman, Friedman, Olshen and Stone 1984 (section 3.4.3), with the standard error of the paired difference to the
best, which is what chance does to a choice made on the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.statistics.arrays import FloatArray, IntArray
from tunewright.statistics.clusters import clustered_standard_error, group_totals
from tunewright.systems._honest import PARTS

# Of differences that are equal but for rounding.
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Gap:
    """How far a candidate is behind the best: the mean paired difference and its standard error."""

    behind: float
    error: float

    @property
    def within(self) -> bool:
        """Whether the gap is no more than one standard error; with fewer than two rows only none at all."""
        return self.behind <= ROUNDING or (np.isfinite(self.error) and self.behind <= self.error + ROUNDING)


@dataclass(frozen=True, slots=True)
class Pick:
    """The places of the chosen and of the best candidate, and every candidate's gap to the best."""

    chosen: int
    best: int
    gaps: tuple[Gap, ...]


def gap(best: FloatArray, other: FloatArray, groups: IntArray | None = None) -> Gap:
    """The gap on the rows that both have a score for (nan is missing). ``best``, ``other`` float64[n]."""
    known = ~(np.isnan(best) | np.isnan(other))
    if not known.any():
        return Gap(float("inf"), float("inf"))
    differences = best[known] - other[known]
    totals = group_totals(differences, None if groups is None else groups[known])
    return Gap(totals.mean, clustered_standard_error(totals))


def one_standard_error(scores: FloatArray, lengths: Sequence[float], groups: IntArray | None = None) -> Pick:
    """The shortest candidate within one standard error of the best; the better, then the earlier of equals.

    ``scores`` float64[candidates, n] on the same rows, nan where missing; the best is that with the highest mean on the
    rows that every candidate has a score for.
    """
    complete = ~np.isnan(scores).any(axis=0)
    known = scores[:, complete] if complete.any() else scores
    means = np.array([-np.inf if np.isnan(row).all() else np.nanmean(row) for row in known])
    order = sorted(range(len(means)), key=lambda place: (-round(float(means[place]), 12), lengths[place], place))
    best = order[0]
    gaps = tuple(gap(scores[best], row, groups) for row in scores)
    eligible = [place for place in order if place == best or gaps[place].within]
    return Pick(min(eligible, key=lambda place: lengths[place]), best, gaps)


def picked_elsewhere(scores: FloatArray, lengths: Sequence[float], groups: IntArray | None = None) -> float | None:
    """What picking in this way is worth: each fifth of the rows is scored by what is picked on the others.

    ``scores`` float64[candidates, n]; only rows that every candidate has a score for, None without any. Rows of a group
    stay together.
    """
    known = ~np.isnan(scores).any(axis=0)
    rows, count = scores[:, known], int(known.sum())
    if not count:
        return None
    owners = np.arange(count) if groups is None else np.unique(groups[known], return_inverse=True)[1]
    part = owners * min(PARTS, int(owners.max()) + 1) // (int(owners.max()) + 1)
    total = 0.0
    for number in np.unique(part):
        inside = part == number
        outside = ~inside if not inside.all() else inside
        pick = one_standard_error(rows[:, outside], lengths, None if groups is None else owners[outside])
        total += float(rows[pick.chosen, inside].sum())
    return total / count
