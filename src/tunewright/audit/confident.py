"""Confident learning: which labels are wrong first, and which classes are mixed up.

After Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels" (JAIR 70, 2021), sections
3.1 and 3.2. Pure functions of given labels and out-of-sample probabilities, in blocks of rows; where the probabilities
come from is the business of ``out_of_sample``. Called by the check of label errors and by its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Probabilities = NDArray[Any]  # float32 or float64 [rows, classes], each row summing to 1

BLOCK_ROWS = 16_384
# Probabilities this close under a class's threshold count as reaching it.
TOLERANCE = 1e-6
# What the logarithm of the self-confidence adds to the margin of the mix, and the least probability it tells apart.
# The margin alone ranks random slips too low, self-confidence alone confusions of like classes:
# ``benchmarks/label_errors.py``.
SLIP_WEIGHT = 0.15
LEAST_PROBABILITY = 1e-4
# How fast the chance of an error rises with doubt: logistic fits on planted errors gave slopes of 4.3 to 8.1.
CHANCE_SLOPE = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class ConfidentJoint:
    """Given label against likely label.

    ``thresholds`` ``[K]``: mean probability of a class over the rows labelled so. ``counts`` ``[K, K]``: rows with
    given label i whose probability of class j is confident. ``scaled`` ``[K, K]``: the same scaled so that row i sums
    to the rows labelled i. ``errors`` is what lies off the diagonal: rows that are hard for the classifier are in it
    beside wrong ones, so that it tells which rows to leave out of a second fit and is no count to be told to a person.
    """

    thresholds: FloatArray
    counts: IntArray
    scaled: FloatArray
    errors: float

    @property
    def rows(self) -> int:
        """Rows judged."""
        return round(float(self.scaled.sum()))

    @property
    def noise(self) -> float:
        """Share of the rows off the diagonal."""
        return self.errors / self.rows if self.rows else 0.0


def confident_joint(labels: IntArray, probabilities: Probabilities) -> ConfidentJoint:
    """The joint of given and likely labels, ``labels`` ``[n]`` in ``[0, K)``, ``probabilities`` ``[n, K]``.

    A row counts for the class whose probability reaches the class's threshold, for the likeliest class of the row where
    several do, and not at all where none does. Every class keeps at least one row as correct.
    """
    classes = probabilities.shape[1]
    thresholds = class_thresholds(labels, probabilities)
    counts = np.zeros((classes, classes), dtype=np.int64)
    for rows in blocks(len(labels)):
        likely = _confident_class(probabilities[rows], thresholds)
        known = likely >= 0
        np.add.at(counts, (labels[rows][known], likely[known]), 1)
    np.fill_diagonal(counts, np.maximum(np.diagonal(counts), 1))
    sizes = np.bincount(labels, minlength=classes).astype(np.float64)
    scaled = counts / counts.sum(axis=1, keepdims=True) * sizes[:, None]
    errors = float(sizes.sum() - np.trace(scaled))
    return ConfidentJoint(thresholds, counts, scaled, errors)


def class_thresholds(labels: IntArray, probabilities: Probabilities) -> FloatArray:
    """Mean probability of each class over the rows labelled so, ``[K]``; out of reach for a class without rows."""
    classes = probabilities.shape[1]
    own = self_confidence(labels, probabilities)
    sizes = np.bincount(labels, minlength=classes)
    sums = np.bincount(labels, weights=own, minlength=classes)
    means = np.maximum(sums / np.maximum(sizes, 1), 2 * TOLERANCE)
    return np.where(sizes > 0, means, np.inf)


def noise_flags(labels: IntArray, probabilities: Probabilities, joint: ConfidentJoint) -> BoolArray:
    """Rows taken out by "prune by noise rate" (section 3.2, method 4), ``[n]``.

    Of the rows labelled i, as many as the scaled joint counts for class j, those with the largest ``p_j - p_i``; never
    a row whose likeliest class is its label. The counts are rounded so that each given label keeps its size.
    """
    classes = probabilities.shape[1]
    flags = np.zeros(len(labels), dtype=bool)
    by_label = np.argsort(labels, kind="stable")
    ends = np.searchsorted(labels[by_label], np.arange(classes + 1))
    for given in range(classes):
        rows = by_label[ends[given] : ends[given + 1]]
        quota = _whole_counts(joint.scaled[given], given)
        wanted = [j for j in np.flatnonzero(quota).tolist() if j != given]
        if len(rows) <= 1 or not wanted:
            continue
        own = np.asarray(probabilities[rows, given])
        for other in wanted:
            lead = np.asarray(probabilities[rows, other]) - own
            flags[rows[np.argsort(-lead, kind="stable")[: quota[other]]]] = True
    return np.asarray(flags & (likely_class(probabilities) != labels))


def self_confidence(labels: IntArray, probabilities: Probabilities) -> FloatArray:
    """Probability of the given label, ``[n]``."""
    return np.asarray(probabilities[np.arange(len(labels)), labels], dtype=np.float64)


def normalized_margin(labels: IntArray, probabilities: Probabilities) -> FloatArray:
    """``(p_given - the largest other p + 1) / 2``, in [0, 1], ``[n]``: low where another class is likelier."""
    own = self_confidence(labels, probabilities)
    return (own - _largest_other(labels, probabilities) + 1) / 2


def doubt(labels: IntArray, probabilities: Probabilities, votes: Probabilities | None = None) -> FloatArray:
    """The score that orders the queue, ``[n]``, higher is worse.

    Lead of the best other class over the given one in the mean of probabilities and neighbours' votes, less
    ``SLIP_WEIGHT`` times the log of the probability of the given label.
    """
    own, other = mixed_pair(labels, probabilities, votes)
    slip = -np.log(self_confidence(labels, probabilities) + LEAST_PROBABILITY)
    return np.asarray(other - own + SLIP_WEIGHT * slip)


def error_chances(doubts: FloatArray, errors: float) -> FloatArray:
    """The chance of each row to be wrong, ``[n]``, rising with doubt; they add up to ``errors``."""
    wanted = min(max(errors, 0.0), float(len(doubts)))
    low, high = -50.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if float(expit(CHANCE_SLOPE * doubts + middle).sum()) > wanted else (middle, high)
    return np.asarray(expit(CHANCE_SLOPE * doubts + low))


def mixed_pair(
    labels: IntArray, probabilities: Probabilities, votes: Probabilities | None = None
) -> tuple[FloatArray, FloatArray]:
    """Probability of the given label and of the best other class, ``[n]`` each, in the mean with the votes."""
    own, other = np.zeros(len(labels)), np.zeros(len(labels))
    for rows in blocks(len(labels)):
        mix = mixed(probabilities, votes, rows)
        own[rows] = self_confidence(labels[rows], mix)
        other[rows] = _largest_other(labels[rows], mix)
    return own, other


def mixed(probabilities: Probabilities, votes: Probabilities | None, rows: slice) -> Probabilities:
    """The mean of probabilities and votes for some rows; the probabilities alone where there are no votes."""
    return probabilities[rows] if votes is None else (probabilities[rows] + votes[rows]) / 2


def likely_class(probabilities: Probabilities, votes: Probabilities | None = None) -> IntArray:
    """The class with the largest probability (mean with the votes), the first of equals, ``[n]``."""
    likely = np.zeros(len(probabilities), dtype=np.int64)
    for rows in blocks(len(probabilities)):
        likely[rows] = mixed(probabilities, votes, rows).argmax(axis=1)
    return likely


def blocks(rows: int) -> Iterator[slice]:
    """Consecutive slices of at most ``BLOCK_ROWS`` rows."""
    for start in range(0, rows, BLOCK_ROWS):
        yield slice(start, min(start + BLOCK_ROWS, rows))


def _confident_class(probabilities: Probabilities, thresholds: FloatArray) -> IntArray:
    """The confident class of each row, -1 for none."""
    reached = probabilities >= thresholds - TOLERANCE
    number = reached.sum(axis=1)
    likely = np.where(number > 1, probabilities.argmax(axis=1), reached.argmax(axis=1))
    return np.where(number > 0, likely, -1).astype(np.int64)


def _largest_other(labels: IntArray, probabilities: Probabilities) -> FloatArray:
    """The largest probability of any class but the given one, ``[n]``."""
    largest = np.zeros(len(labels))
    for rows in blocks(len(labels)):
        others = np.array(probabilities[rows], dtype=np.float64)
        others[np.arange(len(others)), labels[rows]] = -np.inf
        largest[rows] = others.max(axis=1)
    return largest


def _whole_counts(row: FloatArray, given: int) -> IntArray:
    """One row of the scaled joint in whole numbers of the same sum, by largest remainders; the label keeps one."""
    whole = np.floor(row).astype(np.int64)
    missing = round(float(row.sum())) - int(whole.sum())
    if missing > 0:
        whole[np.argsort(row - whole, kind="stable")[::-1][:missing]] += 1
    if whole[given] < 1 and whole.sum() > 0:
        whole[int(np.argmax(whole))] -= 1
        whole[given] = 1
    return whole
