"""Logistic regression on vectors of an encoder: the head of ``embedding``, and where ``finetune`` starts from.

No system of its own, hence the name with an underscore.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.records.answers import Answer
from tunewright.systems.temperature import softmax

MAX_ITERATIONS = 500

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Head:
    """Logistic regression over the labels that had rows: ``vectors @ weights.T + offsets``."""

    weights: FloatArray
    offsets: FloatArray
    labels: tuple[str, ...]
    converged: bool = True

    def logits(self, vectors: NDArray[np.float32]) -> FloatArray:
        """``[N, H]`` to ``[N, labels]``."""
        return np.asarray(vectors.astype(np.float64) @ self.weights.T + self.offsets)

    def answers(self, vectors: NDArray[np.float32]) -> list[Answer]:
        """The likeliest label of each vector with its probability."""
        chances = softmax(self.logits(vectors), 1.0)
        best = chances.argmax(axis=1)
        return [
            Answer(self.labels[label], confidence=round(float(chances[row, label]), 6))
            for row, label in enumerate(best)
        ]


def fit_head(vectors: NDArray[np.float32], targets: Sequence[str], labels: Sequence[str], strength: float) -> Head:
    """Multinomial logistic regression with an L2 penalty of ``1 / (2 * strength)``, by L-BFGS."""
    present = tuple(label for label in labels if label in set(targets))
    if len(present) == 1:
        return Head(np.zeros((1, vectors.shape[1])), np.zeros(1), present)
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    model = LogisticRegression(C=strength, max_iter=MAX_ITERATIONS)
    # One thread: the matrices are small, a busy machine slows more threads down, and sums keep their order.
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # told in a note instead
        model.fit(vectors, [present.index(target) for target in targets])
    iterations = int(np.max(model.n_iter_))
    weights, offsets = np.asarray(model.coef_, np.float64), np.asarray(model.intercept_, np.float64)
    if len(present) == 2:  # scikit-learn keeps one row for two classes
        weights, offsets = np.vstack([np.zeros_like(weights), weights]), np.concatenate([[0.0], offsets])
    return Head(weights, offsets, present, converged=0 < iterations < MAX_ITERATIONS)
