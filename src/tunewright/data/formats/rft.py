"""Rows for reinforcement fine-tuning: ``messages`` that end with the user's, and reference fields for a grader.

The reference fields become tags. One of them is the target where the person names it as the target column; without
that a row has no answer to imitate.
"""

from __future__ import annotations

from tunewright.data.formats import TEXT_USES
from tunewright.data.formats._turns import is_turns, read_turns, structure, write_turns
from tunewright.data.formats.chat import with_own_tools_only, with_tools
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.data.tool_calls import read_tools
from tunewright.records.example import Example

ORDER = 6
NAME = "rft"
DESCRIPTION = "questions with reference fields for a grader (messages that end with the user's)"
USES = TEXT_USES
FAMILY = "conversations"
ALONE = True
REFERENCE = "reference_answer"
RESERVED = frozenset({"messages", "tools"})


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    messages = cells.get("messages")
    if (columns is not None and columns.input) or not isinstance(messages, list) or not messages:
        return False
    if not isinstance(messages[-1], dict) or messages[-1].get("role") != "user" or not is_turns(messages):
        return False
    further = [name for name, value in cells.items() if name not in RESERVED and value is not None]
    return bool(further)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset({"messages", *({columns.target} if columns and columns.target else ())})


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    found = read_turns(cells.get("messages"))
    tools = read_tools(with_own_tools_only(cells).get("tools"))
    if isinstance(found, Refusal):
        return found
    if isinstance(tools, Refusal):
        return tools
    if columns is not None and columns.target is not None:
        return Draft(found.messages, cells.get(columns.target), tools, tags=found.tags)
    if require_target:
        names = ", ".join(f"'{name}'" for name in cells if name not in RESERVED)
        return Refusal(
            "rft.no_target", f"it has no answer; name the field that holds the right one as target ({names})"
        )
    return Draft(found.messages, None, tools, tags=found.tags)


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    if not example.messages or example.messages[-1].role != "user":
        return Refusal("write.last_turn", "its input does not end with the user's message")
    written, used = write_turns(example.messages, dict(example.tags))
    cells = with_tools({"messages": written}, example)
    if example.target:
        cells[columns.target or REFERENCE] = structure(example.target)
    return Written(cells, used)
