"""How the rows of one step are computed: which of them become one token tree, and which trees are stacked.

Two exact cuts by dynamic programming over sorted lists, under a cost in floating-point operations: first the rows,
sorted by prefix, are cut into trees; then the trees, sorted by size, are cut into batches. The result changes time and
memory, never the gradient. Called by ``token_batches.py``, which has drawn the steps before.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.training.rows import TokenRow
from tunewright.training.tree import by_prefix, common_tokens, read_tokens

Tree = tuple[int, ...]
Trees = tuple[Tree, ...]
Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]
_Sized = tuple[int, int, Tree]  # tokens, pairs that look at one another, rows


@dataclass(frozen=True, slots=True)
class CostShape:
    """What a forward and backward pass costs, in floating-point operations of the linear layers.

    ``per_token`` for each token, padding included; ``per_pair`` for each pair of a token and one it is compared with;
    ``per_batch`` for having one more batch (starting kernels). ``sparse``: attention on a tree that branches compares
    only tokens that look at one another (``tree_attention.py``); otherwise each with each, under a mask.
    """

    per_token: float
    per_pair: float
    per_batch: float
    sparse: bool = False

    def trees(self, tokens: Numbers, pairs: Numbers, chain: NDArray[np.bool_]) -> Numbers:
        """Cost of trees of so many tokens, of which so many pairs look at one another."""
        compared = pairs if self.sparse else np.where(chain, pairs, tokens**2)
        cost: Numbers = self.per_token * tokens + self.per_pair * compared
        return cost


@dataclass(frozen=True, slots=True)
class Layout:
    """Batches of trees of row numbers; every row is in exactly one place."""

    batches: tuple[Trees, ...]


def plan_layout(rows: Sequence[TokenRow], shape: CostShape, *, max_tokens: int, share: bool) -> Layout:
    """Lay out the rows of one step.

    Args:
        rows: of the step; the layout speaks of them by their number here.
        shape: the model's costs.
        max_tokens: padded tokens of one batch; a longer row stands alone.
        share: whether rows may become one tree; otherwise every row is a chain of its own.
    """
    inputs = [row.ids[: read_tokens(row)] for row in rows]
    order = by_prefix(inputs)
    lengths = np.array([len(inputs[number]) for number in order], dtype=np.int64)
    neighbours = itertools.pairwise(order)
    common = np.array([0] + [common_tokens(inputs[a], inputs[b]) for a, b in neighbours], dtype=np.int64)
    cut = _TreeCut(lengths, common, shape, max_tokens)
    chains: list[_Sized] = []
    branched: list[_Sized] = []
    for start, end in cut.cheapest() if share else [(place, place + 1) for place in range(len(order))]:
        sized, chain = cut.sized(start, end, tuple(order[start:end]))
        (chains if chain else branched).append(sized)
    batches = _stack(chains, True, shape, max_tokens) + _stack(branched, False, shape, max_tokens)
    return Layout(tuple(batches))


_LEAST_SAVED = 0.1
"""Share of its rows' tokens that a tree must save. Rows that have but a first token in common are as fast in padded
batches (6 % were lost on ragged chat) and take two thirds of the memory."""


class _TreeCut:
    """The cut of rows, sorted by prefix, into trees of at most ``max_tokens`` tokens."""

    def __init__(self, lengths: Counts, common: Counts, shape: CostShape, max_tokens: int) -> None:
        self._lengths, self._common = lengths, common
        self._shape, self._max_tokens = shape, max_tokens
        self._tokens = np.concatenate([[0], np.cumsum(lengths - common)])  # each row adds these to the one before
        self._pairs = np.concatenate([[0], np.cumsum(_pairs(lengths) - _pairs(common))])

    def cheapest(self) -> list[tuple[int, int]]:
        """Segments of rows. A tree holds all its rows in memory at once: it must save a part of their tokens."""
        rows = np.concatenate([[0], np.cumsum(self._lengths)])

        def costs(end: int) -> Numbers:
            tokens, pairs, chain = self._up_to(end)
            toll = _LEAST_SAVED * self._shape.per_token * (rows[end] - rows[:end])
            cost = np.where(chain, 0.0, toll) + self._shape.trees(tokens, pairs, chain)
            cost[:-1][tokens[:-1] > self._max_tokens] = np.inf
            return cost

        return _cheapest_cut(len(self._lengths), costs)

    def sized(self, start: int, end: int, tree: Tree) -> tuple[_Sized, bool]:
        """The tree of a segment with its size, and whether it is a chain."""
        tokens, pairs, chain = (values[start] for values in self._up_to(end))
        return (int(tokens), int(pairs), tree), bool(chain)

    def _up_to(self, end: int) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
        """Tokens, pairs and being a chain of the trees of ``[start, end)`` for every start."""
        tokens = self._tokens[end] - self._tokens[:end] + self._common[:end]
        pairs = self._pairs[end] - self._pairs[:end] + _pairs(self._common[:end])
        return tokens.astype(np.float64), pairs.astype(np.float64), tokens == self._lengths[end - 1]


def _pairs(tokens: Counts) -> Counts:
    """Pairs of a token and itself or one before it in a chain."""
    return tokens * (tokens + 1) // 2


def _stack(trees: list[_Sized], chain: bool, shape: CostShape, max_tokens: int) -> list[Trees]:
    """The cheapest cut of trees, sorted by size, into padded batches of at most ``max_tokens`` tokens."""
    trees = sorted(trees)
    sizes = np.array([tokens for tokens, _, _ in trees], dtype=np.float64)
    pairs = np.array([pairs for _, pairs, _ in trees], dtype=np.float64)
    each = shape.trees(sizes, pairs, np.full(len(trees), chain))

    def costs(end: int) -> Numbers:
        count = np.arange(end, 0, -1, dtype=np.float64)
        cost: Numbers = shape.per_batch + count * each[end - 1]
        cost[:-1][count[:-1] * sizes[end - 1] > max_tokens] = np.inf
        return cost

    return [tuple(tree for _, _, tree in trees[start:end]) for start, end in _cheapest_cut(len(trees), costs)]


def _cheapest_cut(size: int, costs: Callable[[int], Numbers]) -> list[tuple[int, int]]:
    """Cut ``range(size)`` into segments of least total cost; ``costs(end)[start]`` is the cost of ``[start, end)``."""
    best = np.zeros(size + 1)
    cut = np.zeros(size + 1, dtype=np.int64)
    for end in range(1, size + 1):
        total = best[:end] + costs(end)
        cut[end] = int(np.argmin(total))
        best[end] = total[cut[end]]
    segments = []
    while size:
        segments.append((int(cut[size]), size))
        size = int(cut[size])
    return segments[::-1]
