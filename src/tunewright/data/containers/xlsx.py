"""Excel workbooks (xlsx, and the older xls), read through fastexcel. Lines are the row numbers a person sees in Excel.

One sheet is read: the one that is named (``book.xlsx#Sheet2``), else the one with the largest table, and the others are
told. Every cell is read as text: dates come as ISO dates, whole numbers without a decimal point.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from tunewright.data.excel_dates import day_number_columns, from_day_number, plain_moment
from tunewright.data.foreign import failure_of_reader
from tunewright.data.header import tidy_header
from tunewright.data.rows import BrokenRow, OpenTable, RawRow
from tunewright.data.title_rows import LOOKED_AT, MAX_TITLE_ROWS, filled, header_index, title_note
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.data.containers import Probe

ORDER = 20
ZIP_MAGIC = b"PK\x03\x04"
OLD_EXCEL_MAGIC = b"\xd0\xcf\x11\xe0"

Row = tuple[str | None, ...]


def recognise(probe: Probe) -> bool:
    return probe.head.startswith((ZIP_MAGIC, OLD_EXCEL_MAGIC))


def open_container(probe: Probe, wanted: Sequence[str]) -> OpenTable:
    import fastexcel

    _require_workbook(probe)
    try:
        book = fastexcel.read_excel(probe.path)
        sheets = {name: _load(book, name) for name in book.sheet_names}
    except BaseException as error:
        failure = failure_of_reader(error)
        if failure is None:
            raise
        raise _broken(probe, failure) from error
    sheets = {name: rows for name, rows in sheets.items() if any(map(filled, rows))}
    if not sheets:
        raise _broken(probe, "none of its sheets holds a row")
    sheet, chosen_note = (_named(sheets, probe), ()) if probe.sheet else _choose(sheets, wanted, probe.path.name)
    table = sheets[sheet]
    top = _header_at(table, wanted)
    titles = [number for number, values in enumerate(table[:top], start=1) if filled(values)]
    header = tidy_header(table[top])
    day_numbers = day_number_columns(header.names, table[top + 1 :])

    def rows(notes: list[str]) -> Iterator[RawRow | BrokenRow]:
        empty = 0
        for number, values in enumerate(table[top + 1 :], start=top + 2):
            if not filled(values):
                empty += 1
                continue
            cells = dict(zip(header.names, map(plain_moment, values), strict=True))
            cells |= {header.names[place]: from_day_number(values[place]) for place in day_numbers}
            yield RawRow(number, cells)
        if empty:
            notes.append(f"{empty} empty rows of sheet '{sheet}' were passed over.")

    return OpenTable(
        container="xlsx",
        encoding="binary",
        delimiter=None,
        sheet=sheet,
        columns=header.names,
        uniform=True,
        rows_about=len(table) - top - 1,
        rows=rows,
        notes=(*chosen_note, *title_note(titles, top + 1), *header.notes, *_date_notes(header.names, day_numbers)),
        repeated_names=header.repeated,
    )


def _require_workbook(probe: Probe) -> None:
    if probe.gzipped:
        raise _broken(probe, "it is gzipped; unpack it first")
    if probe.head.startswith(OLD_EXCEL_MAGIC):
        return
    try:
        with zipfile.ZipFile(probe.path) as archive:
            names = set(archive.namelist())
    except Exception as error:
        # A damaged archive makes zipfile raise errors of many kinds.
        raise _broken(probe, failure_of_reader(error) or "it is damaged") from error
    if not any(name.startswith("xl/workbook") for name in names):
        raise InputError(
            "data.zip_archive",
            f"{probe.path.name} is a zip archive, not an Excel workbook.",
            where=str(probe.path),
            hint=f"Unpack it and name one file. It holds {', '.join(sorted(names)[:5])}.",
        )


def _load(book: object, name: str) -> list[Row]:
    """All cells of a sheet as text, from the sheet's first row on, so that row numbers stay those of Excel."""
    sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")  # type: ignore[attr-defined]
    rows: list[Row] = sheet.to_polars().rows()
    return rows


def _header_at(rows: list[Row], wanted: Sequence[str]) -> int:
    """The first row with a filled cell that is no title."""
    first = list(islice((i for i, row in enumerate(rows) if filled(row)), MAX_TITLE_ROWS + LOOKED_AT))
    return first[header_index([rows[i] for i in first], wanted)]


def _named(sheets: dict[str, list[Row]], probe: Probe) -> str:
    """The sheet that the person named."""
    given = probe.sheet or ""
    if given in sheets:
        return given
    raise InputError(
        "data.no_such_sheet",
        f"{probe.path.name} has no sheet '{given}' that holds a row.",
        where=str(probe.path),
        hint=f"Its sheets with rows are: {', '.join(sheets)}. Name one so: '{probe.path.name}#{next(iter(sheets))}'",
    )


def _choose(sheets: dict[str, list[Row]], wanted: Sequence[str], file: str) -> tuple[str, tuple[str, ...]]:
    """The sheet with the most rows of a table, among those with the wanted columns; the first of equals.

    So the sheet that a person was shown in the questions is the one that is read with the answers.
    """
    tops = {name: _header_at(rows, wanted) for name, rows in sheets.items()}
    names = {name: tidy_header(rows[tops[name]]).names for name, rows in sheets.items()}
    fitting = [name for name in sheets if set(wanted) <= set(names[name])]
    with_rows = [name for name in fitting if len(sheets[name]) > tops[name] + 1]
    sizes = {name: _table_rows(sheets[name], tops[name]) for name in with_rows or fitting or list(sheets)}
    chosen, reason = max(sizes, key=lambda name: sizes[name]), ""
    if list(sizes.values()).count(sizes[chosen]) == 1 < len(sizes) and sizes[chosen]:
        reason = f", for its table has the most rows ({sizes[chosen]})"
    if len(sheets) == 1:
        return chosen, ()
    others = [name for name in sheets if name != chosen]
    said = f"The workbook has {len(sheets)} sheets; '{chosen}' was read{reason}. Not read: "
    said += ", ".join(f"'{name}'" for name in others)
    return chosen, (f"{said}. Another one: tunewright convert '{file}#{others[0]}' other.csv",)


def _table_rows(rows: list[Row], top: int) -> int:
    """Rows under a header of two names or more that fill at least half of its columns."""
    width = filled(rows[top])
    return sum(filled(row) >= max(2, width / 2) for row in rows[top + 1 :]) if width > 1 else 0


def _date_notes(names: Sequence[str], day_numbers: Sequence[int]) -> tuple[str, ...]:
    return tuple(
        f"The column '{names[place]}' holds day numbers of Excel; they are read as dates." for place in day_numbers
    )


def _broken(probe: Probe, what: str) -> InputError:
    return InputError(
        "data.broken_workbook",
        f"{probe.path.name} is not a readable Excel workbook: {what}.",
        where=str(probe.path),
        hint="Open it in Excel, save it again, or export the sheet as csv.",
    )
