"""Multinomial logistic regression in float32 by preconditioned L-BFGS, for fits that are made many times over.

``LogisticRegression`` of scikit-learn takes some ten times as long (five folds of 8,000 rows, 384 numbers, 77 classes)
for the same ranking of label errors: each step starts from Boehning's bound on the curvature (Boehning 1992,
"Multinomial logistic regression algorithm", Ann. Inst. Statist. Math. 44:197), so that some twenty steps do. Called by
``out_of_sample``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

Floats = NDArray[np.float32]
IntArray = NDArray[np.int64]
# float32 [rows, width], an array or a sparse matrix in rows
Features = Any
Precondition = Callable[[Floats], Floats]

MEMORY = 6
MAX_HALVINGS = 12
# Armijo's share of the promised decrease that a step must bring.
ENOUGH_DECREASE = 1e-4
# The bound on the curvature is this many times too high for probabilities of several classes; found by trial.
BOUND_SLACK = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class SoftmaxFit:
    """A fitted classifier: probabilities are ``softmax(x @ weights[:-1] + weights[-1])``.

    ``weights`` ``[width + 1, classes]``, the last row being the offsets. ``steps`` taken, ``slope``: the length of the
    last gradient as a share of the gradient at zero weights.
    """

    weights: Floats
    steps: int
    slope: float

    def probabilities(self, rows: Features) -> Floats:
        """``[n, width]`` to ``[n, classes]``."""
        scores = np.asarray(rows @ self.weights[:-1]) + self.weights[-1]
        return softmax_in_place(scores)


def fit_softmax(
    rows: Features,
    labels: IntArray,
    classes: int,
    strength: float,
    max_steps: int,
    start: Floats | None = None,
    tolerance: float = 1e-4,
) -> SoftmaxFit:
    """Minimise mean cross-entropy plus ``|W|^2 / (2 * strength * n)``; offsets are not penalised.

    Stops after ``max_steps``, or when a step lowers the loss by less than ``tolerance`` of it. ``start`` begins from
    other weights than zero.
    """
    problem = _Problem(rows, labels, classes, 1.0 / (strength * len(labels)))
    precondition = preconditioner(rows, problem.penalty)
    zero = np.zeros((rows.shape[1] + 1, classes), dtype=np.float32)
    weights = zero if start is None else start.copy()
    loss, gradient = problem.loss_and_gradient(weights)
    steepest = _length(gradient) if start is None else _length(problem.loss_and_gradient(zero)[1])
    pairs: deque[tuple[Floats, Floats, float]] = deque(maxlen=MEMORY)
    steps = 0
    while steps < max_steps and _length(gradient) > 0:
        direction = _direction(gradient, pairs, precondition)
        found = _search(problem, weights, loss, gradient, direction)
        if found is None:
            break
        new_weights, new_loss, new_gradient = found
        moved, turned = new_weights - weights, new_gradient - gradient
        curvature = _dot(moved, turned)
        if curvature > 0:
            pairs.append((moved, turned, curvature))
        gained = loss - new_loss
        weights, loss, gradient = new_weights, new_loss, new_gradient
        steps += 1
        if gained < tolerance * abs(loss):
            break
    return SoftmaxFit(weights, steps, _length(gradient) / steepest if steepest else 0.0)


def preconditioner(rows: Features, penalty: float) -> Precondition:
    """An easy inverse of the curvature: of the bound itself for arrays, of its diagonal for sparse matrices."""
    count, width = rows.shape
    if scipy.sparse.issparse(rows):
        squares = np.asarray(rows.multiply(rows).sum(axis=0)).ravel() / count
        scale = (0.5 / BOUND_SLACK * squares + penalty).astype(np.float32)[:, None]
        return lambda gradient: _with_offsets(gradient[:-1] / scale, gradient)
    curvature = (0.5 / BOUND_SLACK / count) * (rows.T @ rows).astype(np.float64) + penalty * np.eye(width)
    inverse = np.linalg.inv(curvature).astype(np.float32)
    return lambda gradient: _with_offsets(inverse @ gradient[:-1], gradient)


def softmax_in_place(scores: Floats) -> Floats:
    """Probabilities of each row of scores ``[n, classes]``, written over them."""
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


class _Problem:
    """Loss and gradient of one fit."""

    def __init__(self, rows: Features, labels: IntArray, classes: int, penalty: float) -> None:
        self.rows, self.labels, self.classes, self.penalty = rows, labels, classes, penalty
        self._columns = rows.T.tocsr() if scipy.sparse.issparse(rows) else rows.T
        self._each = np.arange(len(labels))

    def loss_and_gradient(self, weights: Floats) -> tuple[float, Floats]:
        """Of weights ``[width + 1, classes]``."""
        scores = np.asarray(self.rows @ weights[:-1]) + weights[-1]
        scores -= scores.max(axis=1, keepdims=True)
        own = scores[self._each, self.labels].astype(np.float64)
        np.exp(scores, out=scores)
        totals = scores.sum(axis=1)
        loss = float(np.mean(np.log(totals, dtype=np.float64) - own))
        scores /= totals[:, None]
        scores[self._each, self.labels] -= 1
        scores /= len(self.labels)
        gradient = np.empty_like(weights)
        gradient[:-1] = self._columns @ scores
        gradient[:-1] += np.float32(self.penalty) * weights[:-1]
        gradient[-1] = scores.sum(axis=0)
        return loss + 0.5 * self.penalty * _dot(weights[:-1], weights[:-1]), gradient


def _direction(gradient: Floats, pairs: deque[tuple[Floats, Floats, float]], precondition: Precondition) -> Floats:
    """The two-loop recursion (Nocedal and Wright, "Numerical Optimization", algorithm 7.4)."""
    direction = gradient.copy()
    shares = []
    for moved, turned, curvature in reversed(pairs):
        share = np.float32(_dot(moved, direction) / curvature)
        shares.append(share)
        direction -= share * turned
    direction = precondition(direction)
    if pairs:
        _, turned, curvature = pairs[-1]
        direction *= np.float32(curvature / _dot(turned, precondition(turned)))
    for (moved, turned, curvature), share in zip(pairs, reversed(shares), strict=True):
        direction += (share - np.float32(_dot(turned, direction) / curvature)) * moved
    return -direction


def _search(
    problem: _Problem, weights: Floats, loss: float, gradient: Floats, direction: Floats
) -> tuple[Floats, float, Floats] | None:
    """The first of the step and its halves that lowers the loss enough; None where none does."""
    promised = _dot(gradient, direction)
    if promised >= 0:
        return None
    step = 1.0
    for _ in range(MAX_HALVINGS):
        tried = weights + np.float32(step) * direction
        new_loss, new_gradient = problem.loss_and_gradient(tried)
        if new_loss <= loss + ENOUGH_DECREASE * step * promised:
            return tried, new_loss, new_gradient
        step /= 2
    return None


def _with_offsets(solved: Floats, gradient: Floats) -> Floats:
    """The preconditioned weights above the offsets, whose bound has curvature one half."""
    return np.concatenate([solved, gradient[-1:] * np.float32(2 * BOUND_SLACK)]).astype(np.float32, copy=False)


def _dot(left: Floats, right: Floats) -> float:
    return float(np.dot(left.ravel(), right.ravel()))


def _length(values: Floats) -> float:
    return float(np.sqrt(_dot(values, values)))
