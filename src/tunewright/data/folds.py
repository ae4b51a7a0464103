"""Folds for small data, and the inner split of one fold. Components stay whole; results do not hang on row order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tunewright.data.components import IntArray
from tunewright.data.units import Unit, allot, make_units
from tunewright.errors import InputError
from tunewright.records.example import Example


def folds(examples: Sequence[Example], component_of: Sequence[int], *, k: int, seed: int) -> IntArray:
    """The fold of each row, ``[n]`` with values 0 .. k-1, with about equal numbers of every label in each.

    The largest components are dealt first, the rest in the order of their hash, each to the fold that has fewest rows
    of its main label.

    Raises:
        InputError: there are fewer components than folds.
    """
    units = make_units(examples, component_of, seed=seed)
    if len(units) < k:
        raise _too_few(len(units), f"{k} folds")
    of_label: Counter[tuple[int, str]] = Counter()
    in_fold = [0] * k
    fold_of = np.zeros(len(examples), dtype=np.int64)
    for unit in sorted(units, key=lambda u: (-u.size, u.label, u.place, u.key)):
        fold = min(range(k), key=lambda f: (of_label[f, unit.label], in_fold[f], f))
        fold_of[list(unit.rows)] = fold
        of_label[fold, unit.label] += unit.size
        in_fold[fold] += unit.size
    if min(in_fold) == 0:
        raise _too_few(len(units), f"{k} folds")
    return fold_of


def inner_split(
    examples: Sequence[Example], rows: Sequence[int], component_of: Sequence[int], *, seed: int, share: float
) -> tuple[IntArray, IntArray]:
    """Part some rows into (train, validation), both as sorted indices into ``examples``.

    ``component_of`` covers all examples; about ``share`` of the rows of every label go to validation.

    Raises:
        InputError: the rows are one component, which cannot be parted.
    """
    units = make_units(examples, component_of, seed=seed, rows=rows)
    if len(units) < 2:
        raise _too_few(len(units), "a training and a validation part")
    part_of = allot(units, (share,), at_least_one=(False,))
    validation = [unit for unit in units if part_of[unit.key] == 0]
    train = [unit for unit in units if part_of[unit.key] == 1]
    if not validation:
        validation = [_smallest(train)]
        train.remove(validation[0])
    if not train:
        train = [_smallest(validation)]
        validation.remove(train[0])
    return _indices(train), _indices(validation)


def _smallest(units: Sequence[Unit]) -> Unit:
    return min(units, key=lambda unit: (unit.size, unit.place, unit.key))


def _indices(units: Sequence[Unit]) -> IntArray:
    return np.array(sorted(i for unit in units for i in unit.rows), dtype=np.int64)


def _too_few(units: int, needed: str) -> InputError:
    return InputError(
        "split.too_few_components",
        f"The rows form only {units} independent sets, too few for {needed}.",
        why="Rows of one group, and copies of one another, are never parted.",
        hint="Name a finer group column, or label cases of more groups.",
    )
