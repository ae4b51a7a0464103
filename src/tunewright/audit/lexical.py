"""Pairs of inputs that are alike in their words, and what pairs of inputs mean for rows with their answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tunewright.audit.agreement import explained, same_answer
from tunewright.audit.copies import Kinds
from tunewright.audit.reworded import reworded
from tunewright.audit.view import View
from tunewright.data.pairs import Pairs, join_pairs

# So many different answers to one input are compared with those to another.
MAX_ANSWERS = 8


def lexical_pairs(view: View) -> Pairs:
    """Verified near copies among the first rows of each input, made once per view: ``view.duplicates.near`` and
    ``reworded``."""
    return view.once("lexical.pairs", lambda: _pairs(view))


def pairs_of_kinds(view: View, kinds: Kinds, pairs: Pairs, *, same: bool) -> Iterator[tuple[int, int, float]]:
    """(kind, kind, similarity) for pairs of inputs: those on one side of the split with the same answer, or (``same``
    false) with different answers."""
    by_input = kinds.by_input()
    sides = view.parts
    for left, right, similarity in pairs:
        for a in by_input[int(kinds.input[left])][:MAX_ANSWERS]:
            for b in by_input[int(kinds.input[right])][:MAX_ANSWERS]:
                row_a, row_b = kinds.members[a][0], kinds.members[b][0]
                if sides is not None and sides[row_a] != sides[row_b]:
                    continue
                equal = bool(kinds.answer[row_a] == kinds.answer[row_b])
                if (equal or same_target(view, row_a, row_b)) == same:
                    yield a, b, similarity


def same_target(view: View, left: int, right: int) -> bool:
    """Whether two rows with like inputs have the same label, or answers that say the same."""
    a, b = view.examples[left], view.examples[right]
    if view.kind == "classify" or a.target == b.target:
        return a.target == b.target and a.target_calls == b.target_calls and a.rejected == b.rejected
    return same_answer(a, b) and not explained(a, b)


def _pairs(view: View) -> Pairs:
    first: dict[str, int] = {}
    for row, print_ in enumerate(view.prints):
        first.setdefault(print_.full, row)
    rows = np.array(list(first.values()), dtype=np.int64)
    view.stop_if_asked()
    found = reworded([view.prints[row] for row in rows.tolist()])
    view.stop_if_asked()
    return join_pairs([view.duplicates.near, Pairs(rows[found.left], rows[found.right], found.similarity)])
