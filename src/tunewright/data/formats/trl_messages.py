"""Conversations as TRL has them: the OpenAI shape with the arguments of tool calls as objects."""

from __future__ import annotations

from functools import partial

from tunewright.data.formats import TEXT_USES
from tunewright.data.formats._turns import is_turns, write_message, write_turns
from tunewright.data.formats.chat import consumed, convert, turns_to_write, with_tools
from tunewright.data.rows import Cells, ColumnMap, Refusal, Written
from tunewright.records.example import Example

__all__ = ["consumed", "convert", "matches", "write"]

ORDER = 9
NAME = "trl messages"
DESCRIPTION = "conversations with the arguments of tool calls as objects"
USES = TEXT_USES
FAMILY = "conversations"
ALONE = False


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    messages = cells.get("messages")
    if (columns is not None and columns.input) or not is_turns(messages):
        return False
    assert isinstance(messages, list)
    calls = [call for message in messages if isinstance(made := message.get("tool_calls"), list) for call in made]
    functions = [call.get("function") for call in calls if isinstance(call, dict)]
    return any(isinstance(f, dict) and isinstance(f.get("arguments"), dict) for f in functions)


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    one = partial(write_message, objects=True)
    written, used = write_turns(turns_to_write(example), dict(example.tags), one=one)
    return Written(with_tools({"messages": written}, example), used)
