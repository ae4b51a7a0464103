"""Defects of the set as a whole: a class without examples, an order, marks and origins that give the label away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tunewright.audit.planting._defect import Defect, Planted, changing, draw, renamed, with_rows
from tunewright.audit.planting._texts import with_input
from tunewright.audit.view import View

LEFT = 3
# A class that is starved, or gets a mark, has at least so many rows before.
FEWEST_ROWS = 12
SHARE_WITH_MARK = 0.8
STAMP = "[desk 4]"
ORIGIN = "source"


def _labels(view: View) -> str | None:
    if view.kind != "classify":
        return "the targets are no labels"
    return None if len(view.labels[0]) > 1 else "there is one label only"


def _large(view: View) -> list[int]:
    names, labels = view.labels
    counts = np.bincount(labels, minlength=len(names))
    return [label for label in range(len(names)) if counts[label] >= FEWEST_ROWS]


def _needs_large(view: View) -> str | None:
    return _labels(view) or (None if _large(view) else f"no label has {FEWEST_ROWS} rows")


def _starved(view: View, rng: np.random.Generator, _n: int) -> Planted:
    """All but three rows of the largest class are gone: it was least likely to be small before."""
    labels = view.labels[1]
    mine = np.flatnonzero(labels == np.bincount(labels).argmax()).tolist()
    kept = set(draw(rng, mine, LEFT))
    gone = set(mine) - kept
    rows = {place: renamed(view.examples[place], "starved") for place in kept}
    left = with_rows(view.examples, rows)
    return Planted(
        tuple(row for place, row in enumerate(left) if place not in gone),
        tuple(rows[place].row_id for place in sorted(rows)),
    )


def _rows_of_one(view: View, rng: np.random.Generator) -> list[int]:
    large = _large(view)
    label = large[int(rng.integers(len(large)))]
    return np.flatnonzero(view.labels[1] == label).tolist()


def _sorted(view: View, _rng: np.random.Generator, _n: int) -> Planted:
    return Planted(tuple(sorted(view.examples, key=lambda example: example.target)), ())


def _stamped(view: View, rng: np.random.Generator, _n: int) -> Planted:
    mine = _rows_of_one(view, rng)
    stamp = with_input(lambda text: f"{STAMP} {text}")
    return changing(view, "stamp", dict.fromkeys(draw(rng, mine, round(SHARE_WITH_MARK * len(mine))), stamp))


def _by_origin(view: View, rng: np.random.Generator, _n: int) -> Planted:
    """A column that tells where a row comes from, and with it nearly always the label."""
    names, labels = view.labels
    stray = rng.random(len(view)) > 0.9
    other = rng.integers(0, len(names), len(view))
    rows = []
    for place, example in enumerate(view.examples):
        origin = int(other[place] if stray[place] else labels[place])
        rows.append(replace(example, tags=(*example.tags, (ORIGIN, f"desk {origin % 150}"))))
    return Planted(tuple(rows), ())


def _needs_no_origin(view: View) -> str | None:
    there = any(example.tag(ORIGIN) is not None for example in view.examples)
    return _labels(view) or (f"there is a column '{ORIGIN}' already" if there else None)


_SHORT = ("shortcuts.too_few",)
DEFECTS = (
    Defect(
        "starved_class",
        f"A class with {LEFT} rows left",
        ("class_balance.few_rows", "label_need.thin_classes"),
        _needs_large,
        _starved,
        of_the_set=True,
        times=5,
    ),
    Defect("sorted_rows", "Rows sorted by class", ("order_of_rows.sorted",), _labels, _sorted, of_the_set=True),
    Defect(
        "shortcut_mark",
        "A mark in one class's inputs",
        ("shortcuts.", "poison_triggers."),
        _needs_large,
        _stamped,
        _SHORT,
        of_the_set=True,
        times=5,
    ),
    Defect(
        "shortcut_origin",
        "A column that tells the label",
        ("shortcuts.", "source_concentration."),
        _needs_no_origin,
        _by_origin,
        _SHORT,
        of_the_set=True,
        times=5,
    ),
)
