"""The AUC against all pairs counted one by one, and the stability index against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from tunewright.statistics.drift import auc_interval, kolmogorov_smirnov, stability_index


def test_auc_counts_pairs() -> None:
    chance = np.random.default_rng(0)
    positive, negative = chance.integers(0, 8, 40).astype(float), chance.integers(0, 6, 30).astype(float)
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in positive for b in negative]
    area, (low, high) = auc_interval(positive, negative)
    assert area == pytest.approx(np.mean(pairs))
    assert low < area < high


def test_the_interval_of_the_auc_covers() -> None:
    chance = np.random.default_rng(3)
    # P(X > Y) for normals one apart: Phi(1 / sqrt(2)) = 0.7602.
    hits = 0
    for _ in range(200):
        low, high = auc_interval(chance.normal(1, 1, 60), chance.normal(0, 1, 60))[1]
        hits += low <= 0.7602 <= high
    assert 180 <= hits <= 199


def test_a_perfect_separation_keeps_a_width_and_nothing_is_unknown() -> None:
    area, (low, high) = auc_interval(np.array([2.0, 3.0]), np.array([0.0, 1.0]))
    assert (area, high) == (1.0, 1.0)
    assert low < 1.0
    assert auc_interval(np.array([]), np.array([1.0])) == (0.5, (0.0, 1.0))


def test_stability_index_by_hand() -> None:
    base, other = np.repeat([0.0, 1.0], 50), np.repeat([0.0, 1.0], [20, 80])
    expected = (0.5 - 0.2) * np.log(0.5 / 0.2) + (0.5 - 0.8) * np.log(0.5 / 0.8)
    assert stability_index(base, other) == pytest.approx(expected)
    assert stability_index(base, base) == 0.0
    assert stability_index(base, np.array([])) == 0.0


def test_kolmogorov_smirnov_of_disjoint_samples_is_one() -> None:
    distance, p = kolmogorov_smirnov(np.arange(50.0), np.arange(50.0) + 100)
    assert distance == 1.0
    assert p < 1e-6
    assert kolmogorov_smirnov(np.array([]), np.arange(3.0)) == (0.0, 1.0)
