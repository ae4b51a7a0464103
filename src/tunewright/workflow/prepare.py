"""From loaded rows to a study: duplicates, leaks, the regime, the split. Nothing is fitted here.

About 1,500 rows and more, or a test file of the person's own, give a locked test set. Fewer rows are cross-fitted:
every row is scored by a system that has not seen it, and the claim is about the procedure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunewright.data.components import find_components
from tunewright.data.duplicates import Duplicates, contradictions, find_duplicates
from tunewright.data.folds import folds, inner_split
from tunewright.data.rows import SetAside
from tunewright.data.split import locked_split
from tunewright.data.splittable import require_splittable
from tunewright.data.units import make_units
from tunewright.errors import InputError
from tunewright.project.settings import ProjectSettings
from tunewright.records.example import Example, dataset_digest, input_digest
from tunewright.records.verdict import DataSummary
from tunewright.store import Store
from tunewright.workflow.load import Loaded
from tunewright.workflow.own_test import OwnTest, adopt
from tunewright.workflow.study import Part, Study

LOCKED_FROM_ROWS = 1500
VALIDATION_SHARE = 0.15
# With more near-copies than this among the cases that decide, they are no longer independent of each other.
MAX_COPIES = 0.01
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The study, and every row that was set aside on the way."""

    study: Study
    set_aside: tuple[SetAside, ...]


def prepare(settings: ProjectSettings, root: Path, loaded: Loaded, store: Store) -> Prepared:
    """Fix everything that must be fixed before the first system runs.

    Raises:
        InputError: the rows cannot be split, with what is needed and why.
    """
    if loaded.test is not None:
        return _with_own_test(settings, root, loaded, loaded.test, store)
    examples = list(loaded.examples)
    found = find_duplicates(examples)
    component_of = find_components(examples, found.edges())
    if len(examples) >= LOCKED_FROM_ROWS:
        return _locked(settings, root, loaded, examples, component_of, found, store)
    return _cross_fitted(settings, root, loaded, examples, component_of, found, store)


def _cross_fitted(
    settings: ProjectSettings,
    root: Path,
    loaded: Loaded,
    examples: list[Example],
    component_of: IntArray,
    found: Duplicates,
    store: Store,
) -> Prepared:
    notes = require_splittable(examples, make_units(examples, component_of.tolist(), seed=settings.seed))
    fold_of = folds(examples, component_of.tolist(), k=settings.folds, seed=settings.seed)
    parts = []
    for fold in range(settings.folds):
        rest = np.flatnonzero(fold_of != fold)
        train, validation = _inner(examples, rest, component_of, settings.seed + 1 + fold)
        parts.append(Part(f"fold-{fold}", train, validation, tuple(np.flatnonzero(fold_of == fold).tolist())))
    everything = np.arange(len(examples))
    train, validation = _inner(examples, everything, component_of, settings.seed)
    if settings.data.time:
        notes.append("With this few rows the newest cannot be kept as the test: every row was scored out of fold.")
    study = Study(
        settings=settings,
        root=root,
        examples=tuple(examples),
        row_keys=tuple(store.row_key(example) for example in examples),
        labels=_labels(examples),
        regime="cross-fitted",
        parts=tuple(parts),
        all_rows=Part("all", train, validation, ()),
        groups=_groups(settings, component_of, everything),
        data=_summary(loaded, examples, found, notes, train=0, validation=0, test=len(examples), lost=0),
        test_hash=dataset_digest(examples),
        warnings=(),
        hashes={"data": dataset_digest(examples)},
    )
    return Prepared(study, loaded.set_aside)


