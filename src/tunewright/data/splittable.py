"""What a set of rows must have before it can be split: rows, classes, and no component that swallows it.

Called by the locked split and before folds. Refusals are ``InputError`` with remedies; the rest are notes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tunewright.data.units import Unit
from tunewright.errors import InputError
from tunewright.records.example import Example

# With fewer rows no gain that anyone would pay for can be shown: on 40 cases, even fixing 6 and breaking none
# (15 points) is just enough for the exact test.
MIN_ROWS = 40
# A class needs a row in the test, one in validation and some to learn from; five folds need five.
MIN_ROWS_PER_CLASS = 5
# A component is never cut. Above this share the other side is what remains of the data, not a sample of it.
MAX_COMPONENT_SHARE = 0.40
SHOWN_CLASSES = 12


def require_splittable(examples: Sequence[Example], units: Sequence[Unit]) -> list[str]:
    """Notes about what is thin but enough. Rows whose targets are all empty have no classes to be judged by.

    Raises:
        InputError: too few rows, fewer than two classes with enough rows, or one component that holds too much.
    """
    counts = Counter(e.target for e in examples)
    rare = sorted((label for label in counts if counts[label] < MIN_ROWS_PER_CLASS), key=lambda x: (counts[x], x))
    if len(examples) < MIN_ROWS:
        raise InputError(
            "split.too_few_rows",
            f"{len(examples)} rows in all are too few to compare systems; at least {MIN_ROWS} are needed.",
            where=f"classes: {_listing(counts, sorted(counts))}" if any(counts) else None,
            why=f"On fewer than {MIN_ROWS} cases no difference that matters could be told from chance.",
            hint=f"Label more cases. 200 and more make useful answers possible.{_class_remedy(rare)}",
        )
    if set(counts) == {""}:
        _require_no_giant(examples, units)
        return []
    if len(counts) < 2:
        raise InputError(
            "split.one_class",
            f"Every target is '{next(iter(counts))}'; there is nothing to tell apart.",
            why="A system that always gives this answer is right every time.",
            hint="Check that the right column is the target, or add cases of other classes.",
        )
    if len(counts) - len(rare) < 2:
        raise InputError(
            "split.rare_classes",
            f"Fewer than two classes have {MIN_ROWS_PER_CLASS} rows or more.",
            where=f"rare classes: {_listing(counts, rare)}",
            why="A class needs rows to learn from and rows to be judged by.",
            hint=f"Check that the right column is the target.{_class_remedy(rare)}",
        )
    _require_no_giant(examples, units)
    if not rare:
        return []
    return [
        f"{len(rare)} of {len(counts)} classes have fewer than {MIN_ROWS_PER_CLASS} rows: {_listing(counts, rare)}. "
        "Nothing can be said about them one by one; merge them, or label more of them."
    ]


def largest_share(units: Sequence[Unit]) -> float:
    """The share of all rows that the largest component holds."""
    total = sum(unit.size for unit in units)
    return max((unit.size for unit in units), default=0) / max(1, total)


def _require_no_giant(examples: Sequence[Example], units: Sequence[Unit]) -> None:
    giant = max(units, key=lambda unit: (unit.size, unit.key))
    share = giant.size / len(examples)
    if share <= MAX_COMPONENT_SHARE:
        return
    groups = Counter(group for i in giant.rows if (group := examples[i].group))
    if groups:
        name, _ = min(groups.items(), key=lambda item: (-item[1], item[0]))
        alone = len(groups) == 1
        what = (
            f"the group '{name}' holds" if alone else f"'{name}' and {len(groups) - 1} other groups are tied and hold"
        )
        raise InputError(
            "split.giant_component",
            f"The rows cannot be split by group: {what} {share:.0%} of them.",
            where=f"{giant.size} of {len(examples)} rows, such as {examples[giant.rows[0]].source}",
            why="A group is never cut, or a system would be tested on people it has seen.",
            hint="Name a finer group column, or leave the group out if the same people will keep asking."
            if alone
            else "Groups are tied by equal or nearly equal inputs: remove copied rows, or name a coarser column.",
        )
    raise InputError(
        "split.giant_component",
        f"The rows cannot be split: {share:.0%} of them are near copies of one another.",
        where=f"{giant.size} of {len(examples)} rows, such as {examples[giant.rows[0]].source}",
        why="Copies on both sides would be tested on what was learned by heart.",
        hint="Keep one row of each family of copies, or name the input column that tells the rows apart.",
    )


def _class_remedy(rare: Sequence[str]) -> str:
    if not rare:
        return ""
    return (
        f" Classes with fewer than {MIN_ROWS_PER_CLASS} rows need more rows, a merge with a near class, or an 'other'."
    )


def _listing(counts: Counter[str], labels: Sequence[str]) -> str:
    shown = ", ".join(f"{label} {counts[label]}" for label in labels[:SHOWN_CLASSES])
    rest = len(labels) - SHOWN_CLASSES
    return f"{shown} and {rest} more" if rest > 0 else shown
