"""McNemar's test: published values, statsmodels as oracle, and what must hold for any counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.contingency_tables import mcnemar

from tunewright.statistics.mcnemar import (
    one_sided_exact,
    one_sided_mid_p,
    smallest_rejecting,
    two_sided_exact,
    two_sided_mid_p,
)

relaxed = settings(deadline=None, max_examples=60)

counts = st.integers(0, 400)


# Exact and mid-p: Fagerland, Lydersen, Laake 2013 (6, 16) and (1, 7); Agresti (86, 150); Wikipedia (121, 59); the rest
# computed by enumeration elsewhere.
@pytest.mark.parametrize(
    ("b", "c", "exact", "mid_p"),
    [
        (121, 59, 4.434e-6, 3.267e-6),
        (6, 16, 0.052479, 0.034690),
        (1, 7, 0.070312, 0.039063),
        (5, 12, 0.143463, 0.096252),
        (86, 150, 3.7159e-5, 2.8934e-5),
        (10, 0, 0.001953, 0.000977),
        (5, 0, 0.0625, 0.03125),
        (25, 10, 0.016674, 0.011331),
    ],
)
def test_published_two_sided_values(b: int, c: int, exact: float, mid_p: float) -> None:
    assert two_sided_exact(b, c) == pytest.approx(exact, rel=2e-4)
    assert two_sided_mid_p(b, c) == pytest.approx(mid_p, rel=5e-4)


def test_one_discordant_case_proves_nothing() -> None:
    # The asymptotic test of other libraries gives 0.317 here; the exact answer is 1.
    assert two_sided_exact(1, 0) == 1.0
    assert one_sided_exact(1, 0) == 0.5


def test_no_discordant_cases() -> None:
    assert one_sided_exact(0, 0) == 1.0
    assert one_sided_mid_p(0, 0) == 0.5
    assert two_sided_mid_p(0, 0) == 1.0


@relaxed
@given(counts, counts)
def test_exact_agrees_with_statsmodels(b: int, c: int) -> None:
    oracle = mcnemar(np.array([[3, b], [c, 5]]), exact=True).pvalue if b + c else 1.0
    assert float(two_sided_exact(b, c)) == pytest.approx(min(float(oracle), 1.0), rel=1e-9)


@relaxed
@given(counts, counts)
def test_one_sided_is_the_binomial_tail(b: int, c: int) -> None:
    assert float(one_sided_exact(b, c)) == pytest.approx(binom.sf(b - 1, b + c, 0.5), rel=1e-9)
    mid = binom.sf(b - 1, b + c, 0.5) - binom.pmf(b, b + c, 0.5) / 2
    assert float(one_sided_mid_p(b, c)) == pytest.approx(mid, rel=1e-7)


@relaxed
@given(counts, counts)
def test_swapping_the_systems(b: int, c: int) -> None:
    assert float(one_sided_mid_p(b, c)) + float(one_sided_mid_p(c, b)) == pytest.approx(1.0)
    assert two_sided_exact(b, c) == two_sided_exact(c, b)


@relaxed
@given(counts, counts)
def test_one_more_win_never_hurts_and_one_more_loss_never_helps(b: int, c: int) -> None:
    assert one_sided_exact(b + 1, c) <= one_sided_exact(b, c)
    assert one_sided_exact(b, c + 1) >= one_sided_exact(b, c)
    assert one_sided_mid_p(b, c) <= one_sided_exact(b, c)


@pytest.mark.parametrize("mid_p", [False, True])
@pytest.mark.parametrize("alpha", [0.025, 0.009])
def test_smallest_rejecting_is_the_edge_of_the_test(alpha: float, mid_p: bool) -> None:
    p_value = one_sided_mid_p if mid_p else one_sided_exact
    total = np.arange(301, dtype=float)
    edge = smallest_rejecting(300, alpha, mid_p=mid_p)
    reachable = edge <= total
    assert reachable[10:].all()
    assert np.all(p_value(edge[reachable], (total - edge)[reachable]) <= alpha)
    below = np.maximum(edge - 1, 0)
    assert np.all(p_value(below, total - below) > alpha)


def test_five_straight_wins_do_not_reach_the_gate_and_six_do() -> None:
    assert smallest_rejecting(6, 0.025).tolist() == [1, 2, 3, 4, 5, 6, 6]


def test_the_table_cannot_be_changed_by_a_caller() -> None:
    with pytest.raises(ValueError, match="read-only"):
        smallest_rejecting(5, 0.025)[0] = 0.0
