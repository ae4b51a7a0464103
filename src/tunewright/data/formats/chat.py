"""Conversations in the OpenAI shape: ``messages`` with ``role`` and ``content``, tool calls, and ``tools`` beside them.

The last message must be the assistant's and is the target; all before it is the input. When the person names a target
column, the whole conversation is the input.
"""

from __future__ import annotations

from dataclasses import dataclass

from tunewright.data.formats import EVERY_USE
from tunewright.data.formats._turns import Tags, Turns, is_turns, read_turns, split_answer, write_tools, write_turns
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.data.tool_calls import read_tools
from tunewright.records.example import Example, Message, ToolCall

ORDER = 10
NAME = "chat"
DESCRIPTION = "conversations (messages with role and content)"
USES = EVERY_USE
FAMILY = "conversations"
ALONE = False
KEY = "messages"
TOOLS_KEY = "tools"


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    if columns is not None and columns.input and len(columns.input) != 1:
        return False
    return is_turns(cells.get(_key(columns)))


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    target = {columns.target} if columns and columns.target else set()
    return frozenset({_key(columns)} | target)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A whole row: the input, the tools offered, and the target (None where the person gave none).

    A target that only calls tools is an empty text with ``target_calls``. ``target_weight`` is the last message's own.
    """

    messages: tuple[Message, ...]
    target: object
    tools: tuple[str, ...] = ()
    target_calls: tuple[ToolCall, ...] = ()
    target_weight: float | None = None
    tags: Tags = ()


def read_conversation(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Conversation | Refusal:
    """Everything that a row of this shape says, or why it cannot be used."""
    found = read_turns(cells.get(_key(columns)))
    if isinstance(found, Refusal):
        return found
    return conversation_of(found, cells, columns, require_target)


def conversation_of(
    found: Turns, cells: Cells, columns: ColumnMap | None, require_target: bool
) -> Conversation | Refusal:
    """A row whose messages are read already."""
    tools = read_tools(cells.get(TOOLS_KEY))
    if isinstance(tools, Refusal):
        return tools
    if columns is not None and columns.target is not None:
        return Conversation(found.messages, cells.get(columns.target), tools, tags=found.tags)
    before, answer = split_answer(found)
    if answer is not None:
        return Conversation(
            before.messages, answer.content, tools, answer.tool_calls, answer.weight, before.tags
        )  # fmt: skip
    if not require_target:
        return Conversation(found.messages, None, tools, tags=found.tags)
    if any(m.role == "assistant" for m in found.messages):
        return Refusal("chat.no_final_answer", "the conversation does not end with an assistant message")
    return Refusal("chat.no_answer", "the conversation has no assistant message")


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    found = read_conversation(with_own_tools_only(cells), columns, require_target)
    return found if isinstance(found, Refusal) else draft_of(found)


def with_own_tools_only(cells: Cells) -> Cells:
    """The row without ``tools`` where that is a column of the person's own, which is a tag like any other."""
    tools = cells.get(TOOLS_KEY)
    if isinstance(tools, list) or (isinstance(tools, str) and tools.lstrip().startswith("[")):
        return cells
    return {**cells, TOOLS_KEY: None}


def draft_of(found: Conversation) -> Draft:
    """What the reader takes from a conversation."""
    return Draft(
        found.messages, found.target, found.tools, found.target_calls, found.target_weight, tags=found.tags
    )  # fmt: skip


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    written, used = write_turns(turns_to_write(example), dict(example.tags))
    return Written(with_tools({KEY: written}, example), used)


def turns_to_write(example: Example) -> tuple[Message, ...]:
    """Input and answer; the input alone where there is no answer yet."""
    return example.conversation if example.target or example.target_calls else example.messages


def with_tools(cells: dict[str, object], example: Example) -> dict[str, object]:
    """The row with the tools offered, if any."""
    return {**cells, TOOLS_KEY: write_tools(example.tools)} if example.tools else cells


def _key(columns: ColumnMap | None) -> str:
    return columns.input[0] if columns is not None and columns.input else KEY
