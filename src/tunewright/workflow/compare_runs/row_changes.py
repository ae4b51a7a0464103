"""What happened to the rows from one run to the next: added, removed, relabelled, changed, moved to another part.

Rows of equal content are the same row. Of the others, the person's own row name pairs a row with what it became, where
both runs have one; then an equal input does. What is left was added or removed. By keys alone: texts may be gone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tunewright.store import RegisteredRow
from tunewright.workflow.compare_runs.past_run import PastRun


@dataclass(frozen=True, slots=True)
class RowPair:
    """A row in both runs."""

    before: RegisteredRow
    after: RegisteredRow


@dataclass(frozen=True, slots=True)
class RowChanges:
    """``relabelled`` rows have another target alone, ``changed`` ones another input; ``same`` counts rows.

    ``moved`` are same or relabelled rows that stand in another part now, other than from fold to fold; ``refolded``
    counts those. ``by_id`` says that own names paired rows.
    """

    added: tuple[RegisteredRow, ...]
    removed: tuple[RegisteredRow, ...]
    relabelled: tuple[RowPair, ...]
    changed: tuple[RowPair, ...]
    same: int
    moved: tuple[RowPair, ...]
    refolded: int
    by_id: bool


def row_changes(before: PastRun, after: PastRun) -> RowChanges:
    """The difference between the rows of two runs."""
    return changes_between(before.rows, after.rows, by_id=before.has_own_ids and after.has_own_ids)


def changes_between(old: Sequence[RegisteredRow], new: Sequence[RegisteredRow], *, by_id: bool) -> RowChanges:
    """The difference of two lists of rows; ``by_id``: their names are the person's own.

    Rows of equal content are paired by name first: of two copies with two names it matters which one stayed.
    """
    same: list[RowPair] = []
    other: list[RowPair] = []
    left, right = list(old), list(new)
    if by_id:
        left, right = _paired(left, right, lambda row: f"{row.row_id}\0{row.row_key}", same)
    left, right = _paired(left, right, lambda row: row.row_key, same)
    if by_id:
        left, right = _paired(left, right, _unique_names(left, right), other)
    left, right = _paired(left, right, lambda row: row.input_key, other)
    relabelled = [pair for pair in other if pair.before.input_key == pair.after.input_key]
    changed = [pair for pair in other if pair.before.input_key != pair.after.input_key]
    moved = [pair for pair in [*same, *relabelled] if pair.before.part != pair.after.part]
    refolded = [p for p in moved if p.before.part.startswith("fold-") and p.after.part.startswith("fold-")]
    return RowChanges(
        added=tuple(right),
        removed=tuple(left),
        relabelled=tuple(relabelled),
        changed=tuple(changed),
        same=len(same),
        moved=tuple(pair for pair in moved if pair not in refolded),
        refolded=len(refolded),
        by_id=by_id,
    )


def _unique_names(left: Sequence[RegisteredRow], right: Sequence[RegisteredRow]) -> Callable[[RegisteredRow], str]:
    """A name that several rows bear pairs none of them: it would be guessed which became which."""
    counts = Counter(row.row_id for row in left)
    there = Counter(row.row_id for row in right)
    several = {name for name, count in (*counts.items(), *there.items()) if count > 1}
    return lambda row: f"\0{id(row)}" if row.row_id in several else row.row_id


def _paired(
    left: Sequence[RegisteredRow],
    right: Sequence[RegisteredRow],
    key: Callable[[RegisteredRow], str],
    pairs: list[RowPair],
) -> tuple[list[RegisteredRow], list[RegisteredRow]]:
    """Pair rows of equal keys, in order; returns what is left of both."""
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for place in reversed(range(len(right))):
        waiting[key(right[place])].append(place)
    taken: set[int] = set()
    rest = []
    for row in left:
        places = waiting.get(key(row))
        if places:
            place = places.pop()
            taken.add(place)
            pairs.append(RowPair(row, right[place]))
        else:
            rest.append(row)
    return rest, [row for place, row in enumerate(right) if place not in taken]
