"""From answers to curves: F1 and the rest by number of examples, their intervals, and when it works again.

A figure is a ratio of sums over rows, pooled over the folds, and the mean over draws. Intervals are a bootstrap of
whole groups, and of draws within each fold, the same for all steps, so that differences keep their pairing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.statistics.arrays import Bounds, FloatArray
from tunewright.statistics.proportions import wilson_interval
from tunewright.statistics.resampling import bootstrap_weights, group_places, percentile_bounds

REPLICATES = 2_000
ALPHA = 0.025
Z_SQUARED = 3.841459
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sums:
    """Numerator and denominator of a ratio for each draw and row, float64[D, n]."""

    above: FloatArray
    below: FloatArray


@dataclass(frozen=True, slots=True)
class Rows:
    """What all systems share: the fold and the group of each of n scored rows."""

    fold: IntArray
    group: IntArray

    @staticmethod
    def of(fold: Sequence[int], groups: IntArray | None) -> Rows:
        places, _ = group_places(groups, len(fold))
        return Rows(np.array(fold, dtype=np.int64), places)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio: its value in each draw [D], their mean, and the mean in each bootstrap sample [B]."""

    by_draw: FloatArray
    value: float
    drawn: FloatArray


def f1_sums(belongs: NDArray[np.bool_], answered: NDArray[np.bool_], known: NDArray[np.bool_]) -> Sums:
    """F1 = 2 TP / (cases of the category + answers of it), as sums: ``belongs`` [n], the others [D, n]."""
    both = belongs & answered & known
    counted = (belongs & known).astype(np.float64) + (answered & known).astype(np.float64)
    return Sums(2.0 * both.astype(np.float64), counted)


def mean_sums(among: NDArray[np.bool_], score: FloatArray) -> Sums:
    """The mean score among some rows, as sums: ``among`` [n], ``score`` [D, n] with nan where missing."""
    known = among & ~np.isnan(score)
    return Sums(np.where(known, np.nan_to_num(score), 0.0), known.astype(np.float64))


def ratio_of(sums: Sums, rows: Rows, seed: int) -> Ratio:
    """The ratio with its bootstrap; a ratio without a denominator is 0."""
    draws, count = sums.above.shape[0], int(rows.group.max()) + 1
    above, below = (_by_group(part, rows.group, count) for part in (sums.above, sums.below))
    fold = np.zeros(count, dtype=np.int64)
    fold[rows.group] = rows.fold
    whole = _divided(sums.above.sum(axis=1), sums.below.sum(axis=1))
    chance = np.random.default_rng([seed, draws])
    drawn = []
    for weights in bootstrap_weights(count, seed=seed, draws=REPLICATES):
        top, bottom = (np.zeros((len(weights), draws)) for _ in range(2))
        for one in np.unique(fold):
            own = fold == one
            pick = chance.integers(0, draws, size=(len(weights), draws))
            top += np.take_along_axis(weights[:, own] @ above[own], pick, axis=1)
            bottom += np.take_along_axis(weights[:, own] @ below[own], pick, axis=1)
        drawn.append(_divided(top, bottom).mean(axis=1))
    return Ratio(whole, float(whole.mean()), np.concatenate(drawn))


def interval_of(ratio: Ratio, groups: int) -> Bounds:
    """95 % interval within [0, 1]; ``groups``: how many independent sets the ratio rests on.

    Nothing spreads where all are right or none is, which proves less than the bootstrap says: then Wilson's interval
    for so many groups.
    """
    if not np.ptp(ratio.drawn):
        lower, upper = wilson_interval(ratio.value * groups, groups)
        return float(lower), float(upper)
    low, high = percentile_bounds(ratio.value, ratio.drawn, groups, ALPHA)
    return max(0.0, low), min(1.0, high)


def difference_interval(first: Ratio, second: Ratio, groups: int) -> Bounds:
    """95 % interval of first - second, paired, within [-1, 1].

    Where no answer differs the bootstrap has no width: then Tango's interval for no discordant pair among so many
    groups, z^2 / (n + z^2) to both sides (Tango 1998, Statistics in Medicine 17:891).
    """
    if not np.ptp(first.drawn - second.drawn):
        half = Z_SQUARED / (groups + Z_SQUARED)
        gap = first.value - second.value
        return max(-1.0, gap - half), min(1.0, gap + half)
    low, high = percentile_bounds(first.value - second.value, first.drawn - second.drawn, groups, ALPHA)
    return max(-1.0, low), min(1.0, high)


@dataclass(frozen=True, slots=True)
class Needed:
    """Examples until the score is, and stays, within the margin of the score with all.

    ``examples`` by the estimate, ``interval`` 95 % over cases and draws, ``by_draw`` for each draw, ``shown`` from
    where on the whole interval of the difference lies within the margin; None where only with all.
    """

    examples: int
    interval: tuple[int, int]
    by_draw: list[int]
    shown: int | None


def needed(curve: Mapping[int, Ratio], margin: float, groups: int) -> Needed:
    """``curve``: ratio by number of examples, ascending, with all last."""
    counts = np.array(list(curve))
    every = curve[int(counts[-1])]
    means = np.array([ratio.value for ratio in curve.values()])
    drawn = np.stack([ratio.drawn for ratio in curve.values()])
    draws = max(len(ratio.by_draw) for ratio in curve.values())
    single = np.stack([np.resize(ratio.by_draw, draws) for ratio in curve.values()])
    lower = [difference_interval(ratio, every, groups)[0] for ratio in curve.values()]
    lower[-1] = -np.inf
    near = counts[_first_lasting(drawn >= drawn[-1] - margin)]
    low, high = np.quantile(near, [ALPHA, 1 - ALPHA], method="inverted_cdf")
    shown = [int(count) for count, low_end in zip(counts[:-1], lower, strict=False) if low_end > -margin]
    lasting = [c for c in shown if all(int(later) in shown for later in counts[:-1] if later >= c)]
    return Needed(
        examples=int(counts[_first_lasting((means >= means[-1] - margin)[:, None])[0]]),
        interval=(int(low), int(high)),
        by_draw=[int(count) for count in counts[_first_lasting(single >= every.value - margin)]],
        shown=lasting[0] if lasting else None,
    )


def _first_lasting(near: NDArray[np.bool_]) -> IntArray:
    """The first row of [steps, m] from which on all are true; the last one is by definition."""
    near = near.copy()
    near[-1] = True
    lasting: NDArray[np.bool_] = np.logical_and.accumulate(near[::-1], axis=0)[::-1]
    return np.asarray(lasting.argmax(axis=0), dtype=np.int64)


def _by_group(part: FloatArray, group: IntArray, count: int) -> FloatArray:
    """Sums of [D, n] by group, [C, D]."""
    return np.stack([np.bincount(group, weights=line, minlength=count) for line in part], axis=1)


def _divided(above: FloatArray, below: FloatArray) -> FloatArray:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
