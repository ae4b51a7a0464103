"""Conversations in the OpenAI shape: ``messages`` with ``role`` and ``content``.

The last message must be the assistant's and is the target; all before it is the input. When the person names a target
column, the whole conversation is the input.
"""

from __future__ import annotations

from tunewright.data.cells import cell_text
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal
from tunewright.records.example import Message, Role

ORDER = 10
NAME = "chat"
DESCRIPTION = "conversations (messages with role and content)"
KEY = "messages"
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


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    value = cells[_key(columns)]
    assert isinstance(value, list)
    messages: list[Message] = []
    for place, item in enumerate(value, start=1):
        message = _message(item, place)
        if isinstance(message, Refusal):
            return message
        messages.append(message)
    if columns is not None and columns.target is not None:
        return Draft(tuple(messages), cells.get(columns.target))
    if messages and messages[-1].role == "assistant":
        return Draft(tuple(messages[:-1]), messages[-1].content)
    if not require_target:
        return Draft(tuple(messages), None)
    if any(m.role == "assistant" for m in messages):
        return Refusal("chat.no_final_answer", "the conversation does not end with an assistant message")
    return Refusal("chat.no_answer", "the conversation has no assistant message")


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
    if content is None and item.get("tool_calls"):
        return Refusal("chat.tool_call", f"message {place} calls a tool and has no text")
    if content is not None and not isinstance(content, str):
        return Refusal("chat.content", f"the content of message {place} is neither text nor parts")
    return Message(role, content or "")


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
