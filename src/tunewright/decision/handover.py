"""What a system is worth with a person behind it: the score of the answers it keeps against the share handed over.

Made from score rows, for every system that states a confidence. A case without a usable answer cannot be kept. Nothing
is decided here: in the comparison a case handed over is not solved by the system. Called by the workflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.records.answers import ScoreRow, Status
from tunewright.records.verdict import Handover, HandoverPoint
from tunewright.statistics.arrays import FloatArray, IntArray
from tunewright.statistics.crossfit import VARIANCES, cross_fit_interval
from tunewright.statistics.means import Method, mean_interval
from tunewright.statistics.selective import SelectiveCurve, area_under_risk, certified_point, selective_curve

LEVEL = 0.025
POINTS = 40
DIGITS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """Cases with a usable answer: ``scores`` and ``confidence`` float64[n], groups and folds int64[n] or None.

    ``cases`` counts all that were scored, those without a usable answer too.
    """

    scores: FloatArray
    confidence: FloatArray
    groups: IntArray | None
    folds: IntArray | None
    cases: int

    def interval(self, positions: IntArray, level: float = LEVEL, method: Method = "wilson") -> tuple[float, float]:
        """Interval of the mean score of some answers, one-sided ``level`` on each end, as for whole systems."""
        scores = self.scores[positions]
        groups = None if self.groups is None else self.groups[positions]
        low, high = mean_interval(scores, groups, level, method)
        if self.folds is not None and method == "exact" and len(scores):
            for variance in VARIANCES:
                outer = cross_fit_interval(scores, self.folds[positions], groups, level, variance)
                low, high = min(low, outer[0]), max(high, outer[1])
        return max(low, 0.0), min(high, 1.0)

    def point(self, positions: IntArray) -> HandoverPoint:
        """What becomes of it when these answers are kept."""
        low, high = self.interval(positions)
        return HandoverPoint(
            handed=round(1 - len(positions) / self.cases, DIGITS),
            kept=len(positions),
            score=round(float(self.scores[positions].mean()), DIGITS),
            interval=(round(low, DIGITS), round(high, DIGITS)),
        )


def handover(
    rows: Sequence[ScoreRow],
    groups: IntArray | None,
    folds: IntArray | None,
    *,
    target: float | None,
    person: bool,
) -> Handover | None:
    """The view of one system; None where no answer has a confidence, or nothing was scored.

    Args:
        rows: its score rows on the cases that decide, ``n`` of them; missing ones are left out.
        groups: group of each case, or None where rows stand alone.
        folds: fold of each case, or None with a locked test set.
        target: the share right that the project asks for.
        person: whether the system hands cases over by itself.
    """
    scored = [place for place, row in enumerate(rows) if row.score is not None]
    usable = [place for place in scored if rows[place].status is Status.OK]
    sure = [place for place in usable if rows[place].confidence is not None]
    if not scored or (not sure and not person):
        return None
    places = np.array(usable, dtype=np.int64)
    answered = Answered(
        scores=np.array([rows[place].score for place in usable], dtype=np.float64),
        # An answer without a confidence among others that have one is the least sure of all.
        confidence=np.array([_or_least(rows[place].confidence) for place in usable], dtype=np.float64),
        groups=None if groups is None else groups[places],
        folds=None if folds is None else folds[places],
        cases=len(scored),
    )
    everything = np.arange(len(usable), dtype=np.int64)
    curve = selective_curve(answered.confidence, answered.scores)
    area = None if person else _area(answered)
    return Handover(
        person=person,
        kept=answered.point(everything) if usable else None,
        certified=round(answered.interval(everything, method="exact")[0], DIGITS) if person and usable else None,
        area=None if area is None else round(area, DIGITS),
        curve=[answered.point(positions) for positions in _thinned(curve, len(scored))],
        at_target=_at_target(answered, curve, target),
    )


def _area(answered: Answered) -> float | None:
    """AURC over all cases: one without a usable answer is wrong, and the least sure of all."""
    without = answered.cases - len(answered.scores)
    return area_under_risk(
        np.append(answered.confidence, np.full(without, -2.0)), np.append(answered.scores, np.zeros(without))
    )


def _or_least(confidence: float | None) -> float:
    return -1.0 if confidence is None else confidence


def _thinned(curve: SelectiveCurve, cases: int) -> list[NDArray[np.int64]]:
    """Answers kept at each point shown, most kept first: about every 2.5 % of the cases."""
    wanted = (curve.at_most(cases * step / POINTS) for step in range(POINTS, 0, -1))
    points = dict.fromkeys(point for point in wanted if point >= 0)
    return [curve.order[: curve.kept[point]] for point in points]


def _at_target(answered: Answered, curve: SelectiveCurve, target: float | None) -> HandoverPoint | None:
    """The point with the most answers kept at which the target is shown."""
    if target is None:
        return None

    def bound(positions: IntArray, level: float) -> float:
        return answered.interval(positions, level, "exact")[0]

    point = certified_point(curve, target, LEVEL, bound)
    return None if point is None else answered.point(curve.order[: curve.kept[point]])
