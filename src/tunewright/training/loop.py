"""The training loop: steps in, a trained model out.

The caller brings the model, the planned steps (``batches.py``), a loss and a validation measure; the loop knows nothing
of tasks, tokenizers or files. Losses are sums with weights, so that a step cut into several batches has the gradient of
the whole step. With checkpoints, a killed run goes on and ends with the same weights, bit for bit on a CPU. The global
random state is put back when the loop ends. Read ``train`` from top to bottom.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from tunewright.errors import Cancelled
from tunewright.training.batches import Batch, Step
from tunewright.training.checkpoints import Checkpoints
from tunewright.training.guard import DIVERGED, Guard
from tunewright.training.kept import Alongside, Best, EpochLog, Kept
from tunewright.training.precision import Precision

__all__ = ["DIVERGED", "EpochLog", "LoopResult", "LoopSettings", "Loss", "ParameterGroup", "StepLog", "Watch", "train"]

Loss = Callable[[Batch], tuple[Tensor, float]]
"""Rows to the sum of their losses and the sum of their weights (rows, or tokens that count)."""

Fitting = Callable[[Batch], Iterable[Batch]]
"""A batch to itself or to pieces of it, each computed before the next is asked for."""


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """Parameters that share a peak learning rate and a weight decay."""

    parameters: Sequence[nn.Parameter]
    learning_rate: float
    weight_decay: float = 0.0


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How to train. ``warmup_share`` is a share of all steps; ``patience`` counts epochs without a better score.

    ``clip_norm`` is the largest norm of the mean gradient of a step.
    """

    seed: int
    precision: Precision
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    warmup_share: float = 0.1
    clip_norm: float = 1.0
    patience: int = 2


