"""Judges as instruments: Rogan and Gladen's vectors, who is admitted and who is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from tunewright.statistics.judge_quality import corrected_rate, judge_quality


def _verdicts(passed: int, right: int, failed: int, wrong: int) -> tuple[np.ndarray, np.ndarray]:
    human = np.array([1.0] * right + [0.0] * wrong)
    judge = np.array([1.0] * passed + [0.0] * (right - passed) + [0.0] * failed + [1.0] * (wrong - failed))
    return judge, human


def test_rogan_and_gladens_vectors() -> None:
    found = corrected_rate(0.80, 1000, 0.85, 100, 0.90, 100)
    assert (found.rate, found.standard_error) == pytest.approx((0.866667, 0.0390707), abs=6e-7)
    assert found.interval == pytest.approx((0.79009, 0.94324), abs=6e-6)
    assert corrected_rate(0.78, 1000, 0.85, 100, 0.90, 100).rate == pytest.approx(0.84)


def test_a_rate_beyond_the_judges_errors_is_cut_and_chance_is_refused() -> None:
    cut = corrected_rate(0.99, 100, 0.9, 50, 0.9, 50)
    assert cut.rate == cut.interval[1] == 1.0
    with pytest.raises(ValueError, match="chance"):
        corrected_rate(0.5, 100, 0.4, 50, 0.5, 50)


def test_coverage_of_the_corrected_rate() -> None:
    random, inside = np.random.default_rng(1), 0
    for _ in range(500):
        passed = random.binomial(1000, 0.7 * 0.9 + 0.3 * 0.15) / 1000
        sensitivity, specificity = random.binomial(100, 0.9) / 100, random.binomial(100, 0.85) / 100
        low, high = corrected_rate(passed, 1000, specificity, 100, sensitivity, 100).interval
        inside += low <= 0.7 <= high
    assert 0.92 <= inside / 500 <= 0.98


def test_a_good_judge_is_admitted_with_its_figures() -> None:
    found = judge_quality(*_verdicts(90, 100, 88, 100), seed=0)
    assert found.admitted
    assert (found.sensitivity, found.specificity) == (0.9, 0.88)
    assert found.sensitivity_interval == pytest.approx(proportion_confint(90, 100, 0.05, "wilson"))
    below = [0.9 - found.sensitivity_interval[0], 0.88 - found.specificity_interval[0]]
    assert found.youden_low == pytest.approx(0.78 - np.hypot(*below))
    assert found.alpha is not None
    assert found.alpha_interval is not None
    assert found.alpha_interval[0] < found.alpha < found.alpha_interval[1]


def test_a_judge_that_passes_everything_is_not_admitted() -> None:
    """121 of 160 agree, all 39 errors are of one sort: 76 % agreement and no specificity."""
    found = judge_quality(*_verdicts(121, 121, 0, 39), seed=0)
    assert (found.sensitivity, found.specificity, found.youden) == (1.0, 0.0, 0.0)
    assert found.youden_low < 0
    assert not found.admitted
    assert len(found.reasons) == 2


def test_too_few_labels_or_one_sort_of_them_admit_nobody() -> None:
    few = judge_quality(*_verdicts(45, 45, 45, 45), seed=0)
    assert few.reasons == ("90 labelled answers are fewer than 100",)
    one_sort = judge_quality(*_verdicts(150, 150, 0, 0), seed=0)
    assert one_sort.specificity is None
    assert any("right" in reason for reason in one_sort.reasons)


def test_the_lower_bound_of_youdens_index_holds() -> None:
    random, held = np.random.default_rng(2), 0
    for _ in range(400):
        judge, human = _verdicts(random.binomial(60, 0.85), 60, random.binomial(60, 0.75), 60)
        positive = human == 1
        q1, q0 = judge[positive].mean(), 1 - judge[~positive].mean()
        z2 = norm.ppf(0.975) ** 2
        low = [(q * 60 + z2 / 2 - np.sqrt(z2) * np.sqrt(q * (1 - q) * 60 + z2 / 4)) / (60 + z2) for q in (q1, q0)]
        held += q1 + q0 - 1 - np.hypot(q1 - low[0], q0 - low[1]) <= 0.6
    assert held / 400 >= 0.955
