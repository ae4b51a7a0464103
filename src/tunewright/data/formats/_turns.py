"""Messages in the OpenAI shape, read and written: roles, text or parts, tool calls, weights.

Formats whose rows hold such messages share this file. What a message says beyond what ``Message`` holds becomes a tag
named by its place, such as ``messages[2].refusal``, and goes back there in writing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from tunewright.data.cells import cell_text
from tunewright.data.formats._roles import suggestion
from tunewright.data.rows import Refusal
from tunewright.data.tool_calls import read_tool_calls, read_weight
from tunewright.records.example import Message, Role, ToolCall

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
BESIDE_TEXT = frozenset({"tool_calls", "tool_call_id", "name", "weight"})
KNOWN_KEYS = BESIDE_TEXT | {"role", "content"}
# Most messages are of these roles and have these keys, and say nothing beyond.
PLAIN_ROLES = frozenset({"system", "user", "assistant", "tool"})
PLAIN_KEYS = KNOWN_KEYS - {"weight"}
_PLACE = re.compile(r"(\w+)\[(\d+)\]\.(.+)")

Tags = tuple[tuple[str, str], ...]


class Turns(NamedTuple):
    """Messages, and what they say beyond."""

    messages: tuple[Message, ...]
    tags: Tags = ()
    remarks: tuple[str, ...] = ()


def is_turns(value: object) -> bool:
    """Whether a value is a list of messages."""
    return isinstance(value, list) and all(isinstance(item, dict) and "role" in item for item in value)


def read_turns(value: object, where: str = "messages", first: int = 0) -> Turns | Refusal:
    """The messages of a list; ``first`` is the number of the first of them in the tags."""
    if not isinstance(value, list):
        return Refusal("data.other_shape", f"'{where}' is not a list of messages")
    messages: list[Message] = []
    tags: list[tuple[str, str]] = []
    for number, item in enumerate(value):
        if not isinstance(item, dict):
            return Refusal("data.other_shape", f"message {number + 1} of '{where}' is not an object")
        message = read_message(item, number + 1)
        if isinstance(message, Refusal):
            return message
        messages.append(message)
        tags += _further(item, f"{where}[{first + number}]")
    return Turns(tuple(messages), tuple(tags))


def read_message(item: Mapping[str, object], place: int) -> Message | Refusal:
    """One message; ``place`` counts from 1."""
    role = ROLES.get(cell_text(item.get("role")).strip().lower())
    if role is None:
        return unknown_role(item.get("role"), place)
    content = read_content(item.get("content"), place)
    if isinstance(content, Refusal):
        return content
    return _with_tools(Message(role, content), item, place)


def unknown_role(value: object, place: int) -> Refusal:
    """Why a message cannot be read, with the role that is probably meant."""
    role = cell_text(value)
    return Refusal("chat.unknown_role", f"message {place} has the unknown role '{role}'{suggestion(role)}", role)


def read_content(content: object, place: int) -> str | Refusal:
    """The text of a message: a text, a list of text parts, or nothing."""
    if isinstance(content, list):
        return _joined_parts(content, place)
    if content is not None and not isinstance(content, str):
        return Refusal("chat.content", f"the content of message {place} is neither text nor parts")
    return content or ""


def _with_tools(message: Message, item: Mapping[str, object], place: int) -> Message | Refusal:
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


def _further(item: Mapping[str, object], place: str) -> list[tuple[str, str]]:
    """What a message says beyond what ``Message`` holds; a weight or calls on another's message count as that."""
    if item["role"] in PLAIN_ROLES and item.keys() <= PLAIN_KEYS:
        return []
    role = cell_text(item.get("role")).strip().lower()
    kept = [("role", role)] if role in ("developer", "function") else []
    names = [name for name in item if name not in KNOWN_KEYS]
    if role != "assistant":
        names += [name for name in ("weight",) if name in item]
    kept += [(name, cell_text(item[name]).strip()) for name in names if item[name] != []]
    return [(f"{place}.{name}", text) for name, text in kept if text]


def split_answer(found: Turns, where: str = "messages") -> tuple[Turns, Message | None]:
    """The turns before the last answer, and that answer; None where the last turn is not the assistant's."""
    if not found.messages or found.messages[-1].role != "assistant":
        return found, None
    answer, tags = found.messages[-1], list(found.tags)
    place = f"{where}[{len(found.messages) - 1}]"
    tags += [(f"{place}.{key}", text) for key, text in (("name", answer.name), ("tool_call_id", answer.tool_call_id))
             if text]  # fmt: skip
    return Turns(found.messages[:-1], tuple(tags), found.remarks), answer


def write_message(message: Message, *, objects: bool = False) -> dict[str, object]:
    """A message in the OpenAI shape; ``objects`` writes arguments as objects in place of JSON text."""
    written: dict[str, object] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        written["content"] = message.content or None
        written["tool_calls"] = [write_call(call, objects=objects) for call in message.tool_calls]
    if message.tool_call_id is not None:
        written["tool_call_id"] = message.tool_call_id
    if message.name is not None:
        written["name"] = message.name
    if message.weight is not None:
        written["weight"] = int(message.weight) if message.weight.is_integer() else message.weight
    return written


def write_call(call: ToolCall, *, objects: bool = False) -> dict[str, object]:
    """A tool call in the OpenAI shape."""
    arguments: object = json.loads(call.arguments) if objects else call.arguments
    identity = {} if call.id is None else {"id": call.id}
    return {**identity, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def write_turns(
    messages: Sequence[Message],
    tags: Mapping[str, str],
    where: str = "messages",
    one: Callable[[Message], dict[str, object]] = write_message,
    first: int = 0,
) -> tuple[list[dict[str, object]], frozenset[str]]:
    """Messages as a list, with the tags that belong into them; also the names of those tags."""
    written = [one(message) for message in messages]
    used = set()
    for tag, text in tags.items():
        match = _PLACE.fullmatch(tag)
        if match is None or match[1] != where or not first <= int(match[2]) < first + len(written):
            continue
        written[int(match[2]) - first][match[3]] = structure(text, scalars=True)
        used.add(tag)
    return written, frozenset(used)


def write_tools(tools: Sequence[str]) -> list[object]:
    """The tools offered, each an object."""
    return [json.loads(tool) for tool in tools]


def structure(text: str, *, scalars: bool = False) -> object:
    """What a tag was before it became text: a list or an object, with ``scalars`` also true and false; else the text.

    It is undone only where reading gives the same text again.
    """
    if not text.startswith(("{", "[")) and not (scalars and text in ("true", "false")):
        return text
    try:
        value: object = json.loads(text, parse_constant=_no_number)
        return value if cell_text(value) == text else text
    except (ValueError, RecursionError):
        return text


def _no_number(name: str) -> object:
    raise ValueError(name)


def of_single_message(tag: str) -> bool:
    """Whether a tag belongs to one message of a conversation."""
    return _PLACE.fullmatch(tag) is not None
