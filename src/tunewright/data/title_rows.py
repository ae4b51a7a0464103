"""Titles above the header: which of the first rows of a table holds the names of its columns.

A title fills one or two cells where the table fills many. Called by the containers that have a header row; what is
in doubt stays as it is, with the first row as the header.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

MAX_TITLE_ROWS = 8
MAX_TITLE_CELLS = 2
# Rows looked at below a possible header.
LOOKED_AT = 50
MIN_SHARE_OF_WIDTH = 0.8
MAX_NAME_CHARS = 100

Row = Sequence[str | None]


def header_index(rows: Sequence[Row], wanted: Sequence[str] = ()) -> int:
    """The place of the header among ``rows``, the first rows of a table without its empty ones.

    ``wanted`` are column names that the person gave: the first row with all of them is the header.
    """
    for place, row in enumerate(rows[: MAX_TITLE_ROWS + 1]):
        if wanted and set(wanted) <= {name.strip() for name in row if name}:
            return place
        if filled(row) > MAX_TITLE_CELLS:
            return place if place and _is_header(rows, place) else 0
    return 0


def filled(row: Row) -> int:
    """Number of cells with more than white space."""
    return sum(bool(cell and cell.strip()) for cell in row)


def title_note(lines: Sequence[int], header_line: int) -> tuple[str, ...]:
    """What to tell about titles at ``lines`` above the header."""
    if not lines:
        return ()
    what = f"Line {lines[0]} is a title" if len(lines) == 1 else f"Lines {lines[0]} to {lines[-1]} are titles"
    return (f"{what}: the names of the columns were read from line {header_line}.",)


def _is_header(rows: Sequence[Row], place: int) -> bool:
    """Whether a row holds distinct names, is about as full as the rows below it, and much fuller than those above."""
    names = [name.strip() for name in rows[place] if name and name.strip()]
    below = rows[place + 1 : place + 1 + LOOKED_AT]
    if not below or len(set(names)) < len(names):
        return False
    if any(len(name) > MAX_NAME_CHARS or not any(map(str.isalpha, name)) for name in names):
        return False
    if any(2 * filled(row) > len(names) for row in rows[:place]):
        return False
    as_wide = sum(len(row) == len(rows[place]) for row in below)
    if as_wide < MIN_SHARE_OF_WIDTH * len(below):
        return False
    typical = median(map(filled, below))
    return typical > MAX_TITLE_CELLS and len(names) >= MIN_SHARE_OF_WIDTH * typical
