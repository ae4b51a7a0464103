"""Claims over seeds: known answers by hand, and coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tunewright.statistics.clusters import clustered_standard_error, group_totals
from tunewright.statistics.recipe import recipe_gain


def test_both_parts_by_hand() -> None:
    """Seeds gain 0.1, 0.2 and 0.3 on every one of 101 cases: cases add nothing, t(2, .975) = 4.302653."""
    gains = np.repeat([[0.1], [0.2], [0.3]], 101, axis=1)
    found = recipe_gain(gains)
    half = 4.302652729911275 * 0.1 / math.sqrt(3)
    assert found.gain == pytest.approx(0.2)
    assert found.seed_sd == pytest.approx(0.1)
    assert found.interval == pytest.approx((0.2 - half, 0.2 + half))
    assert found.by_seed == (0.1, 0.2, 0.3)


def test_equal_seeds_leave_the_interval_over_cases() -> None:
    cases = np.random.default_rng(0).normal(size=200)
    half = 1.971956544249395 * cases.std(ddof=1) / math.sqrt(200)  # t(199, .975)
    found = recipe_gain(np.tile(cases, (4, 1)))
    assert found.interval == pytest.approx((cases.mean() - half, cases.mean() + half))


def test_groups_are_what_is_counted() -> None:
    cases = np.random.default_rng(1).normal(size=60)
    groups = np.repeat(np.arange(12), 5)
    tiled = recipe_gain(np.tile(cases, (3, 1)), groups)
    error = clustered_standard_error(group_totals(cases, groups))
    assert tiled.interval[1] - tiled.gain == pytest.approx(2.200985160082949 * error)  # t(11, .975)


def test_two_seeds_are_too_few() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        recipe_gain(np.zeros((2, 10)))


def test_the_interval_covers_the_gain_of_the_procedure() -> None:
    """Gains of 0.02 with seeds that differ by 0.03 and cases by 0.4: 95 % of intervals hold 0.02, never far fewer."""
    rng = np.random.default_rng(2)
    trials, seeds, cases = 3_000, 5, 300
    luck = rng.normal(0.02, 0.03, size=(trials, seeds, 1))
    of_cases = rng.normal(0.0, 0.4, size=(trials, 1, cases))
    held = 0
    for trial in range(trials):
        noise = rng.normal(0.0, 0.2, size=(seeds, cases))
        low, high = recipe_gain(luck[trial] + of_cases[trial] + noise).interval
        held += low <= 0.02 <= high
    assert 0.94 <= held / trials <= 0.985
