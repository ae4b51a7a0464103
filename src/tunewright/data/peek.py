"""A first look at a file, for the questions asked of a person before anything is read in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunewright.data.cells import cell_text
from tunewright.data.containers import open_table
from tunewright.data.guess import Guess, Guesses, guess_columns
from tunewright.data.shapes import sample_rows, special_format

SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True)
class Peek:
    """Names, first rows and guesses. ``shape`` is ``table`` unless the rows say by themselves what they are.

    ``notes`` tell which sheet was read and where the header stands, when that is in doubt.
    """

    column_names: tuple[str, ...]
    first_rows: tuple[Mapping[str, str], ...]
    rows_about: int
    guesses: Guesses
    container: str
    shape: str
    notes: tuple[str, ...] = ()


def peek(path: Path) -> Peek:
    """Look at the first rows of a file.

    Raises:
        InputError: the file cannot be read.
    """
    table = open_table(path)
    sample = sample_rows(table)
    special = special_format(sample)
    first = tuple({name: cell_text(cells.get(name)) for name in table.columns} for cells in sample[:SHOWN_ROWS])
    guesses = guess_columns(table.columns, sample)
    if special is not None:
        guesses = _of_shape(guesses, special.NAME, table.columns)
    rows_about = len(sample) if len(sample) < SHOWN_ROWS else max(table.rows_about, len(sample))
    shape = special.NAME if special else "table"
    return Peek(table.columns, first, rows_about, guesses, table.container, shape, table.notes)


def _of_shape(guesses: Guesses, shape: str, names: Sequence[str]) -> Guesses:
    """Rows of a shape of their own name their input and target themselves."""
    if shape == "chat":
        text = Guess("messages", "the rows are conversations; the last answer is the target", by_name=True)
        return Guesses(text, None, guesses.id, guesses.group, guesses.time)
    if shape != "prompt/completion":
        text = Guess(
            next(iter(names), ""),
            f"the rows have the shape '{shape}', which says what input and target are",
            by_name=True,
        )
        return Guesses(text, None, guesses.id, guesses.group, guesses.time)
    text = Guess("prompt", "the rows have prompt and completion", by_name=True)
    target = Guess("completion", "the rows have prompt and completion", by_name=True)
    return Guesses(text, target, guesses.id, guesses.group, guesses.time)
