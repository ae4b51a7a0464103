"""The training loop: steps in, a trained model out.

The caller brings the model, the planned steps (``batches.py``), a loss and a validation measure; the loop knows nothing
of tasks, tokenizers or files. Losses are sums with weights, so that a step cut into several batches has the gradient of
the whole step. The global random state is put back when the loop ends. Read ``train`` from top to bottom.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from tunewright.errors import Cancelled, WorkError
from tunewright.training.batches import Batch, Step
from tunewright.training.precision import Precision

DIVERGED = "training.diverged"
_SPIKE = 3.0
_SPIKE_MEMORY = 0.9

Loss = Callable[[Batch], tuple[Tensor, float]]
"""Rows to the sum of their losses and the sum of their weights (rows, or tokens that count)."""


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """Parameters that share a peak learning rate and a weight decay."""

    parameters: Sequence[nn.Parameter]
    learning_rate: float
    weight_decay: float = 0.0


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How to train. ``warmup_share`` is a share of all steps; ``patience`` counts epochs without a better score.

    ``checkpoint_folder`` None keeps the best weights in memory, else they lie there in a safetensors file meanwhile.
    """

    seed: int
    precision: Precision
    schedule: Literal["linear", "cosine"] = "linear"
    warmup_share: float = 0.1
    clip_norm: float = 1.0
    patience: int = 2
    beta2: float = 0.999
    checkpoint_folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on: progress (share of steps done), a wish to stop, and the names of rows for error messages."""

    progress: Callable[[float], None] = field(default=lambda _fraction: None)
    cancelled: Callable[[], bool] = field(default=lambda: False)
    row_name: Callable[[int], str] = field(default=str)


@dataclass(frozen=True, slots=True)
class EpochLog:
    """One epoch: mean loss per unit of weight, mean gradient norm before clipping, score on validation."""

    epoch: int
    steps: int
    train_loss: float
    gradient_norm: float
    score: float


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
) -> LoopResult:
    """Train, score after each epoch, stop when the score no longer rises, and go back to the best epoch.

    Args:
        model: trained in place; in evaluation mode while it is measured and when the loop ends.
        groups: what AdamW updates (Loshchilov and Hutter 2019, arXiv 1711.05101).
        plan: steps of each epoch.
        loss: rows of a batch to (sum of losses, sum of weights); called under autocast.
        measure: the validation score; higher is better.

    Raises:
        Cancelled: asked to stop, between two batches.
        WorkError: the loss is no number, or has left all bounds; the error names epoch, step and rows.
    """
    watch = watch or Watch()
    optimizer = _optimizer(groups, settings.beta2)
    parameters = [parameter for group in groups for parameter in group.parameters]
    total_steps = sum(len(steps) for steps in plan)
    done = 0
    logs: list[EpochLog] = []
    guard = _Guard(watch.row_name)
    with _own_randomness(settings.seed), _Best(model, settings.checkpoint_folder) as best:
        for epoch, steps in enumerate(plan, start=1):
            model.train()
            losses, norms, weights = 0.0, 0.0, 0.0
            for number, step in enumerate(steps, start=1):
                _set_learning_rates(optimizer, groups, schedule_factor(done, total_steps, settings))
                loss_sum, weight = _accumulate(step, loss, settings.precision, watch)
                norm = _clip_mean_gradient(parameters, weight, settings.clip_norm)
                guard.check(loss_sum / weight, norm, epoch, number, step)
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                losses, norms, weights = losses + loss_sum, norms + norm, weights + weight
                done += 1
                watch.progress(done / total_steps)
            score = _score(model, measure)
            logs.append(EpochLog(epoch, len(steps), losses / weights, norms / len(steps), score))
            best.offer(epoch, score)
            if epoch - best.epoch >= settings.patience:
                break
        best.restore()
    model.eval()
    return LoopResult(tuple(logs), best.epoch, best.score, stopped_early=len(logs) < len(plan))


def schedule_factor(step: int, total_steps: int, settings: LoopSettings) -> float:
    """Share of the peak learning rate at a step (counted from 0): linear warm-up, then decay towards 0."""
    warmup = max(1, round(total_steps * settings.warmup_share))
    if step < warmup:
        return (step + 1) / (warmup + 1)
    left = (total_steps - step) / max(1, total_steps - warmup)
    return left if settings.schedule == "linear" else 0.5 * (1.0 - math.cos(math.pi * left))


def _optimizer(groups: Sequence[ParameterGroup], beta2: float) -> torch.optim.AdamW:
    described = [
        {"params": list(group.parameters), "lr": group.learning_rate, "weight_decay": group.weight_decay}
        for group in groups
    ]
    optimizer = torch.optim.AdamW(described, betas=(0.9, beta2), fused=True)
    optimizer.zero_grad(set_to_none=True)  # a run that diverged may have left gradients behind
    return optimizer


def _set_learning_rates(optimizer: torch.optim.AdamW, groups: Sequence[ParameterGroup], factor: float) -> None:
    for described, group in zip(optimizer.param_groups, groups, strict=True):
        described["lr"] = group.learning_rate * factor


def _accumulate(step: Step, loss: Loss, precision: Precision, watch: Watch) -> tuple[float, float]:
    """Gradients of the summed loss of a step; returns (sum of losses, sum of weights)."""
    loss_sum, weight_sum = 0.0, 0.0
    for batch in step:
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


class _Guard:
    """Stops a run whose loss is no number, or has risen far above where it started and stays there."""

    def __init__(self, row_name: Callable[[int], str]) -> None:
        self._row_name = row_name
        self._first: float | None = None
        self._smooth = 0.0

    def check(self, loss: float, norm: float, epoch: int, number: int, step: Step) -> None:
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise self._error("The loss is no longer a number.", epoch, number, step)
        if self._first is None:
            self._first = self._smooth = loss
        self._smooth = _SPIKE_MEMORY * self._smooth + (1.0 - _SPIKE_MEMORY) * loss
        if self._smooth > _SPIKE * abs(self._first) + 1.0:
            raise self._error("The loss has run away.", epoch, number, step)

    def _error(self, message: str, epoch: int, number: int, step: Step) -> WorkError:
        rows = [self._row_name(row) for batch in step for row in batch]
        shown = ", ".join(rows[:8]) + (f" and {len(rows) - 8} more" if len(rows) > 8 else "")
        return WorkError(
            DIVERGED,
            message,
            where=f"epoch {epoch}, step {number}, rows {shown}",
            why="Training with these settings does not lead anywhere.",
            hint="Try a smaller learning rate, and look at these rows.",
        )


class _Best:
    """The best weights so far, in memory or in a safetensors file of the given folder."""

    def __init__(self, model: nn.Module, folder: Path | None) -> None:
        self.epoch, self.score = 0, -math.inf
        self._model = model
        self._folder = folder
        self._state: dict[str, Tensor] = {}

    def __enter__(self) -> _Best:
        self._file: Path | None = None
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(suffix=".safetensors", dir=self._folder)
            open(handle, "wb").close()  # noqa: PTH123 - closes the handle that mkstemp opened
            self._file = Path(name)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def offer(self, epoch: int, score: float) -> None:
        """Keep the weights if the score is better than all before; of equal scores the first stays."""
        if self.epoch and not score > self.score:
            return
        self.epoch, self.score = epoch, score
        if self._file is None:
            self._state = {name: value.detach().clone() for name, value in self._model.state_dict().items()}
            return
        from safetensors.torch import save_model

        save_model(self._model, str(self._file))

    def restore(self) -> None:
        """Put the best weights back."""
        if self._file is None:
            self._model.load_state_dict(self._state)
            return
        from safetensors.torch import load_model

        load_model(self._model, str(self._file))


@contextmanager
def _own_randomness(seed: int) -> Iterator[None]:
    """Seeded dropout inside the block; the global random state is as before when it ends."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
