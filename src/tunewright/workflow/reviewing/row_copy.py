"""A copy of a person's file with other texts in its rows: the same kind of file, the same columns, the same rows.

The texts of a row are its cells and whatever text stands inside them: messages, arguments of tool calls, JSON in a cell
of a table. Called by ``redact``, which changes them, and by ``convert``, which changes the kind of file alone.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tunewright.audit.privacy.replacing import as_json
from tunewright.data.cells import cell_text
from tunewright.data.containers import file_and_sheet, open_table
from tunewright.data.encoding import has_lone_surrogate
from tunewright.data.nested import with_nested
from tunewright.data.own_tables import guard, is_own
from tunewright.data.rows import BrokenRow, Cells, OpenTable, RawRow
from tunewright.data.writers.files import Container, container_of, write_rows
from tunewright.errors import InputError, WorkError

# Whole numbers of fewer digits are counts and amounts, not numbers of cards, accounts or telephones.
DIGITS_OF_NUMBER = 7
_KINDS: Mapping[str, Container] = {"csv": "csv", "jsonl": "jsonl", "json": "json", "xlsx": "xlsx", "parquet": "parquet"}
# Keys of conversations and schemas: what stands under them is no field that a person filled in.
_STRUCTURE = frozenset({"role", "content", "value", "from", "to", "text", "type", "id", "tool_call_id", "description"})
_NAMES_A_TOOL = frozenset({"arguments", "parameters", "description", "role", "schema", "input"})
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows of a file in order; ``broken`` are rows that could not be read, which no copy can hold."""

    path: Path
    sheet: str | None
    table: OpenTable
    rows: tuple[RawRow, ...]
    broken: tuple[BrokenRow, ...]
    notes: tuple[str, ...]

    @property
    def left_out(self) -> tuple[int, ...]:
        """The lines of the rows that could not be read."""
        return tuple(row.line for row in self.broken)


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a row; ``cue`` is the name of the column or field that it fills, where that says something."""

    text: str
    name: str = ""
    cue: str = ""


def read_rows(path: Path, *, nested: bool = False) -> FileRows:
    """Every row of a file, whatever its columns mean; ``nested`` makes lists of conversations that stand as text.

    Raises:
        InputError: it cannot be read, or it has no row.
    """
    file, sheet = file_and_sheet(path)
    table = with_nested(open_table(path), {}) if nested else open_table(path)
    rows: list[RawRow] = []
    broken: list[BrokenRow] = []
    notes: list[str] = []
    for row in table.rows(notes):
        if isinstance(row, BrokenRow):
            broken.append(row)
        elif any(has_lone_surrogate(one.text) for one in texts_in(row.cells)):
            broken.append(BrokenRow(row.line, "data.bad_bytes", "characters that are not text", str(dict(row.cells))))
        else:
            rows.append(row)
    if not rows:
        raise InputError("copy.no_rows", "No row of this file can be read.", where=str(path))
    return FileRows(file, sheet, table, tuple(rows), tuple(broken), (*table.notes, *notes))


def texts_in(cells: Cells) -> Iterator[Text]:
    """Every text of a row, in order."""
    for name, value in cells.items():
        yield from _texts(value, name, _words(name))


def with_texts(cells: Cells, texts: Iterator[str]) -> dict[str, object]:
    """The row with other texts, in the order of ``texts_in``."""
    return {name: _with(value, texts) for name, value in cells.items()}


def _texts(value: object, name: str, cue: str) -> Iterator[Text]:
    if isinstance(value, str):
        parsed = as_json(value)
        if parsed is None:
            yield Text(value, name, cue)
        else:
            yield from _texts(parsed[0], name, "")
    elif isinstance(value, dict):
        tool = not _NAMES_A_TOOL.isdisjoint(value)
        for key, part in value.items():
            if not _IDENTIFIER.fullmatch(str(key)):
                yield Text(str(key))
            yield from _texts(part, str(key), "" if tool and key == "name" else _words(str(key)))
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, name, "")
    elif _is_number(value):
        yield Text(str(value), name, cue)


def _with(value: object, texts: Iterator[str]) -> object:
    if isinstance(value, str):
        parsed = as_json(value)
        return next(texts) if parsed is None else json.dumps(_with(parsed[0], texts), **parsed[1])
    if isinstance(value, dict):
        changed: dict[object, object] = {}
        for key, part in value.items():
            name = key if _IDENTIFIER.fullmatch(str(key)) else next(texts)
            changed[name] = _with(part, texts)
        return changed
    if isinstance(value, list):
        return [_with(part, texts) for part in value]
    if _is_number(value):
        text = next(texts)
        return int(text) if re.fullmatch(r"-?[1-9]\d*", text) else text
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and len(str(abs(value))) >= DIGITS_OF_NUMBER


def _words(name: str) -> str:
    """The name of a field as words: ``customerName`` and ``customer_name`` are "customer name"."""
    if name in _STRUCTURE:
        return ""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_\W]+", " ", name).strip().lower()


def kind_of_copy(source: FileRows, output: Path) -> Container:
    """What kind of file the copy is: that of the source.

    Raises:
        InputError: the ending of the copy's name asks for another one.
    """
    kind = _KINDS.get(source.table.container)
    if kind is None:
        return container_of(output)
    asked = _ending_means(output)
    same = asked == kind or (asked == "tsv" and kind == "csv") or output.suffix.lower() == source.path.suffix.lower()
    if not same or output.suffix.lower() in (".gz", ".xls"):
        ending = ".tsv" if source.table.delimiter == "\t" else f".{kind}"
        raise InputError(
            "copy.other_kind",
            f"{source.path.name} is {kind}, and so is its copy; '{output.name}' says something else.",
            where=str(output),
            hint=f"Name it {output.name.removesuffix(output.suffix)}{ending}; `tunewright convert` changes the kind.",
        )
    return kind


def _ending_means(path: Path) -> str | None:
    try:
        return container_of(path)
    except InputError:
        return {".ndjson": "jsonl", ".txt": "csv"}.get(path.suffix.lower())


def free_name(source: FileRows, word: str) -> Path:
    """``talks.jsonl`` becomes ``talks.redacted.jsonl``, or the first free ``talks.redacted-2.jsonl``."""
    name = source.path.name.removesuffix(".gz")
    stem, ending = Path(name).stem, Path(name).suffix
    kind = _KINDS.get(source.table.container, "jsonl")
    ending = f".{kind}" if ending in ("", ".xls", ".gz") or source.table.container not in _KINDS else ending
    number = 1
    while (path := source.path.with_name(f"{stem}.{word}{'' if number == 1 else f'-{number}'}{ending}")).exists():
        number += 1
    return path


def require_place(source: FileRows, output: Path, *, force: bool) -> None:
    """Refuse to write over the source, ever, and over another file without being told to.

    Raises:
        InputError: ``copy.source`` or ``copy.exists``.
    """
    if output.exists() and output.samefile(source.path):
        raise InputError("copy.source", "The copy would take the place of its source.", where=str(output))
    if output.is_dir() or (output.exists() and not force):
        hint = "Name a file." if output.is_dir() else "Name another file, or write over it with --force."
        raise InputError("copy.exists", "There is such a file or folder already.", where=str(output), hint=hint)
    if not output.absolute().parent.is_dir():
        raise InputError("copy.no_folder", "There is no such folder.", where=str(output.absolute().parent))


def write_copy(
    source: FileRows, rows: Sequence[Mapping[str, object]], new: Path, kind: Container, *, alike: bool = True
) -> None:
    """Write the rows to ``new``, and read them again; ``alike`` keeps the delimiter and the mark of a csv file.

    Raises:
        InputError: a row does not fit a sheet.
        WorkError: ``copy.untrue``: the file does not read as these rows.
    """
    cells = [dict(row) for row in rows]
    if alike and kind == source.table.container == "csv":
        _write_csv(source, cells, new)
    elif kind == "parquet":
        write_rows(new, cells, kind, "", typed=True) or write_rows(new, cells, kind, "")
    else:
        write_rows(new, [cast("dict[str, object]", _json_value(row)) for row in cells], kind, "")
    with new.open("rb") as stream:
        os.fsync(stream.fileno())
    there = _read_again(new, kind)
    wrong = next((n for n, pair in enumerate(zip(there, cells, strict=False)) if not _same(*pair)), None)
    if wrong is not None or len(there) != len(cells):
        line = source.rows[min(wrong or len(there), len(cells) - 1)].line
        raise WorkError(
            "copy.untrue",
            "The copy would not read as it should, so it was not written.",
            where=f"{source.path}, row {line}",
            hint="A file of JSON lines holds every row: `tunewright convert FILE rows.jsonl`.",
        )


def _read_again(new: Path, kind: Container) -> list[Cells]:
    if kind == "jsonl":
        # Line by line: a file of one line could be any JSON document as well.
        with new.open(encoding="utf-8", newline="\n") as lines:
            return [json.loads(line) for line in lines]
    return [row.cells for row in open_table(new).rows([]) if isinstance(row, RawRow)]


def _write_csv(source: FileRows, rows: Sequence[Mapping[str, object]], new: Path) -> None:
    """With the delimiter and the byte order mark of the source, so that whatever opened that opens this."""
    marked = source.table.encoding == "utf-8-sig"
    own = is_own(source.table.columns)
    with new.open("w", encoding="utf-8-sig" if marked else "utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=source.table.delimiter or ",")
        writer.writerow(source.table.columns)
        for row in rows:
            line = [cell_text(row.get(name)) for name in source.table.columns]
            writer.writerow([guard(cell) for cell in line] if own else line)


def _same(one: Cells, other: Cells) -> bool:
    names = dict.fromkeys((*one, *other))
    return all(_plain(one.get(name)) == _plain(other.get(name)) for name in names)


def _plain(value: object) -> object:
    """A cell as it counts: empty is empty, and JSON text says what the list that it was says."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    if isinstance(value, list | dict):
        return json.dumps(_without_none(value), sort_keys=True, default=cell_text)
    return cell_text(value)


def _json_value(value: object) -> object:
    """The value as JSON can hold it: dates as texts, no value in place of NaN."""
    if isinstance(value, dict):
        return {str(key): _json_value(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_json_value(part) for part in value]
    if value is None or value != value:
        return None
    return value if isinstance(value, str | int | float) else cell_text(value)


def _without_none(value: object) -> object:
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {key: _without_none(part) for key, part in items if part is not None}
    return [_without_none(part) for part in value] if isinstance(value, list) else value
