"""Published figures for single formulas, each worked out by the functions that the program decides with."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import t as student
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from tunewright.statistics.arrays import FloatArray
from tunewright.statistics.clusters import clustered_standard_error, group_totals, t_interval
from tunewright.statistics.mcnemar import chi_square, two_sided_exact
from tunewright.statistics.multiplicity import holm
from tunewright.statistics.proportions import wilson_interval
from tunewright.statistics.selective import conformal_quantile, conformal_rank
from tunewright.statistics.unpaired import difference_interval

Z = -float(ndtri(0.025))


def gains(b: int, c: int, n: int) -> FloatArray:
    return np.array([1.0] * b + [-1.0] * c + [0.0] * (n - b - c))


def plain_error(values: FloatArray) -> float:
    """Standard error with n in the place of n - 1, as the printed Wald intervals have it."""
    return clustered_standard_error(group_totals(values, None)) * math.sqrt((len(values) - 1) / len(values))


# Wikipedia (121, 59); Fagerland, Lydersen, Laake 2013 (6, 16) and (1, 7); stat-tools.xyz (5, 12); Agresti (86, 150).
@pytest.mark.parametrize(
    ("b", "c", "plain", "plain_p", "corrected", "corrected_p"),
    [
        (121, 59, 21.3556, 4e-6, 20.672, 5e-6),
        (6, 16, 4.5455, 0.033006, 3.6818, 0.055009),
        (1, 7, 4.5, 0.033895, 3.125, 0.077100),
        (5, 12, 2.8824, 0.089555, 2.1176, 0.145610),
        (86, 150, 17.3559, 3.0993e-5, None, None),
    ],
)
def test_mcnemars_chi_squared(
    b: int, c: int, plain: float, plain_p: float, corrected: float | None, corrected_p: float | None
) -> None:
    for wanted, wanted_p, way in ((plain, plain_p, False), (corrected, corrected_p, True)):
        found, p = (float(x) for x in chi_square(b, c, corrected=way))
        oracle = mcnemar(np.array([[3, b], [c, 5]]), exact=False, correction=way)
        assert (found, p) == pytest.approx((oracle.statistic, oracle.pvalue))
        if wanted is not None and wanted_p is not None:
            assert found == pytest.approx(wanted, abs=6e-4)
            assert p == pytest.approx(wanted_p, abs=max(5e-7, 2e-4 * wanted_p))


def test_one_case_that_differs() -> None:
    """Right answers 1, 0, 1 against 1, 1, 1 and 1, 0, 1: a library prints 1.0 and .31731; exact, nothing is shown."""
    right, first, second = np.array([1, 0, 1]), np.array([1, 1, 1]), np.array([1, 0, 1])
    b = int(np.sum((first == right) & (second != right)))
    c = int(np.sum((first != right) & (second == right)))
    assert [float(x) for x in chi_square(b, c)] == pytest.approx([1.0, 0.31731], abs=5e-6)
    assert two_sided_exact(b, c) == 1.0
    assert [float(x) for x in chi_square(0, 0)] == [0.0, 1.0]
    assert [float(x) for x in chi_square(0, 0, corrected=True)] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("b", "c", "n", "low", "high"),
    [(1, 7, 21, -0.51971, -0.05172), (150, 86, 1600, 0.021284, 0.058716)],
)
def test_paired_wald_intervals(b: int, c: int, n: int, low: float, high: float) -> None:
    """AHR data of Bentur; Agresti's approval ratings. Our standard error gives them; we decide by Tango's interval."""
    d = gains(b, c, n)
    half = Z * plain_error(d)
    assert (d.mean() - half, d.mean() + half) == pytest.approx((low, high), abs=1e-5)


def test_paired_interval_of_bonett_and_price() -> None:
    """Wald's on the table with one more case fixed and one more broken (2012): AHR, 1, 1, 7, 12."""
    d = gains(1 + 1, 7 + 1, 21 + 2)
    half = Z * plain_error(d)
    assert (d.mean() - half, d.mean() + half) == pytest.approx((-0.50836, -0.01338), abs=1e-5)


def test_bonferroni_is_the_first_step_of_holm() -> None:
    """Holm gives the smallest of four p values its Bonferroni value; so each stands beside three that are 1."""
    four = [0.01, 0.04, 0.03, 0.005]
    alone = [float(holm(np.array([p, 1.0, 1.0, 1.0]))[0]) for p in four]
    assert alone == pytest.approx([0.04, 0.16, 0.12, 0.02])
    assert np.all(holm(np.array(four)) <= np.array(alone))


