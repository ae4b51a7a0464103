"""The csv tables that this program writes for people, and the guard that keeps a spreadsheet from running their cells.

Excel and its like run a cell of a csv file that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break as a
formula (CWE-1236). Such a cell gets an apostrophe in front, which shows it as text. Plain numbers stay numbers. When
one of these tables is read again, known by its columns, the apostrophe is taken off. Called by whoever writes such a
table, and by the reader of csv files.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from typing import TextIO

ANSWERS = ("line", "id", "text", "answer", "confidence", "status", "detail")
SCORES = ("system", "part", "row_id", "target", "answer", "score", "status", "confidence", "repetition", "detail")
# Further columns of the two, which tables of older versions do not have.
LED_TO = "trace"
SPENT = ("calls", "input_tokens", "cached_tokens", "output_tokens", "usd")
SET_ASIDE = ("file", "sheet", "line", "code", "reason", "row")

GUARD = "'"
# The wide forms are taken for the plain ones by some East Asian versions of Excel.
_RUN_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def guard(cell: str) -> str:
    """The cell as it may stand in a csv file for people; ``unguard`` gives back exactly what went in."""
    return GUARD + cell if _needs_guard(cell) else cell


def unguard(cell: str) -> str:
    """The cell that ``guard`` was given."""
    return cell[1:] if cell.startswith(GUARD) and _needs_guard(cell) else cell


def is_own(columns: Sequence[str]) -> bool:
    """Whether a table with these columns was written here; a person may have added columns of their own."""
    return any(set(own) <= set(columns) for own in (ANSWERS, SCORES, SET_ASIDE))


def write_rows(stream: TextIO, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a header and guarded rows as csv; None is an empty cell."""
    writer = csv.writer(stream)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([guard(cell) if isinstance(cell, str) else cell for cell in row])


def _needs_guard(cell: str) -> bool:
    # Apostrophes that stand there already count as well: else one of a person's own would be taken off in reading.
    bare = cell.lstrip(GUARD)
    return bare.startswith(_RUN_AS_FORMULA) and not _NUMBER.fullmatch(bare)
