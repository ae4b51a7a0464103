"""A judge beside people: the toy of the literature, freedom from bias, and coverage."""

from __future__ import annotations

import numpy as np
import pytest

from tunewright.statistics.prediction_powered import prediction_powered_mean

HUMAN = np.array([1, 0, 1, 1, 0, 1, 0, 1], dtype=float)
JUDGED = np.array([0.9, 0.2, 0.8, 0.7, 0.4, 0.9, 0.3, 0.6])
OTHERS = np.array([0.9, 0.8, 0.1, 0.7, 0.6, 0.4, 0.95, 0.2, 0.5, 0.85, 0.75, 0.3, 0.65, 0.9, 0.05, 0.55])


@pytest.mark.parametrize(
    ("weight", "used", "estimate", "error"),
    [(0.0, 0.0, 0.625, 0.182981), (1.0, 1.0, 0.600, 0.126409), (None, 1.090191, 0.597745, 0.125857)],
)
def test_the_toy(weight: float | None, used: float, estimate: float, error: float) -> None:
    found = prediction_powered_mean(HUMAN, JUDGED, OTHERS, weight)
    assert (found.weight, found.estimate, found.standard_error) == pytest.approx((used, estimate, error), abs=6e-7)


def test_a_useless_judge_costs_nothing_and_a_perfect_one_counts_as_labels() -> None:
    random = np.random.default_rng(0)
    human = random.random(300)
    useless = prediction_powered_mean(human, random.random(300), random.random(3000))
    assert useless.worth == pytest.approx(300, rel=0.05)
    perfect = prediction_powered_mean(human, human, random.random(3000))
    assert perfect.worth > 2500
    alone = prediction_powered_mean(human, np.ones(300), np.ones(10))
    assert (alone.weight, alone.estimate) == (0.0, pytest.approx(human.mean()))


def test_a_judge_that_favours_one_system_does_not_move_the_estimate() -> None:
    """The judge adds 0.2 to the first system; its own mean says 0.25, people say 0.05."""
    inside, estimates = 0, []
    for seed in range(400):
        random = np.random.default_rng(seed)
        true = random.normal(0.05, 0.3, 800)
        judged = true + 0.2 + random.normal(0, 0.15, 800)
        found = prediction_powered_mean(true[:80], judged[:80], judged[80:])
        estimates.append(found.estimate)
        inside += found.interval[0] <= 0.05 <= found.interval[1]
    assert np.mean(estimates) == pytest.approx(0.05, abs=0.005)
    assert 0.925 <= inside / 400 <= 0.98


def test_too_few_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="two labelled"):
        prediction_powered_mean(np.ones(1), np.ones(1), np.ones(9))
