"""Supervised fine-tuning of a decoder: token rows in, a tuned model out. Read ``tune_decoder`` from top to bottom.

The fast paths (shared prefixes as token trees, a head that sees trained tokens only) are checked on this very model
before the first step and given up, with the reason, where their gradient is not that of the plain way. Rendering comes
before (``language/render.py``), saving after (``adapters.py``); the loop itself is ``loop.py``.

A step draws ``rows_per_step`` rows, or as many as it takes to hold ``trained_tokens_per_step`` trained tokens; its
gradient is that of the mean loss over all of its trained tokens, however many batches it is cut into.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tunewright.errors import InputError
from tunewright.training.batches import Batch, Step
from tunewright.training.checkpoints import Checkpoints
from tunewright.training.fitting import make_fitting, needs_checkpointing
from tunewright.training.forward import PathFlags, cost_shape
from tunewright.training.layout import Trees
from tunewright.training.loop import EpochLog, LoopResult, LoopSettings, StepLog, Watch, train
from tunewright.training.loss import DecoderLoss
from tunewright.training.methods import Prepared
from tunewright.training.precision import Precision
from tunewright.training.rows import TokenRow
from tunewright.training.self_check import PathReport, check_fast_path
from tunewright.training.token_batches import StepPlan, StepSettings, lay_out, plan_steps

_SCORED_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class SftSettings:
    """What is declared before training starts.

    Attributes:
        epochs: passes over the rows, at most.
        max_steps: updates, at most; None is no limit.
        rows_per_step: rows that one update sees; None fills steps by ``trained_tokens_per_step``.
        max_batch_tokens: padded tokens of one forward pass; a longer row stands alone.
        patience: epochs without a better score before training stops.
        fast: whether the fast paths may be used at all.
        checkpointing: compute activations again in the backward pass: about a third slower, far less memory; None
            does so when the longest row would not fit otherwise.
    """

    seed: int
    epochs: int = 3
    max_steps: int | None = None
    rows_per_step: int | None = 16
    trained_tokens_per_step: int = 4096
    max_batch_tokens: int = 2048
    schedule: Literal["linear", "cosine", "constant"] = "cosine"
    warmup_share: float = 0.05
    clip_norm: float = 1.0
    patience: int = 2
    fast: bool = True
    checkpointing: bool | None = None


@dataclass(frozen=True, slots=True)
class SftResult:
    """What happened, over all calls of a run that was stopped and gone on with.

    Attributes:
        loop: epochs with scores; the model holds the weights of the best one.
        paths: which fast paths were used, and why others were not.
        checkpointing: whether activations were computed twice to save memory.
        cuts: batches that were cut in two in this call, because they would not have fitted in memory.
        record: steps, tokens, seconds, ``held_out`` (mean loss on validation rows after each epoch) and ``row_losses``
            (``[epochs][rows]``, the weighted loss of each row when it was trained on).
    """

    loop: LoopResult
    paths: PathReport
    checkpointing: bool
    cuts: int
    record: Record


def tune_decoder(
    prepared: Prepared,
    rows: Sequence[TokenRow],
    validation: Sequence[TokenRow],
    settings: SftSettings,
    precision: Precision,
    *,
    measure: Callable[[], float] | None = None,
    watch: Watch | None = None,
    on_tokens: Callable[[int], None] = lambda _tokens: None,
    checkpoints: Checkpoints | None = None,
) -> SftResult:
    """Train, keep the best epoch, and say what happened.

    Args:
        prepared: the model with what is trained of it (``methods.prepare``), on the device of ``precision``.
        rows: to learn from.
        validation: never learned from; their loss is watched.
        on_tokens: told the tokens of a step's rows, before ``watch.step``.
        measure: the job's own score on validation, higher is better; without it, minus the validation loss.

    Raises:
        Cancelled, InputError, WorkError: as the loop does; InputError when there is nothing to learn from.
    """
    if not rows or not validation:
        raise InputError("training.no_rows", "Training needs at least one training row and one validation row.")
    model: nn.Module = prepared.model
    onlooker = watch or Watch()
    checkpointing = settings.checkpointing
    if checkpointing is None:
        checkpointing = needs_checkpointing(prepared, rows, precision)
    if checkpointing:
        recompute_activations(model)
    paths = _choose_paths(model, rows, settings, precision)
    plan = plan_run(model, rows, settings, paths.flags)
    trees = dict(plan.trees)
    loss = DecoderLoss(model, rows, paths.flags, trees)
    fitting = make_fitting(prepared, rows, trees, precision, checkpointing=checkpointing)
    record = Record(loss, [row.tokens for row in rows], plan.epochs)

    def score() -> float:
        record.held_out.append(mean_loss(model, validation, paths.flags, settings.max_batch_tokens, precision))
        return -record.held_out[-1] if measure is None else measure()

    def close_epoch(log: EpochLog) -> None:
        record.close_epoch()
        onlooker.epoch(log)

    def count_step(log: StepLog) -> None:
        on_tokens(record.count(log))
        onlooker.step(log)

    looked_at = replace(onlooker, epoch=close_epoch, step=count_step)
    result = train(
        model,
        prepared.groups,
        plan.epochs,
        loss,
        score,
        _loop_settings(settings, precision),
        looked_at,
        checkpoints,
        fitting or (lambda batch: (batch,)),
        record,
    )
    cuts = fitting.cuts if fitting is not None else 0
    return SftResult(result, paths, checkpointing, cuts, record)


def plan_run(model: nn.Module, rows: Sequence[TokenRow], settings: SftSettings, flags: PathFlags) -> StepPlan:
    """The steps of the run, cut off at ``max_steps``; which rows they hold is the same for every path."""
    epochs = settings.epochs
    if settings.max_steps is not None and settings.rows_per_step is not None:
        epochs = min(epochs, math.ceil(settings.max_steps / math.ceil(len(rows) / settings.rows_per_step)))
    steps = StepSettings(
        settings.seed,
        epochs,
        settings.max_batch_tokens,
        settings.trained_tokens_per_step,
        settings.rows_per_step,
    )
    plan = plan_steps(rows, steps, shape=cost_shape(model, flags.tiles), share=flags.share)
    if settings.max_steps is None:
        return plan
    kept, left = [], settings.max_steps
    for epoch in plan.epochs:
        if left > 0:
            kept.append(epoch[:left])
            left -= len(epoch)
    return StepPlan(tuple(kept), plan.trees)


def mean_loss(
    model: nn.Module, rows: Sequence[TokenRow], flags: PathFlags, max_tokens: int, precision: Precision
) -> float:
    """Mean loss per unit of weight over rows, by the same paths as in training; nothing is learned."""
    trees: dict[Batch, Trees] = {}
    shape = cost_shape(model, flags.tiles)
    order = sorted(range(len(rows)), key=lambda row: rows[row].ids.tolist())
    for start in range(0, len(order), _SCORED_TOGETHER):
        together = order[start : start + _SCORED_TOGETHER]
        trees |= lay_out(rows, together, shape, max_tokens=max_tokens, share=flags.share)
    loss = DecoderLoss(model, rows, flags, trees)
    total = weight = 0.0
    with torch.inference_mode(), precision.autocast():
        for batch in trees:
            value, part = loss(batch)
            total, weight = total + float(value), weight + part
    return total / weight if weight else math.nan


def _loop_settings(settings: SftSettings, precision: Precision) -> LoopSettings:
    return LoopSettings(
        settings.seed,
        precision,
        schedule=settings.schedule,
        warmup_share=settings.warmup_share,
        clip_norm=settings.clip_norm,
        patience=settings.patience,
    )


def _choose_paths(
    model: nn.Module, rows: Sequence[TokenRow], settings: SftSettings, precision: Precision
) -> PathReport:
    if not settings.fast:
        return PathReport(PathFlags.none(), ("the fast paths were switched off",), {}, 0.0)
    return check_fast_path(model, rows, precision)


def recompute_activations(model: Any) -> None:
    """Keep the inputs of layers only and compute the rest again in the backward pass (Chen et al. 2016, 1604.06174)."""
    how = {"use_reentrant": False}
    if hasattr(model, "activation_checkpointing_enable"):
        model.activation_checkpointing_enable(how)
    else:  # before transformers 5.2x
        model.gradient_checkpointing_enable(how)
    if hasattr(model, "enable_input_require_grads"):
        model.enable_input_require_grads()


class Record:
    """What a run has seen: steps, tokens, seconds, losses of rows and on held-out rows; kept in its checkpoints."""

    def __init__(self, loss: DecoderLoss, tokens: Sequence[int], plan: Sequence[Sequence[Step]]) -> None:
        self.steps = self.tokens = 0
        self.held_out: list[float] = []
        self.row_losses: list[NDArray[np.float32]] = []
        self._loss = loss
        self._of_step = [sum(tokens[row] for batch in step for row in batch) for epoch in plan for step in epoch]
        self._before = 0.0
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Wall time, that of the calls before this one included."""
        return self._before + time.perf_counter() - self._started

    def count(self, log: StepLog) -> int:
        """One update more; returns the tokens of its rows."""
        tokens = self._of_step[log.step - 1]
        self.steps += 1
        self.tokens += tokens
        return tokens

    def close_epoch(self) -> None:
        """The losses of the epoch's rows are complete."""
        self.row_losses.append(self._loss.take_row_losses())

    def state(self) -> dict[str, Tensor]:
        """For a checkpoint."""
        losses = [*self.row_losses, self._loss.see_row_losses()]
        return {
            "row_losses": torch.from_numpy(np.stack(losses)),
            "held_out": torch.tensor(self.held_out, dtype=torch.float64),
            "totals": torch.tensor([self.steps, self.tokens, self.seconds], dtype=torch.float64),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """From a checkpoint."""
        *done, current = state["row_losses"].numpy()
        self.row_losses = [epoch.copy() for epoch in done]
        self._loss.put_back_row_losses(current)
        self.held_out = state["held_out"].tolist()
        steps, tokens, self._before = state["totals"].tolist()
        self.steps, self.tokens = int(steps), int(tokens)
        self._started = time.perf_counter()
