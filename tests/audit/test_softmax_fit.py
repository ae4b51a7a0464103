"""The fast fit against scikit-learn's, its gradient against differences, sparse against dense."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.linear_model import LogisticRegression

from tunewright.audit.softmax_fit import _Problem, fit_softmax


def _data(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(4, size=300)
    rows = random.normal(size=(300, 10)) + 0.8 * np.eye(4, 10)[labels]
    return rows.astype(np.float32), labels


def test_same_probabilities_as_scikit_learn() -> None:
    rows, labels = _data()
    ours = fit_softmax(rows, labels, 4, 10.0, 300, tolerance=0.0)
    theirs = LogisticRegression(C=10.0, max_iter=2000, tol=1e-8).fit(rows, labels)
    assert ours.probabilities(rows) == pytest.approx(theirs.predict_proba(rows), abs=2e-3)
    assert ours.slope < 1e-3


def test_gradient_of_differences() -> None:
    rows, labels = _data(1)
    problem = _Problem(rows.astype(np.float64), labels, 4, 0.01)
    weights = np.random.default_rng(2).normal(size=(11, 4))
    _, gradient = problem.loss_and_gradient(weights)
    for place in [(0, 0), (5, 3), (10, 1)]:
        step = np.zeros_like(weights)
        step[place] = 1e-5
        up, down = (problem.loss_and_gradient(weights + sign * step)[0] for sign in (1, -1))
        assert gradient[place] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-8)


def test_sparse_and_dense_agree() -> None:
    rows, labels = _data(3)
    rows[np.abs(rows) < 0.5] = 0
    dense = fit_softmax(rows, labels, 4, 1.0, 200, tolerance=0.0)
    sparse = fit_softmax(scipy.sparse.csr_matrix(rows), labels, 4, 1.0, 200, tolerance=0.0)
    assert dense.probabilities(rows) == pytest.approx(sparse.probabilities(scipy.sparse.csr_matrix(rows)), abs=2e-3)


def test_twenty_steps_arrive_and_a_start_saves_steps() -> None:
    rows, labels = _data(4)
    full = fit_softmax(rows, labels, 4, 10.0, 20)
    again = fit_softmax(rows, labels, 4, 10.0, 20, start=full.weights)
    assert 0 < full.steps <= 20
    assert full.slope < 0.05
    assert again.steps <= 2
