"""Exposure of planted secrets, membership and differences of small rates: known answers, slow twins, error rates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from tunewright.statistics.exposure import (
    alternatives_for,
    exposure,
    is_exposed,
    membership_auc,
    rank_among,
    rate_difference,
)


@pytest.mark.parametrize(("size", "rank", "bits"), [(1e4, 1, 13.2877), (1e6, 3, 18.3466), (1024, 1024, 0.0)])
def test_known_exposures(size: float, rank: float, bits: float) -> None:
    assert exposure(rank, size) == pytest.approx(bits, abs=5e-5)


def test_a_rank_outside_is_an_error() -> None:
    for rank in (0, 11):
        with pytest.raises(ValueError, match="between 1 and 10"):
            exposure(rank, 10)


def test_the_alarm_is_at_the_first_eight() -> None:
    raised = [rank for rank in range(1, 2049) if is_exposed(exposure(rank, 2048), 2048)]
    assert raised == list(range(1, 9))


def test_ranks_count_what_is_likelier_and_half_of_the_ties() -> None:
    others = np.array([-1.0, -2.0, -3.0, -2.0, -2.0])
    assert rank_among(-0.5, others) == 1
    assert rank_among(-2.0, others) == 1 + 1 + 1
    assert rank_among(-9.0, others) == 6
    # A model that finds everything alike exposes nothing.
    flat = np.zeros(2047)
    assert not is_exposed(exposure(rank_among(0.0, flat), 2048), 2048)


@pytest.mark.parametrize("secrets", [1, 4, 8, 32])
def test_false_alarms_stay_rare_over_all_secrets(secrets: int) -> None:
    size = alternatives_for(secrets)
    assert 1 - binom.pmf(0, secrets, 8 / size) <= 0.025 < 1 - binom.pmf(0, secrets, 16 / size)
    assert math.log2(size) == int(math.log2(size))


def test_uniform_ranks_raise_no_more_alarms_than_that() -> None:
    size, random = alternatives_for(8), np.random.default_rng(4)
    ranks = random.integers(1, size + 1, (4000, 8))
    alarmed = (np.log2(size) - np.log2(ranks) >= np.log2(size) - 3).any(axis=1).mean()
    assert alarmed <= 0.03


def test_the_area_is_the_share_of_pairs() -> None:
    random = np.random.default_rng(0)
    learned, new = random.integers(0, 6, 23).astype(float), random.integers(0, 5, 31).astype(float)
    slow = np.mean([(a > b) + 0.5 * (a == b) for a in learned for b in new])
    area, (low, high) = membership_auc(learned, new)
    assert area == pytest.approx(slow)
    assert 0 < low < area < high < 1
    turned, (other_low, other_high) = membership_auc(new, learned)
    assert turned == pytest.approx(1 - area)
    # Logits are symmetric, so the interval is turned with the area.
    assert (other_low, other_high) == pytest.approx((1 - high, 1 - low))


def test_nothing_is_known_without_spread() -> None:
    assert membership_auc(np.array([]), np.array([1.0])) == (0.5, (0.0, 1.0))
    assert membership_auc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == (1.0, (0.0, 1.0))
    assert membership_auc(np.ones(9), np.ones(9)) == (0.5, (0.0, 1.0))


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_interval_of_the_area_misses_about_one_in_twenty(shift: float) -> None:
    random, missed, draws = np.random.default_rng(int(shift) + 1), 0, 600
    truth = 0.5 * (1 + math.erf(shift / 2))
    for _ in range(draws):
        _, (low, high) = membership_auc(random.normal(shift, 1, 40), random.normal(0, 1, 30))
        missed += not low <= truth <= high
    assert missed / draws <= 0.07


def test_a_difference_of_rates_has_an_honest_width_at_zero() -> None:
    gap, (low, high) = rate_difference(0, 100, 0, 100)
    assert gap == 0
    assert high == pytest.approx(-low) == pytest.approx(0.0362167, abs=1e-6)
    gap, (low, high) = rate_difference(30, 100, 0, 50)
    assert gap == pytest.approx(0.3)
    assert 0.15 < low < 0.3 < high < 0.45


@pytest.mark.parametrize(("p", "q"), [(0.02, 0.02), (0.1, 0.02), (0.5, 0.4)])
def test_its_coverage_by_enumeration(p: float, q: float) -> None:
    n, m, covered = 24, 20, 0.0
    for x in range(n + 1):
        for y in range(m + 1):
            chance = binom.pmf(x, n, p) * binom.pmf(y, m, q)
            if chance > 1e-7:
                low, high = rate_difference(x, n, y, m)[1]
                covered += chance * (low <= p - q <= high)
    assert covered >= 0.95
