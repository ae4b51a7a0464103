"""Whether a judge is admitted: its errors against people on a random sample, and what else it was checked for.

Admitted are judges that were compared with people on at least 100 cases of both main systems, whose Youden index is
shown to be at least 0.4, whose agreement with people (alpha) is at least 0.6, and that change their mind on at most 5 %
of what is asked again. An answer with at least half of the marks counts as good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.evaluation.judging import JudgingGrader
from tunewright.records.base import Interval
from tunewright.records.judging import JudgedSystem
from tunewright.statistics.judge_quality import MIN_LABELS, JudgeQuality, corrected_rate, judge_quality
from tunewright.workflow.grading import judge_name
from tunewright.workflow.judging import checks
from tunewright.workflow.judging.people import People
from tunewright.workflow.judging.sample import PASS, Arm, Floats
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Study

MAX_FLIPS = 0.05
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Admission:
    """The figures of ``records.judging.Judging`` by the same names; no reasons against it mean admitted."""

    judge: str
    cases: int
    labelled: int
    sensitivity: float | None
    specificity: float | None
    youden_low: float | None
    agreement: float | None
    flip_rate: float | None
    asked_again: int
    order_flip_rate: float | None
    length_gap: float | None
    length_interval: Interval | None
    ceiling: float | None
    ceiling_cases: int
    same_family: tuple[str, ...]
    other_rubric: int
    judged_by: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def tested(self) -> bool:
        """Whether people judged enough for a test at all."""
        return self.cases >= MIN_LABELS

    @property
    def admitted(self) -> bool:
        return self.tested and not self.reasons


NOBODY = Admission(
    "", 0, 0, None, None, None, None, None, 0, None, None, None, None, 0, (), 0, (), ("nobody has checked it yet",)
)
"""A judge that nobody has checked."""


def examine(
    study: Study,
    grader: JudgingGrader,
    arms: Sequence[Arm],
    order: Sequence[int],
    scores: Mapping[str, Floats],
    cases: Mapping[str, int],
    people: People,
    outcomes: Sequence[Outcome],
) -> Admission:
    """All figures. The judge is asked again only where people judged enough, since it costs calls.

    Raises:
        Cancelled: a person stopped the run.
    """
    main = [arm for arm in arms if arm.main] or list(arms)
    judged, said = pooled(main, scores)
    quality = judge_quality(judged, said, seed=study.settings.seed) if len(said) else None
    sampled = min((cases[arm.name] for arm in main), default=0)
    tested = sampled >= MIN_LABELS
    changed, asked = checks.asked_again(grader, arms, order) if tested else (0, 0)
    flips = round(changed / asked, DIGITS) if asked else None
    gap, gap_interval = checks.length_gap(main, scores) if tested else (None, None)
    alike, pairs = checks.ceiling(arms, people)
    given = [one for arm in arms for answer in arm.answers if answer is not None for one in people.of(answer)]
    return Admission(
        judge=judge_name(study.settings),
        cases=sampled,
        labelled=len(said),
        sensitivity=_rounded(quality.sensitivity if quality else None),
        specificity=_rounded(quality.specificity if quality else None),
        youden_low=_rounded(quality.youden_low if quality and quality.youden is not None else None),
        agreement=_rounded(quality.alpha if quality else None),
        flip_rate=flips,
        asked_again=asked,
        order_flip_rate=checks.order_flips(outcomes),
        length_gap=gap,
        length_interval=gap_interval,
        ceiling=alike,
        ceiling_cases=pairs,
        same_family=tuple(
            checks.same_family(study.settings, judge_name(study.settings), [o.contestant for o in outcomes])
        ),
        other_rubric=sum(one.rubric != grader.scale.digest for one in given),
        judged_by=tuple(sorted({one.who for one in given})),
        reasons=_reasons(quality, sampled, flips),
    )


def pooled(arms: Sequence[Arm], scores: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """The judge's and people's verdicts on the same answers of some systems, each 0 or 1.

    Answers that need no judge are left out: neither is right or wrong about them.
    """
    judged, said = [], []
    for arm in arms:
        asked = np.array([answer is not None for answer in arm.answers])
        both = asked & ~(np.isnan(arm.scores) | np.isnan(scores[arm.name]))
        judged.append((arm.scores[both] >= PASS).astype(np.float64))
        said.append((scores[arm.name][both] >= PASS).astype(np.float64))
    none = np.zeros(0)
    return (np.concatenate(judged), np.concatenate(said)) if judged else (none, none)


def judged_systems(arms: Sequence[Arm], scores: Mapping[str, Floats], *, admitted: bool) -> list[JudgedSystem]:
    """Each system by itself: where the judge errs differently on two of them, pooled figures would hide it."""
    return [_system(arm, scores, admitted=admitted) for arm in arms]


def _system(arm: Arm, scores: Mapping[str, Floats], *, admitted: bool) -> JudgedSystem:
    judged, said = pooled([arm], scores)
    own = judge_quality(judged, said, seed=0) if len(said) else None
    known, rated = scores[arm.name], arm.scores[~np.isnan(arm.scores)]
    rate, interval = _corrected(rated, own) if admitted and own is not None else (None, None)
    people = known[~np.isnan(known)]
    return JudgedSystem(
        system=arm.name,
        passed=round(float(rated.mean()), DIGITS) if len(rated) else None,
        people=len(people),
        people_rate=round(float(people.mean()), DIGITS) if len(people) else None,
        sensitivity=_rounded(own.sensitivity if own else None),
        specificity=_rounded(own.specificity if own else None),
        corrected=rate,
        corrected_interval=interval,
    )


def _corrected(rated: Floats, own: JudgeQuality) -> tuple[float | None, Interval | None]:
    """By the errors on this very system; None where people called all of its answers good, or all bad."""
    if own.sensitivity is None or own.specificity is None or own.sensitivity + own.specificity <= 1:
        return None, None
    passed = float((rated >= PASS).mean())
    rate = corrected_rate(passed, len(rated), own.specificity, own.wrong, own.sensitivity, own.right)
    return round(rate.rate, DIGITS), (round(rate.interval[0], DIGITS), round(rate.interval[1], DIGITS))


def _reasons(quality: JudgeQuality | None, sampled: int, flips: float | None) -> tuple[str, ...]:
    if quality is None or sampled < MIN_LABELS:
        return (f"people judged {sampled} of at least {MIN_LABELS} cases",)
    found = list(quality.reasons)
    if flips is None:
        found.append("it gave no reply when it was asked again")
    elif flips > MAX_FLIPS:
        found.append(f"it changes its mind on {flips:.0%} of what is asked again; {MAX_FLIPS:.0%} is allowed")
    return tuple(found)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
