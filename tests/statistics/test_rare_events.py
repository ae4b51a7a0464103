"""Rates near 0: the rule of three, published bounds, and the number of faultless cases."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from tunewright.statistics.rare_events import cases_to_bound, upper_bound


@pytest.mark.parametrize(
    ("x", "n", "percent"), [(0, 300, 0.99361), (0, 100, 2.9513), (0, 30, 9.5034), (3, 300, 2.5641)]
)
def test_published_bounds(x: int, n: int, percent: float) -> None:
    assert 100 * upper_bound(x, n) == pytest.approx(percent, rel=2e-5)


def test_bounds_are_scipys() -> None:
    for events, n in ((4, 250), (0, 40), (39, 40)):
        assert upper_bound(events, n) == pytest.approx(binomtest(events, n).proportion_ci(0.90, "exact").high)
    assert upper_bound(40, 40) == 1.0


@pytest.mark.parametrize("rate", [0.3, 0.05, 0.01, 0.001])
@pytest.mark.parametrize("events", [0, 1, 3])
def test_the_number_of_cases_is_the_smallest_that_shows_the_rate(rate: float, events: int) -> None:
    n = cases_to_bound(rate, events)
    assert upper_bound(events, n) <= rate < upper_bound(events, n - 1)


def test_the_rule_of_three() -> None:
    assert cases_to_bound(0.01) == 299
    assert cases_to_bound(0.001) == pytest.approx(3 / 0.001, rel=0.002)
    for rate in (0.0, 1.0, -0.1):
        with pytest.raises(ValueError, match="between 0 and 1"):
            cases_to_bound(rate)
