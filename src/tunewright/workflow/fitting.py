"""Fit a system on a part of the study, or find the fit that exists.

A fit is stored under the hash of all it came from: code, options, weights, rows, labels, seed, library versions. A
lease keeps two runs from making the same fit at once.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypedDict

from pydantic import BaseModel, ConfigDict

from tunewright.evaluation.speed import measure_speed
from tunewright.records.example import Example
from tunewright.records.generation import Watch
from tunewright.records.system import Budget, FitContext, FittedSystem, Member, System, answers_of, traits_of
from tunewright.records.verdict import Latency, PerAnswer
from tunewright.store import Store
from tunewright.store.artifacts import passing_name
from tunewright.store.cache_keys import cache_key
from tunewright.store.store import BLOBS_NAME
from tunewright.systems.registry import SystemEntry
from tunewright.workflow.code_digest import code_digest
from tunewright.workflow.costing.spending import per_answer
from tunewright.workflow.grading import grade_all, judge_all, mean_score, measure_texts
from tunewright.workflow.several import several_labels
from tunewright.workflow.study import Hooks, Part, Study

ENGINE_PACKAGES = ("torch", "transformers")
CORE_PACKAGES = ("numpy", "scikit-learn", "bm25s", "pypdf")


@dataclass(frozen=True, slots=True)
class Contestant:
    """A system with the entry of the project file that it came from."""

    entry: SystemEntry
    system: System

    @property
    def name(self) -> str:
        return self.entry.name


def members_of(system: System) -> Sequence[Member]:
    """The systems that one is made of; most are made of none."""
    return traits_of(system).members


def contestant_of(member: Member) -> Contestant:
    """A member as it would stand in the comparison."""
    return Contestant(SystemEntry(member.kind, member.name, None, {}), member.system)


class FitRecord(BaseModel):
    """What is known of a fit without opening it.

    ``unanswered``: so many validation rows have no score yet, though it was asked them; it is asked again at the next
    run, and until then ``validation_score`` rests on the others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    validation_score: float | None
    budget: Budget
    notes: tuple[str, ...]
    training_seconds: float
    latency: Latency | None
    per_answer: PerAnswer | None = None
    unanswered: int = 0


class _Timing(TypedDict):
    """The fields of a ``FitRecord`` that timing fills."""

    latency: Latency | None
    per_answer: PerAnswer | None


