"""Repeated answers: parts of variance known by construction, and Miller's sample sizes."""

from __future__ import annotations

import numpy as np
import pytest

from tunewright.statistics.repeats import cases_for_gain, repeated, smallest_gain, variance_of_gain


def test_millers_vectors() -> None:
    assert cases_for_gain(0.03, 1 / 9) == pytest.approx(968.997, abs=1e-3)
    for k, expected in ((1, 0.1327), (10, 0.0757)):
        assert smallest_gain(198, variance_of_gain(1 / 9, 1 / 6, 1 / 6, k, k)) == pytest.approx(expected, abs=5e-5)
    assert cases_for_gain(0.0, 1.0) == np.inf


def test_the_two_parts_of_the_variance_are_found() -> None:
    """Uniform difficulty: between 1/12, within 1/6 (Miller 2024, section 3)."""
    random = np.random.default_rng(0)
    easy = random.random(40_000)
    found = repeated((random.random((40_000, 4)) < easy[:, None]).astype(float))
    assert found.within == pytest.approx(1 / 6, rel=0.02)
    assert found.between == pytest.approx(1 / 12, rel=0.03)
    assert found.noise_share == pytest.approx(2 / 3, rel=0.02)
    assert found.repetitions == 4


def test_missing_repetitions_stay_missing() -> None:
    scores = np.array([[1.0, np.nan, 0.0], [np.nan, np.nan, np.nan], [1.0, 1.0, 1.0]])
    found = repeated(scores)
    assert found.means[[0, 2]].tolist() == [0.5, 1.0]
    assert np.isnan(found.means[1])
    assert found.repetitions == 2.5
    # Squares (0.25 + 0.25) over 1 + 2 degrees of freedom.
    assert found.within == pytest.approx(0.5 / 3)


def test_a_system_that_never_changes_its_mind_has_no_noise() -> None:
    found = repeated(np.repeat(np.array([[1.0], [0.0], [1.0]]), 3, axis=1))
    assert (found.within, found.noise_share) == (0.0, 0.0)
    assert found.between == pytest.approx(1 / 3)
    nothing = repeated(np.full((2, 2), np.nan))
    assert (nothing.repetitions, nothing.noise_share) == (0.0, 0.0)
