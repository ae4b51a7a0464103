"""Answers recorded elsewhere: a table with one answer per row id, whoever or whatever produced it.

Read by the ``answers`` system and by ``tunewright verdict``. A blank answer is one that never came back.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tunewright.data.cells import cell_text
from tunewright.data.containers import open_table
from tunewright.data.rows import BrokenRow, OpenTable
from tunewright.errors import InputError
from tunewright.records.example import Source


@dataclass(frozen=True, slots=True)
class RecordedColumns:
    """Names of the columns; ``target``, ``group`` and ``text`` are read where they exist.

    An empty ``id`` means that the rows are known by their place, as examples of a table without ids are.
    """

    id: str = "id"
    answer: str = "answer"
    target: str = "target"
    group: str = "group"
    text: str = "text"
    needs_group: bool = False


@dataclass(frozen=True, slots=True)
class RecordedRow:
    """One recorded answer; ``answer`` is None when the cell is blank."""

    line: int
    answer: str | None
    target: str | None
    group: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """All rows of a file by id."""

    path: Path
    rows: Mapping[str, RecordedRow]
    has_group: bool


def read_recorded(path: Path, columns: RecordedColumns, *, needs_target: bool) -> Recorded:
    """Read a file of answers.

    Raises:
        InputError: a column is missing, a row cannot be read, an id is blank or stands twice.
    """
    wanted = [name for name in (columns.id, columns.answer) if name] + ([columns.target] if needs_target else [])
    wanted += [columns.group] if columns.needs_group else []
    table = open_table(path, wanted)
    for name in wanted:
        _require_column(table, name, path)
    rows: dict[str, RecordedRow] = {}
    for row in table.rows([]):
        where = f"{path}:{row.line}"
        if isinstance(row, BrokenRow):
            if not columns.id:
                continue
            raise InputError("answers.broken_row", f"A row cannot be read: {row.reason}.", where=where)
        place = str(Source(path.name, row.line, table.sheet))
        identity = cell_text(row.cells.get(columns.id)).strip() if columns.id else place
        if not identity:
            raise InputError("answers.no_id", f"The column {columns.id!r} is blank in a row.", where=where)
        if identity in rows:
            raise InputError(
                "answers.same_id",
                f"The id {identity!r} stands twice.",
                where=f"{where} and line {rows[identity].line}",
                why="Two answers to one case cannot be compared with one.",
                hint="Give every row an id of its own, or name another column with --id.",
            )
        target = _text(row.cells.get(columns.target))
        if needs_target and target is None:
            raise InputError("answers.no_target", f"The column {columns.target!r} is blank in a row.", where=where)
        rows[identity] = RecordedRow(
            row.line,
            _text(row.cells.get(columns.answer)),
            target,
            _text(row.cells.get(columns.group)),
            _text(row.cells.get(columns.text)),
        )
    if not rows:
        raise InputError("answers.empty", "The file has no rows.", where=str(path))
    return Recorded(path, rows, columns.group in table.columns)


def _require_column(table: OpenTable, name: str, path: Path) -> None:
    if name in table.columns:
        return
    near = difflib.get_close_matches(name, table.columns, n=1, cutoff=0.6)
    raise InputError(
        "answers.no_column",
        f"There is no column {name!r}.",
        where=f"{path}: columns {', '.join(table.columns)}",
        hint=f"Did you mean {near[0]!r}? Other names can be given: --id, --target, --answer, --group."
        if near
        else "Give the right names with --id, --target, --answer, --group.",
    )


def _text(value: object) -> str | None:
    text = cell_text(value).strip()
    return text or None