class Fitter:
    """Makes and finds fits for one study."""

    def __init__(self, study: Study, store: Store, hooks: Hooks) -> None:
        self._study = study
        self._store = store
        self._hooks = hooks
        self._asked_again: dict[str, FitRecord] = {}

    def fit(self, contestant: Contestant, part: Part) -> FitRecord:
        """The record of the fit, made now unless it exists.

        Raises:
            TunewrightError: the system cannot be fitted here.
        """
        kind, parts = contestant.entry.kind, self._key_parts(contestant, part)
        key = cache_key(kind, parts)
        record = self._stored(key)
        if record is not None:
            return self._completed(contestant, part, record)
        with self._store.lease(key, on_wait=self._hooks.say, cancelled=self._hooks.cancelled):
            record = self._stored(key)
            if record is None:
                self._hooks.log(
                    f"{contestant.name}, {part.name}: {self._store.miss_reason(kind, parts, contestant.name)}"
                )
                record = self._asked_again[key] = self._make(contestant, part, key)
                self._store.remember_key(kind, parts, contestant.name)
        return self._completed(contestant, part, record)

    def key(self, contestant: Contestant, part: Part) -> str:
        """The content key of a fit, made or not."""
        return cache_key(contestant.entry.kind, self._key_parts(contestant, part))

    def open(self, contestant: Contestant, record: FitRecord) -> FittedSystem:
        """The fitted system itself, ready to answer."""
        artifact = self._store.artifact(record.key)
        assert artifact is not None, "a fit was removed while the run went on"
        return contestant.system.load(artifact.path)

    def _stored(self, key: str) -> FitRecord | None:
        artifact = self._store.artifact(key)
        return None if artifact is None else FitRecord.model_validate_json(str(artifact.meta["record"]))

    def _make(self, contestant: Contestant, part: Part, key: str) -> FitRecord:
        train, validation = self._examples(part.train), self._examples(part.validation)
        scratch = self._scratch()
        try:
            context = self._context(contestant, part)
            started = time.perf_counter()
            fitted = contestant.system.fit(train, validation, context)
            seconds = time.perf_counter() - started
            try:
                timing = self._timing(contestant, fitted, part)
                score, unanswered = self._validation_score(fitted, validation)
                record = FitRecord(
                    key=key,
                    validation_score=score,
                    unanswered=unanswered,
                    budget=fitted.budget,
                    notes=tuple(fitted.notes),
                    training_seconds=round(seconds, 3),
                    **timing,
                )
                folder = scratch / "fitted"
                folder.mkdir()
                fitted.save(folder)
            finally:
                fitted.close()
            self._save(contestant, part, key, folder, record)
            return record
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            give_memory_back(engine=bool(contestant.system.needs.extras))

    def _save(self, contestant: Contestant, part: Part, key: str, folder: Path, record: FitRecord) -> None:
        row_set = self._store.row_set([self._study.row_keys[row] for row in (*part.train, *part.validation)])
        meta = {"system": contestant.name, "part": part.name, "record": record.model_dump_json()}
        self._store.save_artifact(key, contestant.entry.kind, folder, row_set, meta)

    def _completed(self, contestant: Contestant, part: Part, record: FitRecord) -> FitRecord:
        """The record with what its validation rows say now, where some were not answered when it was made.

        They are asked once a run; the figure is kept beside the fit as soon as all are answered.
        """
        if not record.unanswered:
            return record
        if record.key not in self._asked_again:
            key = cache_key("validation", {"fit": record.key})
            whole = self._stored(key)
            self._asked_again[record.key] = whole or self._ask_again(contestant, part, record, key)
        return _told_in_part(self._asked_again[record.key], len(part.validation))

    def _ask_again(self, contestant: Contestant, part: Part, record: FitRecord, key: str) -> FitRecord:
        fitted = self.open(contestant, record)
        try:
            score, unanswered = self._validation_score(fitted, self._examples(part.validation))
            told = record.model_copy(update={"validation_score": score, "unanswered": unanswered})
            if record.latency is None:
                told = told.model_copy(update=self._timing(contestant, fitted, part))
        finally:
            fitted.close()
        if not unanswered:
            scratch = self._scratch()
            try:
                self._save(contestant, part, key, scratch, told)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
        return told

    def _scratch(self) -> Path:
        """A passing folder among the blobs: what a killed run leaves there goes with the next erasure or gc."""
        folder = self._store.folder / BLOBS_NAME / passing_name()
        folder.mkdir()
        return folder

    def _timing(self, contestant: Contestant, fitted: FittedSystem, part: Part) -> _Timing:
        """Measured on the first part alone; the others are alike and time is short."""
        if part.name != self._study.parts[0].name:
            return _Timing(latency=None, per_answer=None)
        rows = self._examples((part.validation or part.train)[:100])
        watch, paid = Watch(self._hooks.cancelled), contestant.system.needs.billed
        speed = measure_speed(fitted, [row.inputs for row in rows], paid=paid, watch=watch)
        if speed is None:
            return _Timing(latency=None, per_answer=None)
        return _Timing(latency=speed.latency, per_answer=per_answer(speed.answers))

    def _validation_score(self, fitted: FittedSystem, validation: Sequence[Example]) -> tuple[float | None, int]:
        """What the fit itself says; else its best trial; a system without trials is asked the validation rows. And how
        many of these rows have no score."""
        if fitted.validation_score is not None:
            return fitted.validation_score, 0
        if fitted.trials:
            return max(trial.validation_score for trial in fitted.trials), 0
        if not validation:
            return None, 0
        answers = answers_of(fitted, [example.inputs for example in validation], Watch(self._hooks.cancelled))
        scores = grade_all(self._study.grading.grader)(validation, answers)
        return mean_score(scores), scores.count(None)

    def _context(self, contestant: Contestant, part: Part) -> FitContext:
        grader = self._study.grading.grader

        def progress(stage: str, fraction: float) -> None:
            self._hooks.progress(contestant.name, f"{part.name}: {stage}", fraction)

        return FitContext(
            seed=self._study.settings.seed,
            labels=self._study.labels,
            measure=measure_texts(grader),
            grade=grade_all(grader),
            judge=judge_all(grader),
            progress=progress,
            cancelled=self._hooks.cancelled,
            fit_other=partial(self._fit_other, contestant, part),
            several=several_labels(self._study.settings),
        )

    def _fit_other(
        self, whole: Contestant, part: Part, system: System, train: Sequence[Example], validation: Sequence[Example]
    ) -> FittedSystem:
        """A member of a system made of several: the fit that it has on its own in this part, or one on other rows."""
        member = next((one for one in traits_of(whole.system).members if one.system is system), None)
        own_rows = train == self._examples(part.train) and validation == self._examples(part.validation)
        if member is None or not own_rows:
            return system.fit(train, validation, self._context(whole, part))
        contestant = contestant_of(member)
        return self.open(contestant, self.fit(contestant, part))

    def _examples(self, rows: Sequence[int]) -> list[Example]:
        return [self._study.examples[row] for row in rows]

    def _key_parts(self, contestant: Contestant, part: Part) -> dict[str, str]:
        traits = traits_of(contestant.system)
        packages = CORE_PACKAGES + (ENGINE_PACKAGES if contestant.system.needs.extras else ())
        return {
            "identity": json.dumps(dict(contestant.system.identity()), sort_keys=True),
            "code": code_digest(contestant.entry.kind, bool(contestant.system.needs.extras)),
            "packages": " ".join(f"{name}={_version(name)}" for name in packages),
            "train": _digest_of_rows(self._study, part.train),
            "validation": _digest_of_rows(self._study, part.validation),
            "grader": json.dumps(dict(self._study.grading.grader.identity()), sort_keys=True),
            "seed": str(self._study.settings.seed),
            "members": " ".join(self.key(contestant_of(member), part) for member in traits.members),
            "own_fits": " ".join(code_digest(member.kind, True) for member in traits.own_fits),
        }


def _told_in_part(record: FitRecord, rows: int) -> FitRecord:
    """The record with a note where its validation score rests on a part of the rows."""
    if not record.unanswered or record.validation_score is None:
        return record
    known = rows - record.unanswered
    note = f"its validation score rests on {known} of {rows} rows: the others were not answered, and are asked again"
    return record.model_copy(update={"notes": (*record.notes, f"{note} at the next run")})


def _digest_of_rows(study: Study, rows: Sequence[int]) -> str:
    """Order counts: another order of training rows is another fit."""
    return hashlib.sha256(" ".join(study.row_keys[row] for row in rows).encode()).hexdigest()


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def give_memory_back(*, engine: bool) -> None:
    """Return freed memory to the system where the C library can; one fit's leftovers would add up to the next one's.

    Only models leave circles behind that are worth looking for: that takes time, and more the more is loaded.
    """
    if engine:
        gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
