"""The protocol of a system: anything that can do the task.

One file in ``tunewright/systems`` makes one kind of system. A system is described before it is fitted (``System``) and
answers once it is (``FittedSystem``). Systems see ``Inputs`` alone when they answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from tunewright.records.answers import Answer
from tunewright.records.example import Example, Inputs
from tunewright.records.generation import Watch

SystemRole = Literal["baseline", "candidate"]
TrainingMethod = Literal["full", "lora", "qlora"]
Setting = str | int | float | bool
# The kinds of job that there are.
KINDS = ("classify", "extract", "generate")
LABELS_ALONE = ("classify",)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a system asks of the machine, declared before anything runs.

    ``seconds_per_call`` is a declared, cautious figure for planning machines and money, so that cost does not move with
    the noise of a clock. ``own_machine`` is False for what runs inside the caller's program at no noticeable cost.
    ``billed``: each call has its price, known or not, with whoever runs the server, also one on this machine.
    ``simplicity`` orders systems from simple (0) to complex.
    """

    simplicity: int
    extras: tuple[str, ...] = ()
    network: bool = False
    billed: bool = False
    seconds_per_call: float = 0.001
    own_machine: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """Another system of the project, as a system made of several knows it."""

    name: str
    kind: str
    system: System


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of a system besides its needs before it is fitted; the defaults are those of a kind that says none.

    ``kinds`` are the kinds of job that it can do. ``learns``: it needs targets. ``practice``: a language model in it is
    an embedded one, made for practice, whose defeat proves nothing. ``members`` are the systems that it is made of, as
    they stand in the comparison; its fit gets theirs from ``FitContext.fit``, which makes each once. ``own_fits`` are
    those that it fits itself on rows of its own making, or whose code its fit runs. ``person``: a person answers what
    it leaves. ``usd_per_month`` is stated for answers from elsewhere (below 0: unpriced); ``usd_per_call`` stands
    in its place where an answer has a price. ``models`` are the names of the language models that it asks, with at most
    ``max_tokens`` of an answer (0: unknown) in ``steps`` calls a case.
    ``asked_elsewhere`` names the language model that gave answers which were recorded elsewhere.
    """

    kinds: tuple[str, ...] = KINDS
    learns: bool = True
    practice: bool = False
    members: tuple[Member, ...] = ()
    own_fits: tuple[Member, ...] = ()
    person: bool = False
    usd_per_month: float | None = None
    usd_per_call: float | None = None
    models: tuple[str, ...] = ()
    max_tokens: int = 0
    steps: int = 1
    asked_elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Training:
    """What one fit of a fine-tune computes: ``method`` is how it trains, relatives of LoRA being LoRA here.

    ``weights`` are those that every token is multiplied with, ``passes`` the most that are made over the training rows,
    ``longest`` the tokens of a row that are read (0: all of them).
    """

    weights: int
    passes: float
    method: TrainingMethod = "full"
    longest: int = 0

    @classmethod
    def by(cls, method: str, weights: int, passes: float, longest: int = 0) -> Training:
        """With the method as a project file names it."""
        named: Mapping[str, TrainingMethod] = {"full": "full", "qlora": "qlora"}
        return cls(weights, passes, named.get(method, "lora"), longest)


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting tried during tuning, with its score on validation rows."""

    settings: Mapping[str, Setting]
    validation_score: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Budget:
    """The tuning budget, counted in scored passes over the validation rows.

    ``declared`` is None when nobody knows it (answers recorded elsewhere). ``exhausted`` says that every setting of a
    declared grid was tried, so that a larger budget would have changed nothing.
    """

    declared: int | None
    spent: int
    exhausted: bool = False


