"""Preference pairs that teach nothing: the same answer on both sides, or the opposite of another pair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tunewright.audit.planting._defect import Defect, Planted, adding, changing, choose, only
from tunewright.audit.view import View
from tunewright.records.example import Example

_pairs = only("preference", because="the rows are no preference pairs")


def _equal(view: View, rng: np.random.Generator, n: int) -> Planted:
    return changing(view, "equal", dict.fromkeys(choose(rng, view, n, _is_plain), _both_same))


def _is_plain(example: Example) -> bool:
    return len(example.rejected) == 1 and not example.target_calls and not example.rejected[0].tool_calls


def _both_same(example: Example) -> Example:
    return replace(example, rejected=(replace(example.rejected[0], content=example.target),))


def _swapped(view: View, rng: np.random.Generator, n: int) -> Planted:
    places = choose(rng, view, n, lambda row: _is_plain(row) and row.target != row.rejected[0].content)
    return adding(view, [(place, _other_way(view.examples[place])) for place in places], "swapped", rng)


def _other_way(example: Example) -> Example:
    other = replace(example.rejected[0], content=example.target)
    return replace(example, target=example.rejected[0].content, rejected=(other,))


DEFECTS = (
    Defect("equal_pairs", "Pairs with one answer twice", ("preference_pairs.equal",), _pairs, _equal),
    Defect("swapped_pairs", "Pairs that contradict others", ("preference_pairs.contradictory",), _pairs, _swapped),
)
