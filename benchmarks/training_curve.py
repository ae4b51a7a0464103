"""What every contender of the training benchmark hands back: losses, gradient norms and seconds, step by step."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

from tunewright.training.loop import LoopSettings, schedule_factor
from tunewright.training.precision import Precision


@dataclass(slots=True)
class Curve:
    """One run. ``losses`` are means per trained token; ``norms`` are those of the mean gradient before clipping.

    ``seconds`` is wall time from the first step's beginning to the last step's end, with what lies between the steps;
    ``processor_s`` is the processor time of the same stretch, all threads, which a busy machine hardly changes.
    ``gradients`` holds the gradients of a run of one step by the names in the model, where they were asked for.
    """

    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    processor_s: float = 0.0
    gradients: dict[str, Tensor] = field(default_factory=dict)


class Clock:
    """Starts when made; ``note`` writes the time since then into a curve."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def note(self, curve: Curve) -> None:
        """So far, this is how long the curve took."""
        curve.seconds = time.perf_counter() - self._wall
        curve.processor_s = time.process_time() - self._processor


@dataclass(frozen=True, slots=True)
class Recipe:
    """What all contenders share: AdamW without warm-up, a schedule, clipping. ``clip_norm`` 0 is no clipping."""

    learning_rate: float
    precision: Precision
    schedule: Literal["linear", "constant"] = "linear"
    clip_norm: float = 1.0
    weight_decay: float = 0.0

    def factor(self, step: int, total_steps: int) -> float:
        """Share of the peak rate at a step counted from 0."""
        settings = LoopSettings(0, self.precision, schedule=self.schedule, warmup_share=0.0)
        return schedule_factor(step, total_steps, settings)


def cut(rows: Sequence[int], size: int) -> list[tuple[int, ...]]:
    """Neighbours in groups of ``size``; the last may be smaller."""
    return [tuple(rows[start : start + size]) for start in range(0, len(rows), size)]