@dataclass(frozen=True, slots=True)
class FitContext:
    """What a fit is handed from above: chance, labels, a measure, and a way to be stopped.

    ``measure(targets, answers)`` is the mean score of labels. ``grade(examples, answers)`` gives the score of each
    answer by the job's own grader, None where it is missing, ``judged(examples, answers)`` the same with the
    grader's words about each, empty where it has none. ``labels`` is empty where targets are no labels.
    ``fit(system, train, validation)`` fits another system, or finds the fit that exists: for systems made of others.
    ``several``: a target is the JSON list of the labels of a case, sorted, and ``labels`` are the single ones.
    """

    seed: int
    labels: tuple[str, ...]
    measure: Callable[[Sequence[str], Sequence[str]], float]
    grade: Callable[[Sequence[Example], Sequence[Answer]], list[float | None]] = field(
        default=lambda examples, answers: [
            None if a.status.is_missing else float(a.text == e.target) for e, a in zip(examples, answers, strict=True)
        ]
    )
    judge: Callable[[Sequence[Example], Sequence[Answer]], list[tuple[float | None, str]]] | None = None
    progress: Callable[[str, float], None] = field(default=lambda _stage, _fraction: None)
    cancelled: Callable[[], bool] = field(default=lambda: False)
    fit_other: Callable[[System, Sequence[Example], Sequence[Example]], FittedSystem] | None = None
    several: bool = False

    @property
    def closed_answers(self) -> tuple[str, ...]:
        """What an answer must be one of; empty where answers are texts or lists of labels."""
        return () if self.several else self.labels

    def judged(self, examples: Sequence[Example], answers: Sequence[Answer]) -> list[tuple[float | None, str]]:
        """Score and words of each answer, from one grading."""
        if self.judge is not None:
            return self.judge(examples, answers)
        return [(score, "") for score in self.grade(examples, answers)]

    def fit(self, system: System, train: Sequence[Example], validation: Sequence[Example]) -> FittedSystem:
        """Another system fitted on rows of this fit; whoever asked closes it."""
        if self.fit_other is not None:
            return self.fit_other(system, train, validation)
        return system.fit(train, validation, self)


class FittedSystem(Protocol):
    """A system that is ready to answer."""

    @property
    def trials(self) -> Sequence[Trial]: ...

    @property
    def budget(self) -> Budget: ...

    @property
    def notes(self) -> Sequence[str]:
        """Plain sentences a person should know, such as how many rows were cut by the length limit."""
        ...

    @property
    def validation_score(self) -> float | None:
        """What the fit is worth on rows that chose nothing of it, as far as the fit knows; None where it does not.

        The score of the best of several trials is no such figure: the best of many is too good on the rows it was
        picked by, and more so the more there were.
        """
        ...

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        """One answer per input, in order. Raises nothing for a single bad input: that is a status."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything needed to answer again into an empty folder."""
        ...

    def close(self) -> None:
        """Release processes and memory; calling it twice is harmless."""
        ...


@runtime_checkable
class Watched(Protocol):
    """A fitted system whose answering can be followed, and stopped before it is done."""

    def ask(self, inputs: Sequence[Inputs], watch: Watch) -> list[Answer]:
        """One answer per input, in order.

        Raises:
            Cancelled: the person asked to stop.
        """
        ...


def answers_of(fitted: FittedSystem, inputs: Sequence[Inputs], watch: Watch) -> list[Answer]:
    """One answer per input, in order, under a watch where the system knows one; ``Watched.ask`` is optional.

    Raises:
        Cancelled: the person asked to stop.
    """
    return fitted.ask(inputs, watch) if isinstance(fitted, Watched) else fitted.answer(inputs)


class System(Protocol):
    """A system as described in the project file, not yet fitted. What else it has to say of itself is ``Described``."""

    @property
    def name(self) -> str: ...

    @property
    def role(self) -> SystemRole: ...

    @property
    def needs(self) -> Needs: ...

    def identity(self) -> Mapping[str, Setting]:
        """Everything besides rows, seed and program version from which the fit follows (options, weights digest)."""
        ...

    def missing(self) -> str | None:
        """Why it cannot run here, in one sentence with the remedy, or None."""
        ...

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedSystem: ...

    def load(self, folder: Path) -> FittedSystem:
        """What ``FittedSystem.save`` wrote; answers are equal to those before saving."""
        ...


@runtime_checkable
class Described(Protocol):
    """A system that says more of itself than every system must."""

    @property
    def traits(self) -> Traits: ...


def traits_of(system: System) -> Traits:
    """What a system says of itself; the defaults for one that says nothing, as a person's own kind may."""
    return system.traits if isinstance(system, Described) else Traits()


@runtime_checkable
class Trains(Protocol):
    """A system that can say what its training will compute."""

    def training(self) -> Training | None:
        """None where that is not known before its model is on this machine."""
        ...


def training_of(system: System) -> Training | None:
    """What the training of a system will compute; None where it says nothing or does not train a model."""
    return system.training() if isinstance(system, Trains) else None
