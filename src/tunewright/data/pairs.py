"""Pairs of similar texts as arrays, and small tools for making them in bounded memory.

Shared by the search among short texts and the search among long ones.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.data.components import IntArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Verified pairs ``left[i] < right[i]`` with their similarity in [0, 1], in ascending order, each once.

    ``complete`` is False where a crowd of texts was too large to compare all with all.
    """

    left: IntArray
    right: IntArray
    similarity: FloatArray
    complete: bool = True

    def __len__(self) -> int:
        return len(self.left)

    def __iter__(self) -> Iterator[tuple[int, int, float]]:
        for left, right, similarity in zip(self.left, self.right, self.similarity, strict=True):
            yield int(left), int(right), float(similarity)


def join_pairs(parts: Sequence[Pairs]) -> Pairs:
    """All pairs of several searches, each once with its highest similarity."""
    complete = all(part.complete for part in parts)
    parts = [part for part in parts if len(part)] or list(parts[:1])
    if not parts:
        return no_pairs()
    left = np.concatenate([np.minimum(p.left, p.right) for p in parts])
    right = np.concatenate([np.maximum(p.left, p.right) for p in parts])
    similarity = np.concatenate([p.similarity for p in parts])
    order = np.lexsort((-similarity, right, left))
    left, right, similarity = left[order], right[order], similarity[order]
    first = np.ones(len(left), dtype=bool)
    first[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    return Pairs(left[first], right[first], similarity[first], complete)


def no_pairs() -> Pairs:
    empty = np.zeros(0, dtype=np.int64)
    return Pairs(empty, empty, np.zeros(0))


def numbered(keys: Sequence[Hashable]) -> IntArray:
    """A number for each distinct key, in the order of first occurrence, ``[n]``."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64)


def blocks(costs: NDArray[np.int64], most: int) -> Iterator[slice]:
    """Slices of consecutive items whose costs add up to at most ``most`` (or single items that cost more)."""
    start, spent = 0, 0
    for item, cost in enumerate(costs.tolist()):
        if item > start and spent + cost > most:
            yield slice(start, item)
            start, spent = item, 0
        spent += cost
    if start < len(costs):
        yield slice(start, len(costs))
