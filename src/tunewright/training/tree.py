"""Rows that begin alike, as one weighted tree of tokens.

A common prefix is one node path, whatever it is (a system prompt, a document, examples); rows with nothing in common
are several roots of one tree; a row twice is one path with the weights of both. What a language model computes on the
tree, with depths as positions and attention to ancestors alone, is what it computes on the rows one by one.

Only what a trained token hangs on is in the tree: the tokens from the last trained one on are predicted, not read.
No torch here. ``layout.py`` decides which rows become one tree, ``tree_batch.py`` brings trees to the device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.training.rows import TokenRow

Ids = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class RowPredictions:
    """What one row asks of the tree it is in: prediction numbers ``[K]`` and the row's own weight of each ``[K]``."""

    places: NDArray[np.int32]
    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TokenTree:
    """``S`` tokens in depth-first preorder, each once, and ``P`` predictions.

    Attributes:
        ids: ``[S]`` token ids.
        positions: ``[S]`` depth, which is the position in every row that passes through.
        ends: ``[S]`` one past the last descendant: j is i or an ancestor of i just when ``j <= i < ends[j]``.
        sources: ``[P]`` the token whose hidden state predicts, rising.
        targets: ``[P]`` the token id predicted.
        weights: ``[P]`` sum over rows.
        rows: predictions of each row, in the order in which the rows were given.
    """

    ids: Ids
    positions: NDArray[np.int32]
    ends: NDArray[np.int32]
    sources: NDArray[np.int32]
    targets: NDArray[np.int32]
    weights: NDArray[np.float32]
    rows: tuple[RowPredictions, ...]

    @property
    def tokens(self) -> int:
        """Number of tokens ``S``."""
        return len(self.ids)

    @property
    def is_chain(self) -> bool:
        """Whether no token has two children and there is one root: then plain causal attention is all it needs."""
        return bool(np.all(self.ends == self.tokens))


def read_tokens(row: TokenRow) -> int:
    """How many tokens of a row are read: all before the last trained one; at least 1 where there are any."""
    trained = np.flatnonzero(row.weights)
    return int(trained[-1]) if len(trained) else min(1, row.tokens)


def by_prefix(inputs: Sequence[Ids]) -> list[int]:
    """Numbers of the inputs in an order in which those that begin alike are neighbours, a prefix before its
    continuations, equal ones in the order given."""
    keys = [ids.astype(">i4").tobytes() for ids in inputs]  # big-endian: bytes compare as the numbers do
    return sorted(range(len(keys)), key=keys.__getitem__)


def common_tokens(first: Ids, second: Ids) -> int:
    """Length of the common prefix."""
    size = min(len(first), len(second))
    different = np.flatnonzero(first[:size] != second[:size])
    return int(different[0]) if len(different) else size


def merge(rows: Sequence[TokenRow]) -> TokenTree:
    """The tree of rows; equal rows collapse and their weights add up. Rows without trained tokens keep one token."""
    inputs = [row.ids[: read_tokens(row)] for row in rows]
    longest = max((len(ids) for ids in inputs), default=0)
    room = sum(len(ids) for ids in inputs)
    tokens, positions, ends = (np.zeros(room, dtype=np.int32) for _ in range(3))
    sources: list[NDArray[np.int32]] = [np.zeros(0, dtype=np.int32)] * len(rows)
    path = np.zeros(longest, dtype=np.int32)  # the node at each depth of the row at hand
    before: Ids = np.zeros(0, dtype=np.int32)
    size = 0
    for number in by_prefix(inputs):
        ids = inputs[number]
        shared = common_tokens(before, ids)
        ends[path[shared : len(before)]] = size
        grown = size + len(ids) - shared
        path[shared : len(ids)] = np.arange(size, grown, dtype=np.int32)
        tokens[size:grown] = ids[shared:]
        positions[size:grown] = np.arange(shared, len(ids), dtype=np.int32)
        sources[number] = path[np.flatnonzero(rows[number].weights) - 1]
        before, size = ids, grown
    ends[path[: len(before)]] = size
    return _with_predictions(rows, sources, tokens[:size], positions[:size], ends[:size])


def _with_predictions(
    rows: Sequence[TokenRow],
    sources: Sequence[NDArray[np.int32]],
    tokens: Ids,
    positions: NDArray[np.int32],
    ends: NDArray[np.int32],
) -> TokenTree:
    """Gather the predictions of all rows; those with the same source and target become one."""
    weights = [row.weights[row.weights != 0] for row in rows]
    wanted = [row.ids[row.weights != 0] for row in rows]
    if not sum(len(part) for part in wanted):
        empty = np.zeros(0, dtype=np.int32)
        nothing = RowPredictions(empty, np.zeros(0, dtype=np.float32))
        none = np.zeros(0, dtype=np.float32)
        return TokenTree(tokens, positions, ends, empty, empty, none, (nothing,) * len(rows))
    keys = np.concatenate(sources).astype(np.int64) << 32 | np.concatenate(wanted).astype(np.int64)
    distinct, places = np.unique(keys, return_inverse=True)
    total = np.bincount(places, weights=np.concatenate(weights), minlength=len(distinct))
    cuts = np.cumsum([len(part) for part in wanted])[:-1]
    split = np.split(places.astype(np.int32), cuts)
    return TokenTree(
        ids=tokens,
        positions=positions,
        ends=ends,
        sources=(distinct >> 32).astype(np.int32),
        targets=(distinct & 0xFFFFFFFF).astype(np.int32),
        weights=total.astype(np.float32),
        rows=tuple(RowPredictions(part, own) for part, own in zip(split, weights, strict=True)),
    )
