"""Sample sizes and power: published numbers, brute-force enumeration, inverses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multinomial

from tunewright.statistics.mcnemar import one_sided_exact, one_sided_mid_p
from tunewright.statistics.power import (
    connor_cases,
    gate_power,
    minimum_detectable_gain,
    non_inferiority_cases,
)

relaxed = settings(deadline=None, max_examples=60)


# Connor 1987 as tabulated in the literature: discordance 0.2, two-sided 0.05, power 0.8.
@pytest.mark.parametrize(("gain", "cases"), [(0.05, 626), (0.03, 1742), (0.10, 155)])
def test_connor(gain: float, cases: int) -> None:
    assert connor_cases(gain, 0.2) == cases


# One-sided 0.05, power 0.8, discordance 0.2.
@pytest.mark.parametrize(("margin", "cases"), [(0.02, 3091), (0.03, 1374), (0.05, 495)])
def test_non_inferiority(margin: float, cases: int) -> None:
    assert non_inferiority_cases(margin, 0.2, alpha=0.05) == pytest.approx(cases, abs=1)


# Smallest detectable gains in points where they are possible (a gain cannot exceed the discordance).
@pytest.mark.parametrize(
    ("n", "pi_d", "points"),
    [
        (50, 0.20, 17.3), (50, 0.30, 21.2), (100, 0.10, 8.8), (100, 0.20, 12.4), (200, 0.05, 4.4), (200, 0.20, 8.8),
        (300, 0.10, 5.1), (500, 0.30, 6.8), (1000, 0.05, 2.0), (1000, 0.20, 4.0), (2000, 0.10, 2.0), (2000, 0.30, 3.4),
    ],
)  # fmt: skip
def test_minimum_detectable_gain(n: int, pi_d: float, points: float) -> None:
    assert 100 * minimum_detectable_gain(n, pi_d) == pytest.approx(points, abs=0.051)


def test_a_gain_needs_as_many_differing_cases() -> None:
    # 50 cases of which 5 % differ: Connor's bare formula would promise 8.7 points, more than can differ at all.
    gain = minimum_detectable_gain(50, 0.05)
    assert gain > 0.14
    assert gate_power(50, gain, gain) == pytest.approx(0.8, abs=0.1)


@relaxed
@given(st.integers(30, 20_000), st.floats(0.01, 0.6), st.floats(1, 5))
def test_smallest_gain_is_the_inverse_of_the_sample_size(n: int, pi_d: float, effect: float) -> None:
    gain = minimum_detectable_gain(n, pi_d, design_effect=effect)
    if gain < 1:
        assert connor_cases(gain, pi_d, design_effect=effect) <= n + 1
        assert connor_cases(gain * 0.999, pi_d, design_effect=effect) >= n - 1


def test_groups_need_more_cases() -> None:
    assert connor_cases(0.05, 0.2, design_effect=2) == pytest.approx(2 * 626, abs=2)
    assert non_inferiority_cases(0.05, 0.2, design_effect=3) == pytest.approx(3 * 628, abs=3)
    assert minimum_detectable_gain(400, 0.2, design_effect=2) == pytest.approx(minimum_detectable_gain(200, 0.2))


# Enumerated: n = 626 at discordance 0.2 and gain 0.05; two-sided sizes at n = 200, gain 0.
def test_enumerated_power() -> None:
    def two_sided(n: int, gain: float, mid_p: bool) -> float:
        return gate_power(n, 0.2, gain, mid_p=mid_p) + gate_power(n, 0.2, -gain, mid_p=mid_p)

    assert two_sided(626, 0.05, True) == pytest.approx(0.8029, abs=5e-5)
    assert two_sided(626, 0.05, False) == pytest.approx(0.7789, abs=5e-5)
    assert two_sided(200, 0.0, True) == pytest.approx(0.0483, abs=5e-5)
    assert two_sided(200, 0.0, False) == pytest.approx(0.0346, abs=5e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(5, 60), st.floats(0.05, 0.9), st.floats(-1, 1), st.sampled_from([0.0, 0.02, 0.1]), st.booleans())
def test_power_against_brute_force(n: int, pi_d: float, tilt: float, at_least: float, mid_p: bool) -> None:
    gain = tilt * pi_d
    b, c = (x.ravel() for x in np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij"))
    inside = b + c <= n
    b, c = b[inside], c[inside]
    shares = [(pi_d + gain) / 2, (pi_d - gain) / 2, 1 - pi_d]
    weight = multinomial.pmf(np.stack([b, c, n - b - c], axis=1), n, shares)
    p = (one_sided_mid_p if mid_p else one_sided_exact)(b, c)
    brute = weight[(p <= 0.025) & ((b - c) >= at_least * n - 1e-9)].sum()
    assert gate_power(n, pi_d, gain, at_least=at_least, mid_p=mid_p) == pytest.approx(brute, abs=1e-9)


@relaxed
@given(st.integers(10, 3000), st.floats(0.02, 0.9))
def test_size_is_at_most_alpha(n: int, pi_d: float) -> None:
    assert gate_power(n, pi_d, 0.0) <= 0.025
    assert gate_power(n, pi_d, 0.0, at_least=0.02) <= gate_power(n, pi_d, 0.0)


def test_edges() -> None:
    assert gate_power(0, 0.2, 0.1) == 0.0
    assert gate_power(100, 0.0, 0.0) == 0.0
    assert gate_power(5, 1.0, 1.0) == 0.0
    assert gate_power(6, 1.0, 1.0) == pytest.approx(1.0)
    assert minimum_detectable_gain(0, 0.2) == 1.0
    assert minimum_detectable_gain(2, 0.2) == 1.0
