"""Answering only where it is sure: accuracy against the share handed over, and what may be promised of it.

A selective system keeps the answers of highest confidence and hands the other cases over. The curve of kept score
against the share handed over is the risk-coverage curve (El-Yaniv and Wiener 2010), its mean risk the area under it
(AURC; Geifman, Uziel and El-Yaniv 2019). Where several cut-offs are tried on the cases that are to vouch for one of
them, fixed-sequence testing keeps the promise (Angelopoulos et al. 2021, "Learn then test", section 3.2). Bounds of one
mean are in ``means``. Called for cascades and for the section on handing over.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tunewright.statistics.arrays import FloatArray, IntArray

STEPS = 20
ROOM_FOR_ONE = 1.7
_ROUNDING = 1e-9  # 100 x 0.9 is 90 and not a hair more
Bound = Callable[[IntArray, float], float]


@dataclass(frozen=True, slots=True, eq=False)
class SelectiveCurve:
    """One point per distinct confidence, the fewest answers kept first.

    ``order`` int64[n]: positions of the answers, surest first. ``kept`` int64[m]: how many answers have at least the
    confidence ``threshold`` float64[m], ``score`` float64[m]: their mean score. Equal confidences are kept together.
    """

    order: IntArray
    kept: IntArray
    threshold: FloatArray
    score: FloatArray

    def at_most(self, kept: float) -> int:
        """The point with the most answers kept that keeps no more than this; -1 where none does."""
        return int(np.searchsorted(self.kept, kept + 1e-9, side="right")) - 1


def selective_curve(confidence: FloatArray, scores: FloatArray) -> SelectiveCurve:
    """The curve of answers with ``confidence`` float64[n] and ``scores`` float64[n] in [0, 1]."""
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    last = np.append(ranked[1:] != ranked[:-1], True) if len(ranked) else np.zeros(0, dtype=bool)
    ends = np.nonzero(last)[0]
    kept = (ends + 1).astype(np.int64)
    return SelectiveCurve(
        order.astype(np.int64), kept, ranked[ends], np.cumsum(scores[order])[ends] / np.maximum(kept, 1)
    )


def area_under_risk(confidence: FloatArray, scores: FloatArray) -> float | None:
    """AURC: the mean over k of the risk (1 - score) of the k surest answers; None without answers.

    Equal confidences count as in every order, on average.
    """
    if not len(scores):
        return None
    curve = selective_curve(confidence, scores)
    k = np.arange(1, len(scores) + 1, dtype=np.float64)
    sums = np.interp(k, np.append(0, curve.kept), np.append(0.0, curve.score * curve.kept))
    return float(np.mean(1.0 - sums / k))


def certified_point(
    curve: SelectiveCurve, goal: float, alpha: float, bound: Bound, *, steps: int = STEPS
) -> int | None:
    """The point of the curve with the most answers kept of which ``goal`` is shown, or None.

    ``bound(positions, level)`` is a lower bound of the mean score of those answers that fails with probability
    ``level`` at most. Cut-offs at ``steps`` equal shares are tried in order of answers kept, for as long as ``goal`` is
    shown at level ``alpha``. What is returned misses the goal with probability ``alpha`` at most: the way ends at the
    first cut-off that truly misses, and passes it with that probability. It begins where one answer may be wrong; with
    fewer kept, one piece of bad luck would end it.
    """
    if not 0 < goal < 1 or not len(curve.kept):
        return None
    fewest = ROOM_FOR_ONE * math.log(alpha) / math.log(goal)
    total = int(curve.kept[-1])
    wanted = [curve.at_most(total * step / steps) for step in range(1, steps + 1)]
    found: int | None = None
    for point in dict.fromkeys(point for point in wanted if point >= 0 and curve.kept[point] >= fewest):
        if bound(curve.order[: curve.kept[point]], alpha) < goal:
            break
        found = point
    return found


def conformal_rank(cases: int, alpha: float) -> int | None:
    """The place of the calibration score that split conformal prediction takes, from 1: ceil((n + 1)(1 - alpha)).

    None where that is more than ``cases``: then only "anything" is promised with probability 1 - alpha (Vovk et al.
    2005; Angelopoulos and Bates 2023, section 1).

    Raises:
        ValueError: ``alpha`` does not lie between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise ValueError("alpha must lie between 0 and 1")
    rank = math.ceil((cases + 1) * (1 - alpha) - _ROUNDING)
    return rank if rank <= cases else None


def conformal_quantile(scores: FloatArray, alpha: float) -> float:
    """The bound that a new case's score exceeds with probability ``alpha`` at most; infinite with too few cases.

    ``scores`` float64[n] are misfits (larger is worse) of calibration cases that are exchangeable with the new one and
    that nothing was fitted or chosen on.
    """
    rank = conformal_rank(len(scores), alpha)
    return math.inf if rank is None else float(np.partition(scores, rank - 1)[rank - 1])
