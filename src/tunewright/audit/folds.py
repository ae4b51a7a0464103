"""Folds that stay what they are when a few rows change, and never part copies or groups.

A row's fold is the hash of the component it belongs to (equal inputs, near copies, one group), so an edit moves the
rows it touches and no others. Classes too small for chance are dealt out in turn. Called by ``out_of_sample``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.view import View
from tunewright.data.components import find_components
from tunewright.records.example import input_digest

IntArray = NDArray[np.int64]
FOLDS = 5
# Below this many components, a class is dealt out in turn: by chance a fold could be left without it.
DEALT_BELOW = 50
# Groups that hold more of the rows than this are no groups to fold by; copies still stay together.
MAX_GROUP_SHARE = 0.4


def components(view: View) -> IntArray:
    """The component of each row, ``[n]``; made once per view."""
    return view.once("components", lambda: _components(view))


def fold_of_rows(view: View, rows: IntArray, labels: IntArray) -> IntArray:
    """The fold of each of some rows, 0 to 4, ``[rows]``; ``labels`` ``[rows]`` are used for small classes only."""
    keys = view.once("fold keys", lambda: _keys(view))
    component = components(view)[rows]
    home = _home_label(component, labels)
    unique, first = np.unique(component, return_index=True)
    fold = np.array([keys[c] % FOLDS for c in unique.tolist()], dtype=np.int64)
    label_of = home[first]
    for label in np.flatnonzero(np.bincount(label_of) < DEALT_BELOW).tolist():
        members = np.flatnonzero(label_of == label)
        in_turn = sorted(members.tolist(), key=lambda place: keys[int(unique[place])])
        if not in_turn:
            continue
        start = keys[int(unique[in_turn[0]])] % FOLDS
        fold[in_turn] = (np.arange(len(in_turn)) + start) % FOLDS
    return fold[np.searchsorted(unique, component)]


def _components(view: View) -> IntArray:
    found = find_components(view.examples, view.duplicates.edges())
    if len(found) and np.bincount(found).max() > MAX_GROUP_SHARE * len(found):
        alone = [replace(example, group=None) for example in view.examples]
        found = find_components(alone, view.duplicates.edges())
    return found


def _keys(view: View) -> list[int]:
    """A hash for each component: of its smallest input digest, so that it does not hang on the order of rows."""
    smallest: dict[int, str] = {}
    for component, example in zip(components(view).tolist(), view.examples, strict=True):
        digest = input_digest(example.messages)
        if digest < smallest.get(component, "~"):
            smallest[component] = digest
    return [_hash(smallest[component]) for component in range(len(smallest))]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(f"fold:{text}".encode()).digest()[:8], "big")


def _home_label(component: IntArray, labels: IntArray) -> IntArray:
    """The commonest label of each row's component (the smallest of equals), ``[rows]``."""
    if not len(labels):
        return labels
    wide = int(labels.max()) + 1
    pairs, counts = np.unique(component * wide + labels, return_counts=True)
    order = np.lexsort((pairs, -counts, pairs // wide))
    owner = pairs[order] // wide
    first = np.concatenate([[True], owner[1:] != owner[:-1]])
    return np.asarray((pairs[order][first] % wide)[np.searchsorted(owner[first], component)])


def picked(keys: Sequence[int], most: int) -> IntArray:
    """Places of at most ``most`` of the keys, those with the smallest, in ascending order of place."""
    if len(keys) <= most:
        return np.arange(len(keys))
    order = np.argsort(np.array(keys, dtype=np.uint64), kind="stable")
    return np.sort(order[:most])


def row_keys(view: View, rows: IntArray) -> list[int]:
    """A hash for each row, equal within a component."""
    keys = view.once("fold keys", lambda: _keys(view))
    return [keys[component] for component in components(view)[rows].tolist()]
