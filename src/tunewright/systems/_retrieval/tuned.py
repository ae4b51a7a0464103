"""A tuned language model that reads passages: ``{finetune: {use: MODEL, retrieval: NAME}}``.

The passages that the retrieval system of this name finds stand before every case, in training and in use, inside the
same fence as before a prompted model. Facts stay in the documents and can change; the model learns to use them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from tunewright.documents.library import Guarded
from tunewright.errors import InputError
from tunewright.records.answers import Answer
from tunewright.records.example import Example, Inputs
from tunewright.records.generation import Watch
from tunewright.records.system import (
    Budget,
    FitContext,
    FittedSystem,
    Member,
    Needs,
    Setting,
    System,
    SystemRole,
    Traits,
    Trial,
    answers_of,
    traits_of,
)
from tunewright.systems._retrieval.fence import grounded
from tunewright.systems._retrieval.sources import STATE_FILE, Sources, read_guarded, trace_of
from tunewright.systems.around import Around

MODEL = "tuned"
RULE = "Use the passages where they help with this case:"


@runtime_checkable
class Retrieving(Protocol):
    """What the system named must offer: its documents, and how many passages it shows."""

    @property
    def shown(self) -> int: ...

    def sources(self, guarded: Guarded = ()) -> Sources: ...


@dataclass(slots=True)
class FittedWithPassages:
    """A tuned model behind the documents as they are now."""

    tuned: FittedSystem
    sources: Sources
    count: int

    @property
    def trials(self) -> Sequence[Trial]:
        return self.tuned.trials

    @property
    def budget(self) -> Budget:
        return self.tuned.budget

    @property
    def notes(self) -> Sequence[str]:
        return (f"{self.count} passages stand before every case", *self.tuned.notes)

    @property
    def validation_score(self) -> float | None:
        return self.tuned.validation_score

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        return self.ask(inputs, Watch())

    def ask(self, inputs: Sequence[Inputs], watch: Watch) -> list[Answer]:
        """One answer per input, in order, from the documents as they are now; raises Cancelled."""
        self.sources.look()
        read = [_with_passages(one, self.sources, self.count) for one in inputs]
        answers = answers_of(self.tuned, read, watch)
        return [
            replace(answer, trace=trace_of(self.sources.find(one, self.count)))
            for one, answer in zip(inputs, answers, strict=True)
        ]

    def save(self, folder: Path) -> None:
        (folder / MODEL).mkdir()
        self.tuned.save(folder / MODEL)
        state = {"guarded": self.sources.library.guarded, "count": self.count}
        (folder / STATE_FILE).write_text(json.dumps(state), encoding="utf-8")

    def close(self) -> None:
        self.tuned.close()


@dataclass(frozen=True, slots=True)
class TunedWithPassages:
    """The system before it has seen rows."""

    name: str
    inner: System
    retrieval: Member
    role: SystemRole = "candidate"

    @property
    def needs(self) -> Needs:
        own, looking = self.inner.needs, self.retrieval.system.needs
        seconds = own.seconds_per_call + looking.seconds_per_call
        return replace(own, simplicity=own.simplicity + 5, seconds_per_call=seconds)

    @property
    def traits(self) -> Traits:
        """Those of the tuned model; what it reads is found by the code of the other system."""
        return replace(traits_of(self.inner), own_fits=(self.retrieval,))

    def identity(self) -> Mapping[str, Setting]:
        looked_up = json.dumps(dict(self.retrieval.system.identity()), sort_keys=True)
        return {**self.inner.identity(), "retrieval": self.retrieval.name, "documents": looked_up}

    def missing(self) -> str | None:
        return self.inner.missing() or self.retrieval.system.missing()

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedWithPassages:
        system = self._retrieving()
        sources, count = system.sources(), system.shown
        shown = [[_shown(row, sources, count) for row in rows] for rows in (train, validation)]
        return FittedWithPassages(self.inner.fit(shown[0], shown[1], context), sources, count)

    def load(self, folder: Path) -> FittedWithPassages:
        state = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        sources = self._retrieving().sources(read_guarded(state["guarded"]))
        return FittedWithPassages(self.inner.load(folder / MODEL), sources, int(state["count"]))

    def _retrieving(self) -> Retrieving:
        assert isinstance(self.retrieval.system, Retrieving)
        return self.retrieval.system


def with_passages(name: str, inner: System, retrieval: str, around: Around) -> TunedWithPassages:
    """The tuned system behind the documents of another system of the project.

    Raises:
        InputError: there is no system of this name, or it looks nothing up.
    """
    member = around.member(retrieval)
    if not isinstance(member.system, Retrieving):
        raise InputError(
            "finetune.no_retrieval",
            f"The system {retrieval!r} looks nothing up in documents.",
            where="systems: finetune",
            hint="Name a system of the kind retrieval: {retrieval: {documents: handbook, name: quote}}.",
        )
    return TunedWithPassages(name, inner, member)


def _with_passages(inputs: Inputs, sources: Sources, count: int) -> Inputs:
    return grounded(inputs, [one.passage for one in sources.find(inputs, count)], RULE)


def _shown(row: Example, sources: Sources, count: int) -> Example:
    return replace(row, messages=_with_passages(row.inputs, sources, count).messages)
