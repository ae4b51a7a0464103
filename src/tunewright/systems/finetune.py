"""``{finetune: minilm}``: an encoder tuned whole for the task, with a classification head.

Learning rate and number of epochs are chosen on validation rows, within a budget that is declared before. Where a case
may have several labels, the head has a sigmoid for each, and the cut-off is chosen there too (``_several.py``). The
training itself is in ``tunewright.training``. Saved as a plain transformers folder, the head and the labels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunewright.errors import InputError, WorkError
from tunewright.language.extra import missing_models
from tunewright.language.files import MINILM, digest_of_name, locate, name_in_project
from tunewright.language.weights_size import encoder_weights
from tunewright.records.answers import Answer
from tunewright.records.example import Example, Inputs
from tunewright.records.system import (
    LABELS_ALONE,
    Budget,
    FitContext,
    Needs,
    Setting,
    SystemRole,
    Training,
    Traits,
    Trial,
)
from tunewright.systems._finetune_decoder import OPTIONS as DECODER_OPTIONS
from tunewright.systems._finetune_decoder import FinetuneDecoder, build_decoder, names_decoder
from tunewright.systems._hard_rows import dear_in
from tunewright.systems._honest import Scored
from tunewright.systems._logistic import Head, fit_head, fit_sigmoid_head
from tunewright.systems._loss_history import LossHistory, loss_history
from tunewright.systems._retrieval.tuned import TunedWithPassages, with_passages
from tunewright.systems._several import THRESHOLDS, Cut, always_some, choose_cut, indicators, names_in
from tunewright.systems.around import Around
from tunewright.systems.fitlog import FitLog, Logged
from tunewright.systems.options import Option, read

if TYPE_CHECKING:
    from tunewright.training.classifier import Targets
    from tunewright.training.encoder_tuning import Attempt, Measure, TuningSettings
    from tunewright.training.tuned_classifier import TunedClassifier

SUMMARY = "a small pretrained encoder, all of it trained on your cases; minutes to train"
OPTIONS: Mapping[str, Option] = {
    "method": Option("full", "full or lora", "all of a small encoder learns best; lora changes less of a large one"),
    "epochs": Option(4, "passes over the training rows, at most", "the best one on validation rows is kept"),
    "learning_rate": Option(0.0, "peak; 0 tries the declared ones", "the best rate differs between tasks"),
    "rows_per_step": Option(32, "rows", "fewer is slower, more learns less per epoch"),
    "label_smoothing": Option(0.05, "share", "labels made by people are not all right"),
    "patience": Option(2, "epochs without a better score", "saves time once it stopped improving"),
    "search_rows": Option(1500, "training rows", "enough to tell learning rates apart; at most half of the rows"),
    "max_tokens": Option(0, "tokens; 0 is the encoder's own limit", "longer texts lose their end"),
}
FURTHER_OPTIONS = {"For language models instead (`{finetune: ./my-model}`):": DECODER_OPTIONS}
LEARNING_RATES = (5e-5, 1.5e-4)
_LORA_FACTOR = 10.0
_WEIGHT_DECAY = 0.01
_HEAD_FACTOR = 1.0
_HEAD_STRENGTH = 10.0
_SEARCH_EPOCHS = 1
_LABELS_FILE = "labels.json"
_USUAL_LIMIT = 256  # tokens that a small encoder reads of a text


@dataclass(slots=True)
class FittedFinetune(Logged):
    """A tuned encoder with its labels; ``cut`` says from which chance on one is answered, where there are several."""

    tuned: TunedClassifier | None
    labels: tuple[str, ...]
    log: FitLog
    cut: Cut | None = None

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        from tunewright.language.threads import fixed_threads

        with fixed_threads():
            chances = self._open().probabilities([item.text for item in inputs]) if inputs else np.zeros((0, 1))
        if self.cut is not None:
            return self.cut.answers(chances, self.labels) if inputs else []
        best = chances.argmax(axis=1)
        return [
            Answer(self.labels[label], confidence=round(float(chances[row, label]), 6))
            for row, label in enumerate(best)
        ]

    def save(self, folder: Path) -> None:
        self._open().save(folder)
        kept = self.labels if self.cut is None else {"labels": self.labels, "cut": asdict(self.cut)}
        (folder / _LABELS_FILE).write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        self.log.write(folder)

    def close(self) -> None:
        self.tuned = None

    def _open(self) -> TunedClassifier:
        if self.tuned is None:
            raise WorkError("systems.closed", "This system was closed and cannot answer any more.")
        return self.tuned


@dataclass(frozen=True, slots=True)
class Finetune:
    """The system before it has seen rows."""

    name: str
    encoder_name: str
    values: Mapping[str, Setting]
    role: SystemRole = "candidate"
    traits: Traits = Traits(LABELS_ALONE)
    needs: Needs = Needs(simplicity=60, extras=("models",), seconds_per_call=0.02, own_machine=True)

    def identity(self) -> Mapping[str, Setting]:
        rates = " ".join(f"{rate:g}" for rate in LEARNING_RATES)
        number_format = ""
        if self.missing() is None:
            from tunewright.training.precision import choose_precision

            number_format = choose_precision().format
        return {
            **self.values,
            "encoder": digest_of_name(self.encoder_name),
            "learning_rates": rates,
            "format": number_format,
        }

    def missing(self) -> str | None:
        return missing_models()

    def training(self) -> Training | None:
        """Passes over all rows, and the search for a learning rate over half of them at most."""
        weights = encoder_weights(self.encoder_name)
        if weights is None:
            return None
        searched = 0.0 if float(self.values["learning_rate"]) > 0 else 0.5 * _SEARCH_EPOCHS * len(LEARNING_RATES)
        longest = int(self.values["max_tokens"]) or _USUAL_LIMIT
        return Training.by(str(self.values["method"]), weights, int(self.values["epochs"]) + searched, longest)

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedFinetune:
        from tunewright.language.threads import fixed_threads

        with fixed_threads():
            return self._fit(train, validation, context)

    def _fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedFinetune:
        from tunewright.language.encoder import load_encoder
        from tunewright.training.encoder_tuning import LabelledRows, tune
        from tunewright.training.loop import Watch
        from tunewright.training.methods import MethodSettings, prepare
        from tunewright.training.precision import choose_precision
        from tunewright.training.tuned_classifier import new_classifier

        labels = _labels_seen(train, context)
        precision = choose_precision()
        loaded = load_encoder(locate(self.encoder_name), int(self.values["max_tokens"]) or None)
        head = self._first_head(train, labels, context)
        tuned = new_classifier(loaded, head.weights, head.offsets, context.several)
        if self.values["method"] == "lora":
            tuned.model.encoder = prepare(tuned.model.encoder, MethodSettings("lora", seed=context.seed)).model
        tuned.model.to(precision.device)
        rows = tuned.tokenise([example.text for example in train])
        held_out = tuned.tokenise([example.text for example in validation])
        settings = self._settings(len(train), context.seed)
        scored = Scored([example.target for example in validation], context.measure)
        targets = _targets(train, labels, context)
        attempts = tune(
            tuned.model,
            LabelledRows(rows.ids, targets),
            LabelledRows(held_out.ids, _targets(validation, labels, context)),
            _measure(train, scored, labels, context.several),
            settings,
            precision,
            Watch(
                progress=lambda share: context.progress("training", share),
                cancelled=context.cancelled,
                row_name=lambda row: train[row].row_id,
            ),
        )
        if self.values["method"] == "lora":
            adapted: Any = tuned.model.encoder
            tuned.model.encoder = adapted.merge_and_unload(safe_merge=True)
        notes = rows.notes(tuned.max_tokens, "training texts") + held_out.notes(tuned.max_tokens, "validation texts")
        notes += [*_described(attempts), f"trained in {precision.format} on {precision.device}: {precision.reason}"]
        each = len(THRESHOLDS) if context.several else 1  # every cut-off is a scored pass of its own
        spent = each * sum(attempt.passes for attempt in attempts)
        honest = scored.honest(last=each * attempts[-1].passes)
        budget = Budget(each * settings.declared_passes, spent)
        history = _history(attempts[-1], train, targets, len(labels), settings.label_smoothing)
        log = FitLog(tuple(map(_trial, attempts)), budget, tuple(notes), honest, dear_in(history), history)
        if not context.several:
            return FittedFinetune(tuned, labels, log)
        chances = tuned.probabilities([example.text for example in validation])
        cut, _ = choose_cut(chances, Scored(scored.targets, context.measure), labels, always_some(train))
        return FittedFinetune(tuned, labels, log, cut)

    def load(self, folder: Path) -> FittedFinetune:
        from tunewright.training.tuned_classifier import load_classifier

        kept: Any = json.loads((folder / _LABELS_FILE).read_text(encoding="utf-8"))
        cut = Cut(**kept["cut"]) if isinstance(kept, dict) else None
        labels = tuple(kept["labels"] if isinstance(kept, dict) else kept)
        return FittedFinetune(load_classifier(folder, cut is not None), labels, FitLog.read(folder), cut)

    def _first_head(self, train: Sequence[Example], labels: tuple[str, ...], context: FitContext) -> Head:
        """Logistic regression on the vectors of the untuned encoder, so that tuning starts where it left off."""
        from tunewright.language.encoder import shared_encoder

        encoder = shared_encoder(locate(self.encoder_name), int(self.values["max_tokens"]) or None)
        report = partial(context.progress, "reading texts")
        vectors = encoder.embed([example.text for example in train], report, context.cancelled)
        encoder.rest()
        if context.several:
            return fit_sigmoid_head(vectors, indicators(train, labels), labels, _HEAD_STRENGTH)
        return fit_head(vectors, [example.target for example in train], labels, _HEAD_STRENGTH)

    def _settings(self, rows: int, seed: int) -> TuningSettings:
        from tunewright.training.encoder_tuning import TuningSettings

        rate = float(self.values["learning_rate"])
        factor = _LORA_FACTOR if self.values["method"] == "lora" else 1.0
        return TuningSettings(
            learning_rates=(rate,) if rate > 0 else tuple(factor * one for one in LEARNING_RATES),
            epochs=int(self.values["epochs"]),
            search_epochs=_SEARCH_EPOCHS,
            search_rows=min(int(self.values["search_rows"]), max(1, rows // 2)),
            rows_per_step=int(self.values["rows_per_step"]),
            label_smoothing=float(self.values["label_smoothing"]),
            patience=int(self.values["patience"]),
            head_factor=_HEAD_FACTOR,
            weight_decay=_WEIGHT_DECAY,
            seed=seed,
        )


def _labels_seen(train: Sequence[Example], context: FitContext) -> tuple[str, ...]:
    """The labels that training rows have, in the order of the job."""
    seen = {example.target for example in train}
    if context.several:
        seen = {name for target in seen for name in names_in(target)}
    return tuple(label for label in context.labels if label in seen)


def _measure(train: Sequence[Example], scored: Scored, labels: Sequence[str], several: bool) -> Measure:
    """The job's own measure of chances on the validation rows; of sets of labels at the best cut-off."""
    some = several and always_some(train)

    def measure(chances: NDArray[np.float32]) -> float:
        if several:
            return choose_cut(chances, scored, labels, some)[1]
        return scored.add([labels[position] for position in chances.argmax(axis=1)])

    return measure


