"""The share of a whole gain: Fieller's interval against a slow search, its coverage, and where none can be stated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtrit

from tunewright.statistics.gain_shares import gain_share


def _not_rejected(part: np.ndarray, whole: np.ndarray, share: float, groups: np.ndarray) -> bool:
    """The slow twin: a t test of the mean of part - share x whole, over sums of groups."""
    names = np.unique(groups)
    values = part - share * whole
    mean = values.mean()
    residuals = np.array([(values[groups == name] - mean).sum() for name in names])
    error = np.sqrt(len(names) / (len(names) - 1) * (residuals**2).sum()) / len(values)
    return bool(abs(mean) <= -float(stdtrit(len(names) - 1, 0.025)) * error)


@pytest.mark.parametrize("size", [1, 4])
def test_the_interval_holds_the_shares_that_a_test_does_not_reject(size: int) -> None:
    random = np.random.default_rng(5)
    whole = random.choice([1.0, 0.0, -1.0], 160, p=[0.4, 0.5, 0.1])
    part = np.where(random.random(160) < 0.6, whole, 0.0)
    groups = np.arange(160) // size
    found = gain_share(part, whole, groups)
    assert found is not None
    assert found.share == pytest.approx(part.mean() / whole.mean())
    for end, inwards in ((found.low, 1), (found.high, -1)):
        assert _not_rejected(part, whole, end + 1e-6 * inwards, groups)
        assert not _not_rejected(part, whole, end - 1e-6 * inwards, groups)
    if size == 1:
        alone = gain_share(part, whole)
        assert alone is not None
        assert (alone.low, alone.high) == pytest.approx((found.low, found.high))


def test_no_share_of_a_gain_that_is_not_shown() -> None:
    random = np.random.default_rng(2)
    whole = random.choice([1.0, 0.0, -1.0], 100, p=[0.1, 0.82, 0.08])
    assert gain_share(whole, whole) is None
    assert gain_share(np.zeros(50), -np.ones(50)) is None
    assert gain_share(np.ones(1), np.ones(1)) is None


def test_the_whole_gain_is_all_of_itself_and_standing_still_is_none_of_it() -> None:
    whole = np.array([1.0] * 30 + [0.0] * 50 + [-1.0] * 3)
    all_of_it, none_of_it = gain_share(whole, whole), gain_share(np.zeros(83), whole)
    assert all_of_it is not None
    assert none_of_it is not None
    assert (all_of_it.share, all_of_it.low, all_of_it.high) == pytest.approx((1.0, 1.0, 1.0))
    assert (none_of_it.share, none_of_it.low, none_of_it.high) == pytest.approx((0.0, 0.0, 0.0))


def test_coverage() -> None:
    """Half of a gain of 20 points, 200 cases in groups of two: 95 % of intervals hold 0.5."""
    hits = stated = 0
    groups = np.repeat(np.arange(100), 2)
    for seed in range(1500):
        random = np.random.default_rng(seed)
        kind = np.repeat(random.random(100), 2)
        today, middle, best = (
            (np.where(random.random(200) < 0.5, kind, random.random(200)) < right).astype(float)
            for right in (0.55, 0.65, 0.75)
        )
        found = gain_share(middle - today, best - today, groups)
        if found is not None:
            stated += 1
            hits += found.low <= 0.5 <= found.high
    assert stated > 1400
    assert 0.93 <= hits / stated <= 0.97
