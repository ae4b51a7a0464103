"""The interval of one mean score: special cases, groups, scores that are all equal."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tunewright.statistics.clusters import group_totals, t_interval
from tunewright.statistics.means import effective_cases, mean_interval
from tunewright.statistics.proportions import clopper_pearson_interval, wilson_interval

relaxed = settings(deadline=None, max_examples=60)

scores_of_any_kind = st.one_of(
    st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=50),
    st.lists(st.floats(0, 1), min_size=1, max_size=50),
).map(np.array)


def test_independent_binary_scores_get_the_textbook_intervals() -> None:
    scores = np.array([1.0] * 81 + [0.0] * 182)
    assert mean_interval(scores) == pytest.approx(tuple(float(x) for x in wilson_interval(81, 263)))
    exact = tuple(float(x) for x in clopper_pearson_interval(81, 263))
    assert mean_interval(scores, method="exact") == pytest.approx(exact)


@relaxed
@example(np.array([0.0, 0.0, 0.0, 2.220446049250313e-16]), 1)
@given(scores_of_any_kind, st.integers(1, 6))
def test_interval_contains_the_mean_and_stays_in_the_unit(scores: np.ndarray, size: int) -> None:
    for groups in (None, np.arange(len(scores)) // size):
        for method in ("wilson", "exact"):
            low, high = mean_interval(scores, groups, method=method)
            assert 0 <= low <= scores.mean() + 1e-9
            assert scores.mean() - 1e-9 <= high <= 1


def test_groups_that_agree_within_count_once() -> None:
    once = np.array([1.0] * 30 + [0.0] * 10)
    groups = np.repeat(np.arange(40), 5)
    assert 30 < effective_cases(np.repeat(once, 5), groups) <= 40
    assert effective_cases(np.ones(200), groups) <= 40
    assert effective_cases(np.ones(200)) == 200


def test_continuous_scores_follow_their_own_spread() -> None:
    scores = np.clip(np.random.default_rng(1).normal(0.7, 0.1, size=150), 0, 1)
    low, high = mean_interval(scores)
    t_low, t_high = t_interval(group_totals(scores, None))
    assert high - low == pytest.approx(t_high - t_low, rel=0.05)


def test_a_single_group_and_no_scores() -> None:
    low, high = mean_interval(np.ones(50), np.zeros(50, dtype=np.int64))
    assert (low < 0.1, high) == (True, 1.0)
    assert mean_interval(np.zeros(0)) == (0.0, 1.0)
