"""What a training run writes while it goes on: one JSON line per step and per epoch, and a line for the progress bar.

``metrics.jsonl`` can be followed by any screen that reads JSON lines; a run that goes on after a stop appends to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunewright.training.loop import EpochLog, StepLog, Watch
from tunewright.training.probe import speed
from tunewright.workflow.study import Hooks

_PROBE_STEPS = 8


class Metrics:
    """Writes the metrics file and tells the progress bar.

    Args:
        path: of the file; lines are appended and flushed one by one.
        learning_rate: the peak, from which the rate of each step follows.
    """

    def __init__(self, path: Path, hooks: Hooks, learning_rate: float) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._hooks = hooks
        self._rate = learning_rate
        self._tokens = 0
        self._timed: list[tuple[int, float]] = []

    def watch(self, row_name: Callable[[int], str]) -> Watch:
        """Hooks for the loop."""
        return Watch(step=self._step, epoch=self._epoch, cancelled=self._hooks.cancelled, row_name=row_name)

    def tokens(self, count: int) -> None:
        """Tokens of the rows of the step that is reported next."""
        self._tokens = count

    def _step(self, log: StepLog) -> None:
        speed = self._tokens / log.seconds if log.seconds else 0.0
        line = {"kind": "step", **asdict(log), "learning_rate": self._rate * log.rate_factor}
        self._write({**line, "tokens": self._tokens, "tokens_per_second": round(speed, 1)})
        self._timed.append((self._tokens, log.seconds))
        if len(self._timed) == _PROBE_STEPS + 1 and log.total_steps > 2 * _PROBE_STEPS:
            self._hooks.say(_measured(self._timed[1:], log.total_steps - log.step))  # the first step warms up
        left = (log.total_steps - log.step) * log.seconds
        text = f"step {log.step} of {log.total_steps}, loss {log.loss:.3f}, {speed:,.0f} tokens/s, {_clock(left)} left"
        self._hooks.progress("train", text, log.step / log.total_steps)

    def _epoch(self, log: EpochLog) -> None:
        self._write({"kind": "epoch", **asdict(log)})
        self._hooks.say(f"epoch {log.epoch}: loss {log.train_loss:.4f} on training rows, {-log.score:.4f} on held-out")

    def _write(self, value: dict[str, object]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(value) + "\n")


def write_row_losses(path: Path, names: Sequence[str], losses: Sequence[NDArray[np.float32]]) -> None:
    """One JSON line per training row: its name and its summed loss in each epoch (null: not seen)."""
    with path.open("w", encoding="utf-8") as file:
        for row, name in enumerate(names):
            of_row = [None if np.isnan(epoch[row]) else round(float(epoch[row]), 6) for epoch in losses]
            file.write(json.dumps({"row": name, "losses": of_row}, ensure_ascii=False) + "\n")


def _measured(timed: Sequence[tuple[int, float]], steps_left: int) -> str:
    """The speed of the first steps, and what it means for the rest."""
    pace = speed([tokens for tokens, _ in timed], [seconds for _, seconds in timed])
    left = steps_left * sum(tokens for tokens, _ in timed) / len(timed)
    return (
        f"measured: {pace.low:,.0f} to {pace.high:,.0f} tokens/s; at this speed {_clock(left / pace.high)} to "
        f"{_clock(left / pace.low)} for the rest"
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
