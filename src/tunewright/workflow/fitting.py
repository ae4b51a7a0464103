"""Fit a system on a part of the study, or find the fit that exists.

A fit is stored under the hash of all it came from: code, options, weights, rows, labels, seed, library versions. A
lease keeps two runs from making the same fit at once.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import inspect
import json
import re
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tunewright.evaluation.graders.label import LabelGrader
from tunewright.evaluation.speed import Speed, measure_speed
from tunewright.records.example import Example
from tunewright.records.system import Budget, FitContext, FittedSystem, System
from tunewright.records.verdict import Latency, PerAnswer
from tunewright.store import Store
from tunewright.store.artifacts import passing_name
from tunewright.store.cache_keys import cache_key
from tunewright.store.store import BLOBS_NAME
from tunewright.systems.around import Member
from tunewright.systems.registry import SystemEntry, module_of
from tunewright.workflow.grading import grade_all, judge_all, mean_score, measure_texts
from tunewright.workflow.several import several_labels
from tunewright.workflow.spending import per_answer
from tunewright.workflow.study import Hooks, Part, Study

ENGINE_PACKAGES = ("torch", "transformers")
CORE_PACKAGES = ("numpy", "scikit-learn", "bm25s", "pypdf")
_IMPORTED = re.compile(r"^\s*from tunewright\.systems\.(\w+) import", re.MULTILINE)


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
    return getattr(system, "members", ())


def contestant_of(member: Member) -> Contestant:
    """A member as it would stand in the comparison."""
    return Contestant(SystemEntry(member.kind, member.name, None, {}), member.system)


class FitRecord(BaseModel):
    """What is known of a fit without opening it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    validation_score: float | None
    budget: Budget
    notes: tuple[str, ...]
    training_seconds: float
    latency: Latency | None
    per_answer: PerAnswer | None = None


class Fitter:
    """Makes and finds fits for one study."""

    def __init__(self, study: Study, store: Store, hooks: Hooks) -> None:
        self._study = study
        self._store = store
        self._hooks = hooks

    def fit(self, contestant: Contestant, part: Part) -> FitRecord:
        """The record of the fit, made now unless it exists.

        Raises:
            TunewrightError: the system cannot be fitted here.
        """
        kind, parts = contestant.entry.kind, self._key_parts(contestant, part)
        key = cache_key(kind, parts)
        record = self._stored(key)
        if record is not None:
            return record
        with self._store.lease(key, on_wait=self._hooks.say, cancelled=self._hooks.cancelled):
            record = self._stored(key)
            if record is None:
                self._hooks.log(
                    f"{contestant.name}, {part.name}: {self._store.miss_reason(kind, parts, contestant.name)}"
                )
                record = self._make(contestant, part, key)
                self._store.remember_key(kind, parts, contestant.name)
        return record

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
                speed = self._speed(contestant, fitted, part, validation or train)
                record = FitRecord(
                    key=key,
                    validation_score=self._validation_score(fitted, validation),
                    budget=fitted.budget,
                    notes=tuple(fitted.notes),
                    training_seconds=round(seconds, 3),
                    latency=speed.latency if speed else None,
                    per_answer=per_answer(speed.answers) if speed else None,
                )
                folder = scratch / "fitted"
                folder.mkdir()
                fitted.save(folder)
            finally:
                fitted.close()
            row_set = self._store.row_set([self._study.row_keys[row] for row in (*part.train, *part.validation)])
            meta = {"system": contestant.name, "part": part.name, "record": record.model_dump_json()}
            self._store.save_artifact(key, contestant.entry.kind, folder, row_set, meta)
            return record
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            give_memory_back(engine=bool(contestant.system.needs.extras))

    def _scratch(self) -> Path:
        """A passing folder among the blobs: what a killed run leaves there goes with the next erasure or gc."""
        folder = self._store.folder / BLOBS_NAME / passing_name()
        folder.mkdir()
        return folder

    def _speed(self, contestant: Contestant, fitted: FittedSystem, part: Part, rows: Sequence[Example]) -> Speed | None:
        """Measured on the first part alone; the others are alike and time is short."""
        if part.name != self._study.parts[0].name:
            return None
        return measure_speed(fitted, [row.inputs for row in rows[:100]], paid=contestant.system.needs.billed)

    def _validation_score(self, fitted: FittedSystem, validation: Sequence[Example]) -> float | None:
        """What the fit itself says; else its best trial; a system without trials is asked the validation rows."""
        told: float | None = getattr(fitted, "validation_score", None)
        if told is not None:
            return told
        if fitted.trials:
            return max(trial.validation_score for trial in fitted.trials)
        if not validation:
            return None
        answers = fitted.answer([example.inputs for example in validation])
        return mean_score(grade_all(self._study.grading.grader)(validation, answers))

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
        member = next((member for member in members_of(whole.system) if member.system is system), None)
        own_rows = train == self._examples(part.train) and validation == self._examples(part.validation)
        if member is None or not own_rows:
            return system.fit(train, validation, self._context(whole, part))
        contestant = contestant_of(member)
        return self.open(contestant, self.fit(contestant, part))

    def _examples(self, rows: Sequence[int]) -> list[Example]:
        return [self._study.examples[row] for row in rows]

    def _key_parts(self, contestant: Contestant, part: Part) -> dict[str, str]:
        packages = CORE_PACKAGES + (ENGINE_PACKAGES if contestant.system.needs.extras else ())
        return {
            "identity": json.dumps(dict(contestant.system.identity()), sort_keys=True),
            "code": code_digest(contestant.entry.kind, bool(contestant.system.needs.extras)),
            "packages": " ".join(f"{name}={_version(name)}" for name in packages),
            "train": _digest_of_rows(self._study, part.train),
            "validation": _digest_of_rows(self._study, part.validation),
            "grader": json.dumps(dict(self._study.grading.grader.identity()), sort_keys=True),
            "seed": str(self._study.settings.seed),
            "members": " ".join(self.key(contestant_of(member), part) for member in members_of(contestant.system)),
            "own_fits": " ".join(code_digest(m.kind, True) for m in getattr(contestant.system, "own_fits", ())),
        }


@cache
def code_digest(kind: str, engine: bool) -> str:
    """Hash of the sources that make this kind of fit: its module, the helpers beside it, and for models the engine."""
    files = _with_imported(Path(inspect.getfile(module_of(kind))))
    package = Path(__file__).parents[1]
    files |= {
        path
        for path in (package / "systems").rglob("*.py")
        if path.relative_to(package / "systems").parts[0].startswith("_")
    }
    files |= {
        *(package / "sandbox").glob("*.py"),
        *(package / "documents").glob("*.py"),
        package / "data" / "recorded.py",
        Path(inspect.getfile(LabelGrader)),
    }
    if engine:
        files |= {path for room in ("language", "training") for path in (package / room).glob("*.py")}
    digest = hashlib.sha256()
    for path in sorted(files):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _with_imported(module: Path) -> set[Path]:
    """The file of a kind and the files of the systems that it imports, and they import in turn."""
    systems = Path(__file__).parents[1] / "systems"
    found, open_files = set[Path](), [module]
    while open_files:
        path = open_files.pop()
        if path.is_file() and path not in found:
            found.add(path)
            names = _IMPORTED.findall(path.read_text(encoding="utf-8"))
            open_files += [systems / f"{name}.py" for name in names]
    return found


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
