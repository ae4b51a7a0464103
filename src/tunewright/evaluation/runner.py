"""Asking a fitted system for answers and turning them into score rows.

Synchronous, one system at a time; a cancel token is asked at every batch and finished batches are handed on at once,
so that a stopped run goes on from there. The runner knows nothing of splits, stores or statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tunewright.errors import Cancelled, WorkError
from tunewright.evaluation.grades import Grade, Grader, grade_many
from tunewright.records.answers import Answer, ScoreRow, Status
from tunewright.records.example import Example
from tunewright.records.generation import Watch
from tunewright.records.system import FittedSystem, answers_of

BATCH_ROWS = 256


@dataclass(frozen=True, slots=True)
class Question:
    """An example under its row key."""

    row_key: str
    example: Example


def score(
    fitted: FittedSystem,
    questions: Sequence[Question],
    grader: Grader,
    *,
    fit_key: str,
    part: str,
    repetition: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[list[ScoreRow]]:
    """Score rows batch by batch, in the order of the questions.

    Raises:
        Cancelled: a person stopped the run; batches already yielded stand.
    """
    for start in range(0, len(questions), BATCH_ROWS):
        if cancelled():
            raise Cancelled
        batch = questions[start : start + BATCH_ROWS]
        answers = _ask(fitted, batch, cancelled)
        grades = grade_many(grader, [(answer, one.example) for answer, one in zip(answers, batch, strict=True)])
        yield [
            _row(question, answer, grade, fit_key=fit_key, part=part, repetition=repetition)
            for question, answer, grade in zip(batch, answers, grades, strict=True)
        ]


def _ask(fitted: FittedSystem, batch: Sequence[Question], cancelled: Callable[[], bool]) -> list[Answer]:
    """One answer per question; a system that breaks as a whole leaves its rows missing, never wrong."""
    try:
        answers = answers_of(fitted, [question.example.inputs for question in batch], Watch(cancelled))
    except (Cancelled, KeyboardInterrupt):
        raise
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"[:300]
        return [Answer(None, Status.INFRA_FAIL, detail=detail) for _ in batch]
    if len(answers) != len(batch):
        raise WorkError(
            "system.count", f"A system gave {len(answers)} answers to {len(batch)} cases.", why="Answers would shift."
        )
    return answers


def _row(question: Question, answer: Answer, grade: Grade, *, fit_key: str, part: str, repetition: int) -> ScoreRow:
    return ScoreRow(
        fit_key=fit_key,
        row_key=question.row_key,
        part=part,
        status=grade.status,
        score=grade.score,
        answer=grade.answer,
        confidence=None if answer.confidence is None else round(answer.confidence, 6),
        detail=grade.detail,
        repetition=repetition,
        spent=answer.spent,
        trace=answer.trace,
        parts=grade.parts,
    )
