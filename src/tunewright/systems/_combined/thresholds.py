"""From which confidence on a member of a cascade answers itself: pure functions of answers to known rows.

Members state their confidence in ways of their own; ``Trust`` brings it to one scale, the probability of being right.
``choose`` then finds the cut-offs stage by stage, from the last one back, over a declared grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from tunewright.statistics.means import mean_interval
from tunewright.statistics.selective import SelectiveCurve, certified_point, selective_curve

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
FEWEST_ROWS = 20
NEVER = 2.0
_CLIP = 1e-6


@dataclass(frozen=True, slots=True)
class Trust:
    """The probability that a member is right, by its confidence: ``expit(offset + slope * logit(confidence))``.

    ``plain`` is the one for answers without confidence.
    """

    slope: float
    offset: float
    plain: float

    def of(self, confidence: Sequence[float | None]) -> FloatArray:
        """Probabilities float64[n]."""
        given = np.array([np.nan if one is None else one for one in confidence], dtype=np.float64)
        shown = expit(self.offset + self.slope * logit(np.clip(given, _CLIP, 1 - _CLIP)))
        return np.where(np.isnan(given), self.plain, shown)


def learn_trust(confidence: Sequence[float | None], scores: FloatArray) -> Trust:
    """Platt's sigmoid on the log-odds of the confidence, with his smoothed targets (Platt 1999, section 2.2).

    Strictly rising, so that the order of a member's answers stays. With fewer than 20 rows, or where a higher
    confidence is no better sign, every answer gets the same probability: the smoothed share right.
    """
    given = np.array([np.nan if one is None else one for one in confidence], dtype=np.float64)
    known = ~np.isnan(given)
    without = scores[~known] if (~known).any() else scores
    plain = (float(without.sum()) + 1) / (len(without) + 2)
    values = scores[known]
    right = float(values.sum())
    share = (right + 1) / (len(values) + 2)
    flat = Trust(0.0, float(logit(share)), plain)
    odds = logit(np.clip(given[known], _CLIP, 1 - _CLIP))
    if len(values) < FEWEST_ROWS or np.ptp(odds) < 1e-9:
        return flat
    high, low = (right + 1) / (right + 2), 1 / (len(values) - right + 2)
    slope, offset = _sigmoid(odds, low + values * (high - low))
    return Trust(slope, offset, plain) if slope > 0 else flat


def _sigmoid(x: FloatArray, targets: FloatArray) -> tuple[float, float]:
    """Slope and offset of the smallest cross-entropy, by Newton's method with halved steps."""
    design = np.column_stack([x, np.ones_like(x)])
    weights = np.zeros(2)
    loss = _cross_entropy(design @ weights, targets)
    for _ in range(100):
        p = expit(design @ weights)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (p - targets))
        size = 1.0
        while size > 1e-6 and _cross_entropy(design @ (weights - size * step), targets) > loss:
            size /= 2
        weights = weights - size * step
        before, loss = loss, _cross_entropy(design @ weights, targets)
        if before - loss < 1e-12 * max(1.0, before):
            break
    return float(weights[0]), float(weights[1])


