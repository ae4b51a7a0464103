"""Changed rows written to a new file with the columns of the old one: nothing that was not changed looks different.

The old file is read again row by row; a changed text goes into the very cell or JSON value that held the old one. Then
the new file is read back and compared with what it should say: what cannot be written truly is an error, not a file.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from tunewright.audit.fields import text_of, texts
from tunewright.data.cells import cell_text
from tunewright.data.containers import open_table
from tunewright.data.own_tables import guard, is_own
from tunewright.data.read import ReadResult, read_table
from tunewright.data.rows import BrokenRow, OpenTable, RawRow
from tunewright.errors import InputError, WorkError
from tunewright.records.example import Example, example_digest

Kind = Literal["classify", "generate"]
SUFFIXES = {"csv": ".csv", "jsonl": ".jsonl", "json": ".json"}
SHOWN_BROKEN = 5


@dataclass(frozen=True, slots=True)
class Changed:
    """What becomes of the rows of a file: ``after`` has None for rows left out; ``columns`` are new ones, by row.

    Rows that are no examples stay as they are with ``keep_others``; ``erased`` are lines that must not come back.
    """

    result: ReadResult
    after: Sequence[Example | None]
    columns: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    keep_others: bool = True
    erased: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Written:
    """The new file, its number of rows (those that stayed as they were included), and notes for the person."""

    path: Path
    rows: int
    notes: tuple[str, ...]


def new_path(source: Path, word: str, container: str, folder: Path | None = None) -> Path:
    """``tickets.csv`` becomes ``tickets.reviewed.csv``, or the first free ``tickets.reviewed-2.csv``."""
    stem = source.name.removesuffix(".gz")
    stem = stem[: -len(Path(stem).suffix)] if Path(stem).suffix else stem
    old = Path(source.name.removesuffix(".gz")).suffix
    suffix = SUFFIXES.get(container, ".csv")
    suffix = old if old in (".tsv", ".txt", ".ndjson") and container in SUFFIXES else suffix
    where, number = folder or source.parent, 1
    while True:
        path = where / f"{stem}.{word}{'' if number == 1 else f'-{number}'}{suffix}"
        if not path.exists():
            return path
        number += 1


def write_back(source: Path, output: Path, changed: Changed, kind: Kind) -> Written:
    """Write the rows of a file with their changes to a new file.

    Raises:
        InputError: ``write.exists`` when the output is there already, ``write.place`` when a change has no single place
            in the row of the file.
        WorkError: ``write.untrue`` when the new file does not read as it should; it is removed.
    """
    if output.exists():
        raise InputError(
            "write.exists", "There is such a file already.", where=str(output), hint="Name a new file with --output."
        )
    names = [name for _, name in changed.result.columns.named()] if changed.result.columns else []
    table = open_table(source, names)
    rows = _Rows(table, changed)
    temporary = output.with_name(f".{output.name}.new")
    try:
        with temporary.open("w", encoding="utf-8", errors="surrogatepass", newline="") as stream:
            stream.write(_as_csv(table, rows, changed) if table.uniform else _as_json(table, rows))
            stream.flush()
            os.fsync(stream.fileno())
        _check(temporary, changed, kind, source.name)
        if output.exists():
            raise InputError("write.exists", "There is such a file already.", where=str(output))
        temporary.rename(output)
    finally:
        temporary.unlink(missing_ok=True)
    return Written(output, rows.written, tuple(rows.notes))


@dataclass
class _Rows:
    """The rows of the new file, in the order of the old one."""

    table: OpenTable
    changed: Changed
    written: int = 0
    notes: list[str] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)

    def __iter__(self) -> Iterator[dict[str, object] | str]:
        """Cells of a row, or the line of a row that nobody could read, where its file has lines."""
        waiting: defaultdict[int, list[int]] = defaultdict(list)
        for number, example in enumerate(self.changed.result.examples):
            waiting[example.source.line].append(number)
        unused = {row.source.line for row in self.changed.result.set_aside}
        for raw in self.table.rows([]):
            if isinstance(raw, BrokenRow):
                self.broken.append(raw.line)
                if self.table.container == "jsonl" and self.changed.keep_others:
                    self.written += 1
                    yield raw.raw.rstrip("\r\n")
                continue
            numbers = waiting[raw.line]
            if not numbers or (len(numbers) > 1 and raw.line in unused):
                if numbers:
                    raise _no_place(f"line {raw.line}", "several rows stand on one line, and some cannot be used")
                if self.changed.keep_others and raw.line not in self.changed.erased:
                    self.written += 1
                    yield dict(raw.cells)
                continue
            cells = self._cells(raw, numbers.pop(0))
            if cells is not None:
                self.written += 1
                yield cells
        self._note_broken()

    def _cells(self, raw: RawRow, number: int) -> dict[str, object] | None:
        before, after = self.changed.result.examples[number], self.changed.after[number]
        if after is None:
            return None
        cells = cast("dict[str, object]", json.loads(json.dumps(raw.cells, default=cell_text)))
        if after is not before:
            _change(cells, before, after, self.changed.result)
        for name, values in self.changed.columns.items():
            cells[name] = values.get(number, "")
        return cells

    def _note_broken(self) -> None:
        if self.broken and self.table.container != "jsonl" and self.changed.keep_others:
            shown = ", ".join(map(str, self.broken[:SHOWN_BROKEN]))
            self.notes.append(
                f"{len(self.broken)} rows that could not be read are not in the new file (lines {shown})."
            )


def _change(cells: dict[str, object], before: Example, after: Example, result: ReadResult) -> None:
    """Put what is different into the cells of a row."""
    fields = [(name, old, text_of(after, name)) for name, old in texts(before) if text_of(after, name) != old]
    for name, old, new in fields:
        if result.columns is not None and result.shape == "table":
            _change_cell(cells, name, new, before, result)
        else:
            _change_value(cells, name, old, new, before)
    if after.target_weight != before.target_weight:
        messages = cells.get("messages")
        if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
            raise _no_place(str(before.source), "a weight has a place in conversations only")
        messages[-1]["weight"] = after.target_weight


def _change_cell(cells: dict[str, object], name: str, new: str, before: Example, result: ReadResult) -> None:
    columns = result.columns
    assert columns is not None
    if name == "target" and columns.target is not None:
        cells[columns.target] = new
    elif name.startswith("messages") and len(columns.input) == 1:
        cells[columns.input[0]] = new
    elif name.startswith("messages"):
        for column, text in _parts(new, columns.input, cells, str(before.source)).items():
            cells[column] = text
    else:
        raise _no_place(str(before.source), f"the table has no column for {name}")


def _parts(text: str, names: Sequence[str], cells: Mapping[str, object], where: str) -> dict[str, str]:
    """A text of several columns (``name: value`` each) taken apart again; empty columns were left out."""
    filled = [name for name in names if cell_text(cells.get(name)).strip()]
    rest, found = "\n" + text, dict[str, str]()
    for name, following in zip(filled, [*filled[1:], None], strict=True):
        head = f"\n{name}: "
        end = len(rest) if following is None else rest.find(f"\n{following}: ")
        if not rest.startswith(head) or end < 0:
            raise _no_place(where, f"the changed text does not say any more what belongs to the column {name!r}")
        found[name], rest = rest[len(head) : end], rest[end:]
    return found


def _change_value(cells: dict[str, object], name: str, old: str, new: str, before: Example) -> None:
    """Replace the one JSON value that holds a text; of several equal ones, that of the same rank among the fields."""
    same = [other for other, text in texts(before) if text == old]
    places = list(_places(cells, old))
    if len(places) != len(same):
        trouble = "its old text stands nowhere" if not places else "its old text stands in several places"
        raise _no_place(str(before.source), f"the {name.partition('[')[0]} cannot be changed, for {trouble}")
    holder, key = places[same.index(name)]
    value = holder[key]
    holder[key] = new if isinstance(value, str) else json.loads(new)


def _places(value: object, text: str) -> Iterator[tuple[dict[int | str, object], int | str]]:
    pairs: list[tuple[int | str, object]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    for key, part in pairs:
        if _says(part, text):
            # A list is written by number as an object is by name.
            yield cast("dict[int | str, object]", value), key
        else:
            yield from _places(part, text)


def _says(part: object, text: str) -> bool:
    """Whether a JSON value is this text, or the arguments of a call that are read as this text."""
    if isinstance(part, str) and (part == text or (part.strip() == text.strip() and bool(text.strip()))):
        return True
    if not text.startswith("{") or not isinstance(part, dict | str) or (isinstance(part, str) and "{" not in part[:9]):
        return False
    try:
        return bool((json.loads(part) if isinstance(part, str) else part) == json.loads(text))
    except ValueError:
        return False


def _as_csv(table: OpenTable, rows: _Rows, changed: Changed) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=table.delimiter or ",")
    columns = [*table.columns, *(name for name in changed.columns if name not in table.columns)]
    own = is_own(columns)
    writer.writerow(columns)
    for cells in rows:
        assert not isinstance(cells, str)
        line = [cell_text(cells.get(name)) for name in columns]
        writer.writerow([guard(cell) for cell in line] if own else line)
    if table.container not in ("csv", "json"):
        rows.notes.append(f"The new file is a csv table; the old one was {table.container}.")
    return stream.getvalue()


def _as_json(table: OpenTable, rows: _Rows) -> str:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    if table.container == "json":
        return "[\n" + ",\n".join(lines) + "\n]\n"
    return "".join(f"{line}\n" for line in lines)


def _check(path: Path, changed: Changed, kind: Kind, name: str) -> None:
    """Read the new file and compare row by row."""
    wanted = [example for example in changed.after if example is not None]
    if not wanted:
        return
    target = any(example.target for example in wanted)
    old = changed.result
    found = read_table(path, columns=old.columns, kind=kind, require_target=target, display_name=name, shape=old.shape)
    there = [example_digest(example) for example in found.examples]
    if there != [example_digest(example) for example in wanted]:
        at = next(
            (
                n
                for n, (a, b) in enumerate(zip(found.examples, wanted, strict=False))
                if a.messages != b.messages or a.target != b.target
            ),
            min(len(there), len(wanted)),
        )
        where = str(wanted[at].source) if at < len(wanted) else name
        raise WorkError(
            "write.untrue",
            "The changed rows do not read back as they should, so no file was written.",
            where=where,
            hint="Export the decisions with `tunewright review --export`, or mend that row by hand.",
        )


def _no_place(where: str, reason: str) -> InputError:
    return InputError(
        "write.place",
        f"A change cannot be written into the file: {reason}.",
        where=where,
        hint="Undo that decision, or leave the row out instead.",
    )
