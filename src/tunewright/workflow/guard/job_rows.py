"""On rows of the job that were not learned: form of the answers, inventions, calibration, latency.

What can be is compared with the model that the fine-tune is made from, asked the same; a rate that must be near 1
whatever the base does (form) has an absolute limit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Inputs
from tunewright.records.guard import Guard
from tunewright.statistics.calibration import expected_calibration_error
from tunewright.statistics.corpus import gain_from_answers
from tunewright.statistics.ratios import mean_ratio
from tunewright.workflow.grading import grade_all
from tunewright.workflow.guard.rule import (
    BEHAVIOUR_MARGIN,
    Named,
    Scores,
    as_scores,
    made,
    not_checked,
    not_worse,
    percent,
    result_below,
    share_at_least,
)
from tunewright.workflow.guard.subject import Answering, Subject
from tunewright.workflow.inventions import invents_nothing, is_unanswerable

FORM_LIMIT = 0.95
INVENTION_LIMIT = 0.90
CALIBRATION_LIMIT = 0.05
SLOWER_LIMIT = 0.25
LEAST_FOR_CALIBRATION = 50
TIMED_CALLS = 30
WARM_UP_CALLS = 2


def job_guards(subject: Subject) -> list[Guard]:
    """Form, inventions and calibration, from one pass over the rows by each of the two."""
    rows = subject.rows(subject.held_out)
    inputs = [row.inputs for row in rows]
    tuned = subject.tuned("the job").answer(inputs)
    untuned = subject.untuned("the job")
    base = None if untuned is None else untuned.answer(inputs)
    return [
        form_guard(subject, rows, tuned, base),
        inventions_guard(subject, rows, tuned, base),
        calibration_guard(subject, rows, tuned, base),
    ]


def form_guard(
    subject: Subject, rows: Sequence[Example], tuned: Sequence[Answer], base: Sequence[Answer] | None
) -> Guard:
    """Answers that can be used at all: one of the labels, JSON with the fields of the job, a text that ends."""
    named = Named("format", subject.name, None)
    fields = _fields([subject.study.examples[row].target for row in subject.part.train])
    known = [answer for answer in tuned if not answer.status.is_missing]
    right = sum(well_formed(answer, subject.study.settings.kind, subject.study.labels, fields) for answer in known)
    reference = None
    if base:
        good = [well_formed(one, subject.study.settings.kind, subject.study.labels, fields) for one in base]
        reference = sum(good) / len(good)
    text = f"{right} of {len(known)} answers to cases that were not learned have the form that the job asks for."
    guard = share_at_least(named, right, len(known), FORM_LIMIT, text, reference)
    if known and right == len(known) and subject.only_labels:
        text = "It can answer nothing but the labels of the job, so every answer has the right form."
        return guard.model_copy(update={"result": "holds", "text": text, "interval": None})
    return guard


def well_formed(answer: Answer, kind: str, labels: Sequence[str], fields: frozenset[str]) -> bool:
    """Whether an answer has the form of the job; what it says is not looked at."""
    if answer.status is not Status.OK or not answer.text or answer.detail == "did not stop":
        return False
    if kind == "classify":
        return answer.text in labels or bool(_listed(answer.text) and set(_listed(answer.text) or ()) <= set(labels))
    if kind == "extract":
        value = _json(answer.text)
        return isinstance(value, dict) and fields <= set(value)
    return True


def inventions_guard(
    subject: Subject, rows: Sequence[Example], tuned: Sequence[Answer], base: Sequence[Answer] | None
) -> Guard:
    """Cases whose right answer is that there is none, or a field of them: is something made up in its place?

    Held against the base where that says so itself; else to an absolute share, which then stops nothing.
    """
    named = Named("inventions", subject.name, subject.base)
    wanted = subject.study.settings.unanswerable
    places = [place for place, row in enumerate(rows) if is_unanswerable(row.target, wanted)]
    if not places and subject.only_labels:
        return not_checked(named, "every answer is a label of the job", INVENTION_LIMIT)
    if not places:
        why = "no case that was not learned has an answer that is not in its text"
        hint = "" if wanted else " (name the words that say so under unanswerable:)"
        return not_checked(named, why + hint, INVENTION_LIMIT)
    honest = as_scores([invents_nothing(rows[place].target, tuned[place], wanted) for place in places])
    text = f"{percent(float(np.nanmean(honest)))} of {len(places)} such cases are answered without making anything up."
    if base is not None:
        untuned = as_scores([invents_nothing(rows[place].target, base[place], wanted) for place in places])
        groups = subject.study.groups
        if groups is not None:
            groups = groups[np.asarray(subject.held_out)[places]]
        scores = Scores(honest, untuned, groups=groups)
        if not scores.base_at_chance:
            return not_worse(named, scores, BEHAVIOUR_MARGIN, text)
    alone = replace(named, against=None, blocks=False)
    kept = honest[~np.isnan(honest)]
    return share_at_least(alone, int(kept.sum()), len(kept), INVENTION_LIMIT, text)


def calibration_guard(
    subject: Subject, rows: Sequence[Example], tuned: Sequence[Answer], base: Sequence[Answer] | None
) -> Guard:
    """Expected calibration error beside that of the base. Advice: it stops no shipment."""
    named = Named("calibration", subject.name, subject.base, blocks=False)
    found = _sure(subject, rows, tuned)
    other = None if base is None else _sure(subject, rows, base)
    keep = ~np.isnan(found).any(axis=1)
    if other is not None:
        keep &= ~np.isnan(other).any(axis=1)
    if other is None or keep.sum() < LEAST_FOR_CALIBRATION:
        why = "there is nothing to compare with" if other is None else f"it takes {LEAST_FOR_CALIBRATION} sure answers"
        return not_checked(named, why, CALIBRATION_LIMIT)
    both = np.stack([found[keep], other[keep]])

    def error(places: Any, swapped: Any) -> float:
        taken = both[np.where(swapped, 1, 0), places]
        return expected_calibration_error(taken[:, 0], taken[:, 1]) or 0.0

    gain = gain_from_answers(error, int(keep.sum()), seed=subject.study.settings.seed)
    text = (
        f"How far its certainty is from its share of right answers (ECE): {percent(gain.first)}; "
        f"what it is made from: {percent(gain.second)}."
    )
    result = result_below(gain.gain, (gain.low, gain.high), CALIBRATION_LIMIT)
    interval = (gain.low, gain.high)
    return made(named, int(keep.sum()), gain.first, gain.second, interval, CALIBRATION_LIMIT, result, text)


def latency_guard(subject: Subject) -> Guard:
    """Seconds of one call at a time, in turn with the base, as a ratio; of a written token where answers are texts.

    Advice: the hard limit is ``max_latency_ms``. An untuned model writes answers of another length, so calls that
    write cannot be compared as they are.
    """
    named = Named("latency", subject.name, subject.base, blocks=False)
    pair: tuple[Answering, Answering | None] = (subject.tuned("latency"), subject.head)
    if subject.models is not None:
        base = subject.models.answering(tuned=False, watch=subject.watch("latency"))
        pair = pair[0], replace(base, backend=subject.models.base)
    rows = subject.rows(subject.held_out)
    if pair[1] is None or len(rows) < 2:
        why = f"there is nothing to compare with: {subject.why_not or 'too few cases'}"
        return not_checked(named, why, SLOWER_LIMIT)
    calls = [_fresh(rows[number % len(rows)].inputs, number) for number in range(TIMED_CALLS + WARM_UP_CALLS)]
    times = np.array([[_seconds(one, call) for one in pair if one is not None] for call in calls])[WARM_UP_CALLS:]
    found = mean_ratio(times[:, 0], times[:, 1])
    what = "One written token" if subject.can_write else "One call"
    adapter = " An adapter that is kept apart costs time; `tunewright merge` puts it into the weights."
    text = (
        f"{what} takes {1000 * found.first:.3g} ms, {found.ratio:.2f} times what it takes the model that it is made "
        f"from ({1000 * found.second:.3g} ms), on this machine as busy as it was."
    )
    interval = (found.low - 1, found.high - 1)
    result = result_below(found.ratio - 1, interval, SLOWER_LIMIT)
    text += adapter if result == "broken" and subject.models is not None else ""
    return made(named, len(times), found.ratio, 1.0, interval, SLOWER_LIMIT, result, text)


def _sure(subject: Subject, rows: Sequence[Example], answers: Sequence[Answer]) -> np.ndarray[Any, Any]:
    """Confidence and score of each answer, float64[n, 2]; nan where either is not known."""
    scores = grade_all(subject.study.grading.grader)(rows, answers)
    sure = [answer.confidence for answer in answers]
    return np.stack([as_scores(sure), as_scores(scores)], axis=1)


def _seconds(system: Answering, call: Inputs) -> float:
    """Of one call; of each token that it writes, where that is told."""
    started = time.perf_counter()
    (answer,) = system.answer([call])
    tokens = 1 if answer.spent is None else max(answer.spent.usage.output, 1)
    return (time.perf_counter() - started) / tokens


def _fresh(item: Inputs, number: int) -> Inputs:
    """The same input with a number at its end: a text that no cache has seen."""
    *before, last = item.messages
    changed = (*before, replace(last, content=f"{last.content} {number}"))
    return replace(item, messages=changed, origin=item.owner)


def _fields(targets: Sequence[str]) -> frozenset[str]:
    """Fields that every target of the job has."""
    objects = [value for value in map(_json, targets) if isinstance(value, dict)]
    if not objects:
        return frozenset()
    return frozenset.intersection(*(frozenset(value) for value in objects))


def _listed(text: str) -> list[str] | None:
    value = _json(text)
    return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
