"""Conversations in the OpenAI shape: ``messages`` with ``role`` and ``content``, tool calls, and ``tools`` beside them.

The last message must be the assistant's and is the target; all before it is the input. When the person names a target
column, the whole conversation is the input.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tunewright.data.cells import cell_text
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal
from tunewright.data.tool_calls import read_tool_calls, read_tools, read_weight
from tunewright.records.example import Message, Role, ToolCall

ORDER = 10
NAME = "chat"
DESCRIPTION = "conversations (messages with role and content)"
KEY = "messages"
TOOLS_KEY = "tools"
BESIDE_TEXT = frozenset({"tool_calls", "tool_call_id", "name", "weight"})
ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    if columns is not None and columns.input and len(columns.input) != 1:
        return False
    value = cells.get(_key(columns))
    return isinstance(value, list) and all(isinstance(m, dict) and "role" in m for m in value)


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


def read_conversation(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Conversation | Refusal:
    """Everything that a row of this shape says, or why it cannot be used."""
    value = cells[_key(columns)]
    assert isinstance(value, list)
    messages: list[Message] = []
    for place, item in enumerate(value, start=1):
        message = _message(item, place)
        if isinstance(message, Refusal):
            return message
        messages.append(message)
    tools = read_tools(cells.get(TOOLS_KEY))
    if isinstance(tools, Refusal):
        return tools
    if columns is not None and columns.target is not None:
        return Conversation(tuple(messages), cells.get(columns.target), tools)
    if messages and messages[-1].role == "assistant":
        last = messages[-1]
        return Conversation(tuple(messages[:-1]), last.content, tools, last.tool_calls, last.weight)
    if not require_target:
        return Conversation(tuple(messages), None, tools)
    if any(m.role == "assistant" for m in messages):
        return Refusal("chat.no_final_answer", "the conversation does not end with an assistant message")
    return Refusal("chat.no_answer", "the conversation has no assistant message")


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    tools = cells.get(TOOLS_KEY)
    if not isinstance(tools, list) and not (isinstance(tools, str) and tools.lstrip().startswith("[")):
        cells = {**cells, TOOLS_KEY: None}  # a column of one's own, which is a tag like any other
    found = read_conversation(cells, columns, require_target)
    if isinstance(found, Refusal):
        return found
    return Draft(found.messages, found.target, found.tools, found.target_calls, found.target_weight)


def _key(columns: ColumnMap | None) -> str:
    return columns.input[0] if columns is not None and columns.input else KEY


def _message(item: dict[str, object], place: int) -> Message | Refusal:
    role = ROLES.get(cell_text(item.get("role")).strip().lower())
    if role is None:
        return Refusal("chat.unknown_role", f"message {place} has the unknown role '{cell_text(item.get('role'))}'")
    content = item.get("content")
    if isinstance(content, list):
        content = _joined_parts(content, place)
    if isinstance(content, Refusal):
        return content
    if content is not None and not isinstance(content, str):
        return Refusal("chat.content", f"the content of message {place} is neither text nor parts")
    return _with_tools(Message(role, content or ""), item, place)


def _with_tools(message: Message, item: dict[str, object], place: int) -> Message | Refusal:
    """The message with what the OpenAI shape says beside its text."""
    if BESIDE_TEXT.isdisjoint(item):
        return message
    if message.role == "assistant":
        calls = read_tool_calls(item.get("tool_calls"), place)
        weight = read_weight(item.get("weight"), place)
        if isinstance(calls, Refusal):
            return calls
        if isinstance(weight, Refusal):
            return weight
        message = replace(message, tool_calls=calls, weight=weight)
    elif item.get("tool_calls"):
        return Refusal("chat.tool_call", f"message {place} calls a tool and is not the assistant's")
    identity, name = item.get("tool_call_id"), item.get("name")
    for key, value in (("tool_call_id", identity), ("name", name)):
        if value is not None and not isinstance(value, str):
            return Refusal("chat.tool_answer", f"the {key} of message {place} is not a text")
    return replace(
        message,
        tool_call_id=identity if isinstance(identity, str) else None,
        name=name if isinstance(name, str) else None,
    )


def _joined_parts(parts: list[object], place: int) -> str | Refusal:
    texts: list[str] = []
    for part in parts:
        kind = part.get("type", "text") if isinstance(part, dict) else "text"
        if kind != "text":
            return Refusal("chat.not_text", f"message {place} has a part of type '{kind}'; only text can be used")
        text = part.get("text") if isinstance(part, dict) else part
        if not isinstance(text, str):
            return Refusal("chat.content", f"message {place} has a part without text")
        texts.append(text)
    return "\n".join(texts)