def _locked(
    settings: ProjectSettings,
    root: Path,
    loaded: Loaded,
    examples: list[Example],
    component_of: IntArray,
    found: Duplicates,
    store: Store,
) -> Prepared:
    split_key = f"seed={settings.seed} time={settings.data.time or ''} group={settings.data.group or ''}"
    known = zip(examples, store.sides_for(split_key, examples), strict=True)
    previous = {input_digest(example.messages): side for example, side in known if side is not None}
    split = locked_split(
        examples, component_of.tolist(), seed=settings.seed, by_time=bool(settings.data.time), previous=previous
    )
    sides = split.sides
    kept = [position for position, side in enumerate(sides) if side is not None]
    store.remember_sides(split_key, [examples[p] for p in kept], [side for side in sides if side is not None])
    train, validation, test = (tuple(split.rows(side)) for side in ("train", "validation", "test"))
    tested = [examples[position] for position in test]
    fit = Part("test", train, validation, test)
    study = Study(
        settings=settings,
        root=root,
        examples=tuple(examples),
        row_keys=tuple(store.row_key(example) for example in examples),
        labels=_labels(examples),
        regime="locked",
        parts=(fit,),
        all_rows=fit,
        groups=_groups(settings, component_of, np.array(test)),
        data=_summary(
            loaded,
            examples,
            found,
            split.notes,
            train=len(train),
            validation=len(validation),
            test=len(test),
            lost=len(split.set_aside),
        ),
        test_hash=dataset_digest(tested),
        hashes={"data": dataset_digest(examples), "test": dataset_digest(tested)},
    )
    return Prepared(study, (*loaded.set_aside, *split.set_aside))


def _with_own_test(
    settings: ProjectSettings, root: Path, loaded: Loaded, test: tuple[Example, ...], store: Store
) -> Prepared:
    own: OwnTest = adopt(loaded.examples, test)
    learn, examples = list(own.learn), [*own.learn, *test]
    if not learn:
        raise InputError("split.nothing_left", "Every training row stands in the test file too.", where="data.test")
    found = find_duplicates(learn)
    component_of = find_components(learn, found.edges())
    notes = require_splittable(learn, make_units(learn, component_of.tolist(), seed=settings.seed))
    train, validation = _inner(learn, np.arange(len(learn)), component_of, settings.seed)
    scored = tuple(range(len(learn), len(examples)))
    inside = find_duplicates(list(test))
    test_component = find_components(list(test), inside.edges())
    groups = _groups(settings, np.concatenate([component_of, test_component + len(learn)]), np.array(scored))
    part = Part("test", train, validation, scored)
    study = Study(
        settings=settings,
        root=root,
        examples=tuple(examples),
        row_keys=tuple(store.row_key(example) for example in examples),
        labels=_labels(examples),
        regime="locked",
        parts=(part,),
        all_rows=part,
        groups=groups,
        data=_summary(
            loaded,
            examples,
            found,
            [*notes, *own.notes],
            train=len(train),
            validation=len(validation),
            test=len(test),
            lost=len(own.set_aside),
        ),
        test_hash=dataset_digest(list(test)),
        gates=(own.gate,),
        warnings=own.warnings,
        near_leaks=frozenset(position + len(learn) for position in own.near),
        hashes={"data": dataset_digest(learn), "test": dataset_digest(list(test))},
    )
    return Prepared(study, (*loaded.set_aside, *own.set_aside))


def _inner(
    examples: Sequence[Example], rows: IntArray, component_of: IntArray, seed: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Training and validation rows; validation is a seventh, at most 1,500 rows."""
    share = min(VALIDATION_SHARE, 1500 / max(len(rows), 1))
    train, validation = inner_split(examples, rows.tolist(), component_of.tolist(), seed=seed, share=share)
    return tuple(train.tolist()), tuple(validation.tolist())


def _groups(settings: ProjectSettings, component_of: IntArray, scored: IntArray) -> IntArray | None:
    """Rows that belong together, when a group column says so or too many are copies of each other."""
    if settings.data.group:
        return component_of
    copies = 1 - len(np.unique(component_of[scored])) / max(len(scored), 1)
    return component_of if copies > MAX_COPIES else None


def _labels(examples: Sequence[Example]) -> tuple[str, ...]:
    return tuple(sorted({example.target for example in examples}))


def _summary(
    loaded: Loaded,
    examples: Sequence[Example],
    found: Duplicates,
    notes: Sequence[str],
    *,
    train: int,
    validation: int,
    test: int,
    lost: int,
) -> DataSummary:
    set_aside = len(loaded.set_aside) + lost
    counts = Counter(example.target for example in examples)
    return DataSummary(
        rows_in=loaded.rows_in,
        rows_used=loaded.rows_in - set_aside,
        rows_set_aside=set_aside,
        labels=sorted(counts),
        train=train,
        validation=validation,
        test=test,
        exact_duplicates=len(found.exact),
        near_duplicates=len(found.near),
        contradictions=len(contradictions(examples)),
        notes=[*loaded.notes, *notes],
    )
