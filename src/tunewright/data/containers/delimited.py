"""Text tables: comma, semicolon, tab or bar between the cells, quotes around them where needed.

The standard csv module reads them in its strict mode, because it knows line numbers and does not guess. A row that it
cannot read is handed on as broken, and reading goes on at the next line: one stray quote must not swallow a file.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tunewright.data.encoding import TextFile
from tunewright.data.header import Header, tidy_header
from tunewright.data.own_tables import is_own, unguard
from tunewright.data.rows import BrokenRow, OpenTable, RawRow
from tunewright.data.title_rows import LOOKED_AT, MAX_TITLE_ROWS, MIN_SHARE_OF_WIDTH, header_index, title_note
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.data.containers import Probe

ORDER = 90
DELIMITERS = (",", ";", "\t", "|")
SAMPLE_CHARS = 1 << 16
SAMPLE_RECORDS = 50
# A quote that is still open after so many characters is taken never to close.
MAX_QUOTED_CHARS = 4_000_000
# Lines read again after broken quotes, in characters over the whole file, before giving up on the file.
MAX_REREAD_CHARS = 400_000_000
# One line of a cell often has as many commas as a row by chance; two such lines and no other kind seldom do.
MIN_SWALLOWED_LINES = 2
# The line by which Excel is told the delimiter.
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n")


def recognise(probe: Probe) -> bool:
    """Every text file is at least a table of one column, so this container is asked last."""
    return bool(probe.text.encoding)


def open_container(probe: Probe, wanted: Sequence[str]) -> OpenTable:
    text = probe.text
    sample = _sample(text)
    declared = _SEPARATOR_LINE.match(sample)
    delimiter = declared.group(1) if declared else _sniff(sample, wanted)
    header_line, header, titles = _header(text, delimiter, wanted, after_line=1 if declared else 0)

    def rows(notes: list[str]) -> Iterator[RawRow | BrokenRow]:
        return _rows(text, delimiter, header.names, header_line, notes)

    return OpenTable(
        container="csv",
        encoding=text.encoding,
        delimiter=delimiter,
        sheet=None,
        columns=header.names,
        uniform=True,
        rows_about=_rows_about(text, sample),
        rows=rows,
        notes=(*text.notes, *titles, *header.notes),
        repeated_names=header.repeated,
    )


class _Record(NamedTuple):
    """Cells with the line they begin at and the number of lines they take."""

    line: int
    fields: list[str]
    lines: int


@dataclass
class _Lines:
    """The lines of a file, which remembers those of the current record and can take them back."""

    source: Iterator[str]
    pending: deque[str] = field(default_factory=deque)
    taken: list[str] = field(default_factory=list)
    reread_chars: int = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.pending.popleft() if self.pending else next(self.source)
        self.taken.append(line)
        return line

    def give_back_all_but_first(self) -> None:
        rest = self.taken[1:]
        self.reread_chars += sum(map(len, rest))
        self.pending.extendleft(reversed(rest))


def _records(source: Iterator[str], delimiter: str) -> Iterator[_Record | BrokenRow]:
    """Records with the line each begins at; a record with bad quotes is given up after its first line."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_QUOTED_CHARS))
    lines = _Lines(source)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number, after_broken = 1, False
    while True:
        lines.taken.clear()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BrokenRow(number, *_quote_trouble(number, str(error), len(lines.taken)), lines.taken[0])
            lines.give_back_all_but_first()
            if lines.reread_chars > MAX_REREAD_CHARS:
                raise _too_many_quotes(number) from error
            number, after_broken = number + 1, True
            continue
        taken = len(lines.taken)
        if after_broken and taken == 1 and lines.taken[0].count('"') % 2:
            reason = f"the rest of the row before it, whose quotes do not close (line {number})"
            yield BrokenRow(number, "data.open_quote", reason, lines.taken[0])
        else:
            after_broken = False
            yield _Record(number, fields, taken)
        number += taken


def _quote_trouble(number: int, error: str, lines: int) -> tuple[str, str]:
    if "field limit" in error and lines == 1:
        return "data.huge_cell", f"a cell of more than {MAX_QUOTED_CHARS:,} characters"
    if "unexpected end" in error or "field limit" in error or lines > 1:
        return "data.open_quote", f"the quote opened at line {number} never closes properly"
    return "data.bad_quote", 'text after a closing quote; a quote inside a cell is written twice ("")'


