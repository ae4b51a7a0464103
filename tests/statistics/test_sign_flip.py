"""The sign-flip test: the exact example, agreement with McNemar and with scipy, drawn flips near the exact p."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from tunewright.statistics.clusters import group_totals
from tunewright.statistics.mcnemar import one_sided_exact
from tunewright.statistics.sign_flip import EXACT_GROUPS, sign_flip_p

relaxed = settings(deadline=None, max_examples=60)

GAINS = np.array([0.04, 0.05, -0.02, 0.10, 0.04, 0.08, 0.01, 0.05, 0.04, 0.09])


def test_paired_example() -> None:
    # Two-sided 6 / 1024 by enumeration, as scipy.stats.permutation_test with permutation_type="samples" gives.
    assert 2 * sign_flip_p(group_totals(GAINS, None), seed=0) == pytest.approx(6 / 1024)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=2, max_size=11))
def test_equal_groups_agree_with_scipy(values: list[int]) -> None:
    gains = np.array(values, dtype=float)
    oracle = permutation_test(
        (gains, np.zeros_like(gains)),
        lambda x, y: float(np.sum(x - y)),
        permutation_type="samples",
        alternative="greater",
        n_resamples=np.inf,
    ).pvalue
    assert sign_flip_p(group_totals(gains, None), seed=0) == pytest.approx(oracle)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 50))
def test_binary_rows_alone_give_exact_mcnemar(b: int, c: int, same: int) -> None:
    gains = np.array([1.0] * b + [-1.0] * c + [0.0] * same)
    assert sign_flip_p(group_totals(gains, None), seed=0) == pytest.approx(float(one_sided_exact(b, c)))


@relaxed
@given(st.integers(0, 1000))
def test_groups_of_one_row_equal_no_groups(seed: int) -> None:
    generator = np.random.default_rng(seed)
    gains = generator.choice([-1.0, 0.0, 0.25, 1.0], size=14)
    labels = generator.permutation(14)
    alone = sign_flip_p(group_totals(gains, None), seed=3)
    assert sign_flip_p(group_totals(gains, labels), seed=3) == pytest.approx(alone)


def test_drawn_flips_come_near_the_exact_p() -> None:
    gains = np.random.default_rng(5).normal(0.5, 1.0, size=EXACT_GROUPS + 1)
    sums = np.zeros(1)
    for gain in gains:
        sums = np.concatenate([sums + gain, sums - gain])
    exact = float(np.mean(sums >= gains.sum() - 1e-9))
    drawn = sign_flip_p(group_totals(gains, None), seed=1)
    assert 0.01 < exact < 0.3
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000))


def test_drawn_p_is_never_zero_and_the_same_for_a_seed() -> None:
    totals = group_totals(np.ones(60), None)
    assert sign_flip_p(totals, seed=7, draws=999) == 1 / 1000
    noisy = group_totals(np.random.default_rng(0).normal(size=60), None)
    assert sign_flip_p(noisy, seed=7) == sign_flip_p(noisy, seed=7)


def test_all_groups_winning_alike_is_two_to_the_minus_groups() -> None:
    gains = np.ones(12)
    assert sign_flip_p(group_totals(gains, np.repeat(np.arange(4), 3)), seed=0) == 2**-4
    assert sign_flip_p(group_totals(gains, np.zeros(12, dtype=np.int64)), seed=0) == 0.5


def test_no_gain_at_all() -> None:
    assert sign_flip_p(group_totals(np.zeros(9), None), seed=0) == 1.0
    assert sign_flip_p(group_totals(np.zeros(0), None), seed=0) == 1.0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=3, max_size=10))
def test_both_directions_share_the_ties(values: list[int]) -> None:
    gains = np.array(values, dtype=float)
    groups = np.arange(len(gains)) // 2
    up = sign_flip_p(group_totals(gains, groups), seed=0)
    down = sign_flip_p(group_totals(-gains, groups), seed=0)
    assert up + down >= 1.0 - 1e-12