def _targets(examples: Sequence[Example], labels: Sequence[str], context: FitContext) -> Targets:
    return indicators(examples, labels) if context.several else _positions(examples, labels)


def _positions(examples: Sequence[Example], labels: Sequence[str]) -> NDArray[np.int64]:
    """The position of each example's label; -1 for a label that no training row has."""
    place = {label: position for position, label in enumerate(labels)}
    return np.array([place.get(example.target, -1) for example in examples], dtype=np.int64)


def _history(
    attempt: Attempt, train: Sequence[Example], targets: Targets, labels: int, smoothing: float
) -> LossHistory | None:
    """The losses of the rows of the run that counts."""
    from tunewright.training.classifier_loss import least_losses

    names = [example.row_id for example in train]
    return loss_history(attempt.row_losses, names, least=least_losses(targets, labels, smoothing))


def _trial(attempt: Attempt) -> Trial:
    settings = {"learning_rate": attempt.learning_rate, "rows": attempt.rows, "epochs": attempt.epochs}
    return Trial(settings, attempt.score, attempt.seconds)


def _described(attempts: Sequence[Attempt]) -> list[str]:
    """What was tried, in plain sentences."""
    *searched, last = attempts
    lines = []
    if searched:
        tried = ", ".join(f"{attempt.learning_rate:g}" for attempt in searched)
        lines.append(
            f"learning rates tried on {searched[0].rows} rows: {tried}; {last.learning_rate:g} was best on validation"
        )
    lines += [
        f"training at learning rate {attempt.learning_rate:g} diverged ({attempt.diverged})"
        for attempt in searched
        if attempt.diverged
    ]
    lines.append(f"the weights of epoch {last.best_epoch} of {last.epochs} were kept")
    return lines


