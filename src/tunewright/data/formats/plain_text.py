"""Rows with a ``text`` and nothing to answer: the text is the target, and no message stands before it."""

from __future__ import annotations

from tunewright.data.formats import Use
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example

ORDER = 80
NAME = "plain text"
DESCRIPTION = "plain texts (text alone)"
# Where answers are wanted, a text alone is a question.
USES: frozenset[Use] = frozenset({"texts"})
FAMILY = NAME
ALONE = False
BESIDE = frozenset({"id", "meta", "metadata", "source", "url", "timestamp", "split", "date"})


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    if columns is not None and (columns.input or columns.target):
        return False
    return isinstance(cells.get("text"), str) and all(name == "text" or name in BESIDE for name in cells)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset({"text"})


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    return Draft((), cells.get("text"))


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    if example.messages:
        return Refusal("write.no_input", "it has an input and an answer, and this format holds one text")
    return Written({"text": example.target})
