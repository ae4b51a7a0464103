"""Krippendorff's alpha against published figures and a slow twin; Cohen's kappa by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.statistics.agreement import cohen_kappa, krippendorff_alpha, krippendorff_interval

relaxed = settings(deadline=None, max_examples=40)

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: four observers, 12 units, 0 is missing.
FOUR_OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
)
# The same, sections A and B: two observers, ten units; binary, and five letters.
BINARY = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]])
LETTERS = np.array([[0, 0, 1, 1, 3, 2, 2, 2, 4, 3, 3, 0], [1, 0, 1, 1, 1, 2, 2, 2, 4, 3, 3, 3]])


def _counts(ratings: np.ndarray, values: list[int]) -> np.ndarray:
    return np.stack([(ratings == value).sum(axis=0) for value in values], axis=1)


@pytest.mark.parametrize(("scale", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_published_four_observers(scale: str, alpha: float) -> None:
    counts = _counts(FOUR_OBSERVERS, [1, 2, 3, 4, 5])
    assert krippendorff_alpha(counts, scale, [1, 2, 3, 4, 5]) == pytest.approx(alpha, abs=6e-4)


def test_published_two_observers() -> None:
    assert krippendorff_alpha(_counts(BINARY, [0, 1])) == pytest.approx(0.095, abs=6e-4)
    assert krippendorff_alpha(_counts(LETTERS, [0, 1, 2, 3, 4])) == pytest.approx(0.692, abs=6e-4)


def _differing(values: list[int]) -> int:
    return sum(a != b for i, a in enumerate(values) for j, b in enumerate(values) if i != j)


def _slow_nominal(counts: np.ndarray) -> float:
    """Observed and expected disagreement pair by pair."""
    units = [[v for v, n in enumerate(row) for _ in range(n)] for row in counts.tolist()]
    units = [unit for unit in units if len(unit) >= 2]
    flat = [v for unit in units for v in unit]
    n = len(flat)
    observed = sum(
        sum(a != b for i, a in enumerate(unit) for j, b in enumerate(unit) if i != j) / (len(unit) - 1)
        for unit in units
    )
    expected = sum(a != b for i, a in enumerate(flat) for j, b in enumerate(flat) if i != j) / (n - 1)
    return 1 - observed / expected


@relaxed
@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=2, max_size=12))
def test_agreement_with_the_slow_twin(rows: list[list[int]]) -> None:
    counts = np.array(rows)
    found = krippendorff_alpha(counts)
    pairable = counts[counts.sum(axis=1) >= 2].sum(axis=0)
    if (pairable > 0).sum() < 2:
        assert found is None
    else:
        assert found == pytest.approx(_slow_nominal(counts), abs=1e-9)


def test_interval_encloses_alpha_and_narrows_with_cases() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(3, size=800)
    said = np.stack([np.where(random.random(800) < 0.8, truth, random.integers(3, size=800)) for _ in range(3)])
    counts = _counts(said, [0, 1, 2])
    few, many = krippendorff_interval(counts[:60]), krippendorff_interval(counts)
    assert few is not None
    assert many is not None
    assert many[0] < krippendorff_alpha(counts) < many[1]
    assert many[1] - many[0] < (few[1] - few[0]) / 2


def test_nothing_to_tell() -> None:
    assert krippendorff_alpha(np.array([[1, 0], [0, 1]])) is None
    assert krippendorff_alpha(np.array([[2, 0], [3, 0]])) is None
    assert krippendorff_interval(np.array([[2, 0], [3, 0]])) is None


def test_cohen_kappa_by_hand() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed .7, expected .5.
    first = np.array([1] * 25 + [0] * 25)
    second = np.array([1] * 20 + [0] * 5 + [1] * 10 + [0] * 15)
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa(first, first) == 1.0
    assert cohen_kappa(np.zeros(5, dtype=int), np.zeros(5, dtype=int)) == 0.0