@dataclass(frozen=True, slots=True)
class StepLog:
    """One update: its number among all, mean loss, gradient norm before clipping, share of the peak rate, seconds."""

    step: int
    total_steps: int
    epoch: int
    loss: float
    gradient_norm: float
    rate_factor: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on: progress (share of steps done), each step, a wish to stop, and names of rows for error messages."""

    progress: Callable[[float], None] = field(default=lambda _fraction: None)
    step: Callable[[StepLog], None] = field(default=lambda _log: None)
    epoch: Callable[[EpochLog], None] = field(default=lambda _log: None)
    cancelled: Callable[[], bool] = field(default=lambda: False)
    row_name: Callable[[int], str] = field(default=str)


@dataclass(frozen=True, slots=True)
class LoopResult:
    """What happened; the model holds the weights of ``best_epoch`` (counted from 1)."""

    epochs: tuple[EpochLog, ...]
    best_epoch: int
    best_score: float
    stopped_early: bool


def train(
    model: nn.Module,
    groups: Sequence[ParameterGroup],
    plan: Sequence[Sequence[Step]],
    loss: Loss,
    measure: Callable[[], float],
    settings: LoopSettings,
    watch: Watch | None = None,
    checkpoints: Checkpoints | None = None,
    fitting: Fitting = lambda batch: (batch,),
    alongside: Alongside | None = None,
) -> LoopResult:
    """Train, score after each epoch, stop when the score no longer rises, and go back to the best epoch.

    Args:
        model: trained in place; in evaluation mode while it is measured and when the loop ends.
        groups: what AdamW updates (Loshchilov and Hutter 2019, arXiv 1711.05101).
        plan: steps of each epoch.
        loss: rows of a batch to (sum of losses, sum of weights); called under autocast.
        measure: the validation score; higher is better.
        checkpoints: where the run is kept; a state found there is gone on from.
        fitting: cuts a batch that would not fit in memory.
        alongside: what the caller keeps in the checkpoints too.

    Raises:
        Cancelled: asked to stop, between two batches; with checkpoints, the state is kept first.
        InputError: the checkpoints belong to another run.
        WorkError: the loss is no number, or has left all bounds (the error names epoch, step and rows), or a
            checkpoint cannot be written.
    """
    watch = watch or Watch()
    trained = _trained(model, groups)
    optimizer = _optimizer(groups)
    guard = Guard(watch.row_name)
    total_steps = sum(len(steps) for steps in plan)
    with _own_randomness(settings.seed):
        kept = Kept(checkpoints, trained, optimizer, guard, alongside)
        counters = kept.resume()
        best = Best(trained, checkpoints, counters)
        while counters.epoch <= len(plan) and not counters.exhausted(settings.patience):
            model.train()
            for step in plan[counters.epoch - 1][counters.in_epoch :]:
                began = time.perf_counter()
                kept.mark()
                factor = schedule_factor(counters.done, total_steps, settings)
                _set_learning_rates(optimizer, groups, factor)
                try:
                    loss_sum, weight = _accumulate(step, loss, settings.precision, watch, fitting)
                except Cancelled:
                    kept.save_mark(counters)
                    raise
                norm = _clip_mean_gradient(list(trained.values()), weight, settings.clip_norm)
                guard.check(loss_sum / weight, norm, counters.epoch, counters.in_epoch + 1, step)
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                counters.add(loss_sum, weight, norm)
                mean, seconds = loss_sum / weight, time.perf_counter() - began
                watch.step(StepLog(counters.done, total_steps, counters.epoch, mean, norm, factor, seconds))
                watch.progress(counters.done / total_steps)
                kept.save_if_due(counters)
            watch.epoch(counters.close_epoch(_score(model, measure)))
            best.offer()
            kept.save(counters)
        best.restore()
    model.eval()
    stopped = len(counters.logs) < len(plan)
    return LoopResult(tuple(counters.logs), counters.best_epoch, counters.best_score, stopped)


def schedule_factor(step: int, total_steps: int, settings: LoopSettings) -> float:
    """Share of the peak learning rate at a step (counted from 0): linear warm-up, then decay towards 0 (or none)."""
    warmup = max(1, round(total_steps * settings.warmup_share)) if settings.warmup_share else 0
    if step < warmup:
        return (step + 1) / (warmup + 1)
    left = (total_steps - step) / max(1, total_steps - warmup)
    if settings.schedule == "constant":
        return 1.0
    return left if settings.schedule == "linear" else 0.5 * (1.0 - math.cos(math.pi * left))


def _trained(model: nn.Module, groups: Sequence[ParameterGroup]) -> dict[str, nn.Parameter]:
    """The parameters of the groups by their names in the model."""
    wanted = {id(parameter) for group in groups for parameter in group.parameters}
    return {name: parameter for name, parameter in model.named_parameters() if id(parameter) in wanted}


def _optimizer(groups: Sequence[ParameterGroup]) -> torch.optim.AdamW:
    described = [
        {"params": list(group.parameters), "lr": group.learning_rate, "weight_decay": group.weight_decay}
        for group in groups
    ]
    optimizer = torch.optim.AdamW(described, fused=True)
    optimizer.zero_grad(set_to_none=True)  # a run that diverged may have left gradients behind
    return optimizer


def _set_learning_rates(optimizer: torch.optim.AdamW, groups: Sequence[ParameterGroup], factor: float) -> None:
    for described, group in zip(optimizer.param_groups, groups, strict=True):
        described["lr"] = group.learning_rate * factor


def _accumulate(step: Step, loss: Loss, precision: Precision, watch: Watch, fitting: Fitting) -> tuple[float, float]:
    """Gradients of the summed loss of a step; returns (sum of losses, sum of weights)."""
    loss_sum, weight_sum = 0.0, 0.0
    for batch in itertools.chain.from_iterable(map(fitting, step)):
        if watch.cancelled():
            raise Cancelled
        with precision.autocast():
            value, weight = loss(batch)
        value.backward()  # type: ignore[no-untyped-call]
        loss_sum += float(value.detach())
        weight_sum += weight
    return loss_sum, weight_sum


def _clip_mean_gradient(parameters: Sequence[nn.Parameter], weight: float, clip_norm: float) -> float:
    """Turn the gradient of the sum into that of the mean, clip its norm, and return the norm before clipping."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = float(nn.utils.get_total_norm(gradients)) / weight
    if math.isfinite(norm):
        torch._foreach_mul_(gradients, min(1.0, clip_norm / (norm + 1e-6)) / weight)
    return norm


def _score(model: nn.Module, measure: Callable[[], float]) -> float:
    model.eval()
    with torch.inference_mode():
        return measure()


@contextmanager
def _own_randomness(seed: int) -> Iterator[None]:
    """Seeded dropout inside the block; the global random state is as before when it ends."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
