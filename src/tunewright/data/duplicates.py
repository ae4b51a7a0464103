"""Rows that are copies of one another: equal, or nearly equal by measurement. Also rows that contradict each other.

Never the closure of unmeasured candidates: every near pair carries the similarity that was measured for it. What to do
about copies is for the split (``components``), the audit and the person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.data.components import IntArray
from tunewright.data.fingerprint import Fingerprint, fingerprints
from tunewright.data.near_long import MIN_JACCARD, near_long
from tunewright.data.near_short import MIN_COSINE, near_short
from tunewright.data.pairs import Pairs, join_pairs, no_pairs, numbered
from tunewright.records.example import Example

__all__ = [
    "MIN_COSINE",
    "MIN_JACCARD",
    "Contradiction",
    "Duplicates",
    "contradictions",
    "find_duplicates",
    "near_pairs",
]

# Word 5-grams say nothing about shorter texts.
SHORT_BELOW_WORDS = 20
# A text this much longer is never a near copy of a short one by cosine, so it need not be looked at.
SHORT_MARGIN_WORDS = 5


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Copies among rows, as pairs of row numbers.

    ``exact``: every row with an equal input, paired with the first such row. ``near``: measured pairs between the first
    rows of these, with cosine (short texts) or Jaccard similarity (long ones); 1 where only boilerplate differs.
    """

    exact: Pairs
    near: Pairs

    def edges(self) -> Iterator[tuple[int, int]]:
        """All pairs, for ``find_components``."""
        for pairs in (self.exact, self.near):
            for left, right, _ in pairs:
                yield left, right


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Rows with an equal input (in normal form) and different targets."""

    rows: tuple[int, ...]
    row_ids: tuple[str, ...]
    targets: tuple[str, ...]
    text: str


def find_duplicates(examples: Sequence[Example], prints: Sequence[Fingerprint] | None = None) -> Duplicates:
    """Exact and verified near copies among rows; ``prints`` are their fingerprints where these are known already."""
    prints = fingerprints(examples) if prints is None else prints
    first: dict[str, int] = {}
    copies = [(first.setdefault(p.full, i), i) for i, p in enumerate(prints)]
    left = np.array([a for a, b in copies if a != b], dtype=np.int64)
    right = np.array([b for a, b in copies if a != b], dtype=np.int64)
    order = np.lexsort((right, left))
    exact = Pairs(left[order], right[order], np.ones(len(left)))
    kept = np.array(sorted(first.values()), dtype=np.int64)
    near = near_pairs([prints[i] for i in kept])
    return Duplicates(exact, Pairs(kept[near.left], kept[near.right], near.similarity, near.complete))


def near_pairs(prints: Sequence[Fingerprint], side: IntArray | None = None) -> Pairs:
    """Near copies among fingerprints; with ``side``, only pairs across different sides.

    Short pairs need a cosine of ``MIN_COSINE``, long pairs (both of 20 words and more) a Jaccard similarity of
    ``MIN_JACCARD``; both need equal numbers and negations, in order.
    """
    lengths = np.array([p.n_words for p in prints], dtype=np.int64)
    group = numbered([p.marks for p in prints])
    short = np.flatnonzero(lengths < SHORT_BELOW_WORDS + SHORT_MARGIN_WORDS)
    long = np.flatnonzero(lengths >= SHORT_BELOW_WORDS)
    parts = [_equal_varying(prints, side)]
    if len(short) > 1:
        found = near_short(
            [prints[i].varying for i in short.tolist()], group[short], None if side is None else side[short]
        )
        found = _in_rows(found, short)
        has_short = np.minimum(lengths[found.left], lengths[found.right]) < SHORT_BELOW_WORDS
        parts.append(Pairs(found.left[has_short], found.right[has_short], found.similarity[has_short], found.complete))
    if len(long) > 1:
        found = near_long([prints[i].normal for i in long.tolist()], group[long], None if side is None else side[long])
        parts.append(_in_rows(found, long))
    return join_pairs(parts)


def contradictions(examples: Sequence[Example]) -> list[Contradiction]:
    """Inputs that occur with different targets, by normal form and system prompt, in the order of their first row."""
    rows_of: defaultdict[str, list[int]] = defaultdict(list)
    for i, print_ in enumerate(fingerprints(examples)):
        rows_of[print_.full].append(i)
    found = []
    for rows in rows_of.values():
        targets = tuple(examples[i].target for i in rows)
        if len(set(targets)) > 1:
            row_ids = tuple(examples[i].row_id for i in rows)
            found.append(Contradiction(tuple(rows), row_ids, targets, examples[rows[0]].text))
    return found


def _equal_varying(prints: Sequence[Fingerprint], side: IntArray | None) -> Pairs:
    """Inputs that differ in boilerplate only: each with the first of its kind (on every other side)."""
    first: dict[tuple[str, int], int] = {}
    sides = [0] * len(prints) if side is None else side.tolist()
    kinds = sorted(set(sides))
    pairs: list[tuple[int, int]] = []
    for i, print_ in enumerate(prints):
        first.setdefault((print_.varying, sides[i]), i)
    for i, print_ in enumerate(prints):
        for kind in kinds:
            other = first.get((print_.varying, kind))
            if other is not None and other != i and (side is None or kind != sides[i]):
                pairs.append((min(i, other), max(i, other)))
    if not pairs:
        return no_pairs()
    unique = np.unique(np.array(pairs, dtype=np.int64), axis=0)
    return Pairs(unique[:, 0], unique[:, 1], np.ones(len(unique)))


def _in_rows(pairs: Pairs, rows: IntArray) -> Pairs:
    return Pairs(rows[pairs.left], rows[pairs.right], pairs.similarity, pairs.complete)
