"""``embedding``: vectors of a frozen encoder and logistic regression on top.

The strength of the regression is chosen on validation rows over a declared grid, then it is fitted again on all rows.
Confidence is its probability. Vectors are kept in memory per process, so folds and other systems do not compute them
again. Where a case may have several labels, there is a regression for each (``_several.py``). Saved as plain arrays
and JSON; of encoders other than ``minilm`` the files are kept too.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunewright.errors import Cancelled, InputError, WorkError
from tunewright.language.extra import missing_models
from tunewright.language.files import MINILM, digest_of_name, locate, name_in_project, read_folder
from tunewright.records.answers import Answer
from tunewright.records.example import Example, Inputs
from tunewright.records.system import LABELS_ALONE, Budget, FitContext, Needs, Setting, SystemRole, Traits, Trial
from tunewright.systems._honest import Scored
from tunewright.systems._logistic import MAX_ITERATIONS, Head, fit_head, fit_sigmoid_head
from tunewright.systems._several import Cut, indicators, search
from tunewright.systems.fitlog import FitLog, Logged
from tunewright.systems.options import Option, read
from tunewright.systems.temperature import Sigmoid

if TYPE_CHECKING:
    from tunewright.language.encoder import Encoder

SUMMARY = "sentence vectors of a small pretrained encoder with logistic regression; a minute to train"
OPTIONS: Mapping[str, Option] = {
    "encoder": Option(MINILM, "minilm, a folder or a hub id", "small, and can be had without a model hub"),
    "max_tokens": Option(0, "tokens; 0 is the encoder's own limit", "longer texts lose their end"),
}
STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_ENCODER_FOLDER = "encoder"
_HEAD_FILE = "embedding.json"


@dataclass(slots=True)
class FittedEmbedding(Logged):
    """A frozen encoder and its head; ``cut`` says from which chance on a label is answered, where there are several."""

    encoder: Encoder | None
    encoder_name: str
    head: Head
    log: FitLog
    cut: Cut | None = None

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        if self.encoder is None:
            raise WorkError("systems.closed", "This system was closed and cannot answer any more.")
        if not inputs:
            return []
        vectors = self.encoder.embed([item.text for item in inputs])
        if self.cut is not None:
            return self.cut.answers(Sigmoid().of(self.head.logits(vectors)), self.head.labels)
        return self.head.answers(vectors)

    def save(self, folder: Path) -> None:
        if self.encoder is None:
            raise WorkError("systems.closed", "This system was closed and cannot be saved any more.")
        np.save(folder / "weights.npy", self.head.weights)
        np.save(folder / "offsets.npy", self.head.offsets)
        cut = None if self.cut is None else asdict(self.cut)
        value = {"labels": self.head.labels, "encoder": self.encoder_name, "digest": self.encoder.digest, "cut": cut}
        (folder / _HEAD_FILE).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
        if self.encoder_name != MINILM:
            _keep(self.encoder.folder, folder / _ENCODER_FOLDER)
        self.log.write(folder)

    def close(self) -> None:
        self.encoder = None


@dataclass(frozen=True, slots=True)
class Embedding:
    """The system before it has seen rows."""

    name: str
    encoder_name: str
    max_tokens: int | None
    role: SystemRole = "baseline"
    traits: Traits = Traits(LABELS_ALONE)
    needs: Needs = Needs(simplicity=30, extras=("models",), seconds_per_call=0.02, own_machine=True)

    def identity(self) -> Mapping[str, Setting]:
        strengths = " ".join(f"{strength:g}" for strength in STRENGTHS)
        digest = digest_of_name(self.encoder_name)
        return {"encoder": digest, "max_tokens": self.max_tokens or 0, "strengths": strengths}

    def missing(self) -> str | None:
        return missing_models()

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedEmbedding:
        from tunewright.language.encoder import shared_encoder

        encoder = shared_encoder(locate(self.encoder_name), self.max_tokens)
        rows = [*train, *validation]
        texts = [example.text for example in rows]
        vectors = encoder.embed(texts, lambda share: context.progress("reading texts", share), context.cancelled)
        notes = encoder.tokenise(texts).notes(encoder.max_tokens, "training and validation texts")
        if context.several:
            return _fit_several(encoder, self.encoder_name, vectors, train, validation, context, notes)
        trials, strength, unfinished, honest = _search(vectors, train, validation, context)
        head = fit_head(vectors, [example.target for example in rows], context.labels, strength)
        notes += _unfinished_note(unfinished, head)
        log = FitLog(tuple(trials), Budget(len(STRENGTHS), len(trials), exhausted=True), tuple(notes), honest)
        return FittedEmbedding(encoder, self.encoder_name, head, log)

    def load(self, folder: Path) -> FittedEmbedding:
        from tunewright.language.encoder import shared_encoder

        value: dict[str, Any] = json.loads((folder / _HEAD_FILE).read_text(encoding="utf-8"))
        kept = folder / _ENCODER_FOLDER
        files = read_folder(kept) if kept.is_dir() else locate(value["encoder"])
        if files.digest != value["digest"]:
            raise WorkError(
                "encoder.changed",
                "The encoder is not the one that this system was fitted with.",
                where=str(files.folder),
                why=f"Its digest is {files.digest}, expected {value['digest']}.",
                hint="Put the old files back, or fit again.",
            )
        weights = np.load(folder / "weights.npy", allow_pickle=False)
        offsets = np.load(folder / "offsets.npy", allow_pickle=False)
        head = Head(weights, offsets, tuple(value["labels"]))
        cut = Cut(**value["cut"]) if value.get("cut") else None
        return FittedEmbedding(shared_encoder(files, self.max_tokens), value["encoder"], head, FitLog.read(folder), cut)


def _search(
    vectors: NDArray[np.float32], train: Sequence[Example], validation: Sequence[Example], context: FitContext
) -> tuple[list[Trial], float, int, float | None]:
    """All strengths of the grid: trials, the best strength (the smallest among equals), how many did not settle, and
    what choosing it is worth."""
    seen, held_out = vectors[: len(train)], vectors[len(train) :]
    scored = Scored([example.target for example in validation], context.measure)
    trials: list[Trial] = []
    unfinished = 0
    for number, strength in enumerate(STRENGTHS):
        if context.cancelled():
            raise Cancelled
        started = time.perf_counter()
        head = fit_head(seen, [example.target for example in train], context.labels, strength)
        score = scored.add([str(answer.text) for answer in head.answers(held_out)])
        trials.append(Trial({"strength": strength}, score, time.perf_counter() - started))
        unfinished += not head.converged
        context.progress("choosing the strength", (number + 1) / len(STRENGTHS))
    best = max(trials, key=lambda trial: trial.validation_score)
    return trials, float(best.settings["strength"]), unfinished, scored.honest()


def _fit_several(
    encoder: Encoder,
    encoder_name: str,
    vectors: NDArray[np.float32],
    train: Sequence[Example],
    validation: Sequence[Example],
    context: FitContext,
    notes: list[str],
) -> FittedEmbedding:
    """A regression for every label, and the cut-off from which on it is answered."""
    seen, held_out = vectors[: len(train)], vectors[len(train) :]
    wanted = indicators(train, context.labels)
    labels = [context.labels[place] for place in np.flatnonzero(wanted.any(axis=0)).tolist()]
    unfinished: list[float] = []

    def chances_of(strength: float) -> NDArray[np.float64]:
        head = fit_sigmoid_head(seen, wanted, context.labels, strength)
        unfinished.extend([] if head.converged else [strength])
        return Sigmoid().of(head.logits(held_out))

    found = search(STRENGTHS, chances_of, labels, train, validation, context)
    head = fit_sigmoid_head(vectors, indicators([*train, *validation], context.labels), context.labels, found.strength)
    notes += _unfinished_note(len(unfinished), head)
    return FittedEmbedding(encoder, encoder_name, head, found.log(notes), found.cut)


def _unfinished_note(unfinished: int, head: Head) -> list[str]:
    if not unfinished and head.converged:
        return []
    return [f"the regression stopped at its limit of {MAX_ITERATIONS} steps for {unfinished} strengths"]


def _keep(source: Path, target: Path) -> None:
    """Keep the files of an encoder; a hard link where the disk allows one, so that it costs no space."""
    for path in sorted(source.rglob("*")):
        if not path.is_file() or path.suffix not in {".json", ".txt", ".safetensors", ".model"}:
            continue
        goal = target / path.relative_to(source)
        goal.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path.resolve(), goal)
        except OSError:
            shutil.copyfile(path, goal)


def build(name: str, argument: str | None, options: Mapping[str, Setting], root: Path) -> Embedding:
    """The system as named in the project file; ``{embedding: folder}`` says the same as the option ``encoder``."""
    values = read(options, OPTIONS, "embedding")
    if argument is not None and "encoder" in options and options["encoder"] != argument:
        raise InputError(
            "systems.two_encoders",
            f"Two encoders are named for the system {name!r}: {argument!r} and {options['encoder']!r}.",
            where="systems: embedding",
        )
    encoder = name_in_project(argument or str(values["encoder"]), root)
    return Embedding(name, encoder, int(values["max_tokens"]) or None)
