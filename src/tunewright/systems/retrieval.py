"""``{retrieval: {use: MODEL, documents: ./folder}}``: passages of your documents are found and put before the case.

Without ``use`` no language model is asked: the best sentence is quoted. Who asks (``reader``) sees what the folder's
``rights.yaml`` lets them see. The documents are read where they lie; a fitted system holds nothing of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

from tunewright.documents.library import Guarded
from tunewright.errors import InputError
from tunewright.language.extra import missing_models
from tunewright.records.example import Example
from tunewright.records.system import Budget, FitContext, Needs, Setting, SystemRole, Traits, Trial
from tunewright.systems._prompting.asking import Asking, best_choice
from tunewright.systems._prompting.compose import STYLES, Job
from tunewright.systems._prompting.prompted import NoShots, read_prompted
from tunewright.systems._retrieval.fit import fit_quoter
from tunewright.systems._retrieval.known_first import known_first
from tunewright.systems._retrieval.prompted import Grounded
from tunewright.systems._retrieval.quote import Quoter, read_quoting
from tunewright.systems._retrieval.refusal import USUAL, usual_refusal
from tunewright.systems._retrieval.sources import (
    STATE_FILE,
    Sources,
    documents_digest,
    notes_on,
    open_sources,
    read_guarded,
)
from tunewright.systems.around import Around
from tunewright.systems.fitlog import FitLog
from tunewright.systems.options import Option
from tunewright.systems.prompt import read_own, read_values

SUMMARY = "answers from a folder of your documents: passages are found and shown to a model, or the best one is quoted"
OPTIONS: Mapping[str, Option] = {
    "documents": Option("", "folder", "md, txt, html, pdf, docx and csv files, and rights.yaml if not all is for all"),
    "reader": Option("", "column with who asks", "without it everybody sees what everybody may see"),
    "known": Option("", "column with the right file, file#heading or words", "then notes say how often it is found"),
    "passages": Option(
        4, "passages before a case", "more help until they bury the right one; half and double are tried"
    ),
    "text": Option("", "file with your own prompt", "placeholders {task}, {labels}, {schema}"),
    "style": Option("", "brief, listed or reminded", "without one all three are tried on validation rows"),
    "max_tokens": Option(512, "tokens of an answer", "bounds what one answer may cost"),
    "tuning_rows": Option(100, "validation rows", "enough to tell wordings apart; more costs more calls"),
}
_MODEL_OPTIONS = ("text", "style", "max_tokens", "tuning_rows")
# Sentences are looked for in more passages than a prompt has room for.
QUOTED_PASSAGES = 2


@dataclass(frozen=True, slots=True)
class Grounding(Asking):
    """With a language model, before it has seen rows; ``first`` is a column whose passages come before all others."""

    SIMPLICITY: ClassVar[int] = 47
    LEARNS: ClassVar[bool] = False

    folder: Path = Path()
    first: str = ""

    def identity(self) -> Mapping[str, Setting]:
        return {**Asking.identity(self), **_documents_identity(self.folder, self.first)}

    def missing(self) -> str | None:
        return Asking.missing(self) or _missing(self.folder)

    @property
    def shown(self) -> int:
        """How many passages stand before a case, where nothing was tried."""
        return int(self.values["passages"])

    @property
    def known(self) -> str:
        """The column that names the right passage; empty for none."""
        return str(self.values.get("known", ""))

    def with_known_first(self) -> Self:
        """The same system, whose search brings the passages that ``known`` names before all others."""
        return replace(self, first=self.known)

    def sources(self, guarded: Guarded = ()) -> Sources:
        """The documents, read; ``guarded``: what was not for everybody at the fit."""
        return _sources(self, self.around.kept, guarded)

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> Grounded:
        job = self.job([*train, *validation], context.labels, context.several)
        sources = self.sources()
        refusal = usual_refusal([row.target for row in train], sources.library.passages) or USUAL
        count = self.shown
        styles = (str(self.values["style"]),) if self.values["style"] else STYLES if self.own is None else ("listed",)

        def made(style: str, passages: int) -> Grounded:
            return self._grounded(job, style, passages, refusal, sources, FitLog())

        tried = self.compared("style", styles, lambda style: made(style, count), validation, context)
        style = best_choice("style", styles, tried.trials)
        others = sorted({max(1, count // 2), 2 * count} - {count})
        counts = [str(other) for other in (others if tried.choices else [count, *others])]
        tried = tried.and_then(self.compared("passages", counts, lambda n: made(style, int(n)), validation, context))
        usual: dict[str, Setting] = {"style": style, "passages": count}
        trials = [replace(trial, settings=_settings(usual, trial)) for trial in tried.trials]
        if trials:
            best = max(trials, key=lambda trial: round(trial.validation_score, 12)).settings
            style, count = str(best["style"]), int(best["passages"])
        known = notes_on(sources, validation, str(self.values["known"]), count)
        notes = (f"asked in the style {style!r} with {count} passages", *known)
        log = FitLog(tuple(trials), Budget(len(trials), len(trials), exhausted=True), notes, tried.honest)
        return self._grounded(job, style, count, refusal, sources, log)

    def load(self, folder: Path) -> Grounded:
        job, style, _ = read_prompted(folder)
        state = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        sources = self.sources(read_guarded(state["guarded"]))
        return self._grounded(job, style, int(state["count"]), state["refusal"], sources, FitLog.read(folder))

    def _grounded(self, job: Job, style: str, count: int, refusal: str, sources: Sources, log: FitLog) -> Grounded:
        longest = int(self.values["max_tokens"])
        return Grounded(
            self.open_model, job, style, NoShots(), longest, log, sources=sources, count=count, refusal=refusal
        )


@dataclass(frozen=True, slots=True)
class Quotation:
    """Without a language model, before it has seen rows; ``first`` as in ``Grounding``."""

    name: str
    values: Mapping[str, Setting]
    folder: Path
    kept: Path | None = None
    role: SystemRole = "baseline"
    traits: Traits = Traits(("generate",), learns=False)
    first: str = ""

    @property
    def needs(self) -> Needs:
        if missing_models() is None:
            return Needs(simplicity=35, extras=("models",), seconds_per_call=0.05, own_machine=True)
        return Needs(simplicity=35, seconds_per_call=0.01)

    def identity(self) -> Mapping[str, Setting]:
        asked = {name: value for name, value in self.values.items() if name not in _MODEL_OPTIONS}
        return {**asked, **_documents_identity(self.folder, self.first)}

    def missing(self) -> str | None:
        return _missing(self.folder)

    @property
    def shown(self) -> int:
        """How many passages stand before a case of a model that reads them."""
        return int(self.values["passages"])

    @property
    def known(self) -> str:
        """The column that names the right passage; empty for none."""
        return str(self.values.get("known", ""))

    def with_known_first(self) -> Self:
        """The same system, whose search brings the passages that ``known`` names before all others."""
        return replace(self, first=self.known)

    def sources(self, guarded: Guarded = ()) -> Sources:
        """The documents, read; ``guarded``: what was not for everybody at the fit."""
        return _sources(self, self.kept, guarded)

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> Quoter:
        sources = self.sources()
        count = self.shown
        fitted = fit_quoter(sources, train, validation, context, QUOTED_PASSAGES * count)
        known = notes_on(sources, validation, str(self.values["known"]), count)
        fitted.log = replace(fitted.log, notes=(*fitted.log.notes, *known))
        return fitted

    def load(self, folder: Path) -> Quoter:
        quoting, guarded = read_quoting(folder)
        sources = self.sources(guarded)
        if quoting.vectors and sources.library.vectors is None:
            raise InputError(
                "retrieval.no_vectors",
                "This system was fitted with vectors, and the encoder is not here.",
                hint='Install it again (pip install "tunewright[models]"), or run again to fit without vectors.',
            )
        if not quoting.vectors:
            sources.library.vectors = None
        return Quoter(sources, quoting, FitLog.read(folder))


def _sources(system: Grounding | Quotation, kept: Path | None, guarded: Guarded) -> Sources:
    sources = open_sources(system.folder, str(system.values["reader"]), guarded, kept)
    return known_first(sources, system.first) if system.first else sources


def _documents_identity(folder: Path, first: str) -> dict[str, Setting]:
    named: dict[str, Setting] = {"first": first} if first else {}
    return {"content": documents_digest(folder), "vectors": missing_models() is None, **named}


def _missing(folder: Path) -> str | None:
    return None if folder.is_dir() else f"there is no folder {folder}; name it as documents: ./folder"


def _settings(usual: Mapping[str, Setting], trial: Trial) -> dict[str, Setting]:
    """What was set in a trial: the usual, but for what it tried."""
    tried = {**usual, **trial.settings}
    return {"style": tried["style"], "passages": int(tried["passages"])}


def build_around(
    name: str, argument: str | None, options: Mapping[str, Setting], root: Path, around: Around
) -> Grounding | Quotation:
    """The system as named in the project file: ``{retrieval: {use: small, documents: ./handbook}}``.

    Raises:
        InputError: an option that is none or of no use, or no folder is named.
    """
    values = read_values(options, OPTIONS, "retrieval")
    if not values["documents"]:
        raise InputError(
            "retrieval.no_folder",
            "Retrieval needs a folder of documents.",
            where="systems: retrieval",
            hint="Write {retrieval: {documents: ./handbook}}, and use: MODEL where a language model is to answer.",
        )
    folder = root / str(values["documents"])
    if argument is not None:
        facts, own = around.describe_model(argument), read_own(str(values["text"]), root)
        return Grounding(name, argument, values, own, around, facts, folder=folder)
    idle = [option for option in _MODEL_OPTIONS if option in options]
    if idle:
        raise InputError(
            "retrieval.no_model",
            f"{', '.join(idle)} concern a language model, and none is named.",
            where="systems: retrieval",
            hint="Name it with use: MODEL, or leave these options out.",
        )
    return Quotation(name, values, folder, around.kept)
