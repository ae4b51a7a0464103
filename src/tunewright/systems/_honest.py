"""What choosing the best of several is worth: every row is scored by what is best on other rows.

The best of several means is too good on the rows by which it was picked (the winner's curse), and more so the more
there were: systems that try much would look better than systems that try little. Here the rows are taken in up to five
parts by their order, and each part is scored by the choice that is best outside it (cross-fitting; Stone 1974). Pure;
called by every kind of system that chooses among settings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tunewright.records.answers import Answer
from tunewright.records.example import Example

PARTS = 5
# Means that differ by less are equal: sums in another order differ in the last bits.
DIGITS = 12
FloatArray = NDArray[np.float64]


def parts_of(rows: int) -> list[NDArray[np.int64]]:
    """The places of so many rows in up to five parts, by their order; none without rows."""
    return [part for part in np.array_split(np.arange(rows), min(PARTS, max(rows, 1))) if len(part)]


def cross_fitted(scores: FloatArray) -> float:
    """The mean score of the choice that is best on other rows, float64[choices, rows] without nan, one row or more.

    Of equally good choices the first is taken.
    """
    rows = scores.shape[1]
    parts = parts_of(rows)
    means = np.stack([scores[:, part].mean(axis=1) for part in parts], axis=1)
    return cross_fitted_parts(means, [len(part) for part in parts])


def cross_fitted_parts(means: FloatArray, sizes: Sequence[int]) -> float:
    """As ``cross_fitted``, from the means of each part: float64[choices, parts], and how many rows each has."""
    weights = np.array(sizes, dtype=np.float64)
    totals = means * weights
    outside = totals.sum(axis=1, keepdims=True) - totals
    left = weights.sum() - weights
    best = np.round(outside / np.where(left > 0, left, 1.0), DIGITS).argmax(axis=0)
    return float(totals[best, np.arange(len(sizes))].sum() / weights.sum())


@dataclass(slots=True)
class Scored:
    """The job's own measure of answers to the same rows, pass by pass, and what choosing the best pass is worth.

    ``measure(targets, answers)`` is a mean over rows, so that each row is graded once a pass.
    """

    targets: Sequence[str]
    measure: Callable[[Sequence[str], Sequence[str]], float]
    _means: list[FloatArray] = field(default_factory=list)

    def add(self, answers: Sequence[str]) -> float:
        """The mean score of one pass over all rows."""
        parts = parts_of(len(self.targets))
        if not parts:
            return self.measure([], [])
        means = [self.measure([self.targets[n] for n in part], [answers[n] for n in part]) for part in parts]
        self._means.append(np.array(means, dtype=np.float64))
        return round(float(np.average(means, weights=[len(part) for part in parts])), DIGITS)

    def honest(self, last: int | None = None) -> float | None:
        """What the best of the passes is worth, or of the ``last`` so many; None without rows or passes."""
        means = self._means if last is None else self._means[-last:] if last else []
        if not means:
            return None
        return cross_fitted_parts(np.stack(means), [len(part) for part in parts_of(len(self.targets))])


@dataclass(slots=True)
class Graded:
    """As ``Scored`` for answers that are texts: the grader's score of every row, where it has one.

    What choosing is worth is told by the rows that have a score in every pass.
    """

    rows: Sequence[Example]
    grade: Callable[[Sequence[Example], Sequence[Answer]], list[float | None]]
    _scores: list[FloatArray] = field(default_factory=list)

    def add(self, answers: Sequence[Answer]) -> float:
        """The mean score of one pass over all rows; 0 where no row has one."""
        found = [np.nan if score is None else score for score in self.grade(self.rows, answers)]
        self._scores.append(np.array(found, dtype=np.float64))
        known = self._scores[-1][~np.isnan(self._scores[-1])]
        return float(known.mean()) if len(known) else 0.0

    def honest(self) -> float | None:
        """What the best of the passes is worth; None without rows or passes."""
        if not self._scores:
            return None
        scores = np.stack(self._scores)
        common = scores[:, ~np.isnan(scores).any(axis=0)]
        return cross_fitted(common) if common.shape[1] else None
