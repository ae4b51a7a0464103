"""Not worse and as good: the score test against its own interval, sizes by enumeration and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, ttest_1samp

from tunewright.statistics.equivalence import equivalence_p, non_inferiority_p, tango_p
from tunewright.statistics.paired import tango_interval


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(61, 400), st.floats(0.01, 0.2))
def test_the_p_and_the_interval_say_the_same(b: int, c: int, n: int, margin: float) -> None:
    low = float(tango_interval(b, c, n)[0])
    p = float(tango_p(b, c, n, -margin))
    if abs(low + margin) > 1e-6:
        assert (p < 0.025) == (low > -margin)


def test_without_a_margin_the_score_test_is_mcnemars() -> None:
    z = (86 - 150) / np.sqrt(86 + 150)
    assert float(tango_p(150, 86, 1600, 0.0)) == pytest.approx(1.5496e-5, rel=1e-3)
    assert float(tango_p(86, 150, 1600, 0.0)) == pytest.approx(1 - 1.5496e-5, rel=1e-6)
    assert z == pytest.approx(-np.sqrt(17.3559), rel=1e-5)


def test_other_scores_go_by_t() -> None:
    gains = np.random.default_rng(0).normal(0.01, 0.1, 50)
    assert non_inferiority_p(gains, 0.02) == pytest.approx(ttest_1samp(gains, -0.02, alternative="greater").pvalue)
    assert equivalence_p(gains, 0.02) == pytest.approx(
        max(
            ttest_1samp(gains, -0.02, alternative="greater").pvalue,
            ttest_1samp(gains, 0.02, alternative="less").pvalue,
        )
    )


def test_nothing_is_shown_without_cases_and_all_with_ties() -> None:
    assert non_inferiority_p(np.zeros(0), 0.02) == 1.0
    assert non_inferiority_p(np.full(20, 0.25), 0.02) < 1e-9
    assert non_inferiority_p(np.full(20, -0.25), 0.02) == 1.0
    # Ties of 0/1 scores are not certainty: 0 of n discordant leaves room for a loss.
    assert non_inferiority_p(np.zeros(20), 0.02) > 0.2
    assert equivalence_p(np.zeros(1000), 0.02) < 1e-4


@pytest.mark.parametrize(("n", "margin"), [(100, 0.05), (300, 0.03)])
def test_size_at_the_margin_by_enumeration(n: int, margin: float) -> None:
    """Truly worse by the margin, a fifth of the cases discordant: how often that is called not worse."""
    share = 0.2
    t = np.arange(n + 1)
    weight = binom.pmf(t, n, share)
    size = 0.0
    for discordant in t[weight > 1e-9]:
        b = np.arange(discordant + 1)
        p = tango_p(b, discordant - b, n, -margin)
        size += weight[discordant] * float(binom.pmf(b, discordant, (1 - margin / share) / 2)[p <= 0.025].sum())
    assert 0.015 <= size <= 0.0306
