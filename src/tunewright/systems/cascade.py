"""``{cascade: [tfidf, "prompt:small"]}``: the first system answers where it is sure, the next one elsewhere.

With ``person`` as the last name, cases in which none is sure enough are left to a person. From which confidence on a
member answers itself is chosen (``_combined.thresholds``) on answers to rows that the members have not learned
(``_combined.cascade_rows``). Labels come with a confidence; members that write texts hand on what they cannot answer.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tunewright.errors import InputError, WorkError
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Inputs
from tunewright.records.generation import Watch
from tunewright.records.system import FitContext, Setting, Traits, answers_of
from tunewright.records.usage import Spent
from tunewright.systems._arrived import require_arrived
from tunewright.systems._combined.cascade_policy import Policy, choose_policy
from tunewright.systems._combined.cascade_rows import is_usable, unseen_answers
from tunewright.systems._combined.members import (
    Combined,
    FittedMembers,
    close_all,
    named,
    open_members,
    read_trace,
    trace_of,
)
from tunewright.systems._combined.thresholds import NEVER
from tunewright.systems.around import Around, Kind
from tunewright.systems.fitlog import FitLog
from tunewright.systems.options import Option, read

SUMMARY = "the first system answers where it is sure, else the next one, at the end perhaps a person"
OPTIONS: Mapping[str, Option] = {
    "target": Option(0.95, "share right", "what the answers that no person sees must reach; with person at the end"),
    "sure": Option(0.9, "probability", "how surely validation rows must show the target"),
    "standard_errors": Option(
        1.0, "standard errors", "score given up at most to ask members less often that cost much more"
    ),
    "steps": Option(20, "cut-offs tried for a member", "shares handed on in twentieths; more fit the validation rows"),
}
PERSON = "person"
HANDED_OVER = "handed to a person"
_WHERE = "systems: cascade"


@dataclass(slots=True)
class _Case:
    """One case on its way through the stages; ``best`` is the most trusted usable answer so far."""

    stages: list[dict[str, Any]]
    spent: Spent | None = None
    best: Answer | None = None
    trust: float = -1.0
    lost: Answer | None = None
    done: bool = False


@dataclass(slots=True)
class FittedCascade(FittedMembers):
    """Members with the policy between them."""

    policy: Policy

    def ask(self, inputs: Sequence[Inputs], watch: Watch) -> list[Answer]:
        """One answer per input, in order; raises Cancelled."""
        cases = [_Case([]) for _ in inputs]
        thresholds = (*self.policy.thresholds, 0.0)
        for stage, threshold in enumerate(thresholds):
            open_places = [place for place, case in enumerate(cases) if not case.done]
            if threshold < NEVER and open_places:
                asked = [inputs[place] for place in open_places]
                self._ask(stage, [cases[place] for place in open_places], asked, watch)
        return [self._final(case) for case in cases]

    def save(self, folder: Path) -> None:
        FittedMembers.save(self, folder)
        self.policy.write(folder)

    def _ask(self, stage: int, cases: Sequence[_Case], inputs: Sequence[Inputs], watch: Watch) -> None:
        """One member for all cases that are still open."""
        answers = answers_of(self.members[stage], inputs, watch)
        trusts = self.policy.trusts[stage].of([answer.confidence for answer in answers]).tolist()
        last = stage == len(self.policy.thresholds)
        for case, answer, trust in zip(cases, answers, trusts, strict=True):
            _add(case, self.names[stage], answer, trust)
            if answer.status.is_missing:
                case.lost, case.done = answer, True
            elif is_usable(answer, self.policy.kind, self.policy.labels):
                if trust > case.trust:
                    case.best, case.trust = answer, trust
                if last or trust >= self.policy.thresholds[stage]:
                    case.best, case.trust, case.done = answer, trust, True

    def _final(self, case: _Case) -> Answer:
        if case.lost is not None:
            where = f"{case.stages[-1]['system']}: {case.lost.detail}"
            return Answer(None, case.lost.status, None, where, case.spent, trace_of(stages=case.stages))
        sure = case.best is not None and (self.policy.person is None or case.trust >= self.policy.person)
        if sure and case.best is not None:
            stages = trace_of(stages=case.stages)
            return Answer(case.best.text, Status.OK, round(case.trust, 6), case.best.detail, case.spent, stages)
        if self.policy.person is not None:
            stages = trace_of(stages=[*case.stages, {"system": PERSON}])
            return Answer(None, Status.MODEL_FAIL, None, HANDED_OVER, case.spent, stages)
        detail = str(case.stages[-1].get("detail", "")) if case.stages else ""
        return Answer(None, Status.MODEL_FAIL, None, detail, case.spent, trace_of(stages=case.stages))


def _add(case: _Case, name: str, answer: Answer, trust: float) -> None:
    """Write down what a member said to the case, and what it took."""
    stage: dict[str, Any] = {"system": name, "answer": answer.text, "status": answer.status.value}
    if answer.confidence is not None:
        stage["confidence"] = answer.confidence
    if answer.text is not None:
        stage["trust"] = round(trust, 6)
    if answer.detail:
        stage["detail"] = answer.detail
    own = read_trace(answer.trace)
    case.stages.append({**stage, "trace": own} if own else stage)
    if answer.spent is not None:
        case.spent = answer.spent if case.spent is None else case.spent + answer.spent


@dataclass(frozen=True, slots=True)
class Cascade(Combined):
    """The system before it has seen rows; ``person`` says that a person comes last."""

    kind: Kind
    person: bool

    @property
    def traits(self) -> Traits:
        """With or without a person behind it."""
        return replace(self.united_traits(), person=self.person)

    def identity(self) -> Mapping[str, Setting]:
        return {**Combined.identity(self), "person": self.person, "kind": self.kind}

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedCascade:
        """Fit the members, then choose the cut-offs between them.

        Raises:
            WorkError: there are no validation rows to choose on, or a member answered none of them.
        """
        if not validation:
            raise WorkError(
                "cascade.no_validation",
                "A cascade has no validation rows to choose its cut-offs on.",
                hint="Give the table more rows, or leave the cascade out.",
            )
        fitted = self.fit_members(train, validation, context)
        names = tuple(member.name for member in self.members)
        try:
            started = time.perf_counter()
            rows, answers = unseen_answers(self.members, fitted, train, validation, context)
            for member, given in zip(self.members, answers, strict=True):
                if member.system.needs.network:
                    require_arrived(given, f"Cut-offs would be chosen, for {member.name},")
            needs = [member.system.needs for member in self.members]
            chosen = choose_policy(
                answers, rows, context, self.kind, self.values, names, person=self.person, needs=needs
            )
        except BaseException:
            close_all(fitted)
            raise
        log = chosen.log(self.values, names, time.perf_counter() - started)
        return FittedCascade(names, fitted, log, chosen.policy)

    def load(self, folder: Path) -> FittedCascade:
        names = tuple(member.name for member in self.members)
        return FittedCascade(names, self.load_members(folder), FitLog.read(folder), Policy.read(folder))


def build_around(
    name: str, argument: str | None, options: Mapping[str, Setting], root: Path, around: Around
) -> Cascade:
    """The system as named in the project file: ``{cascade: [tfidf, "prompt:small", person]}``.

    Raises:
        InputError: fewer than two stages, a person who is not last, or an option out of its range.
    """
    values = read(options, OPTIONS, "cascade")
    _check(values)
    names = named(argument)
    person = bool(names) and names[-1] == PERSON
    machines = names[:-1] if person else names
    if PERSON in machines:
        raise InputError(
            "cascade.person", "A person can only come last in a cascade: nothing answers after them.", where=_WHERE
        )
    if "target" in options and not person:
        raise InputError(
            "cascade.target",
            "A cascade has a target only where a person comes last: others answer every case they can.",
            where=_WHERE,
            hint=f"Add {PERSON} as the last name, or leave the target out.",
        )
    if len(names) < 2 or not machines:
        raise InputError(
            "cascade.too_short",
            f"A cascade has two stages or more, not {len(names)}.",
            where=_WHERE,
            hint='Write {cascade: [tfidf, "prompt:small"]} or {cascade: [tfidf, person]}.',
        )
    return Cascade(name, open_members(machines, around, "cascade"), values, around.kind, person)


def _check(values: Mapping[str, Setting]) -> None:
    ranges = {"target": (0.0, 0.999999), "sure": (0.5, 0.999999), "standard_errors": (0.0, 10.0), "steps": (2, 1000)}
    for option, (low, high) in ranges.items():
        if not low <= float(values[option]) <= high:
            raise InputError(
                "systems.option_value",
                f"Option {option!r} of the system 'cascade' must be {low:g} to {high:g}, not {values[option]!r}.",
                where=_WHERE,
            )
