"""What a grader says of one answer, and what every grader offers. Graders stand in ``graders/``, one file each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example


@dataclass(frozen=True, slots=True)
class Grade:
    """Status and score of one answer.

    ``score`` is in [0, 1], None when missing. ``answer`` is what the answer was taken for (a label, canonical JSON), as
    it is stored beside the score. ``parts`` are further measures of this answer by name, such as ``field:date`` 1.0,
    which reports add up over cases; they decide nothing by themselves.
    """

    status: Status
    score: float | None
    answer: str | None
    detail: str = ""
    parts: tuple[tuple[str, float], ...] = ()


class Grader(Protocol):
    """Grades one answer at a time."""

    @property
    def binary(self) -> bool:
        """Whether every score is 0 or 1, so that exact tests on counts apply."""
        ...

    def identity(self) -> Mapping[str, str]:
        """Everything besides answer and example from which the grade follows: options, code version, judge model."""
        ...

    def grade(self, answer: Answer, example: Example) -> Grade:
        """The grade of one answer. A missing answer stays missing; it raises for nothing that an answer may hold."""
        ...


class CorpusMeasure(Protocol):
    """A measure of all answers together, which is no mean over cases, such as BLEU or micro-averaged F1."""

    NAME: str

    def measure(self, answers: Sequence[str | None], targets: Sequence[str]) -> float:
        """The measure over all cases, in [0, 1] unless its docstring says otherwise."""
        ...


def ungraded(answer: Answer) -> Grade | None:
    """The grade of an answer that is no text: missing stays missing, a failure of the model scores 0; else None."""
    if answer.status.is_missing:
        return Grade(answer.status, None, None, answer.detail)
    if answer.status is Status.MODEL_FAIL or answer.text is None:
        return Grade(Status.MODEL_FAIL, 0.0, None, answer.detail)
    return None


def grade_many(grader: Grader, cases: Sequence[tuple[Answer, Example]]) -> list[Grade]:
    """The grades of many answers, in order; a grader that asks a model works on them together."""
    together: Callable[[Sequence[tuple[Answer, Example]]], list[Grade]] | None = getattr(grader, "grade_many", None)
    if together is not None:
        return together(cases)
    return [grader.grade(answer, example) for answer, example in cases]


def close(grader: Grader) -> None:
    """Release what a grader holds (a process, a model); for most, nothing."""
    release = getattr(grader, "close", None)
    if release is not None:
        release()
