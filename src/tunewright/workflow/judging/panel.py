"""A run's judge beside people: before the decision what people say, after it the document.

The decision is handed people's scores (``DecisionInputs.people``) and the gate ``judge``; with them it rests on people
and judge together, never on the judge alone. Called by ``conclude``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tunewright.decision.inputs import SystemScores
from tunewright.decision.rectified import MIN_PEOPLE
from tunewright.decision.verdict import Decision
from tunewright.evaluation.judging import JudgingGrader
from tunewright.records.judging import JudgedGain, JudgedSystem, Judging
from tunewright.records.verdict import Gate
from tunewright.store import Store
from tunewright.workflow.grading import judge_name
from tunewright.workflow.judging import words
from tunewright.workflow.judging.admission import NOBODY, Admission, examine, judged_systems
from tunewright.workflow.judging.checks import same_family
from tunewright.workflow.judging.people import People, count_look, share_of_level
from tunewright.workflow.judging.sample import Arm, Floats, arms_of, case_order, sampled_scores
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Hooks, Study

GATE = "judge"
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Panel:
    """What is needed to hold a judge against people: the project's state, and how to say that the judge is asked."""

    study: Study
    store: Store
    hooks: Hooks

    @classmethod
    def of(cls, study: Study, store: Store, hooks: Hooks) -> Panel | None:
        """The panel of a study, or None where no language model judges."""
        return cls(study, store, hooks) if isinstance(study.grading.grader, JudgingGrader) else None

    def hear(self, outcomes: Sequence[Outcome], candidate: str | None) -> Heard:
        """What people said of the answers that decide, and whether the judge passes."""
        study, grader = self.study, self.study.grading.grader
        assert isinstance(grader, JudgingGrader)
        people = People(self.store, grader)
        arms, order = arms_of(study, outcomes, candidate, grader, people), case_order(study)
        scores, cases = sampled_scores(study, arms, people, order)
        admission = examine(study, grader, arms, order, scores, cases, people, outcomes)
        looks = self._looks(scores) if admission.admitted else 0
        return Heard(study, candidate, arms, scores, admission, looks)

    def _looks(self, scores: Mapping[str, Floats]) -> int:
        seen = hashlib.sha256()
        for name in sorted(scores):
            seen.update(name.encode("utf-8", "surrogatepass") + np.nan_to_num(scores[name], nan=-1.0).tobytes())
        return count_look(self.store, self.study.test_hash, seen.hexdigest())


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """People's scores by system, float64[n] in the order of ``study.scored``, and what follows for the judge."""

    study: Study
    candidate: str | None
    arms: tuple[Arm, ...]
    scores: Mapping[str, Floats]
    admission: Admission
    looks: int

    @property
    def gate(self) -> Gate:
        """Passed where the judge is admitted and people judged enough answers of every system."""
        command = words.command(self.study)
        if not self.admission.admitted:
            return Gate(name=GATE, passed=False, text=words.refused(self.admission, self.study, command))
        short = [arm.name for arm in self.arms if self._people_of(arm.name) < MIN_PEOPLE]
        if short:
            text = (
                f"People judged fewer than {MIN_PEOPLE} answers of {', '.join(short)}, so nothing corrects the judge "
                f"there. Judge more: {command}"
            )
            return Gate(name=GATE, passed=False, text=text)
        return Gate(name=GATE, passed=True, text=words.admitted(self.admission))

    @property
    def alpha_share(self) -> float:
        """What this look at growing judgements leaves of the level of a test: all of it at the first, then less."""
        return share_of_level(self.looks)

    def document(self, decision: Decision, systems: Sequence[SystemScores]) -> Judging:
        """The whole record; ``systems`` are the scores that the decision was made from."""
        by_name = {system.name: system.scores for system in systems}
        gains = [self._gain(paired.system, decision, by_name) for paired in decision.baselines]
        binding = next((one for one in gains if one.system == decision.binding), None)
        text = words.summary(self.admission, self.study, binding, words.command(self.study))
        shown = judged_systems(self.arms, self.scores, admitted=self.admission.admitted)
        return _document(self.admission, self.looks, shown, gains, binding, text)

    def _people_of(self, name: str) -> int:
        return int((~np.isnan(self.scores[name])).sum())

    def _gain(self, name: str, decision: Decision, judged: Mapping[str, Floats]) -> JudgedGain:
        """The candidate over one system; the judge's own gain is on the cases that it scored for both."""
        paired = next(one for one in decision.baselines if one.system == name)
        candidate = str(self.candidate)
        both = judged[candidate] - judged[name]
        people = int((~np.isnan(self.scores[candidate] - self.scores[name])).sum())
        enough = people >= MIN_PEOPLE
        return JudgedGain(
            system=name,
            judged=0.0 if np.isnan(both).all() else round(float(np.nanmean(both)), DIGITS),
            gain=paired.delta if enough else None,
            interval=paired.interval if enough else None,
            people=people,
        )


def unheard(study: Study, outcomes: Sequence[Outcome]) -> Judging | None:
    """The record before the cases that decide are opened: nobody can have judged answers to them; None without a judge.

    Figures on validation rows are the judge's as well, and named so.
    """
    grader = study.grading.grader
    if not isinstance(grader, JudgingGrader):
        return None
    name = judge_name(study.settings)
    family = same_family(study.settings, name, [outcome.contestant for outcome in outcomes])
    found = replace(NOBODY, judge=name, same_family=tuple(family))
    return _document(found, 0, [], [], None, words.unopened(found, words.command(study)))


def _document(
    found: Admission,
    looks: int,
    systems: list[JudgedSystem],
    gains: list[JudgedGain],
    binding: JudgedGain | None,
    text: str,
) -> Judging:
    return Judging(
        judge=found.judge,
        tested=found.tested,
        admitted=found.admitted,
        labelled=found.labelled,
        cases=found.cases,
        sensitivity=found.sensitivity,
        specificity=found.specificity,
        youden_low=found.youden_low,
        agreement=found.agreement,
        flip_rate=found.flip_rate,
        asked_again=found.asked_again,
        order_flip_rate=found.order_flip_rate,
        length_gap=found.length_gap,
        length_interval=found.length_interval,
        ceiling=found.ceiling,
        ceiling_cases=found.ceiling_cases,
        same_family=list(found.same_family),
        looks=looks,
        other_rubric=found.other_rubric,
        judged_by=list(found.judged_by),
        gain=None if binding is None else binding.gain,
        interval=None if binding is None else binding.interval,
        systems=systems,
        gains=gains,
        reasons=list(found.reasons),
        notes=words.notes(found, looks),
        text=text,
    )
