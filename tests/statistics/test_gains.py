"""The interval of a gain: its special cases, what must hold for any scores, and its coverage for grouped 0/1 scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.statistics.clusters import group_totals, t_interval
from tunewright.statistics.gains import effective_counts, gain_intervals, is_binary
from tunewright.statistics.paired import tango_interval

relaxed = settings(deadline=None, max_examples=60)

binary_gains = st.lists(st.sampled_from([-1.0, 0.0, 0.0, 1.0]), min_size=1, max_size=60).map(np.array)


def gain_interval(gains: np.ndarray, groups: np.ndarray | None = None) -> tuple[float, float]:
    """The interval of one gain."""
    (bounds,) = gain_intervals([effective_counts(gains, groups)])
    return bounds


any_gains = st.lists(st.floats(-1, 1), min_size=1, max_size=60).map(np.array)


def test_independent_binary_scores_get_tango_itself() -> None:
    gains = np.array([1.0] * 31 + [-1.0] * 12 + [0.0] * 557)
    assert gain_interval(gains) == pytest.approx(tuple(float(x) for x in tango_interval(31, 12, 600)))
    assert effective_counts(gains, None).cases == 600


@relaxed
@given(st.one_of(binary_gains, any_gains), st.integers(1, 6))
def test_interval_contains_the_estimate_and_mirrors_when_swapped(gains: np.ndarray, size: int) -> None:
    groups = np.arange(len(gains)) // size
    low, high = gain_interval(gains, groups)
    assert -1 <= low <= gains.mean() + 1e-9
    assert gains.mean() - 1e-9 <= high <= 1
    assert gain_interval(-gains, groups) == pytest.approx((-high, -low), abs=1e-9)


@relaxed
@given(binary_gains, st.integers(2, 6))
def test_grouping_never_narrows_binary_scores(gains: np.ndarray, size: int) -> None:
    alone_low, alone_high = gain_interval(gains)
    low, high = gain_interval(gains, np.arange(len(gains)) // size)
    assert low <= alone_low + 1e-9
    assert high >= alone_high - 1e-9


def test_systems_that_never_differ_keep_an_honest_width() -> None:
    # No difference in 40 groups of 5: what 40 independent cases would say, where a t interval would say 0 exactly.
    gains, groups = np.zeros(200), np.repeat(np.arange(40), 5)
    low, high = gain_interval(gains, groups)
    assert t_interval(group_totals(gains, groups)) == (0.0, 0.0)
    assert high == -low
    assert high >= float(tango_interval(0, 0, 40)[1])


def test_copies_within_a_group_count_once() -> None:
    once = np.array([1.0] * 20 + [-1.0] * 8 + [0.0] * 72)
    repeated, groups = np.repeat(once, 4), np.repeat(np.arange(100), 4)
    assert effective_counts(repeated, groups).cases <= 100
    low, high = gain_interval(repeated, groups)
    single_low, single_high = gain_interval(once)
    assert high - low == pytest.approx(single_high - single_low, rel=0.03)


def test_small_steady_differences_of_continuous_scores_are_not_blown_up() -> None:
    gains = np.random.default_rng(0).normal(0.03, 0.05, size=200)
    low, high = gain_interval(gains)
    t_low, t_high = t_interval(group_totals(gains, None))
    assert high - low == pytest.approx(t_high - t_low, rel=0.05)
    assert (low + high) / 2 == pytest.approx(gains.mean(), abs=0.002)


def test_a_few_continuous_differences_do_not_shrink_the_interval() -> None:
    gains = np.zeros(100)
    gains[:3] = 0.05
    low, _ = gain_interval(gains)
    assert low < -0.02


@pytest.mark.parametrize("gains", [np.ones(7), -np.ones(7), np.zeros(1), np.array([0.3])])
def test_one_group_proves_nothing(gains: np.ndarray) -> None:
    low, high = gain_interval(gains, np.zeros(len(gains), dtype=np.int64))
    assert low < -0.5
    assert high > 0.5


def test_without_cases_everything_is_possible() -> None:
    assert gain_interval(np.zeros(0)) == (-1.0, 1.0)
    assert gain_interval(np.zeros(0), np.zeros(0, dtype=np.int64)) == (-1.0, 1.0)


def test_is_binary() -> None:
    assert is_binary(np.array([-1.0, 0, 1]))
    assert not is_binary(np.array([0.5]))


def grouped_gains(
    generator: np.random.Generator, groups: int, pi_d: float, gain: float
) -> tuple[np.ndarray, np.ndarray]:
    """0/1 scores in uneven groups whose shares of fixed and broken cases vary between groups (correlation 0.2)."""
    sizes = 1 + generator.geometric(0.25, size=groups)
    shares = generator.dirichlet(4 * np.array([(pi_d + gain) / 2, (pi_d - gain) / 2, 1 - pi_d]), size=groups)
    counts = generator.multinomial(sizes, shares)
    values = np.concatenate([np.repeat([1.0, -1.0, 0.0], row) for row in counts])
    return values, np.repeat(np.arange(groups), sizes)


@pytest.mark.parametrize(
    ("groups", "pi_d", "gain"), [(20, 0.2, 0.0), (40, 0.2, 0.1), (80, 0.1, 0.05), (200, 0.2, 0.05)]
)
def test_coverage_for_grouped_binary_scores(groups: int, pi_d: float, gain: float) -> None:
    generator = np.random.default_rng(groups)
    runs, too_high, too_low = 600, 0, 0
    for _ in range(runs):
        low, high = gain_interval(*grouped_gains(generator, groups, pi_d, gain))
        too_high += low > gain
        too_low += high < gain
    # Nominal 2.5 % on each side; four standard errors of 600 runs on top.
    assert max(too_high, too_low) / runs <= 0.025 + 4 * np.sqrt(0.025 * 0.975 / runs)
    assert too_high + too_low > 0