def test_bonferroni_rejects_3_of_15() -> None:
    """Benjamini and Hochberg 1995, section 3."""
    p = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459,
        0.324, 0.4262, 0.5719, 0.6528, 0.759, 1.0
    ]  # fmt: skip
    alone = [float(holm(np.array([one, *[1.0] * 14]))[0]) for one in p]
    assert alone == pytest.approx(multipletests(p, method="bonferroni")[1])
    assert sum(one <= 0.05 for one in alone) == 3


# Miller 2024: gain in points and its 95 % interval, all printed to a tenth of a point.
@pytest.mark.parametrize(
    ("questions", "gain", "low", "high"),
    [(5000, 2.5, 1.2, 3.8), (164, -3.1, -7.2, 1.0), (2500, -2.7, -6.1, 0.7)],
    ids=["MATH", "HumanEval", "MGSM"],
)
def test_millers_paired_intervals(questions: int, gain: float, low: float, high: float) -> None:
    """Scores with exactly that mean gain and the spread that the printed width stands for."""
    assert (low + high) / 2 == pytest.approx(gain, abs=0.051)
    error = (high - low) / (2 * Z)
    shape = np.linspace(-1, 1, questions)
    values = gain + shape * error / clustered_standard_error(group_totals(shape, None))
    found = t_interval(group_totals(values, None))
    assert found == pytest.approx((low, high), abs=0.08)


def test_millers_standard_errors() -> None:
    """65.5 % of 5,000 answers: .7 points. 3.2 points on 164 is what 78.7 % or 21.3 % have, 2.9 what 83.5 % have."""

    def error(right: int, n: int) -> float:
        return 100 * clustered_standard_error(group_totals(np.array([1.0] * right + [0.0] * (n - right)), None))

    assert error(3275, 5000) == pytest.approx(0.7, abs=0.05)
    assert error(129, 164) == pytest.approx(3.2, abs=0.05)
    assert error(137, 164) == pytest.approx(2.9, abs=0.05)


def test_a_paired_t() -> None:
    first = np.array([0.82, 0.75, 0.91, 0.60, 0.70, 0.88, 0.95, 0.55, 0.64, 0.79])
    second = np.array([0.78, 0.70, 0.93, 0.50, 0.66, 0.80, 0.94, 0.50, 0.60, 0.70])
    totals = group_totals(first - second, None)
    t = totals.mean / clustered_standard_error(totals)
    assert clustered_standard_error(totals) == pytest.approx(0.01143095, abs=5e-9)
    assert t == pytest.approx(4.199125, abs=5e-7)
    assert 2 * student.sf(t, 9) == pytest.approx(0.00230968, abs=5e-9)
    # The interval at just that level ends at 0.
    assert t_interval(totals, 0.00230968 / 2)[0] == pytest.approx(0.0, abs=1e-7)


def test_two_tunings_that_do_not_differ() -> None:
    """PEFT's benchmark, GSM8K: 631 of 1,319 with LoRA, 622 with full training."""
    right, n = (631, 622), 1319
    bounds = [tuple(float(end) for end in wilson_interval(k, n)) for k in right]
    low, high = difference_interval(
        right[0] / n, (bounds[0][0], bounds[0][1]), right[1] / n, (bounds[1][0], bounds[1][1])
    )
    gap, error = 100 * (right[0] - right[1]) / n, 100 * (high - low) / (2 * Z)
    assert gap == pytest.approx(0.68, abs=0.005)
    assert error == pytest.approx(1.94, abs=0.006)
    assert gap / error == pytest.approx(0.351, abs=0.001)
    assert low < 0 < high


@pytest.mark.parametrize(("cases", "alpha", "rank"), [(99, 0.1, 90), (500, 0.05, 476), (8, 0.1, None), (9, 0.1, 9)])
def test_conformal_ranks(cases: int, alpha: float, rank: int | None) -> None:
    assert conformal_rank(cases, alpha) == rank
    scores = np.random.default_rng(1).permutation(np.arange(1.0, cases + 1))
    assert conformal_quantile(scores, alpha) == (math.inf if rank is None else rank)


def test_a_new_case_stays_within_the_conformal_bound_as_often_as_promised() -> None:
    """Over many calibrations: between 1 - alpha and 1 - alpha + 1 / (n + 1), whatever the scores."""
    rng = np.random.default_rng(2)
    draws = rng.exponential(size=(20_000, 40)) ** 3
    held = np.mean([row[-1] <= conformal_quantile(row[:-1], 0.15) for row in draws])
    assert 0.85 - 3 * 0.0026 <= held <= 0.85 + 1 / 40 + 3 * 0.0026


def test_a_level_that_is_none() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        conformal_rank(10, 1.0)
