"""What systems that ask a language model share before they are fitted: the model, its needs, and trying choices.

``prompt`` and ``few_shot`` add what they choose between: ways of asking, and examples to show.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Self

import numpy as np

from tunewright.records.example import Example
from tunewright.records.generation import Backend, Watch
from tunewright.records.system import FitContext, Needs, Setting, SystemRole, Traits, Trial
from tunewright.systems._prompting.choosing import NOTHING, Tried, require_answered
from tunewright.systems._prompting.compose import Job, several_job
from tunewright.systems._prompting.held import Held, HeldForm
from tunewright.systems._prompting.prompted import Prompted, Shots, row_scores
from tunewright.systems._prompting.repair import checked_extra_calls
from tunewright.systems._prompting.schema import learned_schema
from tunewright.systems.around import Around, ModelFacts
from tunewright.systems.fitlog import FitLog


@dataclass(frozen=True, slots=True)
class Asking:
    """A system that asks a model, before it has seen rows; ``own`` is a person's own prompt.

    ``form`` is what all that the model writes is held to; None leaves it to the job.
    """

    SIMPLICITY: ClassVar[int]
    LEARNS: ClassVar[bool] = True

    name: str
    model: str
    values: Mapping[str, Setting]
    own: str | None
    around: Around
    facts: ModelFacts
    role: SystemRole = "baseline"
    form: HeldForm | None = None

    @property
    def needs(self) -> Needs:
        return self.needs_of_asking()

    def needs_of_asking(self) -> Needs:
        """What one call of the model needs; kinds that need more start from it."""
        if self.facts.served:
            return Needs(simplicity=self.SIMPLICITY, network=self.facts.network, billed=True, seconds_per_call=1.0)
        return Needs(simplicity=self.SIMPLICITY, extras=("models",), seconds_per_call=0.5, own_machine=True)

    @property
    def traits(self) -> Traits:
        return self.traits_of_asking()

    def traits_of_asking(self) -> Traits:
        """What is known of a system that asks its model once a case; kinds that differ start from it."""
        longest = int(self.values["max_tokens"])
        return Traits(learns=self.LEARNS, practice=self.facts.practice, models=(self.model,), max_tokens=longest)

    def identity(self) -> Mapping[str, Setting]:
        own = {"own": self.own or "", "task": self.around.task, "kind": self.around.kind}
        held = {} if self.form is None else {"form": self.form.as_text()}
        return {**self.values, **own, **held, "model": self.facts.identity}

    def missing(self) -> str | None:
        return self.facts.missing

    def with_form(self, form: HeldForm) -> Self | None:
        """The same system with its model held to a form; None for a kind that cannot be held from outside."""
        return replace(self, form=form)

    def open_model(self) -> Backend:
        """The model, opened, and held to the form where one is set."""
        backend = self.around.open_model(self.model)
        return backend if self.form is None else Held(backend, self.form)

    def job(self, rows: Sequence[Example], labels: tuple[str, ...], several: bool = False) -> Job:
        """The job as a prompt says it; the schema of an extraction is learned from targets."""
        if several:
            return several_job(self.around.task, labels, rows, self.own)
        schema = learned_schema([row.target for row in rows]) if self.around.kind == "extract" else None
        return Job(self.around.task, self.around.kind, labels, schema, self.own)

    def ready(self, job: Job, style: str, shots: Shots, log: FitLog) -> Prompted:
        """The fitted system."""
        extra_calls = checked_extra_calls(int(self.values.get("repair", 0)), self.name)
        return Prompted(self.open_model, job, style, shots, int(self.values["max_tokens"]), log, extra_calls)

    def compared(
        self,
        setting: str,
        choices: Sequence[str],
        made: Callable[[str], Prompted],
        validation: Sequence[Example],
        context: FitContext,
    ) -> Tried:
        """Every choice on the first ``tuning_rows`` validation rows; nothing where there is no choice.

        Raises:
            Cancelled: the person asked to stop.
            WorkError: too many rows were not answered for some choice; those after it are not asked.
        """
        rows = list(validation)[: int(self.values["tuning_rows"])]
        if len(choices) < 2 or not rows:
            return NOTHING
        scores, seconds = np.zeros((0, len(rows))), list[float]()
        for number, choice in enumerate(choices):
            started = time.perf_counter()
            watch = Watch(context.cancelled, partial(_report, context, setting, number, len(choices)))
            candidate = made(choice)
            try:
                found, why = row_scores(candidate, rows, context.grade, watch)
            finally:
                candidate.close()
            scores = np.vstack([scores, found])
            require_answered(scores, why)
            seconds.append(time.perf_counter() - started)
        return Tried((setting,) * len(choices), tuple(choices), scores, tuple(seconds))


def best_choice(setting: str, choices: Sequence[str], trials: Sequence[Trial]) -> str:
    """The choice with the best trial, the first of equals; the only one where nothing was tried."""
    if not trials:
        return choices[0]
    return str(max(trials, key=lambda trial: round(trial.validation_score, 12)).settings[setting])


def _report(context: FitContext, setting: str, number: int, count: int, done: float) -> None:
    context.progress(f"choosing the {setting}", (number + done) / count)
