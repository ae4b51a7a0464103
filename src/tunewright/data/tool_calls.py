"""Tools offered and tool calls in the OpenAI shape, read into records; what cannot be read is refused with the reason.

Called by the chat format. Arguments come as an object or as JSON text, and leave as one canonical text: keys in the
order of the person (a model learns that order), no idle white space, letters of every script as they are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from tunewright.data.rows import Refusal
from tunewright.records.example import ToolCall


def canonical_json(value: object) -> str:
    """One text for equal JSON values with equal order of keys.

    Raises:
        ValueError: the value is no JSON (infinite numbers, keys that are no text).
        TypeError: the value holds something that JSON cannot write.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def read_tool_calls(value: object, place: int) -> tuple[ToolCall, ...] | Refusal:
    """The calls of message ``place`` (from 1); none where ``value`` is None or empty."""
    if value is None:
        return ()
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, list | tuple):
        return Refusal("chat.tool_call", f"the tool_calls of message {place} are not a list")
    calls: list[ToolCall] = []
    for number, item in enumerate(value, start=1):
        call = _read_call(item, f"tool call {number} of message {place}")
        if isinstance(call, Refusal):
            return call
        calls.append(call)
    return tuple(calls)


def read_tools(value: object) -> tuple[str, ...] | Refusal:
    """The tools offered, each as canonical JSON text; a list, or such a list as JSON text."""
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, list | tuple):
        return Refusal("chat.tools", "the tools are not a list of JSON schemas")
    tools: list[str] = []
    for number, item in enumerate(value, start=1):
        schema = _parsed(item) if isinstance(item, str) else item
        if not isinstance(schema, Mapping):
            return Refusal("chat.tools", f"tool {number} is not a JSON schema")
        if not isinstance(_function_of(schema).get("name"), str):
            return Refusal("chat.tools", f"tool {number} has no name")
        try:
            tools.append(canonical_json(schema))
        except (TypeError, ValueError) as error:
            return Refusal("chat.tools", f"tool {number} is not JSON: {error}")
    return tuple(tools)


def read_weight(value: object, place: int) -> float | Refusal | None:
    """The training weight of a message: a number of 0 or more; None where the person gave none."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return Refusal("chat.weight", f"the weight of message {place} is '{value}', not a number of 0 or more")
    return float(value)


def _read_call(item: object, what: str) -> ToolCall | Refusal:
    if not isinstance(item, Mapping):
        return Refusal("chat.tool_call", f"{what} is not an object")
    function = _function_of(item)
    name = function.get("name")
    if not isinstance(name, str) or not name.strip():
        return Refusal("chat.tool_call", f"{what} names no function")
    arguments = _read_arguments(function.get("arguments"), what)
    if isinstance(arguments, Refusal):
        return arguments
    identity = item.get("id")
    if identity is not None and not isinstance(identity, str):
        return Refusal("chat.tool_call", f"the id of {what} is not a text")
    return ToolCall(name, arguments, identity)


def _function_of(item: Mapping[object, object]) -> Mapping[object, object]:
    """The inner object of ``{"type": "function", "function": {...}}``, or the object itself where it is flat."""
    function = item.get("function", item)
    return function if isinstance(function, Mapping) else {}


def _read_arguments(value: object, what: str) -> str | Refusal:
    if value is None or value == "":
        return "{}"
    if isinstance(value, str):
        try:
            value = json.loads(value, object_pairs_hook=_unique_keys)
        except (ValueError, RecursionError) as error:
            return Refusal("chat.tool_arguments", f"the arguments of {what} are not JSON: {error}")
    if not isinstance(value, Mapping):
        return Refusal("chat.tool_arguments", f"the arguments of {what} are not a JSON object")
    try:
        return canonical_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        return Refusal("chat.tool_arguments", f"the arguments of {what} are not JSON: {error}")


def _unique_keys(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """An object from its pairs; a key that stands twice would silently lose a value."""
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key '{twice}' stands twice")
    return value


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
