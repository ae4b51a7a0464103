"""Column names of a header row: trimmed, named where empty, made distinct where repeated. Called by containers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Header:
    """Distinct column names, the names that were repeated in the file, and what was done, in words."""

    names: tuple[str, ...]
    repeated: tuple[str, ...]
    notes: tuple[str, ...]


def tidy_header(cells: Sequence[str | None]) -> Header:
    """Make usable column names: ``column 3`` for an empty one, ``text (2)`` for the second ``text``."""
    given = [(cell or "").strip() for cell in cells]
    counts = Counter(name for name in given if name)
    repeated = tuple(name for name, count in counts.items() if count > 1)
    seen: Counter[str] = Counter()
    names: list[str] = []
    for position, name in enumerate(given, start=1):
        base = name or f"column {position}"
        seen[base] += 1
        candidate = base if seen[base] == 1 else f"{base} ({seen[base]})"
        while candidate in names:
            seen[base] += 1
            candidate = f"{base} ({seen[base]})"
        names.append(candidate)
    notes = [f"The column name '{name}' occurs {counts[name]} times." for name in repeated]
    unnamed = [f"column {i}" for i, name in enumerate(given, start=1) if not name]
    if unnamed:
        notes.append(f"{len(unnamed)} columns have no name; they are called {', '.join(unnamed[:5])}.")
    return Header(tuple(names), repeated, tuple(notes))
