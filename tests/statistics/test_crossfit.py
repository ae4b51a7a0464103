"""Intervals for out-of-fold gains: the formulas of Bayle et al. by hand, the fold-to-fold variance, edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from tunewright.statistics.crossfit import VARIANCES, cross_fit_interval, cross_fit_standard_error

relaxed = settings(deadline=None, max_examples=60)

GAINS = np.array([1.0, 0, 0, -1, 0, 1, 1, 0, 0, 0, 1, 0])
FOLDS = np.repeat(np.arange(3), 4)


def test_all_pairs_is_the_spread_about_the_overall_mean() -> None:
    by_hand = np.sqrt(np.mean((GAINS - GAINS.mean()) ** 2) / len(GAINS))
    assert cross_fit_standard_error(GAINS, FOLDS) == pytest.approx(by_hand)


def test_within_fold_is_the_mean_of_the_folds_variances() -> None:
    variances = [np.var(GAINS[k == FOLDS], ddof=1) for k in range(3)]
    by_hand = np.sqrt(np.mean(variances) / len(GAINS))
    assert cross_fit_standard_error(GAINS, FOLDS, variance="within-fold") == pytest.approx(by_hand)


def test_between_folds_is_the_spread_of_the_fold_means() -> None:
    means = [GAINS[k == FOLDS].mean() for k in range(3)]
    by_hand = np.std(means, ddof=1) / np.sqrt(3)
    assert cross_fit_standard_error(GAINS, FOLDS, variance="between-folds") == pytest.approx(by_hand)


def test_interval_is_the_mean_and_z_standard_errors() -> None:
    error = cross_fit_standard_error(GAINS, FOLDS)
    low, high = cross_fit_interval(GAINS, FOLDS, alpha=0.01)
    assert (low + high) / 2 == pytest.approx(GAINS.mean())
    assert high - low == pytest.approx(2 * -ndtri(0.01) * error)


@relaxed
@given(st.lists(st.floats(-1, 1), min_size=6, max_size=40), st.integers(2, 3))
def test_groups_of_one_row_change_nothing_and_copies_add_nothing(values: list[float], copies: int) -> None:
    gains = np.array(values)
    folds = np.arange(len(gains)) % 3
    groups = np.arange(len(gains))
    for variance in VARIANCES:
        alone = cross_fit_standard_error(gains, folds, None, variance)
        assert cross_fit_standard_error(gains, folds, groups, variance) == pytest.approx(alone)
        repeated = cross_fit_standard_error(
            np.repeat(gains, copies), np.repeat(folds, copies), np.repeat(groups, copies), variance
        )
        assert repeated == pytest.approx(alone)


def test_what_cannot_be_known_is_infinite() -> None:
    one = np.zeros(4, dtype=np.int64)
    assert cross_fit_standard_error(GAINS[:4], one, variance="between-folds") == float("inf")
    assert cross_fit_standard_error(GAINS[:3], np.arange(3), variance="within-fold") == float("inf")
    assert cross_fit_interval(np.zeros(0), np.zeros(0, dtype=np.int64)) == (-float("inf"), float("inf"))
