"""From an outcome to the figures that are shown of a system: score, interval, classes, calibration, cost, latency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tunewright.decision.handover import handover
from tunewright.evaluation import counts as counting
from tunewright.records.answers import Answer, ScoreRow, Status
from tunewright.records.base import Interval
from tunewright.records.example import Example
from tunewright.records.learned import Learned
from tunewright.records.system import traits_of
from tunewright.records.verdict import ClassFigures, Confusion, Cost, Handover, SystemResult, TuningBudget
from tunewright.statistics.calibration import expected_calibration_error
from tunewright.statistics.classification import confusion_counts, label_figures
from tunewright.statistics.means import mean_interval
from tunewright.workflow.costing.money import cost_of
from tunewright.workflow.inventions import NAME as INVENTIONS
from tunewright.workflow.inventions import made_up_share
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.several import several_labels
from tunewright.workflow.study import Study

DIGITS = 6
# A table of more labels is read by nobody, and answers in free text are not labels.
MAX_LABELS_SHOWN = 200


def system_result(
    study: Study,
    outcome: Outcome,
    cost: Cost,
    learned: Learned | None = None,
    share: tuple[float, Interval | None] | None = None,
) -> SystemResult:
    """The figures of one system; all empty when it is not available. ``share`` is that of the reachable gain."""
    rows = outcome.rows
    known = [(row, study.examples[position]) for row, position in _known(study, outcome)]
    latency = next((fit.latency for fit in outcome.fits if fit.latency is not None), None)
    several, measures = several_labels(study.settings), _measures(study, known)
    labels = () if several else study.labels
    traits = traits_of(outcome.contestant.system)
    return SystemResult(
        name=outcome.name,
        kind=outcome.contestant.entry.kind,
        role=outcome.role,
        available=outcome.available,
        reason=outcome.reason,
        practice=traits.practice,
        asked_elsewhere=traits.asked_elsewhere,
        simplicity=outcome.needs.simplicity,
        n=len(known),
        score=_mean([row.score for row, _ in known]),
        interval=score_interval(study, outcome),
        validation_score=outcome.validation_score,
        missing=outcome.count([Status.INFRA_FAIL, Status.JUDGE_FAIL]),
        no_usable_answer=outcome.count([Status.MODEL_FAIL]),
        macro_f1=measures.get("macro_f1") if several else _macro_f1(known, labels),
        critical_n=sum(example.critical for _, example in known),
        critical_wrong=sum(example.critical and row.score == 0 for row, example in known),
        calibration_error=_calibration(rows, whole=several),
        noise_flip_rate=outcome.flip_rate,
        classes=_classes(known, labels),
        fields=_fields(known),
        measures=measures,
        parts=_parts(known),
        per_answer=outcome.per_answer,
        learned=learned,
        reachable=None if share is None else share[0],
        reachable_interval=None if share is None else share[1],
        handover=_handover(study, outcome),
        cost=cost,
        latency=latency,
        training_seconds=outcome.training_seconds if outcome.fits else None,
        budget=_budget(outcome),
        notes=outcome.notes,
    )


def score_interval(study: Study, outcome: Outcome) -> tuple[float, float] | None:
    """95 % interval of the mean score on the cases that decide; None when nothing was scored."""
    scores = outcome.score_values
    keep = ~np.isnan(scores)
    if not keep.any():
        return None
    groups = None if study.scored_groups is None else study.scored_groups[keep]
    low, high = mean_interval(scores[keep], groups)
    return round(low, DIGITS), round(high, DIGITS)


def system_cost(study: Study, outcome: Outcome) -> Cost:
    """Running cost per month and what its wrong answers cost."""
    score = _mean([row.score for row, _ in _known(study, outcome)])
    return cost_of(study.settings, outcome, score, score_interval(study, outcome))


def confusion(study: Study, outcome: Outcome) -> list[Confusion]:
    """The confusion matrix of one system on the cases that decide; none of too many labels, or of several per case."""
    if not study.labels or len(study.labels) > MAX_LABELS_SHOWN or several_labels(study.settings):
        return []
    known = _known(study, outcome)
    targets = [study.examples[position].target for _, position in known]
    counts = confusion_counts(targets, [row.answer for row, _ in known], study.labels)
    return [Confusion(system=outcome.name, labels=list(study.labels), counts=counts.tolist())]


def _known(study: Study, outcome: Outcome) -> list[tuple[ScoreRow, int]]:
    pairs = zip(outcome.rows, study.scored, strict=True) if outcome.rows else []
    return [(row, position) for row, position in pairs if row.score is not None]


def _mean(scores: Sequence[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return round(sum(known) / len(known), DIGITS) if known else None


def _macro_f1(known: Sequence[tuple[ScoreRow, Example]], labels: Sequence[str]) -> float | None:
    classes = _classes(known, labels)
    return round(sum(figures.f1 for figures in classes) / len(classes), DIGITS) if classes else None


def _classes(known: Sequence[tuple[ScoreRow, Example]], labels: Sequence[str]) -> list[ClassFigures]:
    """Figures of the labels that occur among the cases."""
    if not known or not labels or len(labels) > MAX_LABELS_SHOWN:
        return []
    targets = [example.target for _, example in known]
    figures = label_figures(targets, [row.answer for row, _ in known], labels)
    return [
        ClassFigures(
            label=item.label,
            n=item.n,
            precision=_rounded(item.precision),
            recall=_rounded(item.recall),
            f1=round(item.f1, DIGITS),
        )
        for item in figures
        if item.n
    ]


def _fields(known: Sequence[tuple[ScoreRow, Example]]) -> list[ClassFigures]:
    """Figures of the fields (or slots) that grades count, most frequent first; none for other graders."""
    rows = sorted(counting.table(counting.from_parts(row.parts for row, _ in known)), key=lambda r: (-r.n, r.name))
    return [
        ClassFigures(
            label=r.name, n=r.n, precision=_rounded(r.precision), recall=_rounded(r.recall), f1=round(r.f1, DIGITS)
        )
        for r in rows[:MAX_LABELS_SHOWN]
    ]


def _measures(study: Study, known: Sequence[tuple[ScoreRow, Example]]) -> dict[str, float]:
    """Measures of all answers together; an answer of no use counts as none."""
    if not known:
        return {}
    answers = [row.answer if row.status is Status.OK else None for row, _ in known]
    targets = [example.target for _, example in known]
    found = {one.NAME: round(one.measure(answers, targets), DIGITS) for one in study.grading.measures}
    return found | _inventions(study.settings.unanswerable, known)


def _inventions(wanted: str | None, known: Sequence[tuple[ScoreRow, Example]]) -> dict[str, float]:
    """How often something is made up where the project's words say that there is no answer; nothing without words."""
    if wanted is None:
        return {}
    answers = [Answer(row.answer, row.status) for row, _ in known]
    share = made_up_share([example.target for _, example in known], answers, wanted)
    return {} if share is None else {INVENTIONS: round(share, DIGITS)}


