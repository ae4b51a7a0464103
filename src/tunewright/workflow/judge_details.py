"""A judge's scores beside people's labels: whether it may be believed, and the gain by both together.

People label some of the answers of both systems, chosen at random. Where the judge fails, or the gain by people and
judge together is not above 0, a gate says so. Called by ``scores_verdict``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tunewright.decision.rectified import MIN_PEOPLE, Rectified, rectified
from tunewright.records.verdict import Gate
from tunewright.statistics.arrays import Bounds, IntArray
from tunewright.statistics.gains import effective_counts, gain_intervals, is_binary
from tunewright.statistics.judge_quality import JudgeQuality, corrected_rate, judge_quality
from tunewright.statistics.prediction_powered import prediction_powered_mean
from tunewright.workflow.recorded.paired_scores import Floats, SystemColumn
from tunewright.workflow.recorded.verdict_details import JudgeCheck

DIGITS = 6
ALPHA = 0.025
GATE = "judge"
GAIN_GATE = "judge-and-people"


def judge_check(
    new: SystemColumn, old: SystemColumn, human: tuple[Floats, Floats], seed: int, groups: IntArray | None = None
) -> JudgeCheck:
    """The figures. ``human`` holds the labels of the answers of ``new`` and of ``old``, nan where there is none."""
    quality = _quality(new, old, human, seed)
    powered = _powered(new, old, human, groups)
    uncounted = ["its errors cannot be counted, since labels or scores are not all 0 or 1"]
    reasons = uncounted if quality is None else list(quality.reasons)
    return JudgeCheck(
        labels=int(sum((~np.isnan(labels)).sum() for labels in human)),
        sensitivity=None if quality is None else quality.sensitivity,
        specificity=None if quality is None else quality.specificity,
        youden_low=None if quality is None or quality.youden is None else round(quality.youden_low, DIGITS),
        alpha=None if quality is None or quality.alpha is None else round(quality.alpha, DIGITS),
        admitted=not reasons,
        reasons=reasons,
        gain=None if powered is None else round(powered.delta, DIGITS),
        interval=None if powered is None else (round(powered.low, DIGITS), round(powered.high, DIGITS)),
        worth=None if powered is None else round(_worth(new, old, human), 1),
        corrected={} if quality is None else _corrected(new, old, quality),
    )


def judge_gate(check: JudgeCheck) -> Gate:
    """Passed where the judge is admitted; where it is not, people's labels must carry the verdict."""
    if check.admitted:
        return Gate(name=GATE, passed=True, text=f"The judge agrees with people on {check.labels} labelled answers.")
    text = f"The judge cannot be believed: {'; '.join(check.reasons)}."
    return Gate(name=GATE, passed=False, text=f"{text} Label more answers at random, or grade in another way.")


def gain_gate(check: JudgeCheck, new: SystemColumn, old: SystemColumn, groups: IntArray | None) -> Gate | None:
    """Failed where the judge sees a gain that people and judge together do not; None where it does not arise."""
    if check.interval is None or check.gain is None:
        return None
    both = ~(np.isnan(new.scores) | np.isnan(old.scores))
    gains, kept = (new.scores - old.scores)[both], None if groups is None else groups[both]
    ((low, _),) = gain_intervals([effective_counts(gains, kept)])
    if low <= 0 or check.interval[0] > 0:
        return None
    ends = " to ".join(f"{100 * end:+.1f}" for end in check.interval)
    text = (
        f"The judge sees a gain that people do not confirm: by both together it is {100 * check.gain:+.1f} points "
        f"({ends}). Label more answers of both systems, at random."
    )
    return Gate(name=GAIN_GATE, passed=False, text=text)


def _quality(new: SystemColumn, old: SystemColumn, human: tuple[Floats, Floats], seed: int) -> JudgeQuality | None:
    judged = np.concatenate([new.scores, old.scores])
    labels = np.concatenate(human)
    known = ~(np.isnan(judged) | np.isnan(labels))
    if not known.any() or not is_binary(judged[known]) or not is_binary(labels[known]):
        return None
    return judge_quality(judged[known], labels[known], seed=seed)


def _powered(
    new: SystemColumn, old: SystemColumn, human: tuple[Floats, Floats], groups: IntArray | None
) -> Rectified | None:
    """The gain as ``decide`` would have it: an interval that stays wide where no error of the judge was seen."""
    scored = ~(np.isnan(new.scores) | np.isnan(old.scores))
    judged, people = (new.scores - old.scores)[scored], (human[0] - human[1])[scored]
    own = None if groups is None else groups[scored]
    if (~np.isnan(people)).sum() < MIN_PEOPLE:
        return None

    def bounds_of(values: Floats, mask: NDArray[np.bool_]) -> Bounds:
        (bounds,) = gain_intervals([effective_counts(values[mask], None if own is None else own[mask])])
        return bounds

    return rectified(judged, people, own, ALPHA, bounds_of)


def _worth(new: SystemColumn, old: SystemColumn, human: tuple[Floats, Floats]) -> float:
    """How many cases judged by people alone would tell as much."""
    judged, people = new.scores - old.scores, human[0] - human[1]
    both = ~(np.isnan(judged) | np.isnan(people))
    others = judged[np.isnan(people) & ~np.isnan(judged)]
    return prediction_powered_mean(people[both], judged[both], others).worth


def _corrected(new: SystemColumn, old: SystemColumn, quality: JudgeQuality) -> dict[str, float]:
    if quality.youden is None or quality.youden <= 0 or quality.specificity is None or quality.sensitivity is None:
        return {}
    found = {}
    for column in (old, new):
        scores = column.scores[~np.isnan(column.scores)]
        if len(scores):
            rate = corrected_rate(
                float(scores.mean()),
                len(scores),
                quality.specificity,
                quality.wrong,
                quality.sensitivity,
                quality.right,
            )
            found[column.name] = round(rate.rate, DIGITS)
    return found
