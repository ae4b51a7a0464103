"""Whom the guards are about: the tuned system, what it is made from, and the rows that each has and has not seen.

A language model is asked with its tuned and with its own weights in the very same way. A classifier made of an encoder
cannot write: what it is made from is the untouched encoder with a linear head, fitted on the same rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tunewright.errors import InputError
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Inputs, with_system
from tunewright.records.generation import Backend, Decoding, Reply, Request, Watch
from tunewright.records.system import FittedSystem
from tunewright.records.usage import Spent
from tunewright.store import Store
from tunewright.systems._finetune_decoder import FinetuneDecoder, FittedDecoder
from tunewright.systems._writer import Writer
from tunewright.systems.finetune import Finetune
from tunewright.systems.registry import SystemEntry, build_system
from tunewright.workflow.fitting import Contestant, FitRecord, Fitter
from tunewright.workflow.kept_backend import Alone, KeptBackend
from tunewright.workflow.study import Hooks, Part, Study

if TYPE_CHECKING:
    from tunewright.backends.local import LocalBackend

MOST_ROWS = 200
SIDECAR = "tunewright.json"


class Answering(Protocol):
    """Whatever answers inputs of the job."""

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]: ...


@dataclass(frozen=True, slots=True)
class ModelAnswers:
    """A language model asked as the tuned system asks it: its instruction, its labels or its length of answer."""

    backend: Backend
    labels: tuple[str, ...]
    instruction: str
    longest: int
    watch: Watch

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        """One answer per input, in order; of labels with their share of certainty."""
        decoding = Decoding(max_tokens=max(self.longest, 1), choices=self.labels, logprobs=True)
        requests = [
            Request(with_system(item.messages, self.instruction), decoding, item.tools, owners=(item.owner,))
            for item in inputs
        ]
        found = [Answer(None, Status.INFRA_FAIL)] * len(inputs)
        for place, reply in self.backend.complete(requests, self.watch):
            found[place] = _answer(reply)
        return found


@dataclass(slots=True)
class Models:
    """A tuned language model beside its base; the base's replies are kept, for it has learned no row."""

    tuned: LocalBackend
    base: LocalBackend
    kept_base: KeptBackend
    labels: tuple[str, ...]
    instruction: str
    longest: int

    def answering(self, *, tuned: bool, watch: Watch) -> ModelAnswers:
        """One of the two as it would do the job."""
        backend: Backend = self.tuned if tuned else self.kept_base
        return ModelAnswers(backend, self.labels, self.instruction, self.longest, watch)

    def close(self) -> None:
        """Let go of both."""
        self.tuned.close()
        self.base.close()


@dataclass(slots=True)
class Subject:
    """One fitted system with all that guards measure it by.

    ``models`` is set for a language model tuned alone, ``head`` for a classifier: the untuned encoder with a linear
    head. ``why_not`` says why neither is there. ``train`` and ``held_out`` are positions in ``study.examples``.
    """

    study: Study
    store: Store
    hooks: Hooks
    contestant: Contestant
    part: Part
    record: FitRecord
    fitted: FittedSystem
    models: Models | None
    head: FittedSystem | None
    base: str | None
    why_not: str
    train: tuple[int, ...]
    held_out: tuple[int, ...]

    @property
    def name(self) -> str:
        return self.contestant.name

    @property
    def only_labels(self) -> bool:
        """Whether whatever it is asked, it answers one of the labels."""
        return self.head is not None or (self.models is not None and bool(self.models.labels))

    @property
    def can_write(self) -> bool:
        """Whether it writes text, rather than choosing a label."""
        return self.models is not None and not self.models.labels

    def watch(self, stage: str) -> Watch:
        """How a stretch of work is followed."""
        return Watch(self.hooks.cancelled, lambda share: self.hooks.progress(self.name, stage, share))

    def tuned(self, stage: str) -> Answering:
        """The tuned system on inputs of the job."""
        return self.fitted if self.models is None else self.models.answering(tuned=True, watch=self.watch(stage))

    def untuned(self, stage: str) -> Answering | None:
        """What it is made from, on inputs of the job; None where there is no such thing."""
        if self.models is not None:
            return self.models.answering(tuned=False, watch=self.watch(f"{stage}, base"))
        return self.head

    def rows(self, positions: Sequence[int]) -> list[Example]:
        return [self.study.examples[place] for place in positions]

    def close(self) -> None:
        """Let go of everything that holds memory."""
        for one in (self.fitted, self.head, self.models):
            if one is not None:
                one.close()


