"""How good a search is, against known passages. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence, Set


def recall_at_k(found: Sequence[Sequence[str]], known: Sequence[Set[str]], k: int) -> float:
    """The mean share of known passages among the first ``k`` found; questions without a known passage do not count.

    Args:
        found: for each question what was found, best first; repeats are harmless.
        known: for each question what should have been found.

    Raises:
        ValueError: no question has a known passage, or ``k`` is less than 1.
    """
    if k < 1:
        raise ValueError("k must be 1 or more")
    pairs = [(one, right) for one, right in zip(found, known, strict=True) if right]
    if not pairs:
        raise ValueError("no question has a known passage")
    return sum(len(set(one[:k]) & right) / len(right) for one, right in pairs) / len(pairs)


def mean_reciprocal_rank(found: Sequence[Sequence[str]], known: Sequence[Set[str]]) -> float:
    """The mean of 1 / rank of the first known passage, 0 where none was found.

    Raises:
        ValueError: no question has a known passage.
    """
    pairs = [(one, right) for one, right in zip(found, known, strict=True) if right]
    if not pairs:
        raise ValueError("no question has a known passage")
    ranks = [next((rank for rank, name in enumerate(one, 1) if name in right), 0) for one, right in pairs]
    return sum(1.0 / rank for rank in ranks if rank) / len(pairs)
