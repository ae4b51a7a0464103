"""Calibration error and Brier score: by hand, against scikit-learn, and independent of the order of rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from tunewright.statistics.calibration import brier_score, expected_calibration_error

relaxed = settings(deadline=None, max_examples=60)

rows = st.lists(st.tuples(st.sampled_from([0.1, 0.35, 0.5, 0.75, 0.9, 1.0]), st.booleans()), min_size=1, max_size=80)


def test_by_hand() -> None:
    confidence = np.array([0.6, 0.6, 0.9, 0.9])
    right = np.array([1.0, 0.0, 1.0, 1.0])
    # Bins {0.6, 0.6} with gap 0.1 and {0.9, 0.9} with gap 0.1.
    assert expected_calibration_error(confidence, right, bins=2) == pytest.approx(0.1)
    assert brier_score(confidence, right) == pytest.approx((0.16 + 0.36 + 0.01 + 0.01) / 4)


def test_perfect_and_worst() -> None:
    assert expected_calibration_error(np.ones(50), np.ones(50)) == 0.0
    assert expected_calibration_error(np.ones(50), np.zeros(50)) == 1.0


@relaxed
@given(rows, st.integers(0, 100))
def test_order_of_rows_does_not_matter(cases: list[tuple[float, bool]], seed: int) -> None:
    confidence, right = np.array([c for c, _ in cases]), np.array([float(r) for _, r in cases])
    shuffled = np.random.default_rng(seed).permutation(len(cases))
    value = expected_calibration_error(confidence, right)
    assert value == pytest.approx(expected_calibration_error(confidence[shuffled], right[shuffled]))
    assert value is not None
    assert abs(confidence.mean() - right.mean()) - 1e-9 <= value <= 1


@relaxed
@given(rows)
def test_brier_against_scikit_learn(cases: list[tuple[float, bool]]) -> None:
    confidence, right = np.array([c for c, _ in cases]), np.array([int(r) for _, r in cases])
    assert brier_score(confidence, right) == pytest.approx(brier_score_loss(right, confidence, pos_label=1))


def test_bins_hold_equal_numbers_of_cases() -> None:
    # 30 confidences in 15 bins of 2: within a bin one is right, one wrong, and the confidences straddle 0.5.
    confidence = np.linspace(0.4, 0.6, 30)
    right = np.tile([0.0, 1.0], 15)
    by_hand = np.mean([abs(confidence[i : i + 2].mean() - 0.5) for i in range(0, 30, 2)])
    assert expected_calibration_error(confidence, right) == pytest.approx(by_hand)


def test_without_cases() -> None:
    assert expected_calibration_error(np.zeros(0), np.zeros(0)) is None
    assert brier_score(np.zeros(0), np.zeros(0)) is None
