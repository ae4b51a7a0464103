"""The loss of a classifier as the training loop calls it, and the loss of each row as it was trained on.

The history of single rows costs no second pass: it is read off the logits of the step, outside the graph, so that the
gradients are those of a run without it, bit for bit. Called by ``encoder_tuning.py``.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tunewright.training.batches import Batch
from tunewright.training.classifier import Classifier, Rows, Targets


class SmoothedLoss:
    """Cross-entropy with label smoothing (Szegedy et al. 2016, section 7), summed over the rows of a batch.

    With several labels a row, the binary cross-entropy of every label, summed; targets are smoothed by the same
    formula, ``(1 - s) y + s / labels``.
    """

    def __init__(self, model: Classifier, rows: Rows, targets: Targets, label_smoothing: float) -> None:
        self._model = model
        self._rows = rows
        self._wanted = torch.from_numpy(targets)
        self._smoothing = label_smoothing
        self._losses = np.full(len(rows), np.nan, dtype=np.float32)

    def __call__(self, batch: Batch) -> tuple[Tensor, float]:
        """The sum of the losses (a scalar with a graph) and the number of rows of a batch."""
        logits = self._model.logits_of([self._rows[row] for row in batch])
        right = self._wanted[list(batch)].to(logits.device)
        with torch.no_grad():
            self._losses[list(batch)] = self._of(logits.detach(), right, "none").cpu().numpy()
        return self._of(logits, right, "sum"), float(len(batch))

    def take_row_losses(self) -> NDArray[np.float32]:
        """``[rows]`` the loss of each row when it was last trained on since the last call; NaN: not seen."""
        taken, self._losses = self._losses, np.full_like(self._losses, np.nan)
        return taken

    def _of(self, logits: Tensor, right: Tensor, reduction: str) -> Tensor:
        """Losses ``[B]`` of logits ``[B, labels]``, or with ``sum`` a scalar."""
        if not self._model.several:
            return nn.functional.cross_entropy(logits, right, label_smoothing=self._smoothing, reduction=reduction)
        soft = right.to(logits.dtype) * (1.0 - self._smoothing) + self._smoothing / logits.shape[1]
        losses = nn.functional.binary_cross_entropy_with_logits(logits, soft, reduction=reduction)
        return losses if reduction == "sum" else losses.sum(dim=1)


def least_losses(targets: Targets, labels: int, label_smoothing: float) -> NDArray[np.float32]:
    """``[rows]`` the loss of each row under a perfect model: the entropy of its smoothed target, 0 without smoothing.

    Args:
        targets: position of each row's label ``[rows]``, or which labels each row has ``[rows, labels]``.
    """
    several = targets.ndim == 2
    hot = targets if several else np.arange(labels) == targets[:, None]
    soft = hot.astype(np.float64) * (1.0 - label_smoothing) + label_smoothing / max(labels, 1)
    terms = _plogp(soft) + (_plogp(1.0 - soft) if several else 0.0)
    least: NDArray[np.float32] = np.abs(terms.sum(axis=1)).astype(np.float32)
    return least


def _plogp(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    return chances * np.log(np.where(chances > 0, chances, 1.0))
