"""Inputs whose vectors are close: all against all in blocks, up to a stated number of inputs.

Vectors are of the varying part of an input. Shared by the checks of meaning: semantic duplicates, contradictions, leaks
and redundancy. What is close is only a candidate; the checks look at numbers, names and answers besides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.view import FloatArray, IntArray, View
from tunewright.data.pairs import Pairs, no_pairs

MIN_COSINE = 0.95
# All pairs of so many inputs are looked at: about a minute on one core. More are sampled.
MAX_INPUTS = 50_000
# An encoder reads some 256 word pieces; of longer texts it sees the beginning only.
MAX_WORDS = 180
ROWS_AT_ONCE = 512
# Nearest neighbours kept of a text in a crowd.
MAX_NEIGHBOURS = 100
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Pairs of rows (the first row of each input) with a cosine of at least ``MIN_COSINE``.

    ``rows`` are the rows compared; ``left_out`` says, in a sentence, which were not and why, or is empty.
    """

    pairs: Pairs
    rows: IntArray
    left_out: str = ""


def neighbours(view: View) -> Neighbours | None:
    """Close inputs, made once per view; None where there are no vectors."""
    if view.embed is None:
        return None
    return view.once("neighbours.pairs", lambda: _neighbours(view))


def comparable(view: View, rows: Sequence[int]) -> tuple[IntArray, str]:
    """One row of each input among ``rows`` that an encoder can read whole, at most ``MAX_INPUTS``; and what was left
    out, as a sentence."""
    first: dict[str, int] = {}
    for row in rows:
        first.setdefault(view.prints[row].full, row)
    distinct = sorted(first.values())
    kept = np.array([row for row in distinct if 0 < view.prints[row].n_words <= MAX_WORDS], dtype=np.int64)
    said = []
    if len(kept) < len(distinct):
        said.append(f"{len(distinct) - len(kept):,} inputs of more than {MAX_WORDS} words were left out")
    if len(kept) > MAX_INPUTS:
        said.append(f"{MAX_INPUTS:,} of {len(kept):,} inputs were compared, drawn at random")
        kept = np.sort(np.random.default_rng(view.seed).choice(kept, MAX_INPUTS, replace=False))
    return kept, "; ".join(said)


def close_pairs(
    left: FloatArray, right: FloatArray | None, at_least: float, between: Callable[[float], None] = lambda _share: None
) -> Pairs:
    """Pairs with a cosine of at least ``at_least``: among the rows of ``left``, or of ``left`` with ``right`` (then the
    numbers are rows of either). A row with more than ``MAX_NEIGHBOURS`` keeps the nearest, and the result is not
    ``complete``. ``between`` is called between blocks with the share done."""
    lefts, rights, values, complete = [], [], [], True
    others = left if right is None else right
    for start in range(0, len(left), ROWS_AT_ONCE):
        between(start / len(left))
        offset = start if right is None else 0
        cosines = left[start : start + ROWS_AT_ONCE] @ others[offset:].T
        if right is None:
            cosines[np.tril_indices(len(cosines), 0, cosines.shape[1])] = -1.0
        close = cosines >= at_least - ROUNDING
        complete = _thin(cosines, close) and complete
        i, j = np.nonzero(close)
        lefts.append(i + start)
        rights.append(j + offset)
        values.append(np.clip(cosines[i, j], 0.0, 1.0))
    if not lefts:
        return no_pairs()
    return Pairs(np.concatenate(lefts), np.concatenate(rights), np.concatenate(values).astype(np.float64), complete)


def spread(vectors: FloatArray, below: float, between: Callable[[float], None] = lambda _share: None) -> IntArray:
    """The row that stands for each row ``[n]`` when rows are kept in order unless they have a cosine of ``below`` or
    more with a kept one (DEITA, Liu et al. 2024, section 3.3): itself where it is kept, else the nearest kept."""
    owner = np.arange(len(vectors))
    kept: list[int] = []
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        between(start / len(vectors))
        block = vectors[start : start + ROWS_AT_ONCE]
        nearest = np.full(len(block), -1.0, dtype=np.float32)
        if kept:
            cosines = block @ vectors[kept].T
            best = cosines.argmax(axis=1)
            nearest = cosines[np.arange(len(block)), best]
            owner[start : start + len(block)] = np.where(
                nearest >= below, np.array(kept)[best], owner[start : start + len(block)]
            )
        inside = block @ block.T
        for i in range(len(block)):
            if nearest[i] >= below:
                continue
            kept.append(start + i)
            later = np.flatnonzero((inside[i, i + 1 :] >= below) & (inside[i, i + 1 :] > nearest[i + 1 :])) + i + 1
            nearest[later] = inside[i, later]
            owner[start + later] = start + i
    return owner


def _neighbours(view: View) -> Neighbours:
    vectors = view.vectors
    rows, left_out = comparable(view, range(len(view)))
    if vectors is None or len(rows) < 2:
        return Neighbours(no_pairs(), rows, left_out)

    def between(share: float) -> None:
        view.stop_if_asked()
        view.progress("comparing meanings", share)

    found = close_pairs(vectors[rows], None, MIN_COSINE, between)
    return Neighbours(Pairs(rows[found.left], rows[found.right], found.similarity, found.complete), rows, left_out)


def _thin(cosines: FloatArray, close: NDArray[np.bool_]) -> bool:
    """Keep the nearest of rows with too many neighbours; whether there were none such."""
    crowded = np.flatnonzero(close.sum(axis=1) > MAX_NEIGHBOURS)
    for row in crowded.tolist():
        nearest = np.argsort(-cosines[row], kind="stable")[:MAX_NEIGHBOURS]
        close[row] = False
        close[row, nearest] = True
    return not len(crowded)
