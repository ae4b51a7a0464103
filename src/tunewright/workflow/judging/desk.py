"""The desk at which a person judges answers: what comes next, what was said, what is left.

Blind: nothing here tells which system an answer is from or what the judge said of it. The answers to one case come one
after another, in an order by chance; equal answers are judged once. The dialogue is the command's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunewright.errors import InputError
from tunewright.evaluation.judging import JudgingGrader, Scale
from tunewright.project.settings import ProjectSettings
from tunewright.statistics.judge_quality import MIN_LABELS
from tunewright.store import Store
from tunewright.store.decisions import LabellingCost
from tunewright.workflow.judging.people import FINDING, JudgedAnswer, People
from tunewright.workflow.judging.sample import MAIN_CASES, OTHER_CASES, arms_of, case_order
from tunewright.workflow.judging.stored import answered

SECOND_CASES = 50


@dataclass(frozen=True, slots=True)
class Item:
    """One answer to judge: its case (counted from 1), which of the case's answers it is, and how many these are."""

    answer: JudgedAnswer
    case: int
    number: int
    of: int

    @property
    def key(self) -> str:
        return self.answer.key


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the judgements are. ``cases`` of ``wanted`` are judged without a gap; those are what counts."""

    judged: int
    items: int
    cases: int
    wanted: int
    least: int
    second: int


class JudgingDesk:
    """One person judging the answers of a project's systems.

    Args:
        who: the name that judgements are written down under.
        cases: how many cases of the two systems that matter most; of all others it is fewer.
        second: judge what somebody else has judged, to see how far two people agree.

    Raises:
        InputError: see ``stored.answered``; or fewer cases are asked for than a test of the judge needs.
    """

    def __init__(
        self,
        store: Store,
        settings: ProjectSettings,
        root: Path,
        who: str,
        *,
        cases: int = MAIN_CASES,
        second: bool = False,
    ) -> None:
        self._store, self._who, self._second = store, who, second
        study, outcomes, candidate = answered(settings, root, store)
        grader = study.grading.grader
        assert isinstance(grader, JudgingGrader)
        self._grader = grader
        self.people = People(store, grader)
        arms, order = arms_of(study, outcomes, candidate, grader, self.people), case_order(study)
        self._least = min(MIN_LABELS, len(order))
        if cases < self._least:
            raise InputError(
                "judgements.few",
                f"{cases} cases are too few: a judge is tested on at least {self._least}.",
                where="--cases",
                why="With fewer nobody can tell a good judge from a bad one.",
            )
        self._cases: list[list[Item]] = []
        for rank, place in enumerate(order[:cases]):
            shown = {a.answers[place] for a in arms if a.main or rank < OTHER_CASES}
            answers = _by_chance(list({one.key: one for one in shown if one is not None}.values()))
            self._cases.append([Item(one, rank + 1, n, len(answers)) for n, one in enumerate(answers, start=1)])
        self._skipped: set[str] = set()

    @property
    def scale(self) -> Scale:
        """What is asked about each answer."""
        return self._grader.scale

    @property
    def items(self) -> list[Item]:
        """All answers to judge, in their order."""
        return [item for case in self._asked for item in case]

    def beside(self, item: Item) -> list[tuple[str, str]]:
        """What stands beside the answer, as (name, text)."""
        return self._grader.beside(item.answer.example)

    def next(self) -> Item | None:
        """The answer to ask about, or None where all are judged or put off."""
        return next((one for one in self.items if one.key not in self._skipped and self.is_open(one)), None)

    def is_open(self, item: Item) -> bool:
        """Whether this person is to judge the answer still."""
        said = [one.who for one in self.people.of(item.answer)]
        return len(said) == 1 and self._who not in said if self._second else not said

    def judge(self, item: Item, marks: Mapping[str, int], seconds: float | None = None) -> None:
        """Write a judgement down.

        Raises:
            InputError: ``judgements.marks`` when a mark is missing or out of range.
        """
        self.judge_all([(item, marks)], seconds)

    def judge_all(self, said: Sequence[tuple[Item, Mapping[str, int]]], seconds: float | None = None) -> None:
        """Write several judgements down, all or none; raises as ``judge`` does."""
        for item, marks in said:
            for mark in self.scale.marks:
                if not 0 <= marks.get(mark.name, -1) <= mark.most:
                    raise InputError(
                        "judgements.marks", f"{mark.name} wants a whole number from 0 to {mark.most}.", where=item.key
                    )
        self.people.add(self._who, [(item.answer, marks, seconds) for item, marks in said])

    def skip(self, item: Item) -> None:
        """Put an answer off until the next time."""
        self._skipped.add(item.key)

    def undo(self) -> Item | None:
        """Take this person's latest judgement back; returns the answer, or None where there is none."""
        items = {item.key: item for item in self.items}
        key = self.people.undo(self._who, frozenset(items))
        return None if key is None else items[key]

    def progress(self) -> Progress:
        """How far the judgements are."""
        judged = [[bool(self.people.of(item.answer)) for item in case] for case in self._cases]
        cases = next((number for number, case in enumerate(judged) if not all(case)), len(judged))
        twice = sum(len(self.people.of(item.answer)) > 1 for case in self._cases for item in case)
        items = sum(map(len, self._cases))
        return Progress(sum(map(sum, judged)), items, cases, len(self._cases), self._least, twice)

    def cost(self) -> LabellingCost:
        """Median seconds per judgement."""
        return self._store.decisions.cost(FINDING)

    @property
    def _asked(self) -> Sequence[list[Item]]:
        return self._cases[:SECOND_CASES] if self._second else self._cases


def _by_chance(answers: Sequence[JudgedAnswer]) -> list[JudgedAnswer]:
    """In an order that the answers' keyed hashes give, which nobody can foresee and every time is the same."""
    return sorted(answers, key=lambda one: hashlib.sha256(f"order {one.key}".encode()).hexdigest())