def open_subject(study: Study, store: Store, hooks: Hooks, contestant: Contestant) -> Subject:
    """Fit the system or find the fit that exists, and open it beside what it is made from.

    Raises:
        TunewrightError: it cannot be fitted or loaded here.
    """
    part = study.parts[0]
    fitter = Fitter(study, store, hooks)
    reason = contestant.system.missing()
    if reason is not None:
        raise InputError("guard.unavailable", f"{contestant.name} cannot run here: {reason}", where=contestant.name)
    if store.artifact(fitter.key(contestant, part)) is None:
        hooks.say(
            f"{contestant.name}: no run has trained it on these rows yet, so it is trained first, on "
            f"{len(part.train):,} rows. The next run finds that training again."
        )
    record = fitter.fit(contestant, part)
    fitted = fitter.open(contestant, record)
    models, head, base, why_not = None, None, None, "what it is made from cannot be asked alone"
    system = contestant.system
    if isinstance(system, FinetuneDecoder) and isinstance(fitted, FittedDecoder):
        models = open_models(system, fitted, store, record.key)
        base, why_not = f"{system.base}, untuned", ""
    elif isinstance(system, Finetune):
        head = _head(study, fitter, system, part, store)
        base = f"{Path(system.encoder_name).name}, untuned, with a linear head"
        why_not = "a classifier cannot write: it can answer nothing but the labels of the job"
    train, held_out = _rows(study, part)
    return Subject(study, store, hooks, contestant, part, record, fitted, models, head, base, why_not, train, held_out)


def open_models(system: FinetuneDecoder, fitted: FittedDecoder, store: Store, key: str) -> Models:
    """The tuned weights of a fit and those of its base, as backends."""
    from tunewright.backends.local import LocalBackend
    from tunewright.training.precision import choose_precision

    device = choose_precision().device
    artifact = store.artifact(key)
    assert artifact is not None, "a fit was removed while its guards were measured"
    folder = next(path.parent for path in sorted(artifact.path.rglob(SIDECAR)))
    longest = fitted.scorer.longest if isinstance(fitted.scorer, Writer) else 1
    base = LocalBackend.open(system.base, root=system.root, device=device)
    return Models(
        tuned=LocalBackend.open(str(folder), device=device),
        base=base,
        kept_base=KeptBackend(Alone(base), store.replies),
        labels=fitted.labels,
        instruction=fitted.instruction,
        longest=longest,
    )


def _head(study: Study, fitter: Fitter, system: Finetune, part: Part, store: Store) -> FittedSystem:
    """The encoder as it was, with logistic regression on its vectors: where the tuning began."""
    options = {"encoder": system.encoder_name, "max_tokens": system.values["max_tokens"]}
    entry = SystemEntry("embedding", f"{system.name}, untuned", None, options)
    untuned = Contestant(entry, build_system(entry, study.root, study.settings.data))
    return fitter.open(untuned, fitter.fit(untuned, part))


def _rows(study: Study, part: Part) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A random part of the rows learned, and rows that were not: never those of a locked test.

    With a locked test the rows not learned are the validation rows, which chose the epoch; out of fold they are those
    of the first fold, which chose nothing.
    """
    new = part.validation if study.regime == "locked" else part.scored
    return _sample(part.train, study.settings.seed), _sample(new, study.settings.seed + 1)


def _sample(rows: Sequence[int], seed: int) -> tuple[int, ...]:
    if len(rows) <= MOST_ROWS:
        return tuple(rows)
    chosen = np.random.default_rng([seed, 0x67]).choice(len(rows), MOST_ROWS, replace=False)
    return tuple(rows[place] for place in sorted(chosen.tolist()))


def _answer(reply: Reply) -> Answer:
    if reply.status.is_missing or not (reply.text or "").strip():
        return Answer(None, reply.status if reply.status is not Status.OK else Status.MODEL_FAIL, detail=reply.detail)
    text = (reply.text or "").strip()
    if reply.choices:
        chances = np.exp(np.array(reply.choices) - max(reply.choices))
        return Answer(text, confidence=round(float(chances.max() / chances.sum()), 6))
    sure = None if reply.logprob is None else round(math.exp(min(reply.logprob, 0.0)), 6)
    cut = "did not stop" if reply.finish == "length" else ""
    return Answer(text, confidence=sure, detail=cut, spent=Spent(1, reply.usage))
