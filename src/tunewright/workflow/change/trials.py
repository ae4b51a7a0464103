"""Fitting and asking every system at every step of a change; what exists is found by content.

A kind that knows categories by their examples alone answers before the change as it does with none of them back, so
that one fit serves both; a prompt without examples changes with the name alone. What a person wrote (rules, a command)
or recorded elsewhere cannot be made again here and is only asked as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tunewright.errors import Cancelled, TunewrightError
from tunewright.records.answers import ScoreRow
from tunewright.store import Store
from tunewright.systems._several import names_in
from tunewright.workflow.change.held import CATEGORY, Held
from tunewright.workflow.change.steps import ALL, BEFORE, MANY_DRAWS, NAMED, Step, draws_of, part_of
from tunewright.workflow.fitting import Contestant, FitRecord, Fitter
from tunewright.workflow.scoring import Scorer
from tunewright.workflow.several import several_labels
from tunewright.workflow.study import Hooks, Part, Study

BY_EXAMPLES = frozenset({"majority", "tfidf", "embedding", "finetune"})
BY_NAME = frozenset({"prompt", "tools"})
AS_WRITTEN = frozenset({"rules", "command", "answers"})
MOST_MISSING = 0.01


@dataclass(frozen=True, slots=True)
class World:
    """A study and its systems in one state: with what is held out, or without its name and its pages."""

    study: Study
    contestants: Mapping[str, Contestant]


@dataclass(frozen=True, slots=True)
class Job:
    """One fit to be made: the world it belongs to, the system in it, and the rows."""

    world: World
    name: str
    step: Step
    draw: int
    part: Part

    @property
    def contestant(self) -> Contestant:
        return self.world.contestants[self.name]


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one step in all draws, aligned to the n scored rows: answers as shares and flags, [D, n]."""

    answered: NDArray[np.bool_]
    score: NDArray[np.float64]
    fits: tuple[FitRecord, ...]
    rows: tuple[ScoreRow, ...] = field(repr=False, default=())

    @property
    def known(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.score)


@dataclass(frozen=True, slots=True)
class Trials:
    """What came of one system: every step, or why it was not measured."""

    name: str
    steps: Mapping[Step, Answered]
    reason: str = ""


def default_draws(contestant: Contestant) -> int:
    """Several draws where a fit is cheap: not of fine-tunes, nor of what is billed or asks a model of some size."""
    needs = contestant.system.needs
    dear = contestant.system.role == "candidate" or needs.billed or (needs.own_machine and needs.simplicity >= 30)
    return 1 if dear else MANY_DRAWS


def steps_for(contestant: Contestant, steps: Sequence[Step], by: str) -> list[Step]:
    """Those of the steps that differ for a kind of system, before the change first."""
    kind = contestant.entry.kind
    if kind in AS_WRITTEN:
        return [ALL]
    if kind == "majority":
        return [BEFORE, ALL]
    if kind in BY_NAME:
        return [BEFORE, NAMED, ALL]
    if by == CATEGORY and kind in BY_EXAMPLES:
        steps = [step for step in steps if step != NAMED]
    return [BEFORE, *steps]


def jobs_of(after: World, before: World, held: Held, name: str, steps: Sequence[Step], draws: int | None) -> list[Job]:
    """Every fit of one system, with all examples first: that one is likely to exist and shows how long one takes."""
    contestant = after.contestants[name]
    many = default_draws(contestant) if draws is None else draws
    jobs = []
    for step in sorted(steps_for(contestant, steps, held.by), key=lambda one: one != ALL):
        world = after if step.back else before
        for draw in range(draws_of(step, many)):
            for fold in range(len(after.study.parts)):
                jobs.append(Job(world, name, step, draw, part_of(after.study, held, fold, step, draw)))
    return jobs


@dataclass(slots=True)
class Bench:
    """Makes and finds fits and answers for both worlds of a change."""

    store: Store
    hooks: Hooks
    _tools: dict[int, tuple[Fitter, Scorer]] = field(default_factory=dict)

    def existing(self, job: Job) -> FitRecord | None:
        """The record of a fit that need not be made."""
        artifact = self.store.artifact(self._of(job.world)[0].key(job.contestant, job.part))
        return None if artifact is None else FitRecord.model_validate_json(str(artifact.meta["record"]))

    def run(self, held: Held, name: str, jobs: Sequence[Job]) -> Trials:
        """Fit and ask; a system that cannot run has a reason and stops nothing else.

        Raises:
            Cancelled: a person asked to stop; what is finished is found again.
        """
        reason = jobs[0].contestant.system.missing()
        if reason is not None:
            return Trials(name, {}, reason)
        try:
            steps = dict(self._steps(held, jobs))
        except Cancelled:
            raise
        except TunewrightError as error:
            return Trials(name, {}, " ".join([error.message, *(f"({text})" for _, text in error.details())]))
        except Exception as error:
            # What a library throws here concerns one system; the others go on.
            return Trials(name, {}, f"it failed with {type(error).__name__}: {error}"[:300])
        missing = max(float(np.isnan(one.score).mean()) for one in steps.values())
        if missing > MOST_MISSING:
            return Trials(name, {}, f"{missing:.1%} of its answers are missing, which is more than {MOST_MISSING:.0%}")
        return Trials(name, steps)

    def _steps(self, held: Held, jobs: Sequence[Job]) -> Iterator[tuple[Step, Answered]]:
        done = 0
        for step in dict.fromkeys(job.step for job in jobs):
            draws: dict[int, list[tuple[FitRecord, tuple[ScoreRow, ...]]]] = {}
            for job in (job for job in jobs if job.step == step):
                if self.hooks.cancelled():
                    raise Cancelled
                fitter, scorer = self._of(job.world)
                record = fitter.fit(job.contestant, job.part)
                draws.setdefault(job.draw, []).append((record, scorer.score(job.contestant, job.part, record).rows))
                done += 1
                self.hooks.progress(job.name, f"{done} of {len(jobs)} fits", done / len(jobs))
            yield step, _answered(jobs[0].world.study, held, list(draws.values()))

    def _of(self, world: World) -> tuple[Fitter, Scorer]:
        if id(world) not in self._tools:
            fitter = Fitter(world.study, self.store, self.hooks)
            self._tools[id(world)] = fitter, Scorer(world.study, self.store, fitter, self.hooks)
        return self._tools[id(world)]


def _answered(study: Study, held: Held, draws: Sequence[Sequence[tuple[FitRecord, tuple[ScoreRow, ...]]]]) -> Answered:
    lines = [[row for _, rows in folds for row in rows] for folds in draws]
    several = several_labels(study.settings)
    named = [[_names(row.answer, held, several) for row in line] for line in lines]
    score = [[np.nan if row.score is None else row.score for row in line] for line in lines]
    return Answered(
        np.array(named, dtype=np.bool_),
        np.array(score, dtype=np.float64),
        tuple(record for folds in draws for record, _ in folds),
        tuple(row for line in lines for row in line),
    )


def _names(answer: str | None, held: Held, several: bool) -> bool:
    """Whether an answer names the category that was held out."""
    if held.by != CATEGORY or answer is None:
        return False
    return held.name in names_in(answer) if several else answer == held.name
