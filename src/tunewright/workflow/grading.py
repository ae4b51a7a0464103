"""The grader of a study: labels for classification, else the one that the project names or its kind has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tunewright.evaluation.graders.label import LabelGrader
from tunewright.evaluation.grades import Grader
from tunewright.records.answers import Answer
from tunewright.records.example import Example
from tunewright.workflow.study import Study


def grader_of(study: Study) -> Grader:
    """Made anew at every call; it holds nothing that costs."""
    return LabelGrader(study.labels)


def grade_all(grader: Grader) -> Callable[[Sequence[Example], Sequence[Answer]], list[float | None]]:
    """The score of each answer, as a fit is handed it."""

    def grade(examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
        return [grader.grade(answer, example).score for example, answer in zip(examples, answers, strict=True)]

    return grade


def mean_score(scores: Sequence[float | None]) -> float | None:
    """The mean of what was scored; None where nothing was."""
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else None
