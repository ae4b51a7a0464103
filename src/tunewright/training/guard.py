"""Stops a run whose loss is no number, or has risen far above where it started and stays there.

Called by the loop after every step's gradients and before the update, so that the weights are never spoiled.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tunewright.errors import WorkError
from tunewright.training.batches import Step

DIVERGED = "training.diverged"
_SPIKE = 3.0
_MEMORY = 0.9
_ROWS_SHOWN = 8


class Guard:
    """Remembers the first loss and a moving mean of the losses; both go into a checkpoint."""

    def __init__(self, row_name: Callable[[int], str]) -> None:
        self._row_name = row_name
        self.first: float | None = None
        self.smooth = 0.0

    def check(self, loss: float, norm: float, epoch: int, number: int, step: Step) -> None:
        """Look at the mean loss and the gradient norm of a step.

        Raises:
            WorkError: the run leads nowhere; the error names epoch, step and rows.
        """
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise self._error("The loss is no longer a number.", epoch, number, step)
        if self.first is None:
            self.first = self.smooth = loss
        self.smooth = _MEMORY * self.smooth + (1.0 - _MEMORY) * loss
        if self.smooth > _SPIKE * abs(self.first) + 1.0:
            raise self._error("The loss has run away.", epoch, number, step)

    def _error(self, message: str, epoch: int, number: int, step: Step) -> WorkError:
        rows = [self._row_name(row) for batch in step for row in batch]
        shown = ", ".join(rows[:_ROWS_SHOWN]) + (f" and {len(rows) - _ROWS_SHOWN} more" * (len(rows) > _ROWS_SHOWN))
        return WorkError(
            DIVERGED,
            message,
            where=f"epoch {epoch}, step {number}, rows {shown}",
            why="Training with these settings does not lead anywhere.",
            hint="Try a smaller learning rate, and look at these rows.",
        )
