"""Intervals of one proportion: Newcombe's published table, statsmodels, zero-event bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from tunewright.statistics.proportions import clopper_pearson_interval, wilson_interval

relaxed = settings(deadline=None, max_examples=60)


# Newcombe 1998, Statistics in Medicine 17:857, table I; 17/20 and 5/5 from a published pull request.
@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (17, 20, 0.6396, 0.9476),
        (5, 5, 0.5655, 1.0),
    ],
)
def test_published_wilson(x: int, n: int, low: float, high: float) -> None:
    assert np.array(wilson_interval(x, n)) == pytest.approx([low, high], abs=6e-5)


@pytest.mark.parametrize(("x", "n", "low", "high"), [(81, 263, 0.2527, 0.3676), (0, 20, 0.0, 0.1684)])
def test_published_clopper_pearson(x: int, n: int, low: float, high: float) -> None:
    assert np.array(clopper_pearson_interval(x, n)) == pytest.approx([low, high], abs=6e-5)


@pytest.mark.parametrize(
    ("x", "n", "percent"), [(0, 300, 0.99361), (0, 100, 2.9513), (0, 30, 9.5034), (3, 300, 2.5641)]
)
def test_one_sided_95_percent_bounds_of_rare_events(x: int, n: int, percent: float) -> None:
    assert 100 * float(clopper_pearson_interval(x, n, 0.05)[1]) == pytest.approx(percent, rel=2e-5)


@relaxed
@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_agreement_with_statsmodels(case: tuple[int, int]) -> None:
    x, n = case
    assert np.array(wilson_interval(x, n)) == pytest.approx(proportion_confint(x, n, 0.05, "wilson"), abs=1e-9)
    assert np.array(clopper_pearson_interval(x, n)) == pytest.approx(proportion_confint(x, n, 0.05, "beta"), abs=1e-9)


@relaxed
@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_bounds_enclose_the_share_and_mirror(case: tuple[int, int]) -> None:
    x, n = case
    for interval in (wilson_interval, clopper_pearson_interval):
        low, high = (float(v) for v in interval(x, n))
        assert 0 <= low <= x / n <= high <= 1
        mirrored = [float(v) for v in interval(n - x, n)]
        assert mirrored == pytest.approx([1 - high, 1 - low], abs=1e-9)


def test_without_cases_everything_is_possible() -> None:
    assert [float(v) for v in wilson_interval(0, 0)] == [0.0, 1.0]
    assert [float(v) for v in clopper_pearson_interval(0, 0)] == [0.0, 1.0]
