"""The sensitivity line: against draws from the posterior, against a double integral, and at its edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad
from scipy.stats import dirichlet

from tunewright.statistics.mcnemar import one_sided_mid_p
from tunewright.statistics.posterior import gain_probability


@pytest.mark.parametrize(
    ("b", "c", "n", "margin"),
    [
        (31, 12, 600, 0.02),
        (6, 0, 40, 0.05),
        (0, 0, 50, 0.02),
        (150, 86, 1600, 0.04),
        (3, 20, 60, 0.0),
        (900, 90, 990, 0.8),
    ],
)
def test_draws_of_the_whole_table_agree(b: int, c: int, n: int, margin: float) -> None:
    """The four cells with 1/2 each, as the prior is stated; both right and both wrong divided at will."""
    both, draws = (n - b - c) // 3, 200_000
    cells = np.random.default_rng(0).dirichlet([both + 0.5, b + 0.5, c + 0.5, n - b - c - both + 0.5], draws)
    seen = float(np.mean(cells[:, 1] - cells[:, 2] > margin))
    error = np.sqrt(max(seen * (1 - seen), 1 / draws) / draws)
    assert gain_probability(b, c, n, margin) == pytest.approx(seen, abs=4.5 * error)


@pytest.mark.parametrize(("b", "c", "n", "margin"), [(4, 1, 12, 0.1), (2, 2, 9, 0.3), (5, 0, 5, 0.5)])
def test_the_double_integral_agrees(b: int, c: int, n: int, margin: float) -> None:
    posterior = dirichlet([b + 0.5, c + 0.5, n - b - c + 1.0])
    # Shares as squares, which takes the poles at 0 out of the integrand.
    found, _ = dblquad(
        lambda v, u: float(posterior.pdf([u * u, v * v, 1 - u * u - v * v])) * 4 * u * v,
        np.sqrt(margin),
        1,
        0,
        lambda u: np.sqrt(max(min(u * u - margin, 1 - u * u), 0.0)),
        epsabs=1e-8,
    )
    assert gain_probability(b, c, n, margin) == pytest.approx(found, abs=1e-5)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 900), st.floats(1e-9, 0.3))
def test_it_falls_with_the_margin_and_mirrors_at_0(b: int, c: int, same: int, margin: float) -> None:
    n = b + c + same
    better, worthwhile = gain_probability(b, c, n), gain_probability(b, c, n, margin)
    assert 0 <= worthwhile <= better + 1e-9
    assert better + gain_probability(c, b, n) == pytest.approx(1.0)
    assert gain_probability(b, c, n, 1e-12) == pytest.approx(better, abs=1e-6)


def test_with_many_cases_it_is_near_one_minus_the_mid_p() -> None:
    for b, c in ((31, 12), (86, 60), (240, 200)):
        assert 1 - gain_probability(b, c, 1000) == pytest.approx(float(one_sided_mid_p(b, c)), rel=0.05, abs=3e-4)


@pytest.mark.parametrize(
    ("b", "c", "n", "margin"), [(5, 6, 10, 0.0), (-1, 0, 10, 0.0), (1, 1, 10, -0.1), (1, 1, 10, 2)]
)
def test_what_cannot_be_is_refused(b: int, c: int, n: int, margin: float) -> None:
    with pytest.raises(ValueError, match="margin from 0 to 1"):
        gain_probability(b, c, n, margin)
