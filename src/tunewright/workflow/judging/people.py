"""What people said of answers: written down and found again by content.

A judgement belongs to an input, an answer to it, and what the answer was held against (the target, or the other answer
of a pair). A changed answer needs a judgement of its own; a changed judge, prompt or rubric loses none. Judgements
stand in the ledger of decisions, and their texts go when the row is erased. Called by the panel and the desk.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tunewright.decision.levels import look_level
from tunewright.evaluation.judging import JudgingGrader
from tunewright.records.example import Example
from tunewright.store import Decision, NewDecision, RecordedUse, Store

FINDING = "judgement"
JUDGE = "judge"
OTHER_ANSWER = "other answer"
# In front of keyed hashes of answers, so that they never pass for names of rows.
_ANSWER = "answer:"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One person's judgement of one answer: its score in [0, 1], who and when, by which rubric (a digest)."""

    score: float
    who: str
    happened: str
    rubric: str


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """An answer to be judged: the case, the text, and the keyed hash of both."""

    example: Example
    text: str
    key: str


class People:
    """All judgements of a project, as they stand now."""

    def __init__(self, store: Store, grader: JudgingGrader) -> None:
        self._store, self._grader = store, grader
        self.read()

    def read(self) -> None:
        """Read the ledger again."""
        self._found: defaultdict[str, list[Decision]] = defaultdict(list)
        for decision in self._store.decisions.standing():
            if decision.finding == FINDING and decision.action == JUDGE and decision.changes:
                self._found[decision.row].append(decision)

    def answer(self, example: Example, text: str) -> JudgedAnswer:
        """The answer with its key."""
        return JudgedAnswer(example, text, self._store.row_key(example.with_target(text)))

    def of(self, answer: JudgedAnswer) -> list[Judgement]:
        """What was said of an answer, the earliest first; one judgement a person, their latest."""
        against, latest = self._against(answer.example), dict[str, Judgement]()
        for decision in self._found.get(_ANSWER + answer.key, []):
            facts = dict(decision.extra)
            if facts.get("against") == against:
                score = float(dict(decision.changes)["score"])
                latest[decision.who] = Judgement(score, decision.who, decision.happened, facts.get("rubric", ""))
        return list(latest.values())

    def add(self, who: str, said: Sequence[tuple[JudgedAnswer, Mapping[str, int], float | None]]) -> None:
        """Write judgements down, all or none: the answer, its marks, and the seconds that it took."""
        self._store.decisions.add(who, [self._new(*one) for one in said])
        self.read()

    def undo(self, who: str, keys: frozenset[str]) -> str | None:
        """Take this person's latest judgement among these answers back; returns the answer's key, or None."""
        rows = {_ANSWER + key for key in keys}
        own = [d for found in self._found.values() for d in found if d.who == who and d.row in rows]
        if not own:
            return None
        last = max(own, key=lambda decision: decision.number)
        self._store.decisions.undo(last, who)
        self.read()
        return last.row.removeprefix(_ANSWER)

    def _new(self, answer: JudgedAnswer, marks: Mapping[str, int], seconds: float | None) -> NewDecision:
        return NewDecision(
            answer.example,
            _ANSWER + answer.key,
            FINDING,
            JUDGE,
            (("score", repr(self._grader.score_of(marks))),),
            extra=(
                ("marks", json.dumps(dict(marks))),
                ("rubric", self._grader.scale.digest),
                ("against", self._against(answer.example)),
            ),
            seconds=seconds,
        )

    def _against(self, example: Example) -> str:
        other = dict(self._grader.beside(example)).get(OTHER_ANSWER, example.target)
        return self._store.row_key(Example((), other, example.source, ""))


def count_look(store: Store, test: str, seen: str) -> int:
    """How many different sets of judgements have decided on a test set, this one (``seen``, a hash) included.

    Judging more until the answer pleases is another look each time. Counted where uses of a test are, in the project
    and for the user, so that a copy of the project folder does not start anew.
    """
    looked = f"judgements on {test}"
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    store.record_use(RecordedUse(looked, seen, "", "", now))
    return len(store.uses(looked))


def share_of_level(look: int) -> float:
    """How much of its level a test keeps at the ``look``-th set of judgements: 1, then 1/6, 1/12, 1/20, ...

    As for looks at a test (``levels.look_level``): over any number of looks all levels add up to 1.5 times the first.
    """
    return 1.0 if look < 2 else look_level(look, 1.0)