def _cross_entropy(z: FloatArray, targets: FloatArray) -> float:
    return float(np.sum(np.logaddexp(0.0, z) - targets * z))


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Members on rows that none has learned: ``trust``, ``score`` float64[members, n], ``usable`` bool[members, n]."""

    trust: FloatArray
    score: FloatArray
    usable: BoolArray

    def from_stage(self, stage: int) -> Seen:
        """The same without the members before ``stage``."""
        return Seen(self.trust[stage:], self.score[stage:], self.usable[stage:])


def answered_by(seen: Seen, thresholds: Sequence[float]) -> IntArray:
    """Which member answers each row, -1 for none, int64[n]; one threshold for every member but the last.

    The first member whose usable answer reaches its threshold; else the last member. Where that has no usable answer,
    the one before it that was asked and is trusted most.
    """
    asked = np.array([one < NEVER for one in (*thresholds, 0.0)])
    held = seen.usable & asked[:, None]
    keeps = held & (seen.trust >= np.array([*thresholds, 0.0])[:, None])
    fallback = np.where(held.any(axis=0), np.where(held, seen.trust, -1.0).argmax(axis=0), -1)
    return np.where(keeps.any(axis=0), keeps.argmax(axis=0), fallback).astype(np.int64)


def score_of(seen: Seen, by: IntArray) -> FloatArray:
    """Scores float64[n] of the answers given; 0 where there is none."""
    rows = np.arange(seen.score.shape[1])
    return np.where(by < 0, 0.0, seen.score[by, rows])


def grid(trust: FloatArray, steps: int) -> list[float]:
    """Cut-offs that hand on 0, 1/steps, ..., all of these answers; equal ones once, the fewest handed on first."""
    ranked, n = np.sort(trust), len(trust)
    cuts = [0.0, *(float(ranked[n * step // steps]) for step in range(1, steps) if n)]
    return [*dict.fromkeys(cuts), NEVER]


@dataclass(frozen=True, slots=True)
class Tried:
    """One cut-off of one stage: what it does to the score of this stage and all after it."""

    stage: int
    threshold: float
    handed_on: float
    score: float


def choose(seen: Seen, steps: int, standard_errors: Sequence[float]) -> tuple[tuple[float, ...], list[Tried]]:
    """Thresholds of all members but the last, and everything tried.

    From the last stage back: of the cut-offs that are within that stage's ``standard_errors`` of the best one (standard
    errors of the mean difference on the same rows), the one that hands on least.
    """
    thresholds: tuple[float, ...] = ()
    tried: list[Tried] = []
    for stage in range(len(seen.trust) - 2, -1, -1):
        rest = seen.from_stage(stage)
        cuts = grid(rest.trust[0][rest.usable[0]], steps)
        ways = [answered_by(rest, (cut, *thresholds)) for cut in cuts]
        scores = [score_of(rest, by) for by in ways]
        means = [float(one.mean()) for one in scores]
        tried += [
            Tried(stage, cut, float((by != 0).mean()), mean) for cut, by, mean in zip(cuts, ways, means, strict=True)
        ]
        best = scores[int(np.argmax(means))]
        near = (cut for cut, one in zip(cuts, scores, strict=True) if _is_near(best, one, standard_errors[stage]))
        thresholds = (next(near), *thresholds)
    return thresholds, tried


def _is_near(best: FloatArray, other: FloatArray, standard_errors: float) -> bool:
    """Whether the other is within so many standard errors of the best, both on the same rows."""
    lost = best - other
    error = float(lost.std(ddof=1)) / len(lost) ** 0.5 if len(lost) > 1 else 0.0
    return float(lost.mean()) <= standard_errors * error + 1e-12


@dataclass(frozen=True, slots=True)
class Kept:
    """From which trust on an answer is kept and not handed to a person, and what that did on the rows chosen on.

    ``best`` is the highest score that any cut-off tried reached there; None where no answer was usable.
    """

    threshold: float
    share: float
    score: float | None
    shown: bool
    best: float | None = None


def choose_kept(trust: FloatArray, scores: FloatArray, target: float, sure: float, steps: int) -> Kept:
    """The cut-off that hands least to a person while ``target`` is shown of what is kept, with probability ``sure``.

    ``trust`` and ``scores`` float64[n] of the rows, trust -1 where there is no usable answer. Where no cut-off shows
    it, ``shown`` is False: the one that keeps most with the target reached on these rows, or else none is kept.
    """
    usable = np.nonzero(trust >= 0)[0]
    if not len(usable):
        return Kept(NEVER, 0.0, None, shown=False)
    curve = selective_curve(trust[usable], scores[usable])
    values = scores[usable]

    def bound(positions: IntArray, level: float) -> float:
        return mean_interval(values[positions], None, level, "exact")[0]

    if target <= 0:
        point: int | None = len(curve.kept) - 1
    else:
        point = certified_point(curve, target, 1 - sure, bound, steps=steps)
    shown = point is not None
    if point is None:
        point, best = _nearest(curve, target, steps)
        if point is None:
            return Kept(NEVER, 0.0, None, shown=False, best=best)
    score = float(curve.score[point])
    return Kept(float(curve.threshold[point]), float(curve.kept[point]) / len(trust), score, shown, score)


def _nearest(curve: SelectiveCurve, target: float, steps: int) -> tuple[int | None, float]:
    """The point of the grid that keeps most and reaches the target, None where none does; and the best score of all."""
    total = int(curve.kept[-1])
    reached = (curve.at_most(total * step / steps) for step in range(1, steps + 1))
    points = sorted({point for point in reached if point >= 0} | {len(curve.kept) - 1})
    good = [point for point in points if curve.score[point] >= target]
    return good[-1] if good else None, float(max(curve.score[point] for point in points))
