"""Preferences in both orders: what makes a tie, the sign test, the share."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from tunewright.statistics.preferences import both_orders, is_preference, preference


def test_verdicts_that_disagree_make_a_tie() -> None:
    first, second = np.array([1.0, 1.0, 0.0, 0.5, 0.0]), np.array([1.0, 0.0, 0.0, 0.5, 1.0])
    found = both_orders(first, second)
    assert found.scores.tolist() == [1.0, 0.5, 0.0, 0.5, 0.5]
    assert found.flip_rate == pytest.approx(0.4)
    # Shown first it won 2 of 4; shown second the other, which stood first, won 2 of 4.
    assert found.first_place_share == pytest.approx(0.5)


def test_a_judge_that_always_takes_the_first_decides_nothing() -> None:
    found = both_orders(np.ones(20), np.zeros(20))
    assert (found.flip_rate, found.first_place_share) == (1.0, 1.0)
    figures = preference(found.scores, seed=0)
    assert (figures.wins, figures.ties, figures.losses, figures.share, figures.p) == (0, 20, 0, 0.5, 1.0)
    assert figures.interval[0] < 0.5 < figures.interval[1]


def test_the_sign_test_looks_at_decided_cases() -> None:
    scores = np.array([1.0] * 25 + [0.0] * 10 + [0.5] * 65)
    found = preference(scores, seed=0)
    assert found.p == pytest.approx(binomtest(25, 35, alternative="greater").pvalue)
    assert found.share == pytest.approx(0.575)
    assert found.interval[0] < 0.575 < found.interval[1]
    more_ties = preference(np.concatenate([scores, np.full(400, 0.5)]), seed=0)
    assert more_ties.p == found.p
    assert more_ties.share < found.share


def test_groups_are_flipped_together() -> None:
    scores = np.repeat([1.0] * 5 + [0.0], 10)
    grouped = preference(scores, np.repeat(np.arange(6), 10), seed=0)
    assert grouped.p == pytest.approx(7 / 64)
    assert preference(scores, seed=0).p < 1e-6


def test_what_counts_as_a_preference() -> None:
    assert is_preference(np.array([1.0, 0.5, 0.0]))
    assert not is_preference(np.array([1.0, 0.0]))
    assert not is_preference(np.array([1.0, 0.25, 0.5]))
    assert not is_preference(np.zeros(0))