def _rows(
    text: TextFile, delimiter: str, names: tuple[str, ...], header_line: int, notes: list[str]
) -> Iterator[RawRow | BrokenRow]:
    width = len(names)
    empty, swallowing = 0, ""
    careful = text.damaged or text.has_nul
    own = is_own(names)
    with text.open() as stream:
        for record in _records(iter(stream), delimiter):
            if record.line <= header_line:
                continue
            if isinstance(record, BrokenRow):
                yield record
                continue
            fields = record.fields
            if not any(map(str.strip, fields)):
                empty += 1
            elif len(fields) != width:
                reason = f"{len(fields)} cells where the header has {width}"
                yield BrokenRow(record.line, "data.ragged_row", reason, join_cells(fields, delimiter))
            elif careful and (problem := _bad_characters(text, fields)):
                yield BrokenRow(record.line, *problem, join_cells(fields, delimiter))
            else:
                if record.lines > 2 and not swallowing and _looks_swallowed(fields, delimiter, width):
                    swallowing = f"line {record.line} ({record.lines} lines)"
                yield RawRow(record.line, dict(zip(names, map(unguard, fields) if own else fields, strict=True)))
    if empty:
        notes.append(f"{empty} empty rows were passed over.")
    if swallowing:
        notes.append(
            f"A quoted cell runs over several lines that look like rows of their own, first at {swallowing}. "
            "Check whether a quote is missing there."
        )


def _looks_swallowed(fields: list[str], delimiter: str, width: int) -> bool:
    """Whether all inner lines of a cell have as many delimiters as a row, as when a quote closes rows too late."""
    inner = [line for cell in fields for line in cell.splitlines()[1:-1]]
    return width > 1 and len(inner) >= MIN_SWALLOWED_LINES and all(line.count(delimiter) == width - 1 for line in inner)


def _bad_characters(text: TextFile, fields: list[str]) -> tuple[str, str] | None:
    joined = "".join(fields)
    if "\0" in joined:
        return "data.nul_byte", "a NUL character, which no text holds; the file was damaged or cut"
    if text.is_damaged(joined):
        return "data.bad_bytes", f"bytes that are not {text.encoding.upper()} text"
    return None


def join_cells(fields: Sequence[str], delimiter: str) -> str:
    """A record as it may have stood in the file, for showing it to a person."""
    return delimiter.join(f'"{c}"' if delimiter in c or "\n" in c else c for c in fields)


def _header(
    text: TextFile, delimiter: str, wanted: Sequence[str], after_line: int
) -> tuple[int, Header, tuple[str, ...]]:
    """(last line of the header, the column names, notes): the first record that is neither empty nor a title."""
    first: list[_Record] = []
    with text.open() as stream:
        for record in _records(iter(stream), delimiter):
            if isinstance(record, BrokenRow):
                if not first:
                    raise _bad_header(text, record.reason)
            elif record.line > after_line and any(cell.strip() for cell in record.fields):
                first.append(record)
                if len(first) > MAX_TITLE_ROWS + LOOKED_AT:
                    break
    if not first:
        raise InputError("data.empty_file", f"{text.path.name} holds only white space.", where=str(text.path))
    place = header_index([record.fields for record in first], wanted)
    header = first[place]
    if _bad_characters(text, header.fields):
        raise _bad_header(text, "it holds characters that are not text")
    titles = title_note([record.line for record in first[:place]], header.line)
    return header.line + header.lines - 1, tidy_header(header.fields), titles


def _sample(text: TextFile) -> str:
    """The first characters, cut at the end of a line."""
    with text.open() as stream:
        start = stream.read(SAMPLE_CHARS)
    if len(start) < SAMPLE_CHARS:
        return start
    cut = max(start.rfind("\n"), start.rfind("\r"))
    return start[: cut + 1] if cut > 0 else start


def _sniff(sample: str, wanted: Sequence[str]) -> str:
    """The delimiter under which the header has the wanted columns and most rows are as wide as the header."""

    def score(delimiter: str, titles: bool) -> tuple[bool, float, int]:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        records = [record for record, _ in zip(reader, range(SAMPLE_RECORDS), strict=False) if any(record)]
        if titles:
            records = records[header_index(records, wanted) :]
        width = len(records[0]) if records else 0
        if width < 2:
            return False, 0.0, 0
        has_wanted = bool(wanted) and set(wanted) <= {name.strip() for name in records[0]}
        return has_wanted, sum(len(record) == width for record in records) / len(records), width

    best = max(DELIMITERS, key=lambda delimiter: score(delimiter, False))
    if score(best, False)[1] >= MIN_SHARE_OF_WIDTH:
        return best
    # The first row fits no delimiter, as a title does.
    return max(DELIMITERS, key=lambda delimiter: score(delimiter, True))


def _rows_about(text: TextFile, sample: str) -> int:
    lines = max(1, sample.count("\n") or sample.count("\r"))
    return max(1, round(text.size_bytes / max(1, len(sample.encode("utf-8", "replace"))) * lines)) - 1


def _bad_header(text: TextFile, what: str) -> InputError:
    return InputError(
        "data.bad_header",
        f"The first row of {text.path.name} cannot be read as column names: {what}.",
        where=f"{text.path}:1",
        hint="The first row must hold the names of the columns.",
    )


def _too_many_quotes(number: int) -> InputError:
    return InputError(
        "data.broken_quotes",
        "The quotes of this file do not match up in too many rows.",
        where=f"line {number}",
        hint='Export it again with every cell in quotes and inner quotes doubled (""), or as xlsx.',
    )
