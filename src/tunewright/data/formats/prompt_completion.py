"""Rows with ``prompt`` and ``completion``, each a text: the prompt becomes one user message."""

from __future__ import annotations

from tunewright.data.formats import EVERY_USE
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example, Message

ORDER = 20
NAME = "prompt/completion"
DESCRIPTION = "rows with prompt and completion"
USES = EVERY_USE
FAMILY = NAME
ALONE = False


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    return (columns is None or not columns.input) and "prompt" in cells and "completion" in cells


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    target = {columns.target} if columns and columns.target else set()
    return frozenset({"prompt", "completion"} | target)


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    prompt = cells.get("prompt")
    if isinstance(prompt, list | dict):
        return Refusal("prompt.not_text", "the prompt is not a text")
    target = columns.target if columns and columns.target else "completion"
    return Draft((Message("user", prompt if isinstance(prompt, str) else ""),), cells.get(target))


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    if len(example.messages) != 1:
        return Refusal("write.one_prompt", f"its input has {len(example.messages)} messages, and a prompt is one text")
    return Written({"prompt": example.messages[0].content, columns.target or "completion": example.target})
