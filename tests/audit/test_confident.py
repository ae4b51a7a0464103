"""Confident learning: flags that cleanlab 2.9.0 gives too, a slow twin, invariants of the joint."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.audit import confident
from tunewright.audit.confident import (
    confident_joint,
    doubt,
    error_chances,
    likely_class,
    noise_flags,
    normalized_margin,
    self_confidence,
)

relaxed = settings(deadline=None, max_examples=40)


def _noisy(rows: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True labels, given labels (a tenth of them wrong) and probabilities of a fair classifier."""
    random = np.random.default_rng(seed)
    truth = random.integers(classes, size=rows)
    given = np.where(random.random(rows) < 0.1, random.integers(classes, size=rows), truth)
    logits = random.normal(size=(rows, classes)) + 3 * np.eye(classes)[truth]
    exp = np.exp(logits)
    return truth, given, exp / exp.sum(axis=1, keepdims=True)


def _slow_joint(labels: np.ndarray, chances: np.ndarray) -> np.ndarray:
    classes = chances.shape[1]
    counts = np.zeros((classes, classes))
    thresholds = [chances[labels == k, k].mean() for k in range(classes)]
    for label, row in zip(labels, chances, strict=True):
        sure = [k for k in range(classes) if row[k] >= thresholds[k] - 1e-6]
        if len(sure) == 1:
            counts[label, sure[0]] += 1
        elif sure:
            counts[label, int(np.argmax(row))] += 1
    for k in range(classes):
        counts[k, k] = max(counts[k, k], 1)
    return counts


@relaxed
@given(st.integers(2, 5), st.integers(0, 10_000))
def test_joint_of_the_slow_twin(classes: int, seed: int) -> None:
    _, labels, chances = _noisy(120, classes, seed)
    joint = confident_joint(labels, chances)
    assert (joint.counts == _slow_joint(labels, chances)).all()
    assert joint.scaled.sum(axis=1) == pytest.approx(np.bincount(labels, minlength=classes))
    assert 0 <= joint.errors <= joint.rows == 120


# Rows that ``find_label_issues`` of cleanlab 2.9.0 (Apache-2.0) flags on these inputs, found by running it.
CLEANLAB_FLAGS = {
    11: [5, 37, 42, 71, 86, 116, 119, 135, 140],
    12: [6, 7, 20, 25, 58, 60, 65, 86, 109, 137, 141, 145, 152, 177, 193, 196],
    13: [32, 57, 61, 83, 110, 146, 178],
}


@pytest.mark.parametrize("seed", sorted(CLEANLAB_FLAGS))
def test_flags_of_cleanlab(seed: int) -> None:
    _, labels, chances = _noisy(200, 3, seed)
    flags = noise_flags(labels, chances, confident_joint(labels, chances))
    assert np.flatnonzero(flags).tolist() == CLEANLAB_FLAGS[seed]


def test_on_easy_rows_the_off_diagonal_is_near_the_truth() -> None:
    truth, labels, chances = _noisy(4000, 4, 1)
    joint = confident_joint(labels, chances)
    wrong = int((truth != labels).sum())
    assert abs(joint.errors - wrong) < 0.25 * wrong
    assert joint.noise == pytest.approx(joint.errors / 4000)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _, labels, chances = _noisy(500, 4, 2)
    whole = confident_joint(labels, chances), doubt(labels, chances, chances[::-1]), likely_class(chances)
    monkeypatch.setattr(confident, "BLOCK_ROWS", 7)
    joint = confident_joint(labels, chances)
    assert (joint.counts == whole[0].counts).all()
    assert joint.errors == whole[0].errors
    assert (doubt(labels, chances, chances[::-1]) == whole[1]).all()
    assert (likely_class(chances) == whole[2]).all()


def test_scores_by_hand() -> None:
    labels, chances = np.array([0, 1]), np.array([[0.7, 0.2, 0.1], [0.6, 0.1, 0.3]])
    assert self_confidence(labels, chances).tolist() == [0.7, 0.1]
    assert normalized_margin(labels, chances) == pytest.approx([0.75, 0.25])
    votes = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    expected = [0.1 - 0.85 - 0.15 * np.log(0.7001), 0.3 - 0.55 - 0.15 * np.log(0.1001)]
    assert doubt(labels, chances, votes) == pytest.approx(expected)


def test_chances_add_up_and_rise_with_doubt() -> None:
    doubts = np.linspace(-1, 2, 101)
    chances = error_chances(doubts, 12.5)
    assert chances.sum() == pytest.approx(12.5, abs=1e-6)
    assert (np.diff(chances) > 0).all()
    assert error_chances(doubts, 0.0).sum() < 1e-9


def test_a_class_without_rows_is_never_likely() -> None:
    _, labels, chances = _noisy(100, 2, 3)
    wide = np.concatenate([chances * 0.9, np.full((100, 1), 0.1)], axis=1)
    joint = confident_joint(labels, wide)
    assert joint.counts[:2, 2].sum() == 0
    assert joint.scaled[2].sum() == 0