def build_around(
    name: str, argument: str | None, options: Mapping[str, Setting], root: Path, around: Around
) -> Finetune | FinetuneDecoder | TunedWithPassages:
    """The system in a project whose task its prompt may state, and whose documents it may read."""
    if argument is None or not names_decoder(argument, root):
        return build(name, argument, options, root)
    system = build_decoder(name, argument, options, root, around)
    named = str(system.values["retrieval"])
    return with_passages(name, system, named, around) if named else system


def build(name: str, argument: str | None, options: Mapping[str, Setting], root: Path) -> Finetune | FinetuneDecoder:
    """The system as named in the project file: ``{finetune: minilm}``, a folder, or a hub id.

    A language model is tuned as one (``_finetune_decoder.py``), everything else as an encoder.
    """
    if argument is not None and names_decoder(argument, root):
        return build_decoder(name, argument, options, root)
    values = read(options, OPTIONS, "finetune")
    for option, least in (("epochs", 1), ("rows_per_step", 1), ("patience", 1), ("search_rows", 1), ("max_tokens", 0)):
        _check(option, values[option], least <= float(values[option]), f"at least {least}")
    _check("method", values["method"], values["method"] in ("full", "lora"), "full or lora")
    rate = float(values["learning_rate"])
    _check("learning_rate", rate, 0 <= rate < 1, "0 or a small positive number")
    smoothing = float(values["label_smoothing"])
    _check("label_smoothing", smoothing, 0 <= smoothing < 1, "at least 0 and below 1")
    return Finetune(name, name_in_project(argument or MINILM, root), values)


def _check(option: str, value: Setting, right: bool, wanted: str) -> None:
    if not right:
        raise InputError(
            "systems.option_value",
            f"Option {option!r} of the system 'finetune' must be {wanted}, not {value!r}.",
            where="systems: finetune",
        )
