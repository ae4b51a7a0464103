"""When a member of a cascade answers itself, how that was chosen, and what to say of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tunewright.errors import WorkError
from tunewright.records.answers import Answer
from tunewright.records.example import Example
from tunewright.records.system import Budget, FitContext, Needs, Setting, Trial
from tunewright.systems._combined.cascade_rows import is_usable
from tunewright.systems._combined.thresholds import (
    NEVER,
    BoolArray,
    FloatArray,
    IntArray,
    Kept,
    Seen,
    Tried,
    Trust,
    answered_by,
    choose,
    choose_kept,
    learn_trust,
    score_of,
)
from tunewright.systems.around import Kind
from tunewright.systems.fitlog import FitLog

FILE_NAME = "cascade.json"
DEARER = 10.0
PARTS, FEWEST_TO_PART = 5, 25


@dataclass(frozen=True, slots=True)
class Policy:
    """One ``Trust`` a member, thresholds of all but the last, and the person's: None where no person comes last."""

    kind: Kind
    labels: tuple[str, ...]
    trusts: tuple[Trust, ...]
    thresholds: tuple[float, ...]
    person: float | None

    def write(self, folder: Path) -> None:
        """Save as ``cascade.json``."""
        (folder / FILE_NAME).write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> Policy:
        """What ``write`` saved."""
        value: dict[str, Any] = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        trusts = tuple(Trust(**trust) for trust in value["trusts"])
        return Policy(value["kind"], tuple(value["labels"]), trusts, tuple(value["thresholds"]), value["person"])


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The policy, everything tried for it, and who answers which share of the rows under it.

    ``score`` is that of cut-offs chosen in the same way on other rows.
    """

    policy: Policy
    tried: tuple[Tried, ...]
    kept: Kept | None
    by: Mapping[str, float]
    score: float
    rows: int
    seconds_per_call: float

    def log(self, values: Mapping[str, Setting], names: Sequence[str], seconds: float) -> FitLog:
        """One trial, the policy as a whole; the budget counts every cut-off that was scored."""
        settings: dict[str, Setting] = {
            f"{name} answers from": threshold for name, threshold in zip(names, self.policy.thresholds, strict=False)
        }
        passes = len(names) + len(self.tried)
        if self.policy.person is not None:
            settings["kept from"] = self.policy.person
            passes += int(values["steps"])
        trial = Trial(settings, self.score, seconds)
        return FitLog((trial,), Budget(passes, passes, exhausted=True), self._notes(values, names))

    def _notes(self, values: Mapping[str, Setting], names: Sequence[str]) -> tuple[str, ...]:
        note = (
            f"on {self.rows} rows not learned: {self._stages(names)}; {self.seconds_per_call:.2g} s a call by declared "
            "figures"
        )
        if self.kept is None:
            return (note,)
        return (note, self._person_note(self.kept, float(values["target"]), float(values["sure"])))

    def _stages(self, names: Sequence[str]) -> str:
        """Who answers which share of the rows, each member under its cut-off."""
        if self.kept is not None and not any(self.by.values()):
            thresholds = (*self.policy.thresholds, 0.0)
            asked = [name for name, threshold in zip(names, thresholds, strict=True) if threshold < NEVER]
            return f"{' and '.join(asked)} {'are' if len(asked) > 1 else 'is'} asked, and no answer is sure enough"
        cuts = [*map(_cut, self.policy.thresholds), "answers the rest" if len(names) > 1 else "is asked first"]
        stages = [
            f"{name} {cut} ({100 * share:.0f} %)" for (name, share), cut in zip(self.by.items(), cuts, strict=True)
        ]
        left = 1 - sum(self.by.values())
        return ", ".join(
            [*stages, *([f"a person gets what is not sure enough ({100 * left:.0f} %)"] if self.kept else [])]
        )

    def _person_note(self, kept: Kept, target: float, sure: float) -> str:
        if kept.score is None and kept.best is None:
            return "every case goes to a person: no member had a usable answer"
        if kept.score is None:
            return (
                f"every case goes to a person: no cut-off reaches {100 * target:g} % on these rows "
                f"(the best {100 * (kept.best or 0.0):.1f} %)"
            )
        seen = (
            f"{100 * (1 - kept.share):.0f} % of them go to a person, {100 * kept.score:.1f} % of the others are right"
        )
        if kept.shown:
            return f"{seen}, shown to be at least {100 * target:g} % with {100 * sure:g} % certainty"
        return f"{seen}; no cut-off is shown to reach {100 * target:g} % with {100 * sure:g} % certainty on these rows"


def choose_policy(
    answers: Sequence[Sequence[Answer]],
    examples: Sequence[Example],
    context: FitContext,
    kind: Kind,
    values: Mapping[str, Setting],
    names: Sequence[str],
    *,
    person: bool,
    needs: Sequence[Needs],
) -> Chosen:
    """The cut-offs, from each member's answers to rows that it has not learned.

    ``needs`` are those that the members declare. Score is given up for asking less often only where what is
    asked costs much more.

    Raises:
        WorkError: no row was answered by all members, for reasons outside them.
    """
    scores = [context.grade(examples, given) for given in answers]
    rows = [place for place in range(len(examples)) if all(one[place] is not None for one in scores)]
    if not rows:
        why = next((one.detail for given in answers for one in given if one.status.is_missing), "")
        raise WorkError("cascade.no_answer", "No row was answered by every member.", why=why or None)
    known = _Rows(
        confidence=np.array([[_or_nan(given[row].confidence) for row in rows] for given in answers]),
        score=np.array([[float(one[row] or 0.0) for row in rows] for one in scores]),
        usable=np.array([[is_usable(given[row], kind, context.closed_answers) for row in rows] for given in answers]),
    )
    errors = [float(values["standard_errors"]) if _dearer(needs, stage) else 0.0 for stage in range(len(needs) - 1)]
    learned = _learn(known, values, errors, person)
    by, _ = learned.apply(known)
    kept = learned.kept
    policy = Policy(kind, context.closed_answers, learned.trusts, learned.thresholds, kept.threshold if kept else None)
    shares = {name: float((by == number).mean()) for number, name in enumerate(names)}
    seconds = _seconds(learned.seen(known), learned.thresholds, [one.seconds_per_call for one in needs])
    honest = _score_elsewhere(known, values, errors, person)
    return Chosen(policy, learned.tried, kept, shares, honest, len(rows), seconds)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Members on rows, each ``[members, n]``; a confidence that is none is nan."""

    confidence: FloatArray
    score: FloatArray
    usable: BoolArray

    def take(self, places: BoolArray) -> _Rows:
        return _Rows(self.confidence[:, places], self.score[:, places], self.usable[:, places])


