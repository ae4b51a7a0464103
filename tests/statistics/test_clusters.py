"""Clustered standard errors: Miller's toy example, the ungrouped special case, the paired continuous example."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tunewright.statistics.clusters import (
    clustered_standard_error,
    design_effect,
    group_totals,
    t_interval,
    t_quantile,
)

relaxed = settings(deadline=None, max_examples=60)

TOY = np.array([1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0], dtype=float)
TOY_GROUPS = np.repeat(np.arange(4), 3)
# Paired scores of two systems, the textbook example also used for the sign-flip test.
FIRST = np.array([0.82, 0.75, 0.91, 0.60, 0.70, 0.88, 0.95, 0.55, 0.64, 0.79])
SECOND = np.array([0.78, 0.70, 0.93, 0.50, 0.66, 0.80, 0.94, 0.50, 0.60, 0.70])


def test_toy_example_of_miller() -> None:
    # Miller 2024 without the small-sample factor gives 0.186339; with C / (C - 1) it is 0.215166.
    totals = group_totals(TOY, TOY_GROUPS)
    error = clustered_standard_error(totals)
    assert totals.mean == 0.5
    assert error == pytest.approx(0.215166, abs=5e-7)
    assert error * np.sqrt(3 / 4) == pytest.approx(0.186339, abs=5e-7)
    assert design_effect(TOY, TOY_GROUPS) == pytest.approx(1.6667, abs=5e-5)
    assert t_quantile(4, 0.025) == pytest.approx(3.18245, abs=5e-6)
    assert t_interval(totals) == pytest.approx((0.5 - 3.18245 * 0.215166, 0.5 + 3.18245 * 0.215166), abs=1e-5)


def test_ungrouped_is_the_ordinary_standard_error() -> None:
    gains = FIRST - SECOND
    totals = group_totals(gains, None)
    assert totals.mean == pytest.approx(0.048)
    assert clustered_standard_error(totals) == pytest.approx(0.01143095, abs=5e-9)
    assert clustered_standard_error(group_totals(TOY, None)) == pytest.approx(0.150756, abs=5e-7)
    low, high = t_interval(totals)
    oracle = stats.ttest_rel(FIRST, SECOND).confidence_interval(0.95)
    assert (low, high) == pytest.approx((oracle.low, oracle.high))


@relaxed
@given(st.lists(st.floats(0, 1), min_size=2, max_size=40), st.integers(0, 1000))
def test_groups_of_one_row_change_nothing(values: list[float], seed: int) -> None:
    scores = np.array(values)
    labels = np.random.default_rng(seed).permutation(len(values))
    alone = clustered_standard_error(group_totals(scores, None))
    assert clustered_standard_error(group_totals(scores, labels)) == pytest.approx(alone)


@relaxed
@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=2, max_size=30), st.integers(2, 5))
def test_copying_every_row_within_its_group_adds_no_certainty(values: list[float], copies: int) -> None:
    gains = np.array(values)
    once = clustered_standard_error(group_totals(gains, None))
    repeated = group_totals(np.repeat(gains, copies), np.repeat(np.arange(len(gains)), copies))
    assert clustered_standard_error(repeated) == pytest.approx(once)
    assert repeated.effective_groups == pytest.approx(len(gains))


def test_one_group_knows_no_error() -> None:
    totals = group_totals(TOY, np.zeros(12, dtype=np.int64))
    assert clustered_standard_error(totals) == float("inf")
    assert t_interval(totals) == (-float("inf"), float("inf"))


def test_uneven_groups_count_for_less() -> None:
    totals = group_totals(np.zeros(100), np.array([0] * 91 + list(range(1, 10))))
    assert totals.count == 10
    assert totals.effective_groups == pytest.approx(100**2 / (91**2 + 9))


def test_varying_groups_are_those_off_the_commonest_mean() -> None:
    assert group_totals(np.array([0.0, 0, 0, 1, 1, -1]), None).varying_groups == 3
    assert group_totals(np.zeros(5), None).varying_groups == 0
