"""The difference of a measure of all answers together (micro F1, BLEU, kappa) between two systems on the same cases.

Such a measure is no mean over cases, so neither McNemar nor a t interval fits. The test is approximate randomisation:
if the systems are alike, the answers of any group could as well have been swapped (Noreen 1989; Riezler and Maxwell
2005). The interval is a paired bootstrap of whole groups. Measures that follow from totals over the cases (counts of
right and wrong items, n-grams matched) are worked on those totals, all draws at once; any other measure is a function
that is asked for every draw. Called for the measures of reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tunewright.statistics.arrays import FloatArray, IntArray
from tunewright.statistics.resampling import DRAWS, bootstrap_weights, group_places, percentile_bounds

SLOW_DRAWS = 400
_TIE = 1e-12
_CHUNK = 4_000_000

# Totals float64[..., k] to the measure float64[...].
Finish = Callable[[FloatArray], FloatArray]
# The measure of the answers that stand at ``rows`` int64[m] (repeats allowed): from the first system where
# ``swapped`` bool[m] is False, from the second where it is True.
Asked = Callable[[IntArray, "np.ndarray[tuple[int], np.dtype[np.bool_]]"], float]


@dataclass(frozen=True, slots=True)
class CorpusGain:
    """Both measures, ``gain`` = first minus second with its interval, one-sided p of "the first is no better"."""

    first: float
    second: float
    gain: float
    low: float
    high: float
    p: float


def gain_from_totals(
    first: FloatArray,
    second: FloatArray,
    finish: Finish,
    groups: IntArray | None = None,
    *,
    seed: int,
    alpha: float = 0.025,
    draws: int = DRAWS,
) -> CorpusGain:
    """The gain in a measure that ``finish`` makes of totals. ``first`` and ``second`` float64[n, k]: parts per case.

    For micro F1 the parts are the counts (tp, fp, fn) and ``finish`` is 2 tp / (2 tp + fp + fn).
    """
    places, count = group_places(groups, len(first))
    a, b = _by_group(first, places, count), _by_group(second, places, count)
    whole_a, whole_b = float(finish(a.sum(axis=0))), float(finish(b.sum(axis=0)))
    gain = whole_a - whole_b
    drawn = [finish(w @ a) - finish(w @ b) for w in bootstrap_weights(count, seed=seed, draws=draws)]
    low, high = percentile_bounds(gain, np.concatenate(drawn), count, alpha)
    hits = 0
    for keep in _swaps(count, seed + 1, draws):
        swapped = finish(keep @ a + (1 - keep) @ b) - finish(keep @ b + (1 - keep) @ a)
        hits += int(np.count_nonzero(swapped >= gain - _TIE))
    return CorpusGain(whole_a, whole_b, gain, low, high, (1 + hits) / (1 + draws))


def gain_from_answers(
    measure: Asked,
    n: int,
    groups: IntArray | None = None,
    *,
    seed: int,
    alpha: float = 0.025,
    draws: int = SLOW_DRAWS,
) -> CorpusGain:
    """The gain in any measure of ``n`` cases; it is asked four times a draw, so the draws are few by default."""
    places, count = group_places(groups, n)
    members = [np.flatnonzero(places == place) for place in range(count)]
    rows, none = np.arange(n, dtype=np.int64), np.zeros(n, dtype=bool)
    whole_a, whole_b = measure(rows, none), measure(rows, ~none)
    gain = whole_a - whole_b
    drawn = []
    for weights in bootstrap_weights(count, seed=seed, draws=draws):
        for weight in weights.astype(np.int64):
            taken = np.concatenate([np.repeat(members[place], times) for place, times in enumerate(weight) if times])
            stay = np.zeros(len(taken), dtype=bool)
            drawn.append(measure(taken, stay) - measure(taken, ~stay))
    low, high = percentile_bounds(gain, np.array(drawn), count, alpha)
    hits = 0
    for keep in _swaps(count, seed + 1, draws):
        for swapped in keep[:, places] == 0:
            hits += measure(rows, swapped) - measure(rows, ~swapped) >= gain - _TIE
    return CorpusGain(whole_a, whole_b, gain, low, high, (1 + hits) / (1 + draws))


def micro_f1(totals: FloatArray) -> FloatArray:
    """2 tp / (2 tp + fp + fn) of totals (tp, fp, fn) float64[..., 3]; 1 where all are 0."""
    tp, others = totals[..., 0], totals[..., 1] + totals[..., 2]
    whole = 2 * tp + others
    return np.asarray(np.where(whole > 0, 2 * tp / np.where(whole > 0, whole, 1.0), 1.0))


def macro_f1(totals: FloatArray) -> FloatArray:
    """Mean F1 of labels that occur, of totals float64[..., 3 L]: (tp, fp, fn) of each label; nan where none occurs."""
    by_label = totals.reshape(*totals.shape[:-1], -1, 3)
    there = by_label.sum(axis=-1) > 0
    figures = np.where(there, micro_f1(by_label), 0.0)
    with np.errstate(invalid="ignore"):
        return np.asarray(figures.sum(axis=-1) / np.where(there.any(axis=-1), there.sum(axis=-1), np.nan))


def _by_group(parts: FloatArray, places: IntArray, count: int) -> FloatArray:
    sums = np.zeros((count, parts.shape[1]))
    np.add.at(sums, places, parts)
    return sums


def _swaps(count: int, seed: int, draws: int) -> Iterator[FloatArray]:
    """1 where a group keeps its systems, 0 where they are swapped: float64[k, count] in chunks of ``draws`` rows."""
    generator = np.random.default_rng(seed)
    chunk = max(1, _CHUNK // max(count, 1))
    for start in range(0, draws, chunk):
        yield generator.integers(0, 2, size=(min(chunk, draws - start), count)).astype(np.float64)
