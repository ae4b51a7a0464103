"""Errors as a table for people who name them elsewhere, and their names back. Only texts: files are opened elsewhere.

Reading is strict: an unknown error, a changed text or a mode that is none is an error with its row number, and then
nothing is taken.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from tunewright.data.own_tables import unguard, write_rows
from tunewright.decision.failure_modes import MODES, OTHER, mode_named
from tunewright.errors import InputError
from tunewright.workflow.diagnose.tags import NewTag, TagBook

COLUMNS = ("id", "row", "text", "target", "answer", "others", "guess", "named", "mode", "note")
NEEDED = ("id", "text", "mode")
SHOWN_PROBLEMS = 10


def to_csv(book: TagBook, *, guesses: bool) -> str:
    """The sample in its order; ``guesses`` fills the column of guesses.

    ``mode`` and ``note`` are empty: what is filled in there was said by whoever takes the file back. What others named
    an error stands in ``named``.
    """
    stream = io.StringIO(newline="")
    rows = []
    for place in book.sample:
        example, tag, guess = book.bench.examples[place], book.named.get(place), book.guesses.get(place)
        rows.append(
            (
                book.id_of(place),
                example.row_id,
                example.text,
                example.target,
                book.said[place] or "",
                " | ".join(f"{name}: {answer}" for name, answer in others_of(book, place)),
                guess.mode if guess and guesses else "",
                f"{tag.mode} ({tag.who}){f': {tag.note}' if tag.note else ''}" if tag else "",
                "",
                "",
            )
        )
    write_rows(stream, COLUMNS, rows)
    return stream.getvalue()


def others_of(book: TagBook, place: int) -> list[tuple[str, str]]:
    """What the other systems said to a case, by name; nothing for those that gave no usable answer."""
    bench = book.bench
    said = ((name, answers.rows[place].answer) for name, answers in bench.able.items() if name != bench.system)
    return [(name, answer) for name, answer in said if answer is not None]


def open_rows(text: str) -> int:
    """How many rows of a filled table have no mode."""
    header, *rows = [cells for cells in _reader(text) if any(cells)] or [[]]
    place = header.index("mode") if "mode" in header else len(header)
    return sum(not "".join(cells[place : place + 1]).strip() for cells in rows)


def from_csv(text: str, book: TagBook, *, shown: bool) -> list[NewTag]:
    """The tags of a filled table that are not known yet; rows without a mode are left open.

    Args:
        shown: whether the table had the guesses in it.

    Raises:
        InputError: ``diagnose.import`` with the problems and their row numbers (the header is row 1).
    """
    reader = _reader(text)
    header = next(reader, [])
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise InputError(
            "diagnose.import_columns",
            f"This is no exported list of errors: the column {missing[0]!r} is missing.",
            where=f"columns {', '.join(header)}",
            hint="Export it again with --export, and fill the columns mode and note.",
        )
    known = {book.id_of(place): place for place in book.order}
    tags, problems = dict[int, NewTag](), list[str]()
    for number, cells in enumerate(reader, start=2):
        padded = [*cells, *[""] * (len(header) - len(cells))]
        row = dict(zip(header, map(unguard, padded), strict=False))
        if not any(cells) or not row["mode"].strip():
            continue
        place = known.get(row["id"].strip())
        problem = _problem(row, place, book, tags)
        if problem:
            problems.append(f"row {number}: {problem}")
        elif place is not None:
            mode = mode_named(row["mode"])
            assert mode is not None
            tags[place] = NewTag(place, mode.id, row.get("note", "").strip(), shown=shown and bool(row.get("guess")))
    if problems:
        raise InputError(
            "diagnose.import",
            f"{len(problems)} rows cannot be taken, so none was.",
            where="; ".join(problems[:SHOWN_PROBLEMS]),
            hint=f"Modes: {', '.join(mode.id for mode in MODES)}.",
        )
    return [tag for place, tag in tags.items() if not _same(book, place, tag)]


def _reader(text: str) -> Iterator[list[str]]:
    text = text.removeprefix("\ufeff")
    # Spreadsheets of some countries save a table with other delimiters than they were given.
    first = text.partition("\n")[0]
    return csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))


def _problem(row: dict[str, str], place: int | None, book: TagBook, taken: dict[int, NewTag]) -> str:
    if place is None:
        return "no such error of this system: its answer, or the row, is another one by now"
    if row["text"].split() != book.bench.examples[place].text.split():
        return "its text was changed"
    mode = mode_named(row["mode"])
    if mode is None:
        return f"{row['mode']!r} is no mode"
    if mode.id == OTHER and not row.get("note", "").strip():
        return "other needs a note that says what"
    if place in taken:
        return "this error stands there twice"
    return ""


def _same(book: TagBook, place: int, tag: NewTag) -> bool:
    known = book.named.get(place)
    return known is not None and (known.who, known.mode, known.note) == (book.who, tag.mode, tag.note)
