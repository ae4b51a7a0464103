"""Logistic regression on vectors of an encoder: the head of ``embedding``, and where ``finetune`` starts from.

No system of its own, hence the name with an underscore.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tunewright.records.answers import Answer
from tunewright.systems.temperature import softmax

# The largest derivative at which the search for several labels stops, as in scikit-learn.
_TOLERANCE = 1e-4
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


def fit_sigmoid_head(
    vectors: NDArray[np.float32], wanted: NDArray[np.bool_], labels: Sequence[str], strength: float
) -> Head:
    """One logistic regression per label, with the same penalty, all in one search: nothing is shared between them.

    Args:
        vectors: ``[N, H]``.
        wanted: ``[N, labels]`` which labels the rows have; a label that no row has gets no place in the head.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    present = np.flatnonzero(wanted.any(axis=0))
    inputs, right = vectors.astype(np.float64), wanted[:, present].astype(np.float64)
    rows, width = inputs.shape
    shape = (len(present), width + 1)
    penalty = 1.0 / (strength * max(1, rows))

    def value_and_gradient(flat: FloatArray) -> tuple[float, FloatArray]:
        both = flat.reshape(shape)
        weights, logits = both[:, :-1], inputs @ both[:, :-1].T + both[:, -1]
        value = float((np.logaddexp(0.0, logits) - right * logits).sum()) / rows
        error = (expit(logits) - right) / rows
        gradient = np.hstack([error.T @ inputs + penalty * weights, error.sum(axis=0)[:, None]])
        return value + 0.5 * penalty * float((weights**2).sum()), gradient.ravel()

    with threadpool_limits(limits=1):
        options = {"maxiter": MAX_ITERATIONS, "gtol": _TOLERANCE, "ftol": 0.0}
        found = minimize(value_and_gradient, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options=options)
    both = np.asarray(found.x, dtype=np.float64).reshape(shape)
    converged = int(found.nit) < MAX_ITERATIONS
    return Head(both[:, :-1].copy(), both[:, -1].copy(), tuple(labels[place] for place in present.tolist()), converged)
