"""Ratios of costs and latencies: exact cases, agreement of formula and bootstrap, coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from tunewright.statistics.ratios import (
    bootstrap_mean_ratio,
    mean_ratio,
    outer_mean_ratio,
    quantile_ratio,
    sample_quantile,
)
from tunewright.statistics.resampling import bootstrap_weights, percentile_bounds


def _costs(n: int, seed: int, ratio: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    size = random.lognormal(0, 0.6, n)
    return ratio * size * random.lognormal(0, 0.2, n), size * random.lognormal(0, 0.2, n)


def test_proportional_costs_have_an_exact_ratio() -> None:
    values = np.array([1.0, 2.0, 5.0, 9.0])
    ratio = mean_ratio(0.5 * values, values)
    assert (ratio.ratio, ratio.low, ratio.high) == pytest.approx((0.5, 0.5, 0.5))
    assert ratio.at_most(0.5 + 1e-9)
    assert not ratio.at_most(0.49)
    assert quantile_ratio(0.5 * values, values, 0.95, seed=0).high == pytest.approx(0.5)


def test_swapping_the_systems_inverts_the_ratio() -> None:
    a, b = _costs(80, 1)
    there, back = mean_ratio(a, b), mean_ratio(b, a)
    assert (1 / back.high, 1 / back.ratio, 1 / back.low) == pytest.approx((there.low, there.ratio, there.high))


def test_formula_and_bootstrap_agree_on_many_cases() -> None:
    a, b = _costs(400, 2)
    formula, drawn = mean_ratio(a, b), bootstrap_mean_ratio(a, b, seed=3)
    assert drawn.ratio == formula.ratio == pytest.approx(a.mean() / b.mean())
    assert (drawn.low, drawn.high) == pytest.approx((formula.low, formula.high), rel=0.01)


def test_groups_widen_the_interval() -> None:
    a, b = _costs(60, 4)
    groups = np.repeat(np.arange(20), 3)
    a, b = np.repeat(a[:20], 3), np.repeat(b[:20], 3)
    alone, grouped = mean_ratio(a, b), mean_ratio(a, b, groups)
    assert grouped.ratio == alone.ratio
    assert np.log(grouped.high / grouped.low) > 1.6 * np.log(alone.high / alone.low)
    once = mean_ratio(a[::3], b[::3])
    assert (grouped.low, grouped.high) == pytest.approx((once.low, once.high))


def test_the_quantile_of_a_sample_is_one_of_its_values() -> None:
    values = np.arange(1.0, 21.0)
    assert [sample_quantile(values, share) for share in (0.5, 0.95, 1.0)] == [10.0, 19.0, 20.0]
    drawn = np.random.default_rng(0).permutation(values)
    assert quantile_ratio(2 * drawn, drawn, 0.5, seed=0).first == 20.0


def test_quantile_bootstrap_is_that_of_drawing_rows_one_by_one() -> None:
    a, b = _costs(25, 5)
    (weights,) = bootstrap_weights(25, seed=7, draws=300)
    logs = []
    for row in weights.astype(int):
        taken = np.repeat(np.arange(25), row)
        logs.append(np.log(sample_quantile(a[taken], 0.9) / sample_quantile(b[taken], 0.9)))
    low, high = percentile_bounds(np.log(sample_quantile(a, 0.9) / sample_quantile(b, 0.9)), np.array(logs), 25, 0.025)
    found = quantile_ratio(a, b, 0.9, seed=7, draws=300)
    assert (found.low, found.high) == pytest.approx((np.exp(low), np.exp(high)))


def test_a_free_system_has_no_bounded_ratio() -> None:
    zero, one = np.zeros(5), np.ones(5)
    assert np.isnan(mean_ratio(one, zero).ratio)
    assert mean_ratio(zero, one).ratio == 0.0
    assert not mean_ratio(zero, one).at_most(0.7)
    assert np.isnan(mean_ratio(np.zeros(0), np.zeros(0)).ratio)


def test_coverage_of_the_ratio_of_means() -> None:
    inside = 0
    for seed in range(2000):
        found = mean_ratio(*_costs(60, seed))
        inside += found.low <= 0.7 <= found.high
    assert 0.93 <= inside / 2000 <= 0.965


@pytest.mark.nightly
def test_coverage_of_the_bootstrapped_ratios() -> None:
    truth = 0.7  # both quantiles of a scaled copy of the same law
    inside = np.zeros(2)
    for seed in range(1000):
        a, b = _costs(80, seed)
        for place, share in enumerate((0.5, 0.95)):
            found = quantile_ratio(a, b, share, seed=seed, draws=500)
            inside[place] += found.low <= truth <= found.high
    assert (inside / 1000 > 0.92).all(), inside


def test_the_outer_ratio_has_the_ends_of_both() -> None:
    a, b = _costs(40, 8)
    formula, drawn, outer = mean_ratio(a, b), bootstrap_mean_ratio(a, b, seed=1), outer_mean_ratio(a, b, seed=1)
    assert (outer.low, outer.high) == (min(formula.low, drawn.low), max(formula.high, drawn.high))
