"""Whether a question is answered by the documents at all, from what the search found; and how often that is right.

Quoting needs two probabilities: that the documents hold an answer, which decides between quoting and refusing, and that
what is said is right, which is the system's confidence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tunewright.systems._retrieval.features import NAMES
from tunewright.systems._retrieval.weights import Weights

LEAST_OF_EACH = 8
_STRENGTH = 0.3
_SENTENCE, _PASSAGE, _SAID, _HOLDS = (
    NAMES.index(name)
    for name in (
        "likeness of the sentence",
        "likeness of the passage",
        "said in sentence, headings and the sentence before",
        "holds what is asked for",
    )
)
# Set by hand: likeness says most, words where there are no vectors.
USUAL_CERTAINTY = Weights((0.3, 5.0, 2.0, 1.0, 0.3), -3.5)


def signals(probabilities: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """What speaks for an answer, ``[5]``: the log-odds of the best sentence, the greatest likeness of a sentence and of
    a passage, the greatest share of the question that is said, whether the best sentence holds what is asked for."""
    if not len(probabilities):
        return np.array([-10.0, 0.0, 0.0, 0.0, -1.0])
    best = int(probabilities.argmax())
    likeliest = min(max(float(probabilities[best]), 1e-6), 1 - 1e-6)
    most = matrix.max(axis=0)
    odds = float(np.log(likeliest / (1 - likeliest)))
    return np.array([odds, most[_SENTENCE], most[_PASSAGE], most[_SAID], matrix[best, _HOLDS]])


def learn_certainty(rows: NDArray[np.float64], answered: Sequence[bool]) -> Weights | None:
    """Weights for signals ``[N, 5]`` from rows with and without an answer; None where either are too few."""
    right = np.array(answered, dtype=bool)
    if min(right.sum(), (~right).sum()) < LEAST_OF_EACH:
        return None
    return _fitted(rows, right)


def learn_confidence(probabilities: Sequence[float], scores: Sequence[float]) -> Weights:
    """From the probability of an answer to that of being right (Platt 1999); the share that is right if all agree."""
    right = np.array(scores) >= 0.5
    if right.all() or not right.any():
        share = (right.sum() + 1.0) / (len(right) + 2.0)
        return Weights((0.0,), round(float(np.log(share / (1 - share))), 6))
    return _fitted(log_odds(probabilities), right)


def log_odds(probabilities: Sequence[float]) -> NDArray[np.float64]:
    """``[N]`` probabilities as log-odds ``[N, 1]``."""
    bounded = np.clip(np.array(probabilities, dtype=np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(bounded / (1 - bounded))[:, None])


def _fitted(rows: NDArray[np.float64], right: NDArray[np.bool_]) -> Weights:
    """Logistic regression on standardised columns, its weights given for the columns as they are."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    fitted = LogisticRegression(C=_STRENGTH, max_iter=500).fit((rows - mean) / spread, right)
    values = fitted.coef_[0] / spread
    offset = float(fitted.intercept_[0] - (values * mean).sum())
    return Weights(tuple(round(float(value), 6) for value in values), round(offset, 6))