def _parts(known: Sequence[tuple[ScoreRow, Example]]) -> dict[str, float]:
    """Means over the cases that have the part; counts of fields are shown as a table instead."""
    values: dict[str, list[float]] = {}
    for row, _ in known:
        for name, value in row.parts:
            if name.partition(":")[0] not in counting.KINDS:
                values.setdefault(name, []).append(value)
    return {name: round(sum(found) / len(found), DIGITS) for name, found in sorted(values.items())}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _calibration(rows: Sequence[ScoreRow], *, whole: bool) -> float | None:
    """The error of confidences; with ``whole`` they are those of wholly right answers, whatever half right is worth."""
    known = [(row.confidence, row.score) for row in rows if row.confidence is not None and row.score is not None]
    pairs = [(sure, float(score >= 1) if whole else score) for sure, score in known]
    if not pairs:
        return None
    confidence, right = np.array(pairs, dtype=np.float64).T
    error = expected_calibration_error(confidence, right)
    return None if error is None else round(error, 4)


def _handover(study: Study, outcome: Outcome) -> Handover | None:
    """What it is worth with a person behind it; None before its cases are scored."""
    if not outcome.rows:
        return None
    target = study.settings.target
    return handover(
        outcome.rows,
        study.scored_groups,
        study.scored_folds,
        target=None if target is None else target.at_least,
        person=traits_of(outcome.contestant.system).person,
    )


def _budget(outcome: Outcome) -> TuningBudget:
    """Over all parts; one unknown makes the whole unknown."""
    budgets = [fit.budget for fit in outcome.fits]
    declared = [budget.declared for budget in budgets]
    return TuningBudget(
        declared=None if None in declared else sum(value for value in declared if value is not None),
        spent=sum(budget.spent for budget in budgets),
        exhausted=bool(budgets) and all(budget.exhausted for budget in budgets),
    )
