"""Handing over: the curve against brute force, the area against every order, and promises that hold."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from tunewright.statistics.arrays import FloatArray, IntArray
from tunewright.statistics.means import mean_interval
from tunewright.statistics.selective import area_under_risk, certified_point, selective_curve


def by_hand(confidence: FloatArray, scores: FloatArray) -> list[tuple[int, float, float]]:
    """Kept, threshold and score for every threshold, by looking at all answers each time."""
    points = []
    for threshold in sorted(set(confidence.tolist()), reverse=True):
        kept = [s for c, s in zip(confidence.tolist(), scores.tolist(), strict=True) if c >= threshold]
        points.append((len(kept), threshold, sum(kept) / len(kept)))
    return points


@pytest.mark.parametrize("seed", range(8))
def test_the_curve_is_what_one_gets_by_looking_at_every_threshold(seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidence = rng.integers(0, 12, 60) / 12
    scores = rng.random(60) if seed % 2 else (rng.random(60) < confidence).astype(np.float64)
    curve = selective_curve(confidence, scores)
    found = list(zip(curve.kept.tolist(), curve.threshold.tolist(), curve.score.tolist(), strict=True))
    expected = by_hand(confidence, scores)
    assert [point[:2] for point in found] == [point[:2] for point in expected]
    assert [point[2] for point in found] == pytest.approx([point[2] for point in expected])
    assert set(curve.order[: curve.kept[0]].tolist()) == set(np.nonzero(confidence == confidence.max())[0].tolist())


def test_the_area_counts_equal_confidences_as_in_every_order() -> None:
    confidence = np.array([0.9, 0.5, 0.5, 0.5, 0.1])
    scores = np.array([1.0, 1.0, 0.0, 0.0, 1.0])
    areas = []
    for middle in permutations([1.0, 0.0, 0.0]):
        ranked = np.array([1.0, *middle, 1.0])
        areas.append(float(np.mean(1 - np.cumsum(ranked) / np.arange(1, 6))))
    assert area_under_risk(confidence, scores) == pytest.approx(np.mean(areas))
    assert area_under_risk(np.zeros(0), np.zeros(0)) is None


def test_a_share_finds_the_point_that_keeps_no_more() -> None:
    curve = selective_curve(np.array([0.9, 0.8, 0.8, 0.1]), np.ones(4))
    assert curve.kept.tolist() == [1, 3, 4]
    assert [curve.at_most(kept) for kept in (0, 1, 2.9, 3, 4)] == [-1, 0, 0, 1, 2]


def certified_share(confidence: FloatArray, scores: FloatArray, goal: float, alpha: float) -> tuple[int, float] | None:
    """Answers kept and their lowest confidence at the certified point."""
    curve = selective_curve(confidence, scores)

    def bound(positions: IntArray, level: float) -> float:
        return mean_interval(scores[positions], None, level, "exact")[0]

    point = certified_point(curve, goal, alpha, bound)
    return None if point is None else (int(curve.kept[point]), float(curve.threshold[point]))


def test_a_plain_case_is_certified_and_no_more_than_that() -> None:
    confidence = np.linspace(1.0, 0.0, 400, endpoint=False)
    scores = np.where(confidence > 0.5, 1.0, 0.0)
    found = certified_share(confidence, scores, 0.9, 0.05)
    assert found is not None
    # 200 right of the 200 surest, then only wrong ones: at the next step, 220, no more than 90.9 % are right.
    assert found[0] == 200
    assert certified_share(confidence, np.zeros(400), 0.9, 0.05) is None
    assert certified_share(confidence[:20], np.ones(20), 0.95, 0.05) is None


@pytest.mark.parametrize(("goal", "rows"), [(0.8, 250), (0.9, 900)])
def test_a_false_certificate_is_as_rare_as_promised(goal: float, rows: int) -> None:
    """Truth known: an answer of confidence c is right with probability 0.5 + 0.5 c^2; alpha 0.1."""
    rng = np.random.default_rng(11)
    alpha, sets, false, given = 0.1, 1200, 0, 0
    for _ in range(sets):
        confidence = rng.random(rows)
        chance = 0.5 + 0.5 * confidence**2
        found = certified_share(confidence, (rng.random(rows) < chance).astype(np.float64), goal, alpha)
        if found is not None:
            given += 1
            t = found[1]
            # The mean of 0.5 + 0.5 c^2 over c in [t, 1].
            false += (0.5 + 0.5 * (1 - t**3) / (3 * (1 - t))) < goal
    assert given > 0.3 * sets
    assert false <= alpha * sets + 2 * (alpha * (1 - alpha) * sets) ** 0.5


def test_where_no_cut_off_is_good_the_best_looking_one_is_refused() -> None:
    """Confidence says nothing and 80 % are right; a goal of 80.1 % is false everywhere."""
    rng = np.random.default_rng(5)
    sets = 1200
    false = sum(
        certified_share(rng.random(200), (rng.random(200) < 0.8).astype(np.float64), 0.801, 0.1) is not None
        for _ in range(sets)
    )
    assert 0 < false <= 0.1 * sets + 2 * (0.09 * sets) ** 0.5
