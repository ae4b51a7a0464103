"""The difference of means from different cases: Newcombe's worked examples, and coverage at the edge."""

from __future__ import annotations

import numpy as np
import pytest

from tunewright.statistics.means import mean_interval
from tunewright.statistics.proportions import wilson_interval
from tunewright.statistics.unpaired import difference_interval


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        # Newcombe (1998, Statistics in Medicine 17:873), table II, method 10.
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ],
)
def test_published_intervals(first: tuple[int, int], second: tuple[int, int], low: float, high: float) -> None:
    (a, m), (b, n) = first, second
    bounds = [tuple(float(end) for end in wilson_interval(k, size)) for k, size in (first, second)]
    found = difference_interval(a / m, (bounds[0][0], bounds[0][1]), b / n, (bounds[1][0], bounds[1][1]))
    assert found == pytest.approx((low, high), abs=5e-5)


def test_coverage_with_groups_and_every_training_row_right() -> None:
    """Training rows all right, test cases in groups of five at 70 %: the true gap is 0.3."""
    hits = 0
    groups = np.repeat(np.arange(40), 5)
    for seed in range(400):
        random = np.random.default_rng(seed)
        alike = np.repeat(random.random(40), 5)
        test = (np.where(random.random(200) < 0.4, alike, random.random(200)) < 0.7).astype(float)
        own = mean_interval(np.ones(200), groups)
        low, high = difference_interval(1.0, own, float(test.mean()), mean_interval(test, groups))
        hits += low <= 0.3 <= high
    assert hits / 400 >= 0.93
