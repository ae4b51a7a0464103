"""Notes of the fits of one system, one for each part of a study, as a person reads them.

What all fits say stands once. Notes that differ in figures alone are one note with the range of each figure; all that
is not said of every part says of which it is. Pure; called by ``outcome``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_FIGURE = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?![\w.]*\w)")


def merged_notes(fits: Sequence[Sequence[str]]) -> list[str]:
    """The notes of ``k`` fits, in the order in which each is first said."""
    count = len(fits)
    by_shape: dict[str, list[tuple[int, str]]] = {}
    for part, notes in enumerate(fits, 1):
        for note in dict.fromkeys(notes):
            by_shape.setdefault(_FIGURE.sub("#", note), []).append((part, note))
    said: list[str] = []
    for found in by_shape.values():
        parts = [part for part, _ in found]
        notes = list(dict.fromkeys(note for _, note in found))
        if len(set(parts)) < len(parts):
            # One fit says it of several things: which figure belongs to which nobody could tell any more.
            said += [_of_parts([part for part, other in found if other == note], count, note) for note in notes]
        elif len(notes) == 1:
            said.append(_of_parts(parts, count, notes[0]))
        else:
            merged = _with_ranges(notes)
            said.append(f"over the {count} parts: {merged}" if len(parts) == count else _of_parts(parts, count, merged))
    return said


def _of_parts(parts: Sequence[int], count: int, note: str) -> str:
    """The note, and of which parts it is where it is not of all."""
    if len(parts) == count:
        return note
    *before, last = map(str, parts)
    which = f"parts {', '.join(before)} and {last}" if before else f"part {last}"
    return f"{which} of {count}: {note}"


def _with_ranges(notes: Sequence[str]) -> str:
    """Notes of one shape as one, with the least and the most of each figure that differs."""
    columns = iter([_range(figures) for figures in zip(*map(_FIGURE.findall, notes), strict=True)])
    return _FIGURE.sub(lambda _match: next(columns), notes[0])


def _range(figures: Sequence[str]) -> str:
    ordered = sorted(set(figures), key=lambda figure: float(figure.replace(",", "")))
    return ordered[0] if len(ordered) == 1 else f"{ordered[0]} to {ordered[-1]}"
