"""One system before and after on the common cases: scores, what was fixed and broken, the interval of the difference.

Both runs are held against the labels of the later one: else a relabelled case would pass for a better answer. It is
said how many were relabelled, and what the difference is without them. Nothing here is a proof; it describes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.decision.compare import Estimate, estimate, pair_up
from tunewright.decision.inputs import DecisionInputs, SystemScores
from tunewright.evaluation.grades import Grader, grade_many
from tunewright.records.answers import Answer, ScoreRow
from tunewright.records.verdict import CaseText
from tunewright.reporting.compare_document import Shown, SystemChange
from tunewright.workflow.cases import MAX_CASES, MAX_CHARS
from tunewright.workflow.compare_runs.answers import Answered
from tunewright.workflow.compare_runs.common_cases import Case, CommonCases

Floats = NDArray[np.float64]
IntArray = NDArray[np.int64]
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Side:
    """One system of one run: its name, answers by row key, and whether stored scores are of the grader that is used."""

    system: str
    answered: Answered
    same_grader: bool


@dataclass(frozen=True, slots=True)
class Regrading:
    """How an answer is held against another target; ``possible`` is False where a model judges, which would cost."""

    grader: Grader
    possible: bool


def system_change(
    before: Side, after: Side, common: CommonCases, regrading: Regrading, *, same_fit: bool, texts: bool
) -> SystemChange:
    """The change of one system, or of what was recommended."""
    name = after.system
    other = None if before.system == name else before.system
    reason = before.answered.reason or after.answered.reason
    if reason is None and not common.cases:
        reason = "the two runs have no case in common that both answered"
    if reason is not None:
        return SystemChange(system=name, before_system=other, reason=reason, text=f"{name}: not compared, {reason}.")
    old = _scores(before, common.cases, regrading, later=False)
    new = _scores(after, common.cases, regrading, later=True)
    keep = ~(np.isnan(old) | np.isnan(new))
    if not keep.any():
        reason = "no case was answered by both"
        return SystemChange(system=name, before_system=other, reason=reason, text=f"{name}: not compared, {reason}.")
    found = widest_estimate(new, old, common.groups, common.folds())
    relabelled = np.array([case.relabelled for case in common.cases])
    stays = keep & ~relabelled
    fixed, broken = _cases(before, after, common.cases, old, new) if texts else ([], [])
    change = SystemChange(
        system=name,
        before_system=other,
        reason=None,
        same_fit=same_fit,
        n=found.n,
        groups=found.groups,
        before=_mean(old[keep]),
        after=_mean(new[keep]),
        delta=round(found.delta, DIGITS),
        interval=(round(found.low, DIGITS), round(found.high, DIGITS)),
        interval_method=found.method,
        shown=_shown(found),
        fixed=found.fixed,
        broken=found.broken,
        relabelled=int((relabelled & keep).sum()),
        delta_without_relabelled=_mean(new[stays] - old[stays]) if stays.any() and (relabelled & keep).any() else None,
        missing=int((~keep).sum()),
        fixed_cases=fixed,
        broken_cases=broken,
    )
    return change.model_copy(update={"text": sentence(change)})


def widest_estimate(
    after: Floats, before: Floats, groups: IntArray | None, folds: Sequence[IntArray | None]
) -> Estimate:
    """The gain with its 95 % interval (99.1 % ends where answers are out of fold, as in a verdict).

    Scores float64[n], nan is missing. The runs may have parted the rows into other folds; a fold shares its luck in
    both, so the widest ends over both divisions are kept.
    """
    estimates = []
    for fold in {id(one): one for one in folds}.values():
        systems = (_column("after", after), _column("before", before))
        inputs = DecisionInputs(systems=systems, min_improvement=0.0, groups=groups, folds=fold)
        estimates.append(estimate([pair_up(*systems, inputs)], inputs)[0])
    widest = max(estimates, key=lambda one: one.high - one.low)
    low, high = min(one.low for one in estimates), max(one.high for one in estimates)
    return Estimate(
        first=widest.first,
        second=widest.second,
        n=widest.n,
        groups=widest.groups,
        fixed=widest.fixed,
        broken=widest.broken,
        delta=widest.delta,
        low=low,
        high=high,
        discordance=widest.discordance,
        design_effect=widest.design_effect,
        method=widest.method,
    )


def sentence(change: SystemChange) -> str:
    """One line for a person."""
    who = f"{change.before_system} -> {change.system}" if change.before_system else change.system
    if change.same_fit and change.shown == "same":
        return f"{who}: the very same fit in both runs."
    if change.shown == "same":
        assert change.after is not None
        return f"{who}: {100 * change.after:.1f} % of {change.n} before and after. Not one answer changed in worth."
    assert change.interval is not None
    low, high = change.interval
    did = ""
    if change.fixed is not None:
        did = f"; fixes {change.fixed}, breaks {change.broken}"
    said = {
        "better": "Better on these cases.",
        "worse": "Worse on these cases.",
        "not shown": "No difference shown.",
    }
    assert change.shown is not None
    assert change.before is not None
    assert change.after is not None
    assert change.delta is not None
    return (
        f"{who}: {100 * change.before:.1f} % -> {100 * change.after:.1f} % of {change.n}, "
        f"{_points(change.delta)} points ({_points(low)} to {_points(high)}){did}. {said[change.shown]}"
    )


def _column(name: str, scores: Floats) -> SystemScores:
    return SystemScores(name=name, role="baseline", simplicity=0, scores=scores)


def _shown(found: Estimate) -> Shown:
    if found.discordance == 0:
        return "same"
    if found.low > 0:
        return "better"
    return "worse" if found.high < 0 else "not shown"


def _scores(side: Side, cases: Sequence[Case], regrading: Regrading, *, later: bool) -> Floats:
    """Scores [n] against the labels of the later run; nan where there is none, or none can be made without a judge."""
    scores = np.full(len(cases), np.nan)
    again: list[tuple[int, Answer, Case]] = []
    for place, case in enumerate(cases):
        row = _row(side, case, later=later)
        if row is None or row.status.is_missing or row.score is None:
            continue
        if row.row_key == case.after.row_key and side.same_grader:
            scores[place] = row.score
        elif regrading.possible and case.example is not None:
            again.append((place, Answer(row.answer, row.status), case))
    pairs = [(answer, case.example) for _, answer, case in again if case.example is not None]
    for (place, _, _), grade in zip(again, grade_many(regrading.grader, pairs), strict=True):
        scores[place] = np.nan if grade.score is None else grade.score
    return scores


def _row(side: Side, case: Case, *, later: bool) -> ScoreRow | None:
    """The answer to a case: stored under the run's own row, or under the later row where it was asked now."""
    rows = side.answered.rows
    return rows.get(case.after.row_key) if later else rows.get(case.before.row_key) or rows.get(case.after.row_key)


def _cases(
    before: Side, after: Side, cases: Sequence[Case], old: Floats, new: Floats
) -> tuple[list[CaseText], list[CaseText]]:
    fixed: list[tuple[bool, CaseText]] = []
    broken: list[tuple[bool, CaseText]] = []
    for place, case in enumerate(cases):
        if np.isnan(old[place]) or np.isnan(new[place]) or old[place] == new[place] or case.example is None:
            continue
        one, other = _row(before, case, later=False), _row(after, case, later=True)
        text = CaseText(
            row=case.after.row_id,
            text=case.example.text[:MAX_CHARS],
            target=case.example.target,
            before=None if one is None else one.answer,
            after=None if other is None else other.answer,
        )
        (fixed if new[place] > old[place] else broken).append((not case.example.critical, text))
    return _first(fixed), _first(broken)


def _first(cases: list[tuple[bool, CaseText]]) -> list[CaseText]:
    return [case for _, case in sorted(cases, key=lambda pair: pair[0])[:MAX_CASES]]


def _mean(values: Floats) -> float:
    return round(float(values.mean()), DIGITS)


def _points(gain: float) -> str:
    return f"{100 * gain:+.1f}"
