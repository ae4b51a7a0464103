"""Rows that could not be used: how many may go before a person must say so, and the file they are written to."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tunewright.data.own_tables import SET_ASIDE, unguard, write_rows
from tunewright.data.rows import SetAside
from tunewright.errors import InputError

HALF_WRITTEN = ".new"
DEFAULT_ALLOWED_SHARE = 0.01
SHOWN_REASONS = 3
SHOWN_EXAMPLES = 5


class TooManySetAside(InputError):
    """More rows than allowed cannot be used; ``needed_share`` (0 to 1) would allow them."""

    needed_share: float = 1.0


def write_set_aside(path: Path, rows: Sequence[SetAside]) -> None:
    """Write rows with place and reason as csv (UTF-8, which Excel opens); bytes that are not text are escaped."""
    lines = [(r.source.file, r.source.sheet or "", r.source.line, r.code, r.reason, r.raw) for r in rows]
    with path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as stream:
        write_rows(stream, SET_ASIDE, lines)


def read_set_aside(path: Path) -> list[list[str]]:
    """The rows of a file of rows set aside, as they were handed to ``write_set_aside``, without the header."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return [[unguard(cell) for cell in row] for row in csv.reader(stream)][1:]


def keep_set_aside(path: Path, keep: Callable[[Sequence[str]], bool]) -> None:
    """Rewrite a file of rows set aside, in one step, with those rows alone that ``keep`` says yes to."""
    rows = [row for row in read_set_aside(path) if keep(row)]
    shorter = path.with_suffix(HALF_WRITTEN)
    with shorter.open("w", encoding="utf-8-sig", newline="") as stream:
        write_rows(stream, SET_ASIDE, rows)
    shorter.replace(path)


def require_allowed_share(set_aside: Sequence[SetAside], rows_in: int, allow: float) -> None:
    """Refuse to go on when more than the allowed share of rows cannot be used.

    Raises:
        InputError: the share is passed; it names the commonest reasons with the places of some rows.
    """
    if not set_aside or len(set_aside) <= allow * rows_in:
        return
    counts = Counter(row.code for row in set_aside)
    lines = [_reason_line([r for r in set_aside if r.code == code]) for code, _ in counts.most_common(SHOWN_REASONS)]
    rest = len(counts) - SHOWN_REASONS
    if rest > 0:
        lines.append(f"and {rest} other reasons")
    share = len(set_aside) / rows_in
    needed = min(1.0, float(f"{share + 0.0005:.3f}"))
    error = TooManySetAside(
        "data.too_many_set_aside",
        f"{len(set_aside)} of {rows_in} rows ({share:.1%}) cannot be used; at most {allow:.1%} may be left out.",
        where="; ".join(lines),
        why="What is left out is rarely left out by chance, and a verdict on the rest would not be about your cases.",
        hint=f"Mend the rows, or go on without them: --allow-set-aside {needed:g}",
    )
    error.needed_share = needed
    raise error


def _reason_line(rows: list[SetAside]) -> str:
    places = ", ".join(str(row.source) for row in rows[:SHOWN_EXAMPLES])
    more = ", ..." if len(rows) > SHOWN_EXAMPLES else ""
    return f"{len(rows)} x {rows[0].reason} ({places}{more})"
