"""Looks at free memory before a batch longer than any before it: a process that runs out is killed, not told.

The formula of ``memory_model.py`` says what a batch takes; the peaks that were really seen correct it. Called by
whoever makes batches, before and after each one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from tunewright.errors import WorkError
from tunewright.training.machine_memory import available_bytes, peak_resident_bytes, reset_peak, resident_bytes, trim
from tunewright.training.memory_model import MemorySetup, passing_bytes
from tunewright.training.model_shapes import ModelShape

Decision = Literal["go", "split"]
GIB = 2.0**30

_FIRST_MARGIN = 1.25
"""Upper end of the formula's range, before anything has been seen."""
_SEEN_MARGIN = 1.1
_WORTH_LEARNING = 32e6
"""Smaller peaks say more of the allocator than of the model."""
_LEAST_FACTOR = 0.7
"""Later batches of a step find the gradients there already and look cheaper than the first."""


@dataclass(frozen=True, slots=True)
class BatchSize:
    """Rows of a batch, and the tokens of its longest row, to which the others are padded."""

    rows: int
    row_tokens: int

    @property
    def tokens(self) -> int:
        """Padded tokens."""
        return self.rows * self.row_tokens


def batch_bytes(shape: ModelShape, setup: MemorySetup) -> Callable[[BatchSize], float]:
    """The formula: bytes that the first batch of a step takes beyond weights and moments."""

    def extra(batch: BatchSize) -> float:
        sized = replace(setup, batch_tokens=batch.tokens, row_tokens=batch.row_tokens, trained_tokens=None)
        return passing_bytes(shape, sized)

    return extra


class MemoryGuard:
    """Remembers the largest batch that went well, and by how much reality differs from the formula.

    Args:
        extra_bytes: the formula, see ``batch_bytes``.
        free_bytes: what can be taken now; ``available_bytes`` unless said otherwise.
        reserve_bytes: what stays free in any case: for others on the machine, and for moments not made yet.
        checkpointing: whether it is on already; only the advice depends on it.
    """

    def __init__(
        self,
        extra_bytes: Callable[[BatchSize], float],
        free_bytes: Callable[[], float] = available_bytes,
        *,
        reserve_bytes: float = 0.25e9,
        checkpointing: bool = False,
    ) -> None:
        self._extra = extra_bytes
        self._free = free_bytes
        self._reserve = reserve_bytes
        self._checkpointing = checkpointing
        self._survived = 0.0
        self._learned_from = 0.0
        self._factor: float | None = None

    @property
    def factor(self) -> float:
        """Bytes to reckon with for each byte of the formula, margin included."""
        return _FIRST_MARGIN if self._factor is None else self._factor * _SEEN_MARGIN

    def needed_bytes(self, batch: BatchSize) -> float:
        """Bytes to reckon with for a batch."""
        return self._extra(batch) * self.factor

    def before(self, batch: BatchSize) -> Decision:
        """``go``, or ``split`` when the batch should be cut in two (its gradients then add up to the same).

        A batch no larger than one that went well is not looked at again.

        Raises:
            WorkError: a single row does not fit; the error names the numbers and what to do.
        """
        formula = self._extra(batch)
        if formula <= self._survived:
            return "go"
        trim()
        needed, free = formula * self.factor, self._free() - self._reserve
        if needed <= free:
            return "go"
        if batch.rows > 1:
            return "split"
        raise self._too_long(batch, needed, free)

    def after(self, batch: BatchSize, peak_bytes: float | None) -> None:
        """The batch went well; ``peak_bytes`` is what it took beyond what was held before it (None: not measured)."""
        formula = self._extra(batch)
        self._survived = max(self._survived, formula)
        if peak_bytes is None or peak_bytes < _WORTH_LEARNING or formula < self._learned_from:
            return
        seen = peak_bytes / formula
        same = formula == self._learned_from and self._factor is not None
        self._factor = max(seen, _LEAST_FACTOR, (self._factor or 0.0) if same else 0.0)
        self._learned_from = formula

    def _too_long(self, batch: BatchSize, needed: float, free: float) -> WorkError:
        longest = max(0, int(batch.row_tokens * free / needed))
        advice = [f"Train on rows of at most about {longest:,} tokens"] if longest else ["Close other programs"]
        advice += [] if self._checkpointing else ["switch gradient checkpointing on"]
        advice += ["take a smaller model or LoRA"]
        return WorkError(
            "memory.row_too_long",
            "The next row does not fit in memory.",
            where=f"a row of {batch.row_tokens:,} tokens needs about {needed / GIB:.2f} GiB; "
            f"{max(0.0, free) / GIB:.2f} GiB are free",
            why="The system would kill the process, and what it has learned since the last checkpoint would be lost.",
            hint="; or ".join(advice) + ".",
        )


class PeakMeter:
    """Measures what a batch takes at its worst moment beyond what was held before: ``start``, the batch, ``stop``."""

    def __init__(self, *, cuda: bool = False) -> None:
        self._cuda = cuda
        self._before = 0
        self._mark = 0

    def start(self) -> None:
        """Before the batch."""
        if self._cuda:
            import torch

            torch.cuda.reset_peak_memory_stats()
            self._before = torch.cuda.memory_allocated()
            return
        trim()
        reset = reset_peak()
        self._before = resident_bytes()
        self._mark = self._before if reset else peak_resident_bytes()

    def stop(self) -> float | None:
        """After the batch; None where an earlier peak hides this one."""
        if self._cuda:
            import torch

            return float(torch.cuda.max_memory_allocated() - self._before)
        peak = peak_resident_bytes()
        return float(peak - self._before) if peak > self._mark else None
