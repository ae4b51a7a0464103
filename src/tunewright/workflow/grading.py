"""The grader of a study: labels for classification, else the one that the project names or its kind has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tunewright.errors import InputError
from tunewright.evaluation import graders
from tunewright.evaluation.grader_options import GraderContext
from tunewright.evaluation.graders import label
from tunewright.evaluation.grades import Grader
from tunewright.project.settings import ProjectSettings, Setting
from tunewright.records.answers import Answer
from tunewright.records.example import Example
from tunewright.workflow.study import Study

# What an answer is worth where the project does not say.
USUAL = {"extract": "extraction", "generate": "rouge"}


def grader_of(study: Study) -> Grader:
    """Made anew at every call; it holds nothing that costs.

    Raises:
        InputError: the project names a grader that does not exist or cannot be used.
    """
    settings = study.settings
    name, options = _entry(settings)
    if name == label.NAME:
        return label.LabelGrader(study.labels)
    return graders.build(name, options, GraderContext(study.root, study.labels))


def _entry(settings: ProjectSettings) -> tuple[str, Mapping[str, Setting]]:
    """The grader's name and options, as the project file has them."""
    entry = settings.grader
    if entry is None:
        return USUAL.get(settings.kind, label.NAME), {}
    if isinstance(entry, str):
        return entry, {}
    if len(entry) != 1:
        raise InputError(
            "graders.entry",
            f"A grader entry has one name, not {len(entry)}.",
            where="grader",
            hint="Write grader: exact, or with options grader: {numeric: {relative: 0.01}}.",
        )
    return next(iter(entry.items()))


def grade_all(grader: Grader) -> Callable[[Sequence[Example], Sequence[Answer]], list[float | None]]:
    """The score of each answer, as a fit is handed it."""

    def grade(examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
        return [grader.grade(answer, example).score for example, answer in zip(examples, answers, strict=True)]

    return grade


def mean_score(scores: Sequence[float | None]) -> float | None:
    """The mean of what was scored; None where nothing was."""
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else None
