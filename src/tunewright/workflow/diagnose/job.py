"""The diagnosis, top to bottom: cases -> answers of all systems -> whose errors -> levers -> the book of names.

Everything that was fitted or answered is found again by content, so a stopped diagnosis goes on where it was. Called by
``tunewright diagnose``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tunewright.errors import InputError, WorkError
from tunewright.project.settings import ProjectSettings
from tunewright.store import Store
from tunewright.systems.around import Around
from tunewright.workflow.contestants import contestants_of
from tunewright.workflow.diagnose.answering import Answers, Asker
from tunewright.workflow.diagnose.bench import Bench, Found, scores_of
from tunewright.workflow.diagnose.control import control
from tunewright.workflow.diagnose.effects import Flags, Floats, Line
from tunewright.workflow.diagnose.forecast import forecast
from tunewright.workflow.diagnose.form_levers import cut_out_lever, errors_of_form, forced_form, said_texts
from tunewright.workflow.diagnose.labels import suspect_labels
from tunewright.workflow.diagnose.model_levers import nearest_examples, other_model
from tunewright.workflow.diagnose.parts import parts_of
from tunewright.workflow.diagnose.passages import Search, right_passage, search_of
from tunewright.workflow.diagnose.signals import guesses_of, signs_of
from tunewright.workflow.diagnose.tags import SAMPLE, TagBook
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.opened import learnable, opened
from tunewright.workflow.study import Hooks, Study

USUAL_LINE = 0.5


@dataclass(frozen=True, slots=True)
class DiagnoseOptions:
    """What a person asked for.

    ``system`` whose errors; ``without`` systems that are not asked; ``models`` billed models that may be; ``below`` the
    score under which an answer is an error; ``sample`` errors to be named, in the random order of ``seed``.
    """

    system: str | None = None
    without: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    below: float | None = None
    sample: int = SAMPLE
    seed: int = 0
    who: str = "unknown"
    texts: bool = True
    command: str = "tunewright diagnose"


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was measured, and the book in which errors are named."""

    bench: Bench
    options: DiagnoseOptions
    chosen: str
    said: Sequence[str | None]
    form: Flags
    search: Search | None
    found: tuple[Found, ...]
    book: TagBook

    @property
    def fixed_by(self) -> dict[str, Flags]:
        """Errors that each other system and each lever fixes ``[n]``, by the name that is shown."""
        fixed = {
            name: self.bench.fixed(scores_of(answers.rows))
            for name, answers in self.bench.able.items()
            if name != self.bench.system
        }
        for one in self.found:
            if one.scores is not None and one.id != "chance":
                fixed[shown_name(one, self.found)] = self.bench.fixed(one.scores)
        return fixed


def shown_name(found: Found, all_found: Sequence[Found]) -> str:
    """The title of a lever, with the system that it was done to where several have the title."""
    return f"{found.title} ({found.of})" if sum(one.title == found.title for one in all_found) > 1 else found.title


@contextmanager
def measured(settings: ProjectSettings, root: Path, options: DiagnoseOptions, hooks: Hooks) -> Iterator[Measured]:
    """Measure every lever on the errors of one system; the state of the project stays open until the end.

    Raises:
        InputError: the project cannot be used, no such system, or nothing is wrong.
        WorkError: no system could answer.
    """
    with opened(settings, root, hooks) as store:
        prepared, around = learnable(settings, root, store)
        study = prepared.study
        contestants = _wanted(settings, root, around, options)
        yield _measure(study, store, around, contestants, options, hooks)


def _wanted(settings: ProjectSettings, root: Path, around: Around, options: DiagnoseOptions) -> list[Contestant]:
    contestants, _ = contestants_of(settings, root, around)
    names = [contestant.name for contestant in contestants]
    for name in (*options.without, *([options.system] if options.system else [])):
        if name not in names:
            raise InputError(
                "diagnose.no_such_system",
                f"The project has no system {name!r}.",
                where="--system" if name == options.system else "--without",
                hint=f"Systems: {', '.join(names)}",
            )
    return [contestant for contestant in contestants if contestant.name not in options.without]


def _measure(
    study: Study,
    store: Store,
    around: Around,
    contestants: Sequence[Contestant],
    options: DiagnoseOptions,
    hooks: Hooks,
) -> Measured:
    asker, parts = Asker(study, store, hooks), parts_of(study)
    for sentence in forecast(study, store, asker.fitter, contestants, parts):
        hooks.say(sentence)
    answered: dict[str, Answers] = {}
    for contestant in contestants:
        answered[contestant.name] = asker.answers(contestant, parts)
        reason = answered[contestant.name].reason
        hooks.say(f"{contestant.name}: {'answered' if reason is None else f'not available: {reason}'}")
    system, chosen = _chosen(contestants, answered, options.system)
    line = _line(study, options.below)
    bench = Bench(study, store, around, contestants, parts, asker, hooks, line, answered, system)
    _require_errors(bench)
    said = said_texts(bench)
    form = errors_of_form(bench, said)
    search = search_of(bench, system)
    found = tuple(_levers(bench, said, options))
    guesses = guesses_of(bench, signs_of(bench, form, search, found))
    book = TagBook(bench, said, guesses, options.who, options.sample, options.seed)
    return Measured(bench, options, chosen, said, form, search, found, book)


def _levers(bench: Bench, said: Sequence[str | None], options: DiagnoseOptions) -> Iterator[Found]:
    yield from right_passage(bench)
    yield forced_form(bench)
    yield cut_out_lever(bench, said)
    yield from other_model(bench, options.models)
    yield nearest_examples(bench)
    yield suspect_labels(bench)
    yield control(bench)


def _chosen(contestants: Sequence[Contestant], answered: dict[str, Answers], wanted: str | None) -> tuple[str, str]:
    """Whose errors are diagnosed, and why; the first of equals is the simplest."""
    if wanted is not None:
        if answered[wanted].reason is not None:
            why = f"{wanted} cannot answer here: {answered[wanted].reason}"
            raise WorkError("diagnose.system", why, where="--system")
        return wanted, "you named it"
    scores = {c.name: _mean(scores_of(answered[c.name].rows)) for c in contestants if answered[c.name].reason is None}
    if not scores or all(np.isnan(score) for score in scores.values()):
        why = "; ".join(f"{one.name}: {one.reason}" for one in answered.values() if one.reason)
        raise WorkError("diagnose.nobody", "No system could answer these cases.", why=why or None)
    best = max(scores, key=lambda name: -1.0 if np.isnan(scores[name]) else round(scores[name], 9))
    return best, f"the best of {len(scores)} systems on these very cases, which flatters it a little"


def _mean(scores: Floats) -> float:
    known = scores[~np.isnan(scores)]
    return float(known.mean()) if len(known) else float("nan")


def _line(study: Study, below: float | None) -> Line:
    if below is not None:
        return Line(below, f"a score under {below:g}, as you said")
    if study.grading.grader.binary:
        return Line(1.0, "a wrong answer")
    target = study.settings.target
    if target is not None:
        return Line(target.at_least, f"a score under {target.at_least:g}, the project's target; --below changes it")
    return Line(USUAL_LINE, f"a score under {USUAL_LINE:g}, as no target is stated; --below changes it")


def _require_errors(bench: Bench) -> None:
    if bench.errors:
        return
    known = int((~np.isnan(bench.base_scores)).sum())
    raise InputError(
        "diagnose.no_errors",
        f"{bench.system} has no error in {known} cases.",
        where=f"--system {bench.system}",
        hint="Name another system with --system, or a higher line with --below.",
    )
