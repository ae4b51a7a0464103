"""What is taken out and put back: a category, or for jobs with documents the pages of one place.

Only rows that a system may learn from count; the rows of a locked test are no part of this.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.systems._several import names_in
from tunewright.workflow.several import several_labels
from tunewright.workflow.study import Study

LEAST_ROWS = 10
CATEGORY = "category"
# Between two pages that one case needs.
AND = "|"


@dataclass(frozen=True, slots=True)
class Held:
    """A name, the column that tells which rows belong to it (``category`` for the target), and their positions."""

    name: str
    by: str
    rows: frozenset[int]


def choose(study: Study, pool: Sequence[int], names: Sequence[str], count: int, by: str) -> list[Held]:
    """The named ones, else ``count`` of them spread evenly over the sizes: for one, the middle size.

    Args:
        by: the column that says what a row belongs to; ``category`` takes the target of a classification.

    Raises:
        InputError: there is no such name or column, or too few rows.
    """
    found = _members(study, pool, by)
    if names:
        return [_named(name, by, found) for name in dict.fromkeys(names)]
    able = sorted((n for n in found if len(found[n]) >= LEAST_ROWS), key=lambda name: (len(found[name]), name))
    if not able:
        sizes = ", ".join(f"{name}: {len(rows)}" for name, rows in sorted(found.items())[:8])
        raise InputError(
            "change.too_few",
            f"Nothing here has {LEAST_ROWS} rows.",
            where=f"{by}: {sizes or 'no value at all'}",
            why="What is held out is measured on its own rows; fewer show nothing.",
            hint="Label more rows, or name another column: --by COLUMN.",
        )
    count = min(count, len(able))
    places = [int((number + 0.5) * len(able) / count) for number in range(count)]
    return [Held(able[place], by, frozenset(found[able[place]])) for place in places]


def column_of(study: Study, documents: Path | None) -> str:
    """What a job can be parted by: its categories, else the column whose values are files among the documents.

    Raises:
        InputError: neither is there.
    """
    if study.settings.kind == "classify":
        return CATEGORY
    if documents is not None:
        for column in dict(study.examples[0].tags):
            values = {part for e in study.examples for part in _parts(e.tag(column) or "")}
            if values and sum((documents / value).is_file() for value in values) > len(values) / 2:
                return column
    raise InputError(
        "change.no_categories",
        "This job has no categories, and no column names pages of its documents.",
        where=f"kind: {study.settings.kind}",
        hint="Say which column tells what a case is about: --by COLUMN.",
    )


def _members(study: Study, pool: Sequence[int], by: str) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    several = several_labels(study.settings)
    if by != CATEGORY and by not in dict(study.examples[pool[0]].tags):
        columns = ", ".join(dict(study.examples[pool[0]].tags)) or "none besides input and target"
        raise InputError("change.no_column", f"There is no column {by!r}.", where="--by", hint=f"Columns: {columns}")
    for row in pool:
        for name in _names(study.examples[row], by, several):
            found[name].append(row)
    return dict(found)


def _names(example: Example, by: str, several: bool) -> set[str]:
    """All names that a row belongs to: of a page also the folders that it stands in."""
    if by == CATEGORY:
        return set(names_in(example.target)) if several else {example.target}
    names = set()
    for value in _parts(example.tag(by) or ""):
        places = value.split("/")
        names |= {"/".join(places[:depth]) for depth in range(1, len(places) + 1)}
    return names


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(AND) if part.strip()]


def _named(name: str, by: str, found: Mapping[str, Sequence[int]]) -> Held:
    if name not in found:
        near = difflib.get_close_matches(name, found, n=1, cutoff=0.5)
        known = ", ".join(sorted(found)[:12])
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {known}"
        raise InputError("change.unknown", f"There is no {by} named {name!r}.", where="--category", hint=hint)
    if len(found[name]) < LEAST_ROWS:
        raise InputError(
            "change.too_few",
            f"{name!r} has {len(found[name])} rows, and {LEAST_ROWS} are needed.",
            where="--category",
            why="What is held out is measured on its own rows; fewer show nothing.",
        )
    return Held(name, by, frozenset(found[name]))
