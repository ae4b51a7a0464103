"""From features of a sentence to the probability that it holds the answer: logistic regression.

The usual weights are set by hand; a job's own are learned from its training rows where there are enough whose answer
stands in a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tunewright.documents.words import words
from tunewright.systems._retrieval.features import Candidate

LEAST_ANSWERED = 20
_STRENGTH = 1.0
# A sentence holds an answer when it has so much of its words.
_HOLDS = 0.75


@dataclass(frozen=True, slots=True)
class Weights:
    """One weight for each feature, and an offset."""

    values: tuple[float, ...]
    offset: float

    def probabilities(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """``[N, F]`` to ``[N]``."""
        if not len(matrix):
            return np.zeros(0)
        return np.asarray(1.0 / (1.0 + np.exp(-(matrix @ np.array(self.values) + self.offset))), dtype=np.float64)


# Set by hand; on questions of SQuAD 2.0 they pick right sentences as often as weights fitted to half of its articles.
USUAL = Weights((2.6, 1.8, 0.9, -0.7, 1.7, 0.6, 2.4, 0.4, 4.0, 0.5), -8.0)
USUAL_WORDS = Weights((3.2, 2.4, 1.0, -0.8, 2.0, 0.7, 2.2, 0.6, 0.0, 0.0), -6.8)


def holding(target: str, made: Sequence[Candidate]) -> NDArray[np.bool_]:
    """Which candidates hold an answer: those with the largest share of its words, if that is large enough, ``[N]``."""
    wanted = words(target)
    if not wanted or not made:
        return np.zeros(len(made), dtype=bool)
    shares = np.array([_share(wanted, words(one.sentence)) for one in made])
    return np.asarray(shares >= max(_HOLDS, shares.max() - 1e-9))


def learn(matrices: Sequence[NDArray[np.float64]], right: Sequence[NDArray[np.bool_]]) -> Weights | None:
    """Weights from rows of candidates; None where too few rows have a right one, or nothing is wrong.

    Where several sentences of a row hold the answer by its words, the one that the usual weights like best counts.
    """
    if sum(bool(one.any()) for one in right) < LEAST_ANSWERED:
        return None
    chosen = [_one_of(matrix, mask) for matrix, mask in zip(matrices, right, strict=True)]
    x, y = np.vstack(list(matrices)), np.concatenate(chosen)
    if y.all():
        return None
    fitted = LogisticRegression(C=_STRENGTH, max_iter=500).fit(x, y)
    return Weights(tuple(round(float(value), 6) for value in fitted.coef_[0]), round(float(fitted.intercept_[0]), 6))


def usual(vectors: bool) -> Weights:
    """The weights for jobs with few rows."""
    return USUAL if vectors else USUAL_WORDS


def _one_of(matrix: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """At most one right candidate of a row."""
    chosen = np.zeros(len(mask), dtype=bool)
    if mask.any():
        liking = np.where(mask, usual(bool(matrix[:, -2:].any())).probabilities(matrix), -1.0)
        chosen[int(liking.argmax())] = True
    return chosen


def _share(wanted: Sequence[str], said: Sequence[str]) -> float:
    """The share of an answer's words that a sentence says; 1 only for all of them in one run."""
    text, run = f" {' '.join(said)} ", f" {' '.join(wanted)} "
    if run in text:
        return 1.0
    return 0.99 * len(set(wanted) & set(said)) / len(set(wanted))
