"""Folds keep copies and groups together, spread small classes, and stay when rows change."""

from dataclasses import replace

import numpy as np
from label_rows import CLASSES, clean, examples_of

from tunewright.audit.folds import FOLDS, fold_of_rows
from tunewright.audit.view import View


def _folds(view: View) -> np.ndarray:
    return fold_of_rows(view, np.arange(len(view)), view.labels[1])


def test_copies_and_groups_share_a_fold() -> None:
    texts, targets = clean(300)
    texts[250] = texts[3]
    rows = [replace(e, group=f"g{n}" if n < 10 else None) for n, e in enumerate(examples_of(texts, targets))]
    rows[20], rows[41] = replace(rows[20], group="p"), replace(rows[41], group="p")
    folds = _folds(View(tuple(rows), "classify"))
    assert folds[250] == folds[3]
    assert folds[20] == folds[41]
    assert sorted(np.unique(folds)) == list(range(FOLDS))


def test_twenty_changed_labels_move_no_other_row() -> None:
    texts, targets = clean(600)
    before = _folds(View(examples_of(texts, targets), "classify"))
    changed = [CLASSES[(CLASSES.index(t) + 1) % 4] if n < 20 else t for n, t in enumerate(targets)]
    after = _folds(View(examples_of(texts, changed), "classify"))
    assert (before == after).all()


def test_new_texts_move_only_themselves() -> None:
    texts, targets = clean(600)
    before = _folds(View(examples_of(texts, targets), "classify"))
    after = _folds(View(examples_of([f"new {t}" if n < 20 else t for n, t in enumerate(texts)], targets), "classify"))
    assert (before[20:] == after[20:]).all()


def test_small_classes_are_dealt_out() -> None:
    texts, targets = clean(405, classes=5)
    targets = ["rare" if n % 81 == 0 else t for n, t in enumerate(targets)]
    view = View(examples_of(texts, targets), "classify")
    rare = [n for n, t in enumerate(targets) if t == "rare"]
    assert len(rare) == FOLDS
    assert sorted(_folds(view)[rare].tolist()) == list(range(FOLDS))


def test_one_group_over_everything_is_no_group() -> None:
    texts, targets = clean(200)
    rows = tuple(replace(e, group="all") for e in examples_of(texts, targets))
    assert len(np.unique(_folds(View(rows, "classify")))) == FOLDS
