"""Tuning a whole encoder for classification: a short search for the learning rate, then the run that counts.

Successive halving with one rung (Jamieson and Talwalkar 2016, arXiv 1502.07943): each learning rate is tried on a part
of the training rows, the best one trains on all of them. Every scoring of the validation rows is counted. Called by
the system ``finetune``, which brings token ids and label positions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tunewright.errors import WorkError
from tunewright.training.batches import plan_epochs
from tunewright.training.classifier import (
    Classifier,
    Rows,
    Targets,
    parameter_groups,
    predict,
    small_vocabulary,
)
from tunewright.training.classifier_loss import SmoothedLoss
from tunewright.training.loop import DIVERGED, EpochLog, LoopResult, LoopSettings, Watch, train
from tunewright.training.precision import Precision

MAX_BATCH_TOKENS = 1024


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Token ids of rows and the position ``[N]`` of each row's label, or which labels it has ``[N, labels]``."""

    ids: Rows
    targets: Targets


@dataclass(frozen=True, slots=True)
class TuningSettings:
    """What is declared before tuning starts. ``head_factor`` multiplies the learning rate for the head."""

    learning_rates: tuple[float, ...]
    epochs: int
    search_epochs: int
    search_rows: int
    rows_per_step: int
    label_smoothing: float
    patience: int
    head_factor: float
    weight_decay: float
    seed: int

    @property
    def declared_passes(self) -> int:
        """Scored passes over the validation rows, at most."""
        searched = len(self.learning_rates) * self.search_epochs if len(self.learning_rates) > 1 else 0
        return searched + self.epochs


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of the loop: its learning rate, rows, best validation score, passes scored and wall time.

    ``row_losses`` are float32[rows] for each epoch trained: the loss of each row in the step that trained on it.
    """

    learning_rate: float
    rows: int
    epochs: int
    best_epoch: int
    score: float
    passes: int
    seconds: float
    diverged: str = ""
    row_losses: tuple[NDArray[np.float32], ...] = field(default=(), compare=False, repr=False)


Measure = Callable[[NDArray[np.float32]], float]
"""Probabilities ``[N, labels]`` on the validation rows to a score; higher is better."""


def tune(
    model: Classifier,
    train_rows: LabelledRows,
    validation: LabelledRows,
    measure: Measure,
    settings: TuningSettings,
    precision: Precision,
    watch: Watch,
) -> list[Attempt]:
    """Tune the model in place; the last attempt is the run whose weights the model holds.

    Raises:
        Cancelled: asked to stop.
        WorkError: the run that counts diverged.
    """
    used = {token for rows in (train_rows.ids, validation.ids) for row in rows for token in row}
    with small_vocabulary(model, used) as shrink:
        run = _Run(
            model,
            LabelledRows(shrink(train_rows.ids), train_rows.targets),
            shrink(validation.ids),
            measure,
            settings,
            precision,
            watch,
        )
        return run.search_then_train()


@dataclass(frozen=True, slots=True)
class _Run:
    model: Classifier
    rows: LabelledRows
    held_out: Rows
    measure: Measure
    settings: TuningSettings
    precision: Precision
    watch: Watch

    def search_then_train(self) -> list[Attempt]:
        rates = self.settings.learning_rates
        part = stratified_part(self.rows.targets, self.settings.search_rows, self.settings.seed)
        everything = np.arange(len(self.rows.targets))
        start = _copy(self.model)
        attempts: list[Attempt] = []
        work = [len(part) * self.settings.search_epochs for _ in rates] if len(rates) > 1 else []
        work.append(len(everything) * self.settings.epochs)
        for number, rate in enumerate(rates if len(rates) > 1 else ()):
            try:
                attempts.append(self._attempt(rate, part, self.settings.search_epochs, _shares(work, number)))
            except WorkError as error:
                if error.code != DIVERGED:
                    raise
                attempts.append(Attempt(rate, len(part), self.settings.search_epochs, 0, 0.0, 0, 0.0, str(error.where)))
            self.model.load_state_dict(start)
        start.clear()
        best = max(attempts, key=lambda attempt: attempt.score).learning_rate if attempts else rates[0]
        attempts.append(self._attempt(best, everything, self.settings.epochs, _shares(work, len(work) - 1)))
        return attempts

    def _attempt(
        self, learning_rate: float, chosen: NDArray[np.int64], epochs: int, share: tuple[float, float]
    ) -> Attempt:
        started = time.perf_counter()
        rows = [self.rows.ids[position] for position in chosen]
        loss = SmoothedLoss(self.model, rows, self.rows.targets[chosen], self.settings.label_smoothing)
        row_losses: list[NDArray[np.float32]] = []

        def epoch_done(log: EpochLog) -> None:
            row_losses.append(loss.take_row_losses())
            self.watch.epoch(log)

        result = train(
            self.model,
            parameter_groups(self.model, learning_rate, self.settings.head_factor, self.settings.weight_decay),
            plan_epochs(
                [len(row) for row in rows],
                rows_per_step=self.settings.rows_per_step,
                max_tokens=MAX_BATCH_TOKENS,
                seed=self.settings.seed,
                epochs=epochs,
            ),
            loss,
            self._score,
            LoopSettings(self.settings.seed, self.precision, patience=self.settings.patience),
            replace(
                self.watch,
                progress=lambda done: self.watch.progress(share[0] + done * share[1]),
                epoch=epoch_done,
                row_name=lambda row: self.watch.row_name(int(chosen[row])),
            ),
        )
        done = _described(result, learning_rate, len(rows), epochs, time.perf_counter() - started)
        return replace(done, row_losses=tuple(row_losses))

    def _score(self) -> float:
        return self.measure(predict(self.model, self.held_out))


def stratified_part(targets: Targets, size: int, seed: int) -> NDArray[np.int64]:
    """Positions of about ``size`` rows with the labels in their proportions, each label at least once.

    A row of several labels goes by its rarest one.
    """
    if len(targets) <= size:
        return np.arange(len(targets))
    if targets.ndim == 2:
        rarity = np.where(targets, targets.sum(axis=0), np.inf)
        targets = np.where(targets.any(axis=1), rarity.argmin(axis=1), -1)
    random = np.random.default_rng([seed, len(targets)])
    parts = []
    for label in np.unique(targets):
        rows = random.permutation(np.flatnonzero(targets == label))
        parts.append(rows[: max(1, round(len(rows) * size / len(targets)))])
    return np.sort(np.concatenate(parts))


def _described(result: LoopResult, learning_rate: float, rows: int, epochs: int, seconds: float) -> Attempt:
    return Attempt(learning_rate, rows, epochs, result.best_epoch, result.best_score, len(result.epochs), seconds)


def _copy(model: Classifier) -> dict[str, Tensor]:
    with torch.no_grad():
        return {name: value.clone() for name, value in model.state_dict().items()}


def _shares(work: Sequence[int], number: int) -> tuple[float, float]:
    """Where an attempt starts and how much it is, as shares of the whole work."""
    total = max(1, sum(work))
    return sum(work[:number]) / total, work[number] / total
