"""Token trees on the device: padded and stacked, with their predictions in one list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tunewright.training.rows import TokenRow
from tunewright.training.tree import TokenTree, merge


@dataclass(frozen=True, slots=True)
class TreeBatch:
    """``B`` trees of at most ``S`` tokens, ``P`` predictions in all.

    Attributes:
        ids: ``[B, S]``, padded on the right; a pad is a root of its own that nothing looks at.
        positions, ends: ``[B, S]``; None where every tree is a chain, for which plain causal attention is exact.
        sources: ``[P]`` places in the flattened ``[B * S]`` hidden states.
        targets: ``[P]`` token ids; weights: ``[P]`` float32.
        weight: sum of the weights.
        trees: the trees, for the losses of their rows.
    """

    ids: Tensor
    positions: Tensor | None
    ends: Tensor | None
    sources: Tensor
    targets: Tensor
    weights: Tensor
    weight: float
    trees: tuple[TokenTree, ...]

    def row_losses(self, nll: NDArray[np.float32]) -> list[list[float]]:
        """For each row of each tree the weighted sum of ``nll`` ``[P]`` over its own predictions."""
        losses, start = [], 0
        for tree in self.trees:
            own = nll[start : start + len(tree.targets)].astype(np.float64)
            losses.append([float(own[row.places] @ row.weights.astype(np.float64)) for row in tree.rows])
            start += len(tree.targets)
        return losses


def stack_rows(rows: Sequence[Sequence[TokenRow]], padding: int, device: torch.device) -> TreeBatch:
    """Merge each group of rows into a tree and stack the trees.

    Args:
        rows: the rows of each tree.
        padding: any token id, for the places behind the end of a tree.
        device: of the model.
    """
    trees = tuple(merge(group) for group in rows)
    size = max(1, *(tree.tokens for tree in trees))
    ids = np.full((len(trees), size), padding, dtype=np.int64)
    positions = np.zeros((len(trees), size), dtype=np.int64)
    ends = np.tile(np.arange(1, size + 1, dtype=np.int64), (len(trees), 1))
    for number, tree in enumerate(trees):
        ids[number, : tree.tokens] = tree.ids
        positions[number, : tree.tokens] = tree.positions
        ends[number, : tree.tokens] = tree.ends
    branched = not all(tree.is_chain for tree in trees)
    sources = [tree.sources + np.int64(number * size) for number, tree in enumerate(trees)]
    weights = np.concatenate([tree.weights for tree in trees])
    return TreeBatch(
        ids=torch.from_numpy(ids).to(device),
        positions=torch.from_numpy(positions).to(device) if branched else None,
        ends=torch.from_numpy(ends).to(device) if branched else None,
        sources=torch.from_numpy(np.concatenate(sources).astype(np.int64)).to(device),
        targets=torch.from_numpy(np.concatenate([tree.targets for tree in trees]).astype(np.int64)).to(device),
        weights=torch.from_numpy(weights).to(device),
        weight=float(weights.astype(np.float64).sum()),
        trees=trees,
    )
