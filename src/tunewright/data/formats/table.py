"""Rows of a table: one or several columns are the input, one is the target. Works only with named columns."""

from __future__ import annotations

from tunewright.data.cells import cell_text
from tunewright.data.formats import EVERY_USE
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example, Message

ORDER = 90
NAME = "table"
DESCRIPTION = "rows with an input and a target column"
USES = EVERY_USE
FAMILY = NAME
ALONE = False


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    return columns is not None and any(name in cells for name in columns.input)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    if columns is None:
        return frozenset()
    return frozenset((*columns.input, columns.target or ""))


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    if columns is None or not columns.input:
        return Refusal("data.other_shape", "no column is named as the input")
    if len(columns.input) == 1:
        value = cells.get(columns.input[0])
        text = value if isinstance(value, str) else cell_text(value)
    else:
        texts = ((name, cell_text(cells.get(name))) for name in columns.input)
        text = "\n".join(f"{name}: {value}" for name, value in texts if value.strip())
    return Draft((Message("user", text),), cells.get(columns.target) if columns.target else None)


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    if len(columns.input) != 1:
        return Refusal(
            "write.one_input", "several input columns were joined into one text, which cannot be parted again"
        )
    if len(example.messages) != 1:
        return Refusal("write.one_input", f"its input has {len(example.messages)} messages, and a cell holds one text")
    cells: dict[str, object] = {columns.input[0]: example.messages[0].content}
    return Written({**cells, columns.target: example.target} if columns.target else cells)
