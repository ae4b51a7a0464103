"""Conversations for Claude on Bedrock: the system prompt as a text beside ``messages`` of user and assistant alone."""

from __future__ import annotations

from tunewright.data.formats import TEXT_USES
from tunewright.data.formats._turns import Turns, is_turns, read_turns, write_turns
from tunewright.data.formats.chat import conversation_of, draft_of, turns_to_write, with_own_tools_only
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example, Message

ORDER = 8
NAME = "claude"
DESCRIPTION = "conversations with the system prompt beside them (system, messages)"
USES = TEXT_USES
FAMILY = "conversations"
ALONE = False


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    messages = cells.get("messages")
    if (columns is not None and columns.input) or not isinstance(cells.get("system"), str) or not is_turns(messages):
        return False
    assert isinstance(messages, list)
    return bool(messages) and all(message["role"] not in ("system", "developer") for message in messages)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    target = {columns.target} if columns and columns.target else set()
    return frozenset({"messages", "system"} | target)


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    system = cells.get("system")
    before = 1 if isinstance(system, str) and system else 0
    found = read_turns(cells.get("messages"), first=before)
    if isinstance(found, Refusal):
        return found
    if before:
        found = Turns((Message("system", str(system)), *found.messages), found.tags)
    whole = conversation_of(found, with_own_tools_only(cells), columns, require_target)
    return whole if isinstance(whole, Refusal) else draft_of(whole)


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    turns = turns_to_write(example)
    system = turns[0].content if turns and turns[0].role == "system" else ""
    rest = turns[1:] if system else turns
    roles = [message.role for message in rest]
    if example.tools or any(message.tool_calls for message in rest) or "tool" in roles:
        return Refusal("write.tools", "it uses tools, which this format does not hold")
    if any(role != ("user", "assistant")[place % 2] for place, role in enumerate(roles)):
        return Refusal("write.alternation", "its turns do not alternate between user and assistant, the user first")
    written, used = write_turns(rest, dict(example.tags), first=1 if system else 0)
    cells: dict[str, object] = {"system": system} if system else {}
    return Written({**cells, "messages": written}, used)
