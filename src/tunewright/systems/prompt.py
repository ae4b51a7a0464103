"""``{prompt: MODEL}``: a language model asked in plain words, without examples.

Three ways of asking are tried on validation rows, or a person's own prompt is taken as it is. With labels the model
scores each label; with JSON it is held to the schema that the training targets show.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.records.generation import Watch
from tunewright.records.system import Budget, FitContext, Needs, Setting, SystemRole, Trial
from tunewright.systems._compose import STYLES, Job, require_placeholders
from tunewright.systems._prompted import NoShots, Prompted, Shots, read_prompted, validation_score
from tunewright.systems._schema import learned_schema
from tunewright.systems.around import Around, ModelFacts
from tunewright.systems.fitlog import FitLog
from tunewright.systems.options import Option, read

SUMMARY = "a language model asked in plain words, without examples; the wording is chosen on validation"
OPTIONS: Mapping[str, Option] = {
    "text": Option("", "file with your own prompt", "yours is taken as it is; placeholders {task}, {labels}, {schema}"),
    "style": Option("", "brief, listed or reminded", "without one all three are tried on validation rows"),
    "max_tokens": Option(512, "tokens of an answer", "bounds what one answer may cost"),
    "tuning_rows": Option(100, "validation rows", "enough to tell wordings apart; more costs more calls"),
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """The system before it has seen rows."""

    name: str
    model: str
    values: Mapping[str, Setting]
    own: str | None
    around: Around
    facts: ModelFacts
    role: SystemRole = "baseline"

    @property
    def needs(self) -> Needs:
        return model_needs(self.facts, simplicity=40)

    def identity(self) -> Mapping[str, Setting]:
        own = {"own": self.own or "", "task": self.around.task, "kind": self.around.kind}
        return {**self.values, **own, "model": self.facts.identity}

    @property
    def practice(self) -> bool:
        """Whether the model is an embedded one, made for practice."""
        return self.facts.practice

    def missing(self) -> str | None:
        return self.facts.missing

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> Prompted:
        job = job_of(self.around, [*train, *validation], context.labels, self.own)
        return choose_style(self.values, self.own, partial(self._ready, job), NoShots(), validation, context)

    def load(self, folder: Path) -> Prompted:
        job, style, _ = read_prompted(folder)
        return self._ready(job, style, NoShots(), FitLog.read(folder))

    def _ready(self, job: Job, style: str, shots: Shots, log: FitLog) -> Prompted:
        opened = partial(self.around.open_model, self.model)
        return Prompted(opened, job, style, shots, int(self.values["max_tokens"]), log)


def choose_style(
    values: Mapping[str, Setting],
    own: str | None,
    ready: partial[Prompted],
    shots: Shots,
    validation: Sequence[Example],
    context: FitContext,
) -> Prompted:
    """The way of asking that is best on validation rows; every one tried is a trial."""
    styles = [str(values["style"])] if values["style"] else (["listed"] if own is not None else list(STYLES))
    rows = list(validation)[: int(values["tuning_rows"])]
    trials: list[Trial] = []
    if len(styles) > 1 and rows:
        for number, style in enumerate(styles):
            started = time.perf_counter()
            share = (number / len(styles), 1 / len(styles))
            watch = Watch(context.cancelled, partial(_report, context, share))
            candidate = ready(style, shots, FitLog())
            score = validation_score(candidate, rows, context.grade, watch)
            candidate.close()
            trials.append(Trial({"style": style}, score, time.perf_counter() - started))
    best = max(trials, key=lambda trial: trial.validation_score).settings["style"] if trials else styles[0]
    budget = Budget(len(trials), len(trials), exhausted=True)
    notes = [f"asked in the style '{best}'"] if own is None else ["asked with your own prompt"]
    return ready(str(best), shots, FitLog(tuple(trials), budget, tuple(notes)))


def _report(context: FitContext, share: tuple[float, float], done: float) -> None:
    context.progress("trying wordings", share[0] + share[1] * done)


def job_of(around: Around, rows: Sequence[Example], labels: tuple[str, ...], own: str | None) -> Job:
    """The job as a prompt says it; the schema of an extraction is learned from targets."""
    schema = learned_schema([row.target for row in rows]) if around.kind == "extract" else None
    return Job(around.task, around.kind, labels, schema, own)


def model_needs(facts: ModelFacts, simplicity: int) -> Needs:
    """What a system that asks this model needs."""
    if facts.network:
        return Needs(simplicity=simplicity, network=True, seconds_per_call=1.0)
    return Needs(simplicity=simplicity, extras=("models",), seconds_per_call=0.5, own_machine=True)


def read_own(path: str, root: Path) -> str | None:
    """A person's own prompt from its file; None where none is named.

    Raises:
        InputError: the file cannot be read, is empty, or has an unknown placeholder.
    """
    if not path:
        return None
    file = root / path
    try:
        text = file.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("prompt.unreadable", f"The prompt cannot be read: {error}", where=str(file)) from None
    if not text:
        raise InputError("prompt.empty", "The prompt file is empty.", where=str(file))
    require_placeholders(text, str(file))
    return text


def read_values(options: Mapping[str, Setting], declared: Mapping[str, Option], kind: str) -> dict[str, Setting]:
    """The options of a kind that prompts, checked.

    Raises:
        InputError: an option that is none, or a value out of its range.
    """
    values = read(options, declared, kind)
    if values["style"] not in ("", *STYLES):
        raise InputError(
            "systems.option_value",
            f"There is no style {values['style']!r}.",
            where=f"systems: {kind}",
            hint=f"Use one of {', '.join(STYLES)}, or leave it out to have all tried.",
        )
    for name in (name for name, option in declared.items() if isinstance(option.default, int)):
        if int(values[name]) < 1:
            raise InputError("systems.option_value", f"{name} must be 1 or more.", where=f"systems: {kind}")
    return values


def require_model(argument: str | None, kind: str) -> str:
    """The model that an entry names.

    Raises:
        InputError: it names none.
    """
    if argument:
        return argument
    raise InputError(
        "systems.no_model",
        f"The system {kind!r} asks a language model, and none is named.",
        where="systems",
        hint=f"Write {{{kind}: small}} and say under models what small is: models: {{small: {{local: wren}}}}",
    )


def build_around(name: str, argument: str | None, options: Mapping[str, Setting], root: Path, around: Around) -> Prompt:
    """The system as named in the project file: ``{prompt: small}``, or with options ``{prompt: {use: small, ...}}``."""
    values = read_values(options, OPTIONS, "prompt")
    model = require_model(argument, "prompt")
    return Prompt(name, model, values, read_own(str(values["text"]), root), around, around.describe_model(model))
