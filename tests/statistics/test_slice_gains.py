"""Slices: counted below 30 cases, flagged together, and no more false flags than promised."""

from __future__ import annotations

import numpy as np
import pytest

from tunewright.statistics.mcnemar import two_sided_exact
from tunewright.statistics.multiplicity import benjamini_hochberg
from tunewright.statistics.slices import slice_gains


def test_small_slices_are_counted_and_not_judged() -> None:
    gains = np.concatenate([np.ones(29), np.ones(30)])
    few, enough = sorted(slice_gains(gains, ["few"] * 29 + ["enough"] * 30, seed=0), key=lambda s: s.n)
    assert (few.name, few.p, few.p_adjusted, few.flag, few.gain) == ("few", None, None, None, 1.0)
    assert enough.flag == "better"
    assert enough.p == pytest.approx(2 * 0.5**30)


def test_p_values_are_those_of_mcnemar_adjusted_over_the_slices() -> None:
    counts = {"a": (20, 4), "b": (6, 16), "c": (5, 5)}
    gains = np.concatenate([[1.0] * b + [-1.0] * c + [0.0] * 20 for b, c in counts.values()])
    names = [name for name, (b, c) in counts.items() for _ in range(b + c + 20)]
    found = {one.name: one for one in slice_gains(gains, names, seed=0)}
    p = np.array([float(two_sided_exact(*counts[name])) for name in counts])
    assert [found[name].p for name in counts] == pytest.approx(p)
    assert [found[name].p_adjusted for name in counts] == pytest.approx(benjamini_hochberg(p))
    assert [found[name].flag for name in counts] == ["better", "worse", None]
    assert found["b"].low < -10 / 42 < found["b"].high


def test_groups_and_other_scores_go_by_sign_flips() -> None:
    random = np.random.default_rng(1)
    gains = np.repeat(random.normal(0.3, 0.1, 10), 4).clip(-1, 1)
    (found,) = slice_gains(gains, ["all"] * 40, np.repeat(np.arange(10), 4), seed=0)
    assert found.p == pytest.approx(2 / 1024)


def test_no_cases_no_slices() -> None:
    assert slice_gains(np.zeros(0), [], seed=0) == []


def test_share_of_false_flags() -> None:
    """Eight slices, two of them truly better: among flags at most about a tenth are false."""
    false = flagged = found = 0
    for seed in range(120):
        random = np.random.default_rng(seed)
        gains, names = [], []
        for number in range(8):
            shares = [0.30, 0.05, 0.65] if number < 2 else [0.15, 0.15, 0.70]
            gains.append(random.choice([1.0, -1.0, 0.0], 80, p=shares))
            names += [str(number)] * 80
        for one in slice_gains(np.concatenate(gains), names, seed=seed):
            flagged += one.flag is not None
            false += one.flag is not None and int(one.name) >= 2
            found += one.flag == "better" and int(one.name) < 2
    assert false / flagged <= 0.10
    assert found / 240 > 0.8
