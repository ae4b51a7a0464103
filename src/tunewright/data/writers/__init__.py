"""Writing examples into a person's file, in any format that can hold them, so that reading gives the same examples.

Every file is read again before it takes its place: a row that would come back different is refused by name, with what
it would lose. The formats say how a row looks, ``files`` how rows become bytes, ``losses`` what differs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from tunewright.data.formats import Format, format_named
from tunewright.data.formats._turns import structure
from tunewright.data.read import ReadResult, read_table
from tunewright.data.rows import Cells, ColumnMap, Refusal, SetAside, Written
from tunewright.data.writers.files import Container, container_of, write_guarded, write_rows
from tunewright.data.writers.losses import Problems, losses
from tunewright.errors import InputError
from tunewright.records.example import Example

__all__ = ["write_examples"]

HALF_WRITTEN = ".new"
TABLE_COLUMNS = ColumnMap(("input",), "target")
# Formats in which a person may say where the target stands.
NAMED_TARGET = frozenset({"table", "rft", "prompt/completion"})


def write_examples(
    examples: Sequence[Example],
    path: Path,
    format: str,
    *,
    columns: ColumnMap | None = None,
    may_lose: Collection[str] = (),
    for_spreadsheet: bool = False,
) -> None:
    """Write examples as a file; its ending says which: .jsonl, .json, .csv, .tsv, .xlsx or .parquet.

    Args:
        examples: the rows, in the order in which they are written. The format ``clinc`` puts them split by split.
        path: where the file goes; a file that stands there is replaced, in one step, when all rows are written.
        format: the name of the format, as ``ReadResult.shape`` gives it.
        columns: names of the columns for id, group, time and critical (those are their usual names), of input and
            target in a table, and of the reference in an rft row. A row's id is written only where a person gave it.
        may_lose: losses that are accepted, by the names that the error gives them.
        for_spreadsheet: guard cells of a csv file that a spreadsheet would run as formulas. Such a file is for the
            eyes; read again, its guarded cells keep their apostrophe.

    Raises:
        InputError: rows cannot be held by the format or the file without loss, there are no rows, the format or the
            ending of the file is unknown, or the file cannot be written.
    """
    module, container = format_named(format), container_of(path)
    if not examples:
        raise InputError("data.nothing_to_write", "There are no rows to write.", where=str(path))
    if for_spreadsheet and container not in ("csv", "tsv"):
        raise InputError("data.not_csv", "Only csv tables are guarded for a spreadsheet.", where=str(path))
    named = _columns_for(examples, module, columns)
    ordered = _by_split(examples) if module.NAME == "clinc" else list(examples)
    problems = Problems(module.NAME, len(ordered))
    rows = _rows(ordered, module, named, container, problems)
    problems.raise_if_any()
    compared = [replace(e, tags=tuple(t for t in e.tags if t[0] not in row.outdated)) if row.outdated else e
                for e, row in zip(ordered, rows, strict=True)]  # fmt: skip
    cells = [row.cells for row in rows]
    new = path.with_name(path.name + HALF_WRITTEN)
    try:
        _write_and_prove(compared, cells, new, container, module, named, frozenset(may_lose), problems)
        if for_spreadsheet:
            write_guarded(new, cells, container)
        new.replace(path)
    except OSError as error:
        raise InputError("data.cannot_write", f"{path.name} cannot be written: {error}.", where=str(path)) from error
    finally:
        new.unlink(missing_ok=True)


def _columns_for(examples: Sequence[Example], module: Format, columns: ColumnMap | None) -> ColumnMap:
    """The columns that will stand in the file: those of id, group and the like only where a row has one."""
    given = columns or ColumnMap(input=())
    own_id = any(e.row_id != str(e.source) for e in examples)
    usual = TABLE_COLUMNS if module.NAME == "table" else ColumnMap(input=())
    target = given.target or usual.target if module.NAME in NAMED_TARGET else None
    if module.NAME == "rft" and target is None and any(e.target for e in examples):
        target = "reference_answer"
    return ColumnMap(
        (given.input or usual.input) if module.NAME == "table" else (),
        target,
        (given.id or "id") if own_id else None,
        (given.group or "group") if any(e.group for e in examples) else None,
        (given.time or "time") if any(e.time for e in examples) else None,
        (given.critical or "critical") if any(e.critical for e in examples) else None,
    )


def _by_split(examples: Sequence[Example]) -> list[Example]:
    """The examples split after split, in the order in which the splits appear."""
    order = {split: place for place, split in enumerate(dict.fromkeys(e.tag("split") for e in examples))}
    return sorted(examples, key=lambda e: order[e.tag("split")])


def _rows(
    examples: Sequence[Example], module: Format, columns: ColumnMap, container: Container, problems: Problems
) -> list[Written]:
    rows: list[Written] = []
    for example in examples:
        row = _row(example, module, columns, nested=container in ("jsonl", "json"))
        if isinstance(row, Refusal):
            problems.refused(example, row.reason)
        else:
            rows.append(row)
    return rows


def _row(example: Example, module: Format, columns: ColumnMap, nested: bool) -> Written | Refusal:
    """The whole row: what the format makes of it, names and groups, and the tags that the format left."""
    written = module.write(example, columns)
    if isinstance(written, Refusal):
        return written
    own_id = example.row_id if example.row_id != str(example.source) else None
    further: list[tuple[str, object]] = [
        (name, value)
        for name, value in ((columns.id, own_id), (columns.group, example.group), (columns.time, example.time))
        if name is not None
    ]
    if columns.critical is not None:
        further.append((columns.critical, example.critical))
    for tag, text in example.tags:
        if tag not in written.tags_used:
            further.append((tag, structure(text) if nested else text))
    row = dict(written.cells)
    for name, cell in further:
        if name in row:
            return Refusal("write.same_name", f"its further column '{name}' has the name of another part of the row")
        row[name] = cell
    return written._replace(cells=row)


def _write_and_prove(
    examples: Sequence[Example],
    rows: Sequence[Cells],
    path: Path,
    container: Container,
    module: Format,
    columns: ColumnMap,
    accepted: frozenset[str],
    problems: Problems,
) -> None:
    """Write, read again and compare; parquet with its own lists first, and with lists as text if that changes them."""
    attempts = (True, False) if container == "parquet" else (False,)
    for last, typed in zip((*attempts[1:], None), attempts, strict=True):
        if not write_rows(path, rows, container, module.NAME, typed=typed):
            continue
        _compare(examples, _read(path, module, columns, examples), accepted, problems)
        if not problems or last is None:
            break
        problems.clear()
    problems.raise_if_any()


def _read(path: Path, module: Format, columns: ColumnMap, examples: Sequence[Example]) -> ReadResult | str:
    """What a reader makes of the file, or why it cannot be read."""
    named = columns
    if not any(e.target for e in examples) and columns.target is not None and module.NAME == "rft":
        named = replace(columns, target=None)
    try:
        return read_table(path, columns=named, kind="generate", require_target=False, shape=module.NAME)
    except InputError as error:
        return error.message


def _compare(
    examples: Sequence[Example], result: ReadResult | str, accepted: frozenset[str], problems: Problems
) -> None:
    if isinstance(result, str):
        problems.all_refused(examples, result)
        return
    found: list[Example | SetAside] = sorted((*result.examples, *result.set_aside), key=lambda row: row.source.line)
    if len(found) != len(examples):
        problems.all_refused(examples, f"the file would be read as {len(found)} rows")
        return
    for before, after in zip(examples, found, strict=True):
        if not isinstance(after, Example):
            problems.refused(before, f"it could not be read again: {after.reason}")
            continue
        lost = losses(before, after) - accepted
        if lost:
            problems.lost(before, lost)
