"""Tango's and Newcombe's intervals: published values, brute force from the likelihood, invariants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtri, xlogy

from tunewright.statistics.mcnemar import one_sided_exact
from tunewright.statistics.paired import newcombe_interval, tango_excess, tango_interval

relaxed = settings(deadline=None, max_examples=60)


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, int]:
    n = draw(st.integers(1, 500))
    b = draw(st.integers(0, n))
    return b, draw(st.integers(0, n - b)), n


# AHR data of Bentur (a, b, c, d = 1, 1, 7, 12), a cross-over of 161, Agresti's approval ratings (second minus first).
@pytest.mark.parametrize(
    ("b", "c", "n", "low", "high"),
    [
        (1, 7, 21, -0.51723, -0.02600),
        (6, 16, 161, -0.12402, -0.00543),
        (150, 86, 1600, 0.021362, 0.058998),
    ],
)
def test_published_tango_intervals(b: int, c: int, n: int, low: float, high: float) -> None:
    assert np.array(tango_interval(b, c, n)) == pytest.approx([low, high], abs=1.5e-5)


@pytest.mark.parametrize(
    ("a", "b", "c", "d", "low", "high"),
    [(1, 1, 7, 12, -0.50692, -0.02556), (59, 6, 16, 80, -0.11862, -0.00463)],
)
def test_published_newcombe_intervals(a: int, b: int, c: int, d: int, low: float, high: float) -> None:
    assert np.array(newcombe_interval(a, b, c, d)) == pytest.approx([low, high], abs=1e-5)


def brute_force_score(b: int, c: int, n: int, gain: float) -> float:
    """Tango's statistic with the nuisance probability found by maximising the likelihood numerically."""

    def loss(broken: float) -> float:
        fixed = broken + gain
        return -float(xlogy(b, fixed) + xlogy(c, broken) + xlogy(n - b - c, 1 - fixed - broken))

    low, high = max(0.0, -gain), (1 - gain) / 2
    broken = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-13}).x
    return (b - c - n * gain) / np.sqrt(n * (2 * broken + gain - gain**2))


@pytest.mark.parametrize(("b", "c", "n"), [(1, 7, 21), (6, 16, 161), (31, 12, 600), (12, 9, 50), (3, 2, 40)])
def test_tango_is_the_inverted_score_test(b: int, c: int, n: int) -> None:
    low, high = tango_interval(b, c, n)
    z = -ndtri(0.025)
    estimate = (b - c) / n
    brute_low = brentq(lambda g: brute_force_score(b, c, n, g) - z, -0.98, estimate - 1e-4)
    brute_high = brentq(lambda g: brute_force_score(b, c, n, g) + z, estimate + 1e-4, 0.98)
    assert [float(low), float(high)] == pytest.approx([brute_low, brute_high], abs=1e-5)


@relaxed
@given(tables())
def test_interval_contains_the_estimate_and_mirrors_when_swapped(table: tuple[int, int, int]) -> None:
    b, c, n = table
    low, high = tango_interval(b, c, n)
    assert -1 <= low <= (b - c) / n <= high <= 1
    mirrored_low, mirrored_high = tango_interval(c, b, n)
    assert [float(mirrored_low), float(mirrored_high)] == pytest.approx([-float(high), -float(low)], abs=1e-9)


@relaxed
@given(tables())
def test_lower_bound_is_above_zero_exactly_when_the_score_test_rejects(table: tuple[int, int, int]) -> None:
    b, c, n = table
    rejects = b > c and (b - c) / np.sqrt(b + c) > -ndtri(0.025)
    assert (tango_interval(b, c, n)[0] > 0) == rejects
    assert (tango_excess(b, c, n, 0.0, -ndtri(0.025)) > 0) == rejects


@relaxed
@given(tables(), st.floats(0.001, 0.2))
def test_a_stricter_level_is_wider(table: tuple[int, int, int], alpha: float) -> None:
    low, high = tango_interval(*table, alpha)
    strict_low, strict_high = tango_interval(*table, alpha / 2)
    assert strict_low <= low + 1e-12
    assert strict_high >= high - 1e-12


@relaxed
@given(tables())
def test_one_more_fixed_case_raises_both_ends(table: tuple[int, int, int]) -> None:
    b, c, n = table
    low, high = tango_interval(b, c, n + 1)
    more_low, more_high = tango_interval(b + 1, c, n + 1)
    assert more_low >= low - 1e-9
    assert more_high >= high - 1e-9


@settings(max_examples=30)
@given(st.lists(tables(), min_size=1, max_size=20))
def test_arrays_give_what_single_tables_give(many: list[tuple[int, int, int]]) -> None:
    b, c, n = np.array(many).T
    low, high = tango_interval(b, c, n)
    for i, table in enumerate(many):
        assert [low[i], high[i]] == [float(x) for x in tango_interval(*table)]


def test_edges() -> None:
    assert [float(x) for x in tango_interval(0, 0, 0)] == [-1.0, 1.0]
    assert float(tango_interval(5, 0, 5)[1]) == 1.0
    assert float(tango_interval(0, 5, 5)[0]) == -1.0
    # No discordant case in n: z^2 / (n + z^2), near the rule of three.
    z2 = ndtri(0.025) ** 2
    assert float(tango_interval(0, 0, 300)[1]) == pytest.approx(z2 / (300 + z2), abs=1e-9)


@relaxed
@given(tables())
def test_the_exact_gate_is_stricter_than_the_interval(table: tuple[int, int, int]) -> None:
    """So a borderline is always an interval that excludes 0 without proof, never the other way round."""
    b, c, n = table
    if one_sided_exact(b, c) <= 0.025:
        assert tango_interval(b, c, n)[0] > 0


def test_newcombe_and_tango_agree_on_many_cases() -> None:
    newcombe = newcombe_interval(5000, 400, 300, 4300)
    tango = tango_interval(400, 300, 10_000)
    assert np.array(newcombe) == pytest.approx(np.array(tango), abs=1e-4)
