"""How rows become a file: JSON lines, a JSON array, csv, a workbook, parquet. Called by ``write_examples`` alone.

Lists and objects stand as JSON text where a cell can hold only text. The reader takes them apart again.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from tunewright.data import own_tables
from tunewright.data.cells import cell_text
from tunewright.data.rows import Cells
from tunewright.errors import InputError

Container = Literal["jsonl", "json", "csv", "tsv", "xlsx", "parquet"]
_ENDINGS: dict[str, Container] = {
    ".jsonl": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
}
# Limits of Excel: https://support.microsoft.com/office/excel-specifications-and-limits
MAX_SHEET_ROWS = 1_048_576
MAX_SHEET_CELL_CHARS = 32_767


def container_of(path: Path) -> Container:
    """The kind of file that a name asks for.

    Raises:
        InputError: the ending is none that can be written.
    """
    found = _ENDINGS.get(path.suffix.lower())
    if found is None:
        raise InputError(
            "data.unknown_ending",
            f"It is not clear what kind of file '{path.name}' should be.",
            where=str(path),
            hint=f"Let its name end in {', '.join(_ENDINGS)}.",
        )
    return found


def write_rows(path: Path, rows: Sequence[Cells], container: Container, format: str, *, typed: bool = False) -> bool:
    """Write rows; ``typed`` keeps lists and objects as parquet's own, and False says that they do not fit one type.

    Raises:
        InputError: the rows do not fit a sheet.
        OSError: the file cannot be written.
    """
    if format == "clinc":
        _require(container == "json", path, "Pairs in arrays are one JSON object; let the name end in .json.")
        _write_arrays(path, rows)
    elif container == "jsonl":
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(_json(row) + "\n" for row in rows)
    elif container == "json":
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            _write_lines(stream.write, "[", map(_json, rows), "]\n")
    elif container in ("csv", "tsv"):
        names = _names(rows)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, delimiter="\t" if container == "tsv" else ",")
            writer.writerow(names)
            writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    elif container == "xlsx":
        _write_sheet(path, rows)
    else:
        return _write_parquet(path, rows, typed)
    return True


def write_guarded(path: Path, rows: Sequence[Cells], container: Container) -> None:
    """Write a csv table for a spreadsheet: cells that it would run as formulas get an apostrophe."""
    names = _names(rows)
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        if container == "csv":
            own_tables.write_rows(stream, names, ([_cell(row.get(name)) for name in names] for row in rows))
            return
        writer = csv.writer(stream, delimiter="\t")
        writer.writerow(names)
        writer.writerows([own_tables.guard(_cell(row.get(name))) for name in names] for row in rows)


def _names(rows: Sequence[Cells]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _cell(value: object) -> str:
    return _json(value) if isinstance(value, list | dict) else cell_text(value)


def _write_lines(write: object, start: str, lines: Iterable[str], end: str) -> None:
    assert callable(write)
    before = start + "\n"
    for line in lines:
        write(before + line)
        before = ",\n"
    write("\n" + end)


def _write_arrays(path: Path, rows: Sequence[Cells]) -> None:
    splits: dict[str, list[str]] = {}
    for row in rows:
        splits.setdefault(cell_text(row["split"]), []).append(_json([row["text"], row["label"]]))
    further = {name for row in rows for name in row} - {"text", "label", "split"}
    _require(not further, path, f"A pair has no place for the columns {', '.join(sorted(further))}.")
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for place, (split, pairs) in enumerate(splits.items()):
            stream.write(("{" if place == 0 else ",") + _json(split) + ": [\n" + ",\n".join(pairs) + "\n]")
        stream.write("}\n")


def _write_sheet(path: Path, rows: Sequence[Cells]) -> None:
    import xlsxwriter

    _require(len(rows) < MAX_SHEET_ROWS, path, f"A sheet holds at most {MAX_SHEET_ROWS - 1:,} rows.")
    names = _names(rows)
    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    for number, row in enumerate(cells, start=1):
        longest = max(map(len, row))
        what = f"Row {number} has a cell of {longest:,} characters; a cell of a sheet holds {MAX_SHEET_CELL_CHARS:,}."
        _require(longest <= MAX_SHEET_CELL_CHARS, path, what)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for y, row in enumerate([names, *cells]):
            for x, text in enumerate(row):
                sheet.write_string(y, x, text)


def _write_parquet(path: Path, rows: Sequence[Cells], typed: bool) -> bool:
    import polars as pl

    # Tools and arguments differ from row to row; as text they keep their keys and the order of them.
    plain = [
        {
            name: _json(v) if isinstance(v, list | dict) and not (typed and name != "tools") else v
            for name, v in r.items()
        }
        for r in rows
    ]
    try:
        frame = pl.from_dicts(plain, infer_schema_length=None)
        frame.write_parquet(path)
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
        if typed:
            return False
        raise
    return True


def _require(fits: bool, path: Path, what: str) -> None:
    if not fits:
        raise InputError("data.does_not_fit", what, where=str(path), hint="Write another kind of file, such as .jsonl.")
