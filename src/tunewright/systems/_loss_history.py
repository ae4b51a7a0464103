"""The loss of every training row in every epoch, as it was trained on. Saved beside a fit as ``row_losses.jsonl``.

One line a row: its name, its losses (null: not seen in that epoch), the weight of what is learned of it and the least
loss that its target allows. Made by fine-tunes; read by the evidence of overfitting.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LOSSES_FILE = "row_losses.jsonl"
DIGITS = 6


@dataclass(frozen=True, slots=True, eq=False)
class LossHistory:
    """``losses`` float[epochs, rows], nan where not seen; ``weights`` and ``least`` float[rows]; a name for each row.

    ``weights`` are the sums of the weights of the tokens learned, 1 for a label; ``least`` is what label smoothing
    leaves of the loss under a perfect model, 0 without it.
    """

    names: tuple[str, ...]
    losses: NDArray[np.float32]
    weights: NDArray[np.float64]
    least: NDArray[np.float32]

    @property
    def above_least(self) -> NDArray[np.float64]:
        """``[epochs, rows]`` the loss above the least one, for a unit of weight: minus log chance without smoothing."""
        above: NDArray[np.float64] = (self.losses.astype(np.float64) - self.least) / np.maximum(self.weights, 1e-9)
        return above

    def write(self, folder: Path) -> None:
        """Save as ``row_losses.jsonl``."""
        with (folder / LOSSES_FILE).open("w", encoding="utf-8") as file:
            for row, name in enumerate(self.names):
                losses = [None if np.isnan(one) else round(float(one), DIGITS) for one in self.losses[:, row]]
                line = {"row": name, "losses": losses, "weight": float(self.weights[row])}
                line["least"] = round(float(self.least[row]), DIGITS)
                file.write(json.dumps(line, ensure_ascii=False) + "\n")

    @staticmethod
    def read(folder: Path) -> LossHistory | None:
        """What ``write`` saved; None where nothing was."""
        path = folder / LOSSES_FILE
        if not path.is_file():
            return None
        with path.open(encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        losses = [[np.nan if one is None else one for one in line["losses"]] for line in lines]
        return LossHistory(
            tuple(line["row"] for line in lines),
            np.array(losses, dtype=np.float32).reshape(len(lines), -1).T if lines else np.zeros((0, 0), np.float32),
            np.array([line["weight"] for line in lines], dtype=np.float64),
            np.array([line["least"] for line in lines], dtype=np.float32),
        )


def loss_history(
    losses: Sequence[NDArray[np.float32]],
    names: Sequence[str],
    weights: Sequence[float] | None = None,
    least: NDArray[np.float32] | None = None,
) -> LossHistory | None:
    """The history of rows from the losses ``[rows]`` of each epoch; None where there is none."""
    if not losses or not names:
        return None
    return LossHistory(
        tuple(names),
        np.stack(losses),
        np.ones(len(names)) if weights is None else np.asarray(weights, dtype=np.float64),
        np.zeros(len(names), dtype=np.float32) if least is None else least,
    )
