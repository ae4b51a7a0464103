"""Measures of all answers together: the quick way on totals against the slow way on answers, size and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from tunewright.statistics.corpus import CorpusGain, gain_from_answers, gain_from_totals, macro_f1, micro_f1


def _counts(n: int, seed: int, right: float) -> np.ndarray:
    """(tp, fp, fn) of cases with one to four items, each found with probability ``right``."""
    random = np.random.default_rng(seed)
    items = random.integers(1, 5, n)
    tp = random.binomial(items, right)
    return np.stack([tp, random.poisson(0.4, n), items - tp], axis=1).astype(float)


def _slow(a: np.ndarray, b: np.ndarray, groups: np.ndarray | None, draws: int) -> CorpusGain:
    both = (a, b)

    def asked(rows: np.ndarray, swapped: np.ndarray) -> float:
        total = np.zeros(3)
        for row, other in zip(rows, swapped, strict=True):
            total += both[int(other)][row]
        return float(2 * total[0] / (2 * total[0] + total[1] + total[2]))

    return gain_from_answers(asked, len(a), groups, seed=5, draws=draws)


@pytest.mark.parametrize("grouped", [False, True])
def test_totals_give_what_asking_for_every_draw_gives(grouped: bool) -> None:
    a, b = _counts(40, 1, 0.8), _counts(40, 2, 0.65)
    groups = np.repeat(np.arange(10), 4) if grouped else None
    quick, slow = gain_from_totals(a, b, micro_f1, groups, seed=5, draws=60), _slow(a, b, groups, 60)
    for name in ("first", "second", "gain", "low", "high", "p"):
        assert getattr(quick, name) == pytest.approx(getattr(slow, name), abs=1e-12)


def test_micro_and_macro_f1_are_scikit_learns() -> None:
    random = np.random.default_rng(3)
    targets, answers = random.integers(0, 4, 200), random.integers(0, 4, 200)
    parts = np.zeros((200, 4, 3))
    for row, (target, answer) in enumerate(zip(targets, answers, strict=True)):
        if target == answer:
            parts[row, target, 0] = 1
        else:
            parts[row, target, 2] = parts[row, answer, 1] = 1
    assert float(macro_f1(parts.reshape(200, -1).sum(axis=0))) == pytest.approx(
        f1_score(targets, answers, average="macro")
    )
    assert float(micro_f1(parts.sum(axis=(0, 1)))) == pytest.approx(f1_score(targets, answers, average="micro"))


def test_a_system_against_itself_gains_nothing() -> None:
    a = _counts(30, 4, 0.7)
    found = gain_from_totals(a, a, micro_f1, seed=0)
    assert (found.gain, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_a_clear_difference_is_found_and_its_reverse_is_not() -> None:
    a, b = _counts(120, 5, 0.9), _counts(120, 6, 0.6)
    found, reverse = gain_from_totals(a, b, micro_f1, seed=0), gain_from_totals(b, a, micro_f1, seed=0)
    assert found.p < 0.01
    assert found.low > 0.1
    assert reverse.p > 0.99
    assert reverse.gain == pytest.approx(-found.gain)


def test_one_group_says_nothing() -> None:
    found = gain_from_totals(_counts(9, 1, 0.9), _counts(9, 2, 0.5), micro_f1, np.zeros(9, dtype=int), seed=0)
    assert (found.low, found.high) == (-np.inf, np.inf)
    assert found.p > 0.3


def test_size_of_the_test_and_coverage_of_the_interval() -> None:
    rejected = inside = 0
    for seed in range(400):
        a, b = _counts(50, 2 * seed, 0.75), _counts(50, 2 * seed + 1, 0.75)
        found = gain_from_totals(a, b, micro_f1, seed=seed, draws=400)
        rejected += found.p <= 0.05
        inside += found.low <= 0 <= found.high
    assert rejected / 400 <= 0.08
    assert 0.92 <= inside / 400 <= 0.985


@pytest.mark.nightly
def test_size_with_few_groups() -> None:
    rejected = inside = 0
    for seed in range(2000):
        a, b = _counts(60, 2 * seed, 0.75), _counts(60, 2 * seed + 1, 0.75)
        found = gain_from_totals(a, b, micro_f1, np.repeat(np.arange(12), 5), seed=seed, draws=500)
        rejected += found.p <= 0.025
        inside += found.low <= 0 <= found.high
    assert rejected / 2000 <= 0.035
    assert inside / 2000 >= 0.93
