"""The judge behind recorded scores as the verdict's own record, so that its rates are shown as no accuracy.

``judge_details`` holds it against people; here that becomes ``Verdict.judging``, as after a run of a project. Called by
``scores_verdict``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tunewright.decision.inputs import DecisionInputs, SystemScores
from tunewright.decision.target import judge_target
from tunewright.records.base import Interval
from tunewright.records.judging import JudgedSystem, Judging
from tunewright.records.verdict import Target, Verdict
from tunewright.statistics.gains import is_binary
from tunewright.statistics.judge_quality import JudgeQuality, corrected_rate, judge_quality
from tunewright.workflow.recorded.paired_scores import Floats, SystemColumn
from tunewright.workflow.recorded.verdict_details import JudgeCheck
from tunewright.workflow.study import Study

DIGITS = 6


def judging_record(check: JudgeCheck, name: str, columns: Sequence[SystemColumn]) -> Judging:
    """The record; ``columns`` are the old and the new system, then any others that were looked at.

    ``gains`` stays empty: the judge's own scores decide here, and a gate asks that people confirm them.
    """
    old, new = columns[:2]
    return Judging(
        judge=name,
        tested=True,
        admitted=check.admitted,
        labelled=check.labels,
        cases=int((~np.isnan(new.human() - old.human())).sum()),
        sensitivity=check.sensitivity,
        specificity=check.specificity,
        youden_low=check.youden_low,
        agreement=check.alpha,
        flip_rate=None,
        asked_again=0,
        order_flip_rate=None,
        length_gap=None,
        length_interval=None,
        ceiling=None,
        ceiling_cases=0,
        same_family=[],
        looks=0,
        other_rubric=0,
        judged_by=[],
        gain=check.gain,
        interval=check.interval,
        systems=[_system(column, admitted=check.admitted) for column in columns],
        gains=[],
        reasons=check.reasons,
        notes=[],
        text=_text(check, name),
    )


def target_by_people(verdict: Verdict, columns: Sequence[SystemColumn], study: Study) -> Target | None:
    """The target of the system to use by what people say of its answers: a judge's rate reaches no target."""
    if verdict.target is None:
        return None
    inputs = DecisionInputs(
        systems=tuple(
            SystemScores(name=column.name, role="baseline", simplicity=place, scores=column.scores)
            for place, column in enumerate(columns)
        ),
        min_improvement=verdict.min_improvement,
        groups=study.groups,
        target=(verdict.target.metric, verdict.target.at_least),
        people={column.name: column.human() for column in columns},
        regime="answers",
    )
    return judge_target(inputs, verdict.use.system)


def _text(check: JudgeCheck, name: str) -> str:
    if not check.admitted:
        return (
            f"The judge behind {name} cannot be believed: {'; '.join(check.reasons)}. Its scores are the judge's rate, "
            "not accuracy."
        )
    text = (
        f"The judge behind {name} was held against people on {check.labels:,} answers: it passes "
        f"{_percent(check.sensitivity)} of what they call good and fails {_percent(check.specificity)} of what they "
        "call bad. Its scores are the judge's rate, not accuracy."
    )
    if check.gain is None or check.interval is None:
        return text
    low, high = (100 * end for end in check.interval)
    return (
        f"{text} By people and judge together the gain is {100 * check.gain:+.1f} points ({low:+.1f} to {high:+.1f})."
    )


def _system(column: SystemColumn, *, admitted: bool) -> JudgedSystem:
    """One system by itself: where the judge errs differently on two of them, pooled figures would hide it."""
    human, scores = column.human(), column.scores[~np.isnan(column.scores)]
    people, own = human[~np.isnan(human)], _own_quality(column.scores, human)
    rate, interval = _corrected(scores, own) if admitted and own is not None else (None, None)
    return JudgedSystem(
        system=column.name,
        passed=round(float(scores.mean()), DIGITS) if len(scores) else None,
        people=len(people),
        people_rate=round(float(people.mean()), DIGITS) if len(people) else None,
        sensitivity=None if own is None else _rounded(own.sensitivity),
        specificity=None if own is None else _rounded(own.specificity),
        corrected=rate,
        corrected_interval=interval,
    )


def _own_quality(judged: Floats, human: Floats) -> JudgeQuality | None:
    known = ~(np.isnan(judged) | np.isnan(human))
    if not known.any() or not is_binary(judged[known]) or not is_binary(human[known]):
        return None
    return judge_quality(judged[known], human[known], seed=0)


def _corrected(scores: Floats, own: JudgeQuality) -> tuple[float | None, Interval | None]:
    """By the errors on this very system; None where people called all of its answers good, or all bad."""
    if own.sensitivity is None or own.specificity is None or own.sensitivity + own.specificity <= 1:
        return None, None
    found = corrected_rate(float(scores.mean()), len(scores), own.specificity, own.wrong, own.sensitivity, own.right)
    return round(found.rate, DIGITS), (round(found.interval[0], DIGITS), round(found.interval[1], DIGITS))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _percent(share: float | None) -> str:
    return "an unknown share" if share is None else f"{share:.0%}"