@dataclass(frozen=True, slots=True, eq=False)
class _Learned:
    """What is chosen on some rows, and can be applied to others."""

    trusts: tuple[Trust, ...]
    thresholds: tuple[float, ...]
    tried: tuple[Tried, ...]
    kept: Kept | None

    def seen(self, rows: _Rows) -> Seen:
        trust = [one.of(stated.tolist()) for one, stated in zip(self.trusts, rows.confidence, strict=True)]
        return Seen(np.stack(trust), rows.score, rows.usable)

    def apply(self, rows: _Rows) -> tuple[IntArray, FloatArray]:
        """Who answers each row, -1 for nobody here, and the scores."""
        seen = self.seen(rows)
        by = answered_by(seen, self.thresholds)
        if self.kept is not None:
            by = np.where(_surety(seen, by) >= self.kept.threshold, by, -1)
        return by, score_of(seen, by)


def _learn(rows: _Rows, values: Mapping[str, Setting], errors: Sequence[float], person: bool) -> _Learned:
    trusts = tuple(
        learn_trust(stated[able].tolist(), own[able])
        for stated, able, own in zip(rows.confidence, rows.usable, rows.score, strict=True)
    )
    steps = int(values["steps"])
    seen = _Learned(trusts, (), (), None).seen(rows)
    thresholds, tried = choose(seen, steps, errors)
    kept = None
    if person:
        by = answered_by(seen, thresholds)
        target, sure = float(values["target"]), float(values["sure"])
        kept = choose_kept(_surety(seen, by), score_of(seen, by), target, sure, steps)
    return _Learned(trusts, thresholds, tuple(tried), kept)


def _score_elsewhere(rows: _Rows, values: Mapping[str, Setting], errors: Sequence[float], person: bool) -> float:
    """The score of cut-offs on rows that they were not chosen on: every fifth row in turn; with few rows, on all."""
    n = int(rows.score.shape[1])
    if n < FEWEST_TO_PART:
        return float(_learn(rows, values, errors, person).apply(rows)[1].mean())
    total = 0.0
    for part in range(PARTS):
        inside = np.arange(n) % PARTS == part
        total += float(_learn(rows.take(~inside), values, errors, person).apply(rows.take(inside))[1].sum())
    return total / n


def _surety(seen: Seen, by: IntArray) -> FloatArray:
    """The trust in each answer given, -1 where there is none."""
    return np.where(by < 0, -1.0, seen.trust[by, np.arange(len(by))])


def _or_nan(confidence: float | None) -> float:
    return float("nan") if confidence is None else confidence


def _dearer(needs: Sequence[Needs], stage: int) -> bool:
    """Whether a later member costs much more than this one: a call that may be billed, or ten times the seconds."""
    own = needs[stage]
    return any(
        (later.network and not own.network) or later.seconds_per_call >= DEARER * own.seconds_per_call
        for later in needs[stage + 1 :]
    )


def _seconds(seen: Seen, thresholds: Sequence[float], seconds: Sequence[float]) -> float:
    """Seconds of a call by the share of rows that each member is asked."""
    reached: BoolArray = np.ones(seen.trust.shape[1], dtype=bool)
    total: float = 0.0
    for stage, cost in enumerate(seconds):
        threshold = thresholds[stage] if stage < len(thresholds) else 0.0
        if threshold >= NEVER:
            continue
        total += cost * float(reached.mean())
        kept: FloatArray = seen.trust[stage]
        reached = reached & ~(seen.usable[stage] & (kept >= threshold))
    return total


def _cut(threshold: float) -> str:
    if threshold >= NEVER:
        return "is not asked"
    return f"answers from {threshold:.2f} on" if threshold > 0 else "answers whatever it can"
