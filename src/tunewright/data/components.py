"""Which rows belong together and must never be parted: same group, same input, verified duplicates.

Called before every split. Finding the duplicates is the business of ``duplicates``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from tunewright.records.example import Example, input_digest

IntArray = NDArray[np.int64]


def find_components(
    examples: Sequence[Example], edges: Iterable[tuple[int, int]] = (), *, groups: bool = True
) -> IntArray:
    """The component of each row, ``[n]``, numbered 0, 1, ... by the smallest input digest in it.

    Rows are joined by an equal group, an equal input, and the given edges, which must be verified duplicates. Without
    ``groups`` only copies are joined.
    """
    digests = [input_digest(e.messages) for e in examples]
    forest = UnionFind(len(examples))
    forest.join_equal(digests)
    if groups:
        forest.join_equal([e.group for e in examples])
    for left, right in edges:
        forest.join(left, right)
    return _numbered(forest, digests)


class UnionFind:
    """Disjoint sets over 0 .. n-1 with path halving."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def root(self, item: int) -> int:
        parent = self._parent
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def join(self, left: int, right: int) -> None:
        a, b = self.root(left), self.root(right)
        self._parent[max(a, b)] = min(a, b)

    def join_equal(self, keys: Sequence[Hashable]) -> None:
        """Join all items with the same key; None is no key."""
        first: dict[Hashable, int] = {}
        for item, key in enumerate(keys):
            if key is not None:
                self.join(first.setdefault(key, item), item)

    def roots(self) -> list[int]:
        return [self.root(item) for item in range(len(self._parent))]


def _numbered(forest: UnionFind, digests: Sequence[str]) -> IntArray:
    members: defaultdict[int, list[int]] = defaultdict(list)
    for item, root in enumerate(forest.roots()):
        members[root].append(item)
    ordered = sorted(members.values(), key=lambda items: min(digests[i] for i in items))
    component_of = np.zeros(len(digests), dtype=np.int64)
    for number, items in enumerate(ordered):
        component_of[items] = number
    return component_of
