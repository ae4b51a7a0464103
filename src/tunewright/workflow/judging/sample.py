"""Which answers people judge: both systems' on a random sample of the cases that decide, in a fixed random order.

The order follows from the inputs alone, by a hash, so that it is the same for everybody and at every time, and no
answer, score or disagreement can move a case forward. What counts are the first cases of it that are judged without a
gap: whatever else was judged is no random sample, and is left out. Where rows belong together, whole groups are drawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.evaluation.judging import JudgingGrader
from tunewright.records.answers import Status
from tunewright.records.example import input_digest
from tunewright.workflow.judging.people import JudgedAnswer, People
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Study

# Cases of which the two systems that matter most are judged, and of which all others are.
MAIN_CASES = 200
OTHER_CASES = 50
PASS = 0.5
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One system: its answers in the order of ``study.scored`` and the judge's scores float64[n], nan where missing.

    ``given`` are scores that need no person, by position: no usable answer is worth 0 to anybody. ``main``: one of the
    two systems that the decision is about.
    """

    name: str
    answers: tuple[JudgedAnswer | None, ...]
    scores: Floats
    given: Mapping[int, float]
    main: bool


def arms_of(
    study: Study, outcomes: Sequence[Outcome], candidate: str | None, grader: JudgingGrader, people: People
) -> tuple[Arm, ...]:
    """All scored systems; the candidate and the other one with the highest rate are the main ones."""
    means = {o.name: _mean(o.score_values) for o in outcomes if o.rows}
    others = sorted((name for name in means if name != candidate), key=lambda name: (-means[name], name))
    main = {candidate, *others[:1]} if candidate in means else set(others[:2])
    return tuple(_arm(study, o, grader, people, main=o.name in main) for o in outcomes if o.rows)


def _arm(study: Study, outcome: Outcome, grader: JudgingGrader, people: People, *, main: bool) -> Arm:
    answers: list[JudgedAnswer | None] = []
    given: dict[int, float] = {}
    for place, (row, position) in enumerate(zip(outcome.rows, study.scored, strict=True)):
        example = study.examples[position]
        answers.append(None)
        if row.status is Status.MODEL_FAIL:
            given[place] = 0.0
        elif row.answer is not None and not row.status.is_missing:
            settled = grader.settled(row.answer, example.target, example)
            if settled is not None and settled.score is not None:
                given[place] = settled.score
            elif settled is None:
                answers[place] = people.answer(example, row.answer)
    return Arm(outcome.name, tuple(answers), outcome.score_values, given, main)


def case_order(study: Study) -> list[int]:
    """Places in ``study.scored``, group by group where there are groups, in the random order."""
    scored, groups = study.scored, study.scored_groups
    keys = [hashlib.sha256(f"judged {input_digest(study.examples[p].messages)}".encode()).hexdigest() for p in scored]
    units = list(range(len(scored))) if groups is None else groups.tolist()
    first = dict[int, str]()
    for unit, key in zip(units, keys, strict=True):
        first[unit] = min(first.get(unit, key), key)
    return sorted(range(len(scored)), key=lambda place: (first[units[place]], units[place], keys[place], place))


def sampled_scores(
    study: Study, arms: Sequence[Arm], people: People, order: Sequence[int]
) -> tuple[dict[str, Floats], dict[str, int]]:
    """What people say by system, float64[n], nan outside the sample; and how many cases each one's sample has.

    The first of several judgements counts; the others serve to compare people.
    """
    found, cases = {}, {}
    for arm in arms:
        scores = np.full(len(order), np.nan)
        done = 0
        for place in order:
            answer = arm.answers[place]
            said = people.of(answer) if answer is not None else []
            if answer is not None and not said:
                break
            scores[place] = said[0].score if said else arm.given.get(place, np.nan)
            done += 1
        done = _whole_groups(study, order, done)
        scores[list(order[done:])] = np.nan
        found[arm.name], cases[arm.name] = scores, done
    return found, cases


def _whole_groups(study: Study, order: Sequence[int], done: int) -> int:
    """The sample without its last group, where that one is not judged to its end."""
    groups = study.scored_groups
    if groups is None or done in (0, len(order)):
        return done
    while done and groups[order[done - 1]] == groups[order[min(done, len(order) - 1)]]:
        done -= 1
    return done


def _mean(scores: Floats) -> float:
    return -1.0 if np.isnan(scores).all() else float(np.nanmean(scores))
