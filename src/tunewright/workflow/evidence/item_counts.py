"""Right, wrong and missed items of each case (fields, slots, labels), lined up for two systems by the items' names.

F1 over items follows from these counts, so that thousands of draws take no second; asking the grader again for every
draw takes minutes. Called by ``measure_gains``, which checks that the counts give the very figure of the measure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunewright.evaluation.counts import KINDS
from tunewright.records.answers import ScoreRow, Status

MAX_NAMES = 200
Counts = dict[str, list[float]]


def label_counts(targets: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> NDArray[np.float64]:
    """(right, wrong, missed) of every label in every case, float64[n, 3 L]."""
    place = {label: number for number, label in enumerate(labels)}
    counts = np.zeros((len(targets), len(labels), 3))
    for row, (target, answer) in enumerate(zip(targets, answers, strict=True)):
        if answer == target:
            counts[row, place[target], 0] = 1
            continue
        counts[row, place[target], 2] = 1
        if answer in place:
            counts[row, place[answer], 1] = 1
    return counts.reshape(len(targets), -1)


def item_counts(
    new: Sequence[ScoreRow], old: Sequence[ScoreRow]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """The same for the items that grades count, float64[n, 3 names] each; None where the grades count nothing.

    An answer of no use missed all that was to be found, which the other system's grade of the case tells.
    """
    cases = [(_of(a), _of(b)) for a, b in zip(new, old, strict=True)]
    filled = [
        (_or_missed(a, row, b), _or_missed(b, other, a)) for (a, b), row, other in zip(cases, new, old, strict=True)
    ]
    names = sorted({name for pair in filled for counts in pair for name in counts})
    if not names or len(names) > MAX_NAMES:
        return None
    made = [np.zeros((len(filled), len(names), len(KINDS))) for _ in range(2)]
    for row, pair in enumerate(filled):
        for into, counts in zip(made, pair, strict=True):
            for name, values in counts.items():
                into[row, names.index(name)] = values
    return made[0].reshape(len(filled), -1), made[1].reshape(len(filled), -1)


def _of(row: ScoreRow) -> Counts:
    found: Counts = {}
    for part, value in row.parts:
        kind, _, name = part.partition(":")
        if kind in KINDS:
            found.setdefault(name, [0.0, 0.0, 0.0])[KINDS.index(kind)] += value
    return found


def _or_missed(counts: Counts, row: ScoreRow, other: Counts) -> Counts:
    if counts or row.status is Status.OK:
        return counts
    return {name: [0.0, 0.0, tp + fn] for name, (tp, _, fn) in other.items() if tp + fn}
