"""JSON documents: one array of rows, or an object of arrays (splits of rows or of [text, label] pairs, or columns).

A row is known by its number in the document, from 1: lines say nothing where a whole array stands on one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from tunewright.data.json_text import MAX_DOCUMENT_BYTES, Walker, json_kind
from tunewright.data.rows import BrokenRow, OpenTable, RawRow
from tunewright.errors import InputError
from tunewright.records.example import ELEMENTS

if TYPE_CHECKING:
    from tunewright.data.containers import Probe

ORDER = 30
SAMPLE_ROWS = 200
MAX_DEPTH = 300


def recognise(probe: Probe) -> bool:
    return json_kind(probe) in ("array", "object")


def open_container(probe: Probe, wanted: Sequence[str]) -> OpenTable:
    text = probe.text
    if text.size_bytes > MAX_DOCUMENT_BYTES:
        raise InputError(
            "data.huge_document",
            f"{probe.path.name} is one JSON document of {text.size_bytes / 1e9:.1f} GB.",
            where=str(probe.path),
            why="A JSON document must be held in memory as a whole.",
            hint="Write one JSON object per line (jsonl), or parquet.",
        )
    is_array = json_kind(probe) == "array"

    def walk() -> Walker:
        with text.open() as stream:
            return Walker(stream.read(), probe.path.name)

    def rows(notes: list[str], walker: Walker | None = None) -> Iterator[RawRow | BrokenRow]:
        walker = walker or walk()
        source = walker.elements() if is_array else _elements_of_object(walker, notes)
        for number, (_line, value) in enumerate(source, start=1):
            yield json_row(number, value)
        walker.end()

    walker = walk()
    sample = list(islice(rows([], walker), SAMPLE_ROWS))
    about = round(len(walker.text) / max(1, walker.position) * len(sample))
    return OpenTable("json", text.encoding, None, ELEMENTS, column_union(iter(sample)), False, about, rows, text.notes)


def json_row(line: int, value: object) -> RawRow | BrokenRow:
    """A row from a JSON value, which must be an object."""
    if isinstance(value, dict):
        if _is_too_deep(value):
            names = ", ".join(map(str, value))
            return BrokenRow(line, "data.bad_json", f"lists in lists, more than {MAX_DEPTH} deep", f"names: {names}")
        return RawRow(line, value)
    kind = {list: "an array", str: "a text", type(None): "null"}.get(type(value), "a single value")
    raw = json.dumps(value, ensure_ascii=False)
    return BrokenRow(line, "data.not_an_object", f'{kind} where an object {{"name": value}} was expected', raw)


def _is_too_deep(value: dict[str, object]) -> bool:
    """Whether objects and lists are nested so deep that Python cannot walk or print them."""
    level: list[object] = list(value.values())
    for _ in range(MAX_DEPTH):
        level = [part for item in level if isinstance(item, list | dict) for part in _inner(item)]
        if not level:
            return False
    return True


def _inner(item: list[object] | dict[str, object]) -> list[object]:
    return list(item.values()) if isinstance(item, dict) else item


def column_union(rows: Iterator[RawRow | BrokenRow]) -> tuple[str, ...]:
    """The keys of the rows in the order in which they first appear."""
    names: dict[str, None] = {}
    for row in rows:
        if isinstance(row, RawRow):
            names.update(dict.fromkeys(row.cells))
    return tuple(names)


def _elements_of_object(walker: Walker, notes: list[str]) -> Iterator[tuple[int, object]]:
    columns: dict[str, list[object]] = {}
    passed_over: list[str] = []
    line = walker.line
    for key in walker.members():
        if walker.peek() != "[":
            walker.value()
            passed_over.append(key)
            continue
        for line, value in walker.elements():
            if isinstance(value, dict):
                yield line, {"split": key, **value}
            elif isinstance(value, list) and len(value) == 2:
                yield line, {"text": value[0], "label": value[1], "split": key}
            elif isinstance(value, list):
                yield line, value
            else:
                columns.setdefault(key, []).append(value)
    if passed_over:
        notes.append(f"Not rows, passed over: {', '.join(passed_over[:5])}.")
    if columns:
        yield from _rows_of_columns(columns, line, walker)


def _rows_of_columns(columns: dict[str, list[object]], line: int, walker: Walker) -> Iterator[tuple[int, object]]:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} {count}" for name, count in lengths.items())
        walker.fail(f"its columns differ in length ({found})", walker.position)
    for values in zip(*columns.values(), strict=True):
        yield line, dict(zip(columns, values, strict=True))
