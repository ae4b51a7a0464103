"""What a run remembers: its counters, the best weights so far, and all of it in a checkpoint.

With a checkpoint a run goes on as if it had never stopped. The loop owns one of each; ``checkpoints.py`` writes files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

from tunewright.training.checkpoints import Checkpoints
from tunewright.training.guard import Guard


class Alongside(Protocol):
    """What the caller of the loop wants kept with the state of a run, and handed back when it goes on."""

    def state(self) -> Mapping[str, Tensor]:
        """Tensors by name; no name begins with a digit or with ``random``."""
        ...

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """What ``state`` gave when the checkpoint was written."""
        ...


@dataclass(frozen=True, slots=True)
class EpochLog:
    """One epoch: mean loss per unit of weight, mean gradient norm before clipping, score on validation."""

    epoch: int
    steps: int
    train_loss: float
    gradient_norm: float
    score: float


@dataclass(slots=True)
class Counters:
    """Where the run stands: all of it, with the weights and moments, is what a checkpoint holds."""

    done: int = 0
    epoch: int = 1
    in_epoch: int = 0
    losses: float = 0.0
    norms: float = 0.0
    weights: float = 0.0
    logs: list[EpochLog] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = -math.inf
    best_file: str | None = None

    def add(self, loss_sum: float, weight: float, norm: float) -> None:
        """One update more."""
        self.losses, self.weights, self.norms = self.losses + loss_sum, self.weights + weight, self.norms + norm
        self.done, self.in_epoch = self.done + 1, self.in_epoch + 1

    def close_epoch(self, score: float) -> EpochLog:
        """The log of the epoch that is over; the counters stand at the start of the next one."""
        log = EpochLog(self.epoch, self.in_epoch, self.losses / self.weights, self.norms / self.in_epoch, score)
        self.logs.append(log)
        self.epoch, self.in_epoch = self.epoch + 1, 0
        self.losses = self.norms = self.weights = 0.0
        return log

    def exhausted(self, patience: int) -> bool:
        """Whether so many epochs have passed without a better score."""
        return bool(self.logs) and len(self.logs) - self.best_epoch >= patience


class Best:
    """The best weights so far: in memory, or beside the checkpoints where there are any."""

    def __init__(
        self, trained: Mapping[str, nn.Parameter], checkpoints: Checkpoints | None, counters: Counters
    ) -> None:
        self._trained = trained
        self._checkpoints = checkpoints
        self._counters = counters
        self._state: dict[str, Tensor] = {}

    def offer(self) -> None:
        """Keep the weights if the last epoch's score is better than all before; of equal scores the first stays."""
        log = self._counters.logs[-1]
        best = self._counters.best_score
        if self._counters.best_epoch and not (log.score > best or (math.isnan(best) and not math.isnan(log.score))):
            return
        self._counters.best_epoch, self._counters.best_score = log.epoch, log.score
        if self._checkpoints is not None:
            self._counters.best_file = self._checkpoints.keep_best(self._counters.done, self._trained)
            return
        for name, value in self._trained.items():
            if name in self._state:
                self._state[name].copy_(value.detach())
            else:
                self._state[name] = value.detach().clone()

    def restore(self) -> None:
        """Put the best weights back; when the last epoch was the best, they are there already."""
        if self._counters.best_epoch == len(self._counters.logs):
            return
        if self._checkpoints is not None and self._counters.best_file is not None:
            self._state = self._checkpoints.read_best(self._counters.best_file)
        with torch.no_grad():
            for name, parameter in self._trained.items():
                parameter.copy_(self._state[name])


class Kept:
    """Writes and reads the checkpoints of one run; without checkpoints it does nothing."""

    def __init__(
        self,
        checkpoints: Checkpoints | None,
        trained: Mapping[str, nn.Parameter],
        optimizer: torch.optim.Optimizer,
        guard: Guard,
        alongside: Alongside | None,
    ) -> None:
        self._checkpoints = checkpoints
        self._trained = trained
        self._optimizer = optimizer
        self._guard = guard
        self._alongside = alongside
        self._mark: dict[str, Tensor] = {}

    def resume(self) -> Counters:
        """The counters of the newest checkpoint, with all else put back; new ones where there is none."""
        found = self._checkpoints.load(self._trained, self._optimizer) if self._checkpoints else None
        if found is None:
            return Counters()
        saved, others = found
        counters = dict(saved.counters)
        self._guard.first, self._guard.smooth = counters.pop("guard")
        logs = [EpochLog(**log) for log in counters.pop("logs")]
        _set_randomness(others)
        if self._alongside is not None:
            self._alongside.restore({name: value for name, value in others.items() if not name.startswith("random.")})
        return Counters(**counters, logs=logs)

    def mark(self) -> None:
        """Remember the random state before a step, should the step be cut off."""
        self._mark = _randomness() if self._checkpoints is not None else {}

    def save_mark(self, counters: Counters) -> None:
        """The state before the step that was cut off."""
        self._save(counters, self._mark)

    def save_if_due(self, counters: Counters) -> None:
        """Write a checkpoint when it is time for one."""
        if self._checkpoints is not None and self._checkpoints.due():
            self.save(counters)

    def save(self, counters: Counters) -> None:
        """Write a checkpoint."""
        if self._checkpoints is not None:
            self._save(counters, _randomness())

    def _save(self, counters: Counters, randomness: Mapping[str, Tensor]) -> None:
        if self._checkpoints is None:
            return
        others = {**randomness, **(self._alongside.state() if self._alongside is not None else {})}
        value = {**asdict(counters), "guard": [self._guard.first, self._guard.smooth]}
        self._checkpoints.save(counters.done, value, self._trained, self._optimizer, others)


def _randomness() -> dict[str, Tensor]:
    states = {"random.cpu": torch.random.get_rng_state()}
    if torch.cuda.is_available():
        states |= {f"random.cuda{n}": state for n, state in enumerate(torch.cuda.get_rng_state_all())}
    return states


def _set_randomness(states: Mapping[str, Tensor]) -> None:
    torch.random.set_rng_state(states["random.cpu"])
    for number in range(torch.cuda.device_count()):
        if f"random.cuda{number}" in states:
            torch.cuda.set_rng_state(states[f"random.cuda{number}"], number)
