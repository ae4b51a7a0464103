"""What graders of texts share: missing stays missing, hostile text is made harmless, what cannot be graded says so.

A grader proper is one method, ``judge``, from two harmless texts to a grade.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tunewright.evaluation.grades import Grade, ungraded
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example

# A longer answer is no usable answer, unless it is the target itself; this bounds the time of every grader.
MAX_CHARS = 100_000


class TextGrader(ABC):
    """Grades one text against the target."""

    def __init__(self, identity: Mapping[str, str], *, binary: bool) -> None:
        self._identity = dict(identity)
        self._binary = binary

    @property
    def binary(self) -> bool:
        """Whether every score is 0 or 1."""
        return self._binary

    def identity(self) -> Mapping[str, str]:
        """Name, version, options and code of the grader, and whatever else its grades follow from."""
        return self._identity

    def grade(self, answer: Answer, example: Example) -> Grade:
        """The grade of one answer; raises for nothing that an answer may hold."""
        missing = ungraded(answer)
        if missing is not None:
            return missing
        text, target = storable(answer.text or ""), storable(example.target)
        if len(text) > MAX_CHARS and text != target:
            return unusable(f"the answer is longer than {MAX_CHARS:,} characters")
        grade = self.judge(text, target, example)
        kept = None if grade.answer is None else storable(grade.answer)
        parts = tuple((storable(name), value) for name, value in grade.parts)
        return replace(grade, answer=kept, detail=storable(grade.detail or answer.detail), parts=parts)

    @abstractmethod
    def judge(self, text: str, target: str, example: Example) -> Grade:
        """The grade of a text against a target; both can be stored as UTF-8."""


class Measure:
    """A measure of all answers together, under the name that reports show."""

    def __init__(self, name: str, function: Callable[[Sequence[str | None], Sequence[str]], float]) -> None:
        self.NAME = name
        self._function = function

    def measure(self, answers: Sequence[str | None], targets: Sequence[str]) -> float:
        """The measure over all cases; None is an answer that was of no use, and counts as wrong."""
        return self._function(answers, targets)


def scored(score: float, answer: str, parts: tuple[tuple[str, float], ...] = (), detail: str = "") -> Grade:
    """A usable answer with its score, cut to [0, 1]."""
    return Grade(Status.OK, min(1.0, max(0.0, float(score))), answer, detail, parts)


def unusable(detail: str, parts: tuple[tuple[str, float], ...] = (), answer: str | None = None) -> Grade:
    """The model's fault: scores 0."""
    return Grade(Status.MODEL_FAIL, 0.0, answer, detail, parts)


def unjudged(detail: str, answer: str | None = None) -> Grade:
    """Nobody can say what the answer is worth (a target that is none, a judge that failed): missing, never 0."""
    return Grade(Status.JUDGE_FAIL, None, answer, detail)


def storable(text: str) -> str:
    """The text with lone surrogates replaced, so that it can be stored and sent as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def shown(text: str) -> str:
    """The beginning of a text, for a detail."""
    return repr(text if len(text) <= 80 else text[:79] + "…")
