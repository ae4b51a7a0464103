"""Test rows that training rows give away: equal inputs, and verified near copies. Called when a test is made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.data.duplicates import near_pairs
from tunewright.data.fingerprint import Fingerprint, fingerprints
from tunewright.records.example import Example


@dataclass(frozen=True, slots=True)
class Leak:
    """A test row (number in the test part) and a training row (number in the training part) that resembles it."""

    test_row: int
    train_row: int
    similarity: float


@dataclass(frozen=True, slots=True)
class LeakReport:
    """Leaks in two layers, every pair listed, by test row.

    ``exact``: equal inputs in normal form, system prompt included. ``near``: verified near copies of test rows that
    have no exact one. ``test_rows`` is the size of the test part.
    """

    exact: tuple[Leak, ...]
    near: tuple[Leak, ...]
    test_rows: int

    @property
    def exact_test_rows(self) -> tuple[int, ...]:
        """Test rows with an equal training row, ascending."""
        return tuple(sorted({leak.test_row for leak in self.exact}))

    @property
    def near_test_rows(self) -> tuple[int, ...]:
        """Test rows without an equal but with a nearly equal training row, ascending."""
        return tuple(sorted({leak.test_row for leak in self.near}))

    @property
    def concerned(self) -> tuple[int, ...]:
        """Test rows with any leak, ascending."""
        return tuple(sorted({*self.exact_test_rows, *self.near_test_rows}))

    @property
    def exact_share(self) -> float:
        return len(self.exact_test_rows) / max(1, self.test_rows)

    @property
    def share(self) -> float:
        """Share of the test part with any leak."""
        return len(self.concerned) / max(1, self.test_rows)


def find_leaks(
    train: Sequence[Example], test: Sequence[Example], prints: Sequence[Fingerprint] | None = None
) -> LeakReport:
    """Look for every test row among the training rows; ``prints`` are the fingerprints of both, training rows first,
    where these are known already."""
    prints = fingerprints([*train, *test]) if prints is None else prints
    n_train = len(train)
    train_rows: defaultdict[str, list[int]] = defaultdict(list)
    test_rows: defaultdict[str, list[int]] = defaultdict(list)
    for i, print_ in enumerate(prints):
        rows, number = (train_rows, i) if i < n_train else (test_rows, i - n_train)
        rows[print_.full].append(number)
    exact = [Leak(t, r, 1.0) for full, own in test_rows.items() for t in own for r in train_rows.get(full, ())]
    # One row for each distinct input on either side; inputs that leak exactly are settled.
    kinds = [(full, 0) for full in train_rows] + [(full, 1) for full in test_rows if full not in train_rows]
    examples = [prints[train_rows[f][0] if side == 0 else n_train + test_rows[f][0]] for f, side in kinds]
    pairs = near_pairs(examples, np.array([side for _, side in kinds], dtype=np.int64))
    near = []
    for left, right, similarity in pairs:
        # Training inputs come first, so the left one of a pair is the training input.
        near += [Leak(t, r, similarity) for t in test_rows[kinds[right][0]] for r in train_rows[kinds[left][0]]]
    key = _by_test_row
    return LeakReport(tuple(sorted(exact, key=key)), tuple(sorted(near, key=key)), len(test))


def _by_test_row(leak: Leak) -> tuple[int, float, int]:
    return leak.test_row, -leak.similarity, leak.train_row
