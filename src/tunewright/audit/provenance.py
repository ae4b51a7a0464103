"""Where rows come from: file, month, author and other columns that a person's table has beside input and target.

Called by the checks that ask whether one origin carries more than its share (``source_concentration``, ``shortcuts``,
``slices``). A column is used where a few values cover the rows; one that names every row says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from tunewright.audit.view import IntArray, View
from tunewright.data.times import parse_times

MIN_VALUES, MAX_VALUES = 2, 2_000
# A value for every other row is an id, not an origin.
MAX_VALUES_PER_ROW = 0.34
MIN_FILLED = 0.5
MISSING = ""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One origin of the rows: ``codes`` int64 ``[rows]`` are places in ``values``; an empty value means not given."""

    name: str
    values: tuple[str, ...]
    codes: IntArray


def provenance(view: View) -> tuple[Column, ...]:
    """Every column of origin of a view, worked out once: file, group, month, tags."""
    return view.once("provenance", lambda: _columns(view))


def _columns(view: View) -> tuple[Column, ...]:
    examples = view.examples
    texts: dict[str, list[str]] = {
        "file": [example.source.file for example in examples],
        "group": [example.group or MISSING for example in examples],
        "month": _months([example.time or MISSING for example in examples]),
    }
    tags: dict[str, list[str]] = {}
    for row, example in enumerate(examples):
        for name, value in example.tags:
            tags.setdefault(name, [MISSING] * len(examples))[row] = value
    # A column of the person's may be called "file" too; it says more than ours.
    texts.update(sorted(tags.items()))
    found = [coded(name, values) for name, values in texts.items()]
    return tuple(column for column in found if column is not None)


def coded(name: str, texts: Sequence[str]) -> Column | None:
    """A column of texts as numbers; None where its values are too few, too many or mostly missing."""
    values = sorted(set(texts))
    filled = sum(text != MISSING for text in texts)
    distinct = len(values) - (MISSING in values)
    most = min(MAX_VALUES, MAX_VALUES_PER_ROW * max(filled, 1))
    if not MIN_VALUES <= distinct <= most or filled < MIN_FILLED * len(texts):
        return None
    place = {value: number for number, value in enumerate(values)}
    return Column(name, tuple(values), np.array([place[text] for text in texts], dtype=np.int64))


def _months(texts: list[str]) -> list[str]:
    if not any(texts):
        return texts
    return [MISSING if t is None else datetime.fromtimestamp(t, UTC).strftime("%Y-%m") for t in parse_times(texts)]
