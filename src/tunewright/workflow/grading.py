"""The grader of a project: labels for classification, else the one that the project names or its kind has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tunewright.errors import InputError
from tunewright.evaluation import graders
from tunewright.evaluation.grader_options import GraderContext
from tunewright.evaluation.graders import label
from tunewright.evaluation.grades import CorpusMeasure, Grader, grade_many
from tunewright.evaluation.judging import JudgingGrader
from tunewright.language.extra import missing_models
from tunewright.project.settings import ProjectSettings, Setting
from tunewright.records.answers import Answer
from tunewright.records.example import Example, Source
from tunewright.records.generation import Backend
from tunewright.systems.around import Around

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# What an answer is worth where the project does not say.
USUAL = {"extract": "extraction", "generate": "rouge"}
# The option that names the model of a grader that asks one.
MODEL = "model"


@dataclass(frozen=True, slots=True)
class Grading:
    """The grader, and the measures of all answers together that belong to it."""

    grader: Grader
    measures: tuple[CorpusMeasure, ...] = ()


def grading_of(settings: ProjectSettings, root: Path, labels: tuple[str, ...], around: Around) -> Grading:
    """The grading that a project asks for; ``around`` opens the model of a judge.

    Raises:
        InputError: the project names a grader that does not exist or cannot be used.
    """
    name, options = _entry(settings)
    if name == label.NAME:
        return Grading(label.LabelGrader(labels))
    model = str(options.pop(MODEL, ""))
    context = GraderContext(
        root,
        labels,
        embed=None if missing_models() else _embed,
        embed_identity="" if missing_models() else _embed_identity(),
        judge=_judge(settings, model, around) if model else None,
    )
    return Grading(graders.build(name, options, context), graders.measures(name, options, context))


def judged_by_model(grader: Grader) -> bool:
    """Whether a language model says what an answer is worth; its rate is then no share of right answers."""
    return isinstance(grader, JudgingGrader)


def right_words(grader: Grader) -> str:
    """What a share of full scores is called: ``right``, or ``passed by the judge``."""
    return "passed by the judge" if judged_by_model(grader) else "right"


def judge_name(settings: ProjectSettings) -> str:
    """The model that judges, by its name in the project; empty where none does."""
    return str(_entry(settings)[1].get(MODEL, ""))


def _entry(settings: ProjectSettings) -> tuple[str, dict[str, Setting]]:
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
    name, options = next(iter(entry.items()))
    return name, dict(options)


def _embed(texts: Sequence[str]) -> NDArray[np.floating]:
    """Vectors of the embedded encoder ``[n, d]``."""
    from tunewright.language.encoder import shared_encoder
    from tunewright.language.files import MINILM, locate

    return shared_encoder(locate(MINILM), None).embed(list(texts))


def _embed_identity() -> str:
    from tunewright.language.files import MINILM, digest_of_name

    return digest_of_name(MINILM)


def _judge(settings: ProjectSettings, model: str, around: Around) -> Backend:
    facts = around.describe_model(model)
    why = facts.missing or ("nothing may leave this machine" if facts.network and settings.egress == "none" else None)
    if why is not None:
        raise InputError("graders.judge", f"The judge {model!r} cannot be asked: {why}.", where="grader")
    return around.open_model(model)


def grade_all(grader: Grader) -> Callable[[Sequence[Example], Sequence[Answer]], list[float | None]]:
    """The score of each answer, as a fit is handed it."""

    def grade(examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
        return [one.score for one in grade_many(grader, list(zip(answers, examples, strict=True)))]

    return grade


def judge_all(grader: Grader) -> Callable[[Sequence[Example], Sequence[Answer]], list[tuple[float | None, str]]]:
    """Score and words of each answer from one grading, as a fit is handed it; words are empty where there are none."""

    def judge(examples: Sequence[Example], answers: Sequence[Answer]) -> list[tuple[float | None, str]]:
        return [(one.score, one.detail) for one in grade_many(grader, list(zip(answers, examples, strict=True)))]

    return judge


def measure_texts(grader: Grader) -> Callable[[Sequence[str], Sequence[str]], float]:
    """The mean score of answers against targets, as a fit that tunes labels is handed it."""

    def measure(targets: Sequence[str], answers: Sequence[str]) -> float:
        made = [Example((), target, Source("", 0), "") for target in targets]
        cases = [(Answer(text), example) for text, example in zip(answers, made, strict=True)]
        return mean_score([one.score for one in grade_many(grader, cases)]) or 0.0

    return measure


def mean_score(scores: Sequence[float | None]) -> float | None:
    """The mean of what was scored; None where nothing was."""
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else None
