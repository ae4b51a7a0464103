"""The loss of a decoder as the training loop calls it: row numbers in, weighted sum and weight out.

Ties together trees, body and head, by the fast paths that are on. All paths give the same number and gradient; with
every flag off it is the model's own logits over the whole vocabulary. Called by the loop; checked by ``self_check.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tunewright.training.batches import Batch
from tunewright.training.forward import PathFlags, attention_arguments, padding_id, tokens_hidden
from tunewright.training.head import HeadSpec, head_spec, trained_token_loss, weighted_cross_entropy
from tunewright.training.layout import Trees
from tunewright.training.rows import TokenRow
from tunewright.training.tree_batch import TreeBatch, stack_rows


class DecoderLoss:
    """Cross-entropy of the trained tokens of rows, summed with their weights.

    Args:
        model: a causal language model of transformers, bare or under PEFT; rows go to its device.
        rows: all rows; batches speak of them by number.
        flags: the fast paths to use; a head of unknown kind is always computed the plain way.
        trees: how the rows of a batch become trees, as planned; a batch that is not there is one chain a row.
    """

    def __init__(
        self,
        model: nn.Module,
        rows: Sequence[TokenRow],
        flags: PathFlags | None = None,
        trees: Mapping[Batch, Trees] | None = None,
    ) -> None:
        self._model = model
        self._rows = rows
        self._flags = flags or PathFlags()
        self._trees = trees or {}
        self._padding = padding_id(model)
        spec = head_spec(model)
        self._spec: HeadSpec | None = spec if self._flags.head and isinstance(spec, HeadSpec) else None
        self._losses = np.full(len(rows), np.nan, dtype=np.float32)

    def __call__(self, batch: Batch) -> tuple[Tensor, float]:
        """The sum of weighted losses (a scalar with a graph) and the sum of weights of a batch of rows."""
        trees = self._trees.get(batch) if self._flags.share else None
        trees = trees or tuple((row,) for row in batch)
        stacks = [trees] if self._flags.stack else [(tree,) for tree in trees]
        parts = [self._of_trees(stack) for stack in stacks]
        return torch.stack([loss for loss, _ in parts]).sum(), sum(weight for _, weight in parts)

    def take_row_losses(self) -> NDArray[np.float32]:
        """``[rows]`` the weighted loss of each row when it was last seen since the last call; NaN: not seen."""
        taken, self._losses = self._losses, np.full_like(self._losses, np.nan)
        return taken

    def put_back_row_losses(self, losses: NDArray[np.float32]) -> None:
        """Go on from the row losses ``[rows]`` of an epoch that was interrupted."""
        self._losses = losses.copy()

    def see_row_losses(self) -> NDArray[np.float32]:
        """``[rows]`` as ``take_row_losses``, without beginning anew."""
        return self._losses.copy()

    def _of_trees(self, trees: Trees) -> tuple[Tensor, float]:
        device = next(self._model.parameters()).device
        batch = stack_rows([[self._rows[row] for row in tree] for tree in trees], self._padding, device)
        loss, nll = tree_loss(self._model, batch, self._spec, self._flags.tiles)
        for tree, losses in zip(trees, batch.row_losses(nll.float().cpu().numpy()), strict=True):
            self._losses[list(tree)] = losses
        return loss, batch.weight


def tree_loss(model: nn.Module, batch: TreeBatch, spec: HeadSpec | None, tiles: bool) -> tuple[Tensor, Tensor]:
    """The weighted sum of the losses of a batch and the loss ``[P]`` of each prediction.

    Args:
        spec: of the trained-token head; None: the model's own logits over the whole vocabulary.
        tiles: attention on trees in tiles, where that can be done.
    """
    if spec is not None:
        hidden = tokens_hidden(model, batch, tiles)
        chosen = hidden.flatten(0, 1)[batch.sources]
        return trained_token_loss(model, spec, chosen, batch.targets, batch.weights)
    logits = model(input_ids=batch.ids, use_cache=False, **attention_arguments(model, batch, tiles)).logits
    logits = logits[:, -batch.ids.shape[1] :]  # prompt tuning puts tokens of its own before the row
    return weighted_cross_entropy(logits.flatten(0, 1)[batch.sources], batch.targets, batch.weights)
