"""Looking again and again: published values, the bet by numerical integration, and false proofs over 30 looks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from tunewright.statistics.betting import betting_confidence_sequence, gain_confidence_sequence
from tunewright.statistics.mcnemar import one_sided_exact
from tunewright.statistics.sequential import (
    bernoulli_confidence_sequence,
    discordant_e_value,
    two_sided_discordant_e_value,
)


@pytest.mark.parametrize(
    ("b", "c", "both", "one"),
    [
        (16, 6, 2.4441, 4.8034),
        (25, 10, 5.1990, 10.3392),
        (15, 3, 16.9082, 33.7415),
        (10, 0, 93.0909, 186.0909),
        (30, 10, 31.6369, 63.2279),
    ],
)
def test_known_e_values(b: int, c: int, both: float, one: float) -> None:
    assert float(two_sided_discordant_e_value(b, c)) == pytest.approx(both, abs=6e-5)
    assert float(discordant_e_value(b, c)) == pytest.approx(one, abs=6e-5)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (3, 8), (12, 5)])
def test_the_e_value_is_the_mixture_of_bets(b: int, c: int) -> None:
    def bet(p: float) -> float:
        return float(2 ** (b + c) * p**b * (1 - p) ** c)

    assert float(discordant_e_value(b, c)) == pytest.approx(2 * quad(bet, 0.5, 1)[0], rel=1e-8)
    assert float(two_sided_discordant_e_value(b, c)) == pytest.approx(quad(bet, 0, 1)[0], rel=1e-8)


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [
        (17, 20, 0.5292, 0.9862),
        (85, 100, 0.7099, 0.9414),
        (60, 100, 0.4408, 0.7460),
        (0, 50, 0.0, 0.1294),
        (850, 1000, 0.8061, 0.8878),
    ],
)
def test_known_confidence_sequences(x: int, n: int, low: float, high: float) -> None:
    assert bernoulli_confidence_sequence(x, n) == pytest.approx((low, high), abs=6e-5)


def test_without_cases_everything_is_possible() -> None:
    assert bernoulli_confidence_sequence(0, 0) == (0.0, 1.0)
    assert betting_confidence_sequence(np.zeros(0)) == (0.0, 1.0)
    assert float(discordant_e_value(0, 0)) == pytest.approx(1.0)


def test_peeking_is_forgiven_by_the_e_value_and_not_by_a_p() -> None:
    """No difference in truth, 30 looks at 10 discordant cases each."""
    random = np.random.default_rng(0)
    fixed = random.binomial(10, 0.5, (4000, 30)).cumsum(axis=1)
    broken = 10 * np.arange(1, 31) - fixed
    by_p = (one_sided_exact(fixed, broken) <= 0.025).any(axis=1).mean()
    by_e = (discordant_e_value(fixed, broken) >= 40).any(axis=1).mean()
    assert by_p > 0.10
    assert by_e <= 0.025


def test_a_betting_sequence_holds_the_mean_at_every_look() -> None:
    """Skewed scores, every prefix looked at: the running bounds of the longest prefix are the tightest of all."""
    missed = 0
    for seed in range(300):
        scores = np.random.default_rng(seed).beta(0.5, 2.0, 300)
        low, high = betting_confidence_sequence(scores, grid=401)
        missed += not low <= 0.2 <= high
    assert missed / 300 <= 0.05


def test_betting_in_chunks_is_betting_one_by_one() -> None:
    """The slow twin: one score at a time, for the same grid of means."""
    scores = np.random.default_rng(4).random(700)
    means = np.linspace(0, 1, 101)
    logs, best = np.zeros((2, 101)), np.full(101, -np.inf)
    total, squares = 0.5, 0.25
    variance = 0.25
    for t, score in enumerate(scores, start=1):
        stake = np.sqrt(2 * np.log(2 / 0.05) / (variance * t * np.log(1 + t)))
        with np.errstate(divide="ignore"):
            up, down = np.minimum(stake, 0.5 / means), np.minimum(stake, 0.5 / (1 - means))
        logs += np.log1p([up * (score - means), -down * (score - means)])
        best = np.maximum(best, logs.max(axis=0))
        total += score
        squares += (score - total / (t + 1)) ** 2
        variance = squares / (t + 1)
    kept = np.flatnonzero(best < np.log(2 / 0.05))
    assert betting_confidence_sequence(scores, grid=101) == pytest.approx((means[kept[0] - 1], means[kept[-1] + 1]))


def test_gains_are_shifted_and_small_spread_tells_more() -> None:
    gains = np.full(400, 0.1)
    low, high = gain_confidence_sequence(gains)
    assert low <= 0.1 <= high
    assert high - low < 0.15
    wide = gain_confidence_sequence(np.tile([1.0, -0.8], 200))
    assert wide[1] - wide[0] > 2 * (high - low)
