"""What every lever works on: the cases, the answers of all systems to them, and whose errors are diagnosed.

Made by ``job``; a lever takes a bench and gives findings. Nothing here changes a system.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunewright.decision.diagnosis import Effect
from tunewright.records.answers import ScoreRow, Status
from tunewright.records.example import Example
from tunewright.store import Store
from tunewright.systems.around import Around
from tunewright.systems.registry import Entry, build_system, parse_entry
from tunewright.workflow.diagnose.answering import Answers, Asker
from tunewright.workflow.diagnose.effects import TOLERANCE, Flags, Floats, Line, effect
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.study import Hooks, Part, Study


@dataclass(frozen=True, slots=True)
class Found:
    """What a lever found: its scores ``[n]`` on the cases (None where it did not run or is none that answers).

    ``of`` is the system that was changed, ``flags`` ``[n]`` errors that are only pointed out.
    """

    id: str
    title: str
    what: str
    reason: str | None = None
    scores: Floats | None = None
    of: str | None = None
    flags: Flags | None = None
    answers: tuple[str | None, ...] | None = None
    notes: tuple[str, ...] = ()


@dataclass
class Bench:
    """The cases, in the order of ``parts``, and everything that is known of them."""

    study: Study
    store: Store
    around: Around
    contestants: Sequence[Contestant]
    parts: Sequence[Part]
    asker: Asker
    hooks: Hooks
    line: Line
    answered: Mapping[str, Answers]
    system: str

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """Positions of the cases in the study."""
        return tuple(row for part in self.parts for row in part.scored)

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        return tuple(self.study.examples[row] for row in self.rows)

    @cached_property
    def row_keys(self) -> tuple[str, ...]:
        return tuple(self.study.row_keys[row] for row in self.rows)

    @cached_property
    def groups(self) -> NDArray[np.int64] | None:
        """The group of each case ``[n]``; None where rows stand alone."""
        return None if self.study.groups is None else self.study.groups[list(self.rows)]

    @property
    def base(self) -> tuple[ScoreRow, ...]:
        """Answers of the diagnosed system."""
        return self.answered[self.system].rows

    @cached_property
    def base_scores(self) -> Floats:
        return scores_of(self.base)

    @cached_property
    def wrong(self) -> Flags:
        """The errors ``[n]``; a case without a score is none."""
        return self.line.wrong(self.base_scores)

    @cached_property
    def errors(self) -> tuple[int, ...]:
        """Numbers of the cases that are errors."""
        return tuple(np.flatnonzero(self.wrong).tolist())

    @property
    def able(self) -> dict[str, Answers]:
        """The systems that answered, the diagnosed one among them."""
        return {name: answers for name, answers in self.answered.items() if answers.reason is None}

    @cached_property
    def contestant(self) -> Contestant:
        return self.named(self.system)

    def named(self, name: str) -> Contestant:
        """A system of the project by its name."""
        return next(contestant for contestant in self.contestants if contestant.name == name)

    def built(self, entry: Entry) -> Contestant:
        """A system that the project does not have, from an entry as it would stand in the project file.

        Raises:
            InputError: the entry cannot be used.
        """
        parsed = parse_entry(entry)
        return Contestant(parsed, build_system(parsed, self.study.root, self.study.settings.data, self.around))

    def against_base(self, scores: Floats, tried: int) -> Effect:
        """What these scores change against the diagnosed system."""
        return effect(self.base_scores, scores, self.groups, self.line, tried)

    def is_right(self, row: ScoreRow) -> bool:
        """Whether an answer counts as right."""
        return row.score is not None and row.score >= self.line.at - TOLERANCE

    def fixed(self, scores: Floats) -> Flags:
        """Errors of the diagnosed system that these scores do not have ``[n]``."""
        return np.asarray(self.wrong & ~np.isnan(scores) & ~self.line.wrong(scores))


def scores_of(rows: Sequence[ScoreRow]) -> Floats:
    """Scores ``[n]``, nan where missing."""
    return np.array([np.nan if row.score is None else row.score for row in rows], dtype=np.float64)


def unusable(row: ScoreRow) -> bool:
    """Whether an answer came and could not be used."""
    return row.status is Status.MODEL_FAIL
