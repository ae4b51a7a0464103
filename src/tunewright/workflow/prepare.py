"""From loaded rows to a study: duplicates, leaks, the regime, the split. Nothing is fitted here.

About 1,500 rows and more, or a test file of the person's own, give a locked test set. Fewer rows are cross-fitted:
every row is scored by a system that has not seen it, and the claim is about the procedure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
from tunewright.records.verdict import DataSummary, Gate
from tunewright.store import Store
from tunewright.systems.around import Around
from tunewright.workflow.grading import grading_of
from tunewright.workflow.load import Loaded
from tunewright.workflow.models import Models
from tunewright.workflow.own_test import OwnTest, adopt
from tunewright.workflow.several import one_target, several_labels, single_labels
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


@dataclass(frozen=True, slots=True)
class _Division:
    """How rows were divided, in one of three ways; the rest of a study follows from it.

    ``source`` are the rows that the project's own table gave, ``notes`` are about the division alone.
    """

    regime: Literal["locked", "cross-fitted"]
    examples: Sequence[Example]
    source: Sequence[Example]
    parts: tuple[Part, ...]
    all_rows: Part
    groups: IntArray | None
    found: Duplicates
    notes: Sequence[str]
    set_aside: tuple[SetAside, ...] = ()
    gates: tuple[Gate, ...] = ()
    warnings: tuple[str, ...] = ()
    near_leaks: frozenset[int] = frozenset()


def prepare(
    settings: ProjectSettings, root: Path, loaded: Loaded, store: Store, around: Around | None = None
) -> Prepared:
    """Fix everything that must be fixed before the first system runs; ``around`` opens the model of a judge.

    Raises:
        InputError: the rows cannot be split, with what is needed and why.
    """
    if loaded.test is not None:
        division = _with_own_test(settings, loaded.examples, loaded.test)
    elif len(loaded.examples) >= LOCKED_FROM_ROWS:
        division = _locked(settings, list(loaded.examples), store)
    else:
        division = _cross_fitted(settings, list(loaded.examples))
    around = around or Models.of(settings, root, store).around()
    study = _study(settings, root, loaded, division, store, around)
    return Prepared(study, (*loaded.set_aside, *division.set_aside))


def _study(
    settings: ProjectSettings, root: Path, loaded: Loaded, division: _Division, store: Store, around: Around
) -> Study:
    examples = tuple(division.examples)
    hashes = {"data": dataset_digest(list(division.source))}
    test_hash = dataset_digest([examples[row] for part in division.parts for row in part.scored])
    if division.regime == "locked":
        hashes["test"] = test_hash
    labels, several = _labels(settings, examples), several_labels(settings)
    return Study(
        settings=settings,
        root=root,
        examples=examples,
        row_keys=tuple(store.row_key(example) for example in examples),
        labels=labels,
        # Each as a list of its own: a label may hold the sign that stands between labels in a text.
        grading=grading_of(settings, root, tuple(map(one_target, labels)) if several else labels, around),
        regime=division.regime,
        parts=division.parts,
        all_rows=division.all_rows,
        groups=division.groups,
        data=_summary(settings, loaded, division),
        test_hash=test_hash,
        gates=division.gates,
        warnings=division.warnings,
        near_leaks=division.near_leaks,
        hashes=hashes,
    )


def _cross_fitted(settings: ProjectSettings, examples: list[Example]) -> _Division:
    found = find_duplicates(examples)
    component_of = find_components(examples, found.edges())
    dealt = _to_deal(settings, examples)
    notes = require_splittable(dealt, make_units(dealt, component_of.tolist(), seed=settings.seed))
    fold_of = folds(dealt, component_of.tolist(), k=settings.folds, seed=settings.seed)
    parts = []
    for fold in range(settings.folds):
        rest = np.flatnonzero(fold_of != fold)
        train, validation = _inner(dealt, rest, component_of, settings.seed + 1 + fold)
        parts.append(Part(f"fold-{fold}", train, validation, tuple(np.flatnonzero(fold_of == fold).tolist())))
    everything = np.arange(len(examples))
    train, validation = _inner(dealt, everything, component_of, settings.seed)
    if settings.data.time:
        notes.append("With this few rows the newest cannot be kept as the test: every row was scored out of fold.")
    return _Division(
        regime="cross-fitted",
        examples=examples,
        source=examples,
        parts=tuple(parts),
        all_rows=Part("all", train, validation, ()),
        groups=_groups(settings, component_of, everything),
        found=found,
        notes=notes,
    )


def _locked(settings: ProjectSettings, examples: list[Example], store: Store) -> _Division:
    found = find_duplicates(examples)
    component_of = find_components(examples, found.edges())
    split_key = f"seed={settings.seed} time={settings.data.time or ''} group={settings.data.group or ''}"
    known = zip(examples, store.sides_for(split_key, examples), strict=True)
    previous = {input_digest(example.messages): side for example, side in known if side is not None}
    dealt, by_time = _to_deal(settings, examples), bool(settings.data.time)
    split = locked_split(dealt, component_of.tolist(), seed=settings.seed, by_time=by_time, previous=previous)
    sides = split.sides
    kept = [position for position, side in enumerate(sides) if side is not None]
    store.remember_sides(split_key, [examples[p] for p in kept], [side for side in sides if side is not None])
    train, validation, test = (tuple(split.rows(side)) for side in ("train", "validation", "test"))
    part = Part("test", train, validation, test)
    return _Division(
        regime="locked",
        examples=examples,
        source=examples,
        parts=(part,),
        all_rows=part,
        groups=_groups(settings, component_of, np.array(test)),
        found=found,
        notes=split.notes,
        set_aside=tuple(split.set_aside),
    )


def _with_own_test(settings: ProjectSettings, rows: Sequence[Example], test: tuple[Example, ...]) -> _Division:
    own: OwnTest = adopt(rows, test)
    learn, examples = list(own.learn), [*own.learn, *test]
    if not learn:
        raise InputError("split.nothing_left", "Every training row stands in the test file too.", where="data.test")
    found = find_duplicates(learn)
    component_of = find_components(learn, found.edges())
    dealt = _to_deal(settings, learn)
    notes = require_splittable(dealt, make_units(dealt, component_of.tolist(), seed=settings.seed))
    train, validation = _inner(dealt, np.arange(len(learn)), component_of, settings.seed)
    scored = tuple(range(len(learn), len(examples)))
    test_component = find_components(list(test), find_duplicates(list(test)).edges())
    groups = _groups(settings, np.concatenate([component_of, test_component + len(learn)]), np.array(scored))
    part = Part("test", train, validation, scored)
    return _Division(
        regime="locked",
        examples=examples,
        source=learn,
        parts=(part,),
        all_rows=part,
        groups=groups,
        found=found,
        notes=[*notes, *own.notes],
        set_aside=own.set_aside,
        gates=(own.gate,),
        warnings=own.warnings,
        near_leaks=frozenset(position + len(learn) for position in own.near),
    )


def _to_deal(settings: ProjectSettings, examples: list[Example]) -> list[Example]:
    """The rows as they are dealt out: by label where a target is one; else without their targets, all alike."""
    return examples if _one_label(settings) else [example.with_target("") for example in examples]


def _one_label(settings: ProjectSettings) -> bool:
    """Whether a target is one label, which can be compared as a whole."""
    return settings.kind == "classify" and not several_labels(settings)


def _labels(settings: ProjectSettings, examples: Sequence[Example]) -> tuple[str, ...]:
    if several_labels(settings):
        return single_labels(examples)
    return tuple(sorted({example.target for example in examples})) if settings.kind == "classify" else ()


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


def _summary(settings: ProjectSettings, loaded: Loaded, division: _Division) -> DataSummary:
    set_aside = len(loaded.set_aside) + len(division.set_aside)
    # Between folds a row is now learned from and now scored: only the latter can be counted once.
    learned = division.parts[0] if division.regime == "locked" else Part("", (), (), ())
    return DataSummary(
        rows_in=loaded.rows_in,
        rows_used=loaded.rows_in - set_aside,
        rows_set_aside=set_aside,
        labels=list(_labels(settings, division.examples)),
        train=len(learned.train),
        validation=len(learned.validation),
        test=sum(len(part.scored) for part in division.parts),
        exact_duplicates=len(division.found.exact),
        near_duplicates=len(division.found.near),
        contradictions=len(contradictions(division.examples)) if _one_label(settings) else 0,
        notes=[*loaded.notes, *division.notes],
    )
