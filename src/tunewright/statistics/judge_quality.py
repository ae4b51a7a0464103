"""A judge as a measuring instrument: how often it agrees with people, whether that suffices, and what its rate means.

``sensitivity`` is the share of answers that people call right and the judge passes, ``specificity`` the share that
people call wrong and the judge fails. A judge that fails here shows no accuracy. Rogan and Gladen's formula takes its
known errors out of a rate; the difference of two systems is safer in ``prediction_powered``. Agreement of people is in
``agreement``. Called for scores by a judge beside human labels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from tunewright.statistics.agreement import krippendorff_alpha, krippendorff_interval
from tunewright.statistics.arrays import Bounds, FloatArray
from tunewright.statistics.proportions import wilson_interval

MIN_LABELS = 100
MIN_YOUDEN = 0.4
MIN_ALPHA = 0.6


@dataclass(frozen=True, slots=True)
class JudgeQuality:
    """Figures of a judge against people. ``reasons`` say why it is not admitted; none means that it is.

    ``youden`` is sensitivity + specificity - 1 with a lower bound, ``alpha`` Krippendorff's; None where nothing varies.
    """

    n: int
    right: int
    wrong: int
    sensitivity: float | None
    sensitivity_interval: Bounds
    specificity: float | None
    specificity_interval: Bounds
    youden: float | None
    youden_low: float
    alpha: float | None
    alpha_interval: Bounds | None
    reasons: tuple[str, ...]

    @property
    def admitted(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True)
class CorrectedRate:
    """The rate of right answers without the judge's errors, its standard error, its interval (cut to 0..1)."""

    rate: float
    standard_error: float
    interval: Bounds


def judge_quality(judge: FloatArray, human: FloatArray, *, seed: int, alpha: float = 0.025) -> JudgeQuality:
    """Figures of verdicts and labels float64[n], each 0 or 1, on the same answers (of both systems).

    Admitted with at least 100 labels, a lower bound of Youden's index of 0.4 and an alpha of 0.6. The bound is
    Newcombe's square-and-add for the difference of sensitivity and 1 - specificity.
    """
    positive = human == 1
    right, wrong = int(positive.sum()), int((~positive).sum())
    passed, failed = int((judge[positive] == 1).sum()), int((judge[~positive] == 0).sum())
    sensitivity, low1, high1 = _share(passed, right, alpha)
    specificity, low0, high0 = _share(failed, wrong, alpha)
    youden, low = None, -1.0
    if sensitivity is not None and specificity is not None:
        youden = sensitivity + specificity - 1
        low = youden - math.hypot(sensitivity - low1, specificity - low0)
    counts = np.stack([(judge == value).astype(np.int64) + (human == value) for value in (0, 1)], axis=1)
    agreement = krippendorff_alpha(counts)
    reasons = _reasons(len(human), right, wrong, youden, low, agreement)
    return JudgeQuality(
        len(human),
        right,
        wrong,
        sensitivity,
        (low1, high1),
        specificity,
        (low0, high0),
        youden,
        low,
        agreement,
        krippendorff_interval(counts, seed=seed, alpha=alpha),
        reasons,
    )


def corrected_rate(
    passed: float, n: int, specificity: float, wrong: int, sensitivity: float, right: int, alpha: float = 0.025
) -> CorrectedRate:
    """Rogan and Gladen 1978: theta = (p + q0 - 1) / (q0 + q1 - 1), with a delta-method standard error.

    Args:
        passed: share of ``n`` answers that the judge passes.
        n: answers judged.
        specificity: q0, seen on ``wrong`` answers that people call wrong.
        wrong: how many those are.
        sensitivity: q1, seen on ``right`` answers that people call right.
        right: how many those are.
        alpha: one-sided, on each end.

    Raises:
        ValueError: the judge is no better than chance, so that no rate follows.
    """
    youden = specificity + sensitivity - 1
    if youden <= 0:
        raise ValueError("the judge is no better than chance")
    rate = (passed + specificity - 1) / youden
    variance = passed * (1 - passed) / n
    variance += (1 - rate) ** 2 * specificity * (1 - specificity) / wrong
    variance += rate**2 * sensitivity * (1 - sensitivity) / right
    error = math.sqrt(variance) / youden
    half = -float(ndtri(alpha)) * error
    inside = min(max(rate, 0.0), 1.0)
    return CorrectedRate(inside, error, (max(0.0, rate - half), min(1.0, rate + half)))


def _share(hits: int, n: int, alpha: float) -> tuple[float | None, float, float]:
    low, high = wilson_interval(hits, n, alpha)
    return (hits / n if n else None), float(low), float(high)


def _reasons(
    n: int, right: int, wrong: int, youden: float | None, low: float, agreement: float | None
) -> tuple[str, ...]:
    found = []
    if n < MIN_LABELS:
        found.append(f"{n} labelled answers are fewer than {MIN_LABELS}")
    if youden is None:
        found.append(f"people called all of them {'right' if right else 'wrong'}, so its errors cannot be seen")
    elif low < MIN_YOUDEN:
        found.append(f"sensitivity and specificity may be as low as {low + 1:.2f} together; {1 + MIN_YOUDEN} is asked")
    if agreement is None or agreement < MIN_ALPHA:
        shown = "cannot be had" if agreement is None else f"is {agreement:.2f}"
        found.append(f"its agreement with people (Krippendorff's alpha) {shown}; {MIN_ALPHA} is asked")
    return tuple(found)
