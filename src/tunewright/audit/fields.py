"""Fields of an example as a check, a reviewer and a redaction name them, and putting a new text into one.

``input`` is the last user message, ``target`` the answer, ``messages[i]`` and ``rejected[i]`` any message by its
number, ``target_calls[i]`` and ``messages[i].calls[j]`` the arguments of a call. ``texts`` lists each text of a row
once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tunewright.records.example import Example, Message, ToolCall

_PLACE = re.compile(r"(messages|rejected|target_calls)\[(\d+)\]")
_CALL = re.compile(r"((?:messages|rejected)\[\d+\])\.calls\[(\d+)\]")


def texts(example: Example) -> Iterator[tuple[str, str]]:
    """(field, text) of everything that a model would read or learn, in order; tool definitions are not included."""
    yield from _texts_of("messages", example.messages)
    yield "target", example.target
    for number, call in enumerate(example.target_calls):
        yield f"target_calls[{number}]", call.arguments
    yield from _texts_of("rejected", example.rejected)


def last_user(example: Example) -> int:
    """The number of the message that ``input`` names: the last of the user's, or the last that is not the system's."""
    numbers = [n for n, m in enumerate(example.messages) if m.role == "user"]
    numbers = numbers or [n for n, m in enumerate(example.messages) if m.role != "system"]
    return numbers[-1] if numbers else max(0, len(example.messages) - 1)


def text_of(example: Example, field: str) -> str:
    """The text of a field.

    Raises:
        KeyError: there is no such field in this row.
    """
    if field == "target":
        return example.target
    call = _CALL.fullmatch(field)
    if call:
        calls = _message(example, call[1]).tool_calls
        return calls[_number(call[2], calls, field)].arguments
    name, number = _place(example, field)
    return example.target_calls[number].arguments if name == "target_calls" else _message(example, field).content


def with_text(example: Example, field: str, text: str) -> Example:
    """The example with another text in a field.

    Raises:
        KeyError: there is no such field in this row.
    """
    if field == "target":
        return example.with_target(text)
    call = _CALL.fullmatch(field)
    if call:
        message = _message(example, call[1])
        calls = _with_arguments(message.tool_calls, _number(call[2], message.tool_calls, field), text)
        return _with_message(example, call[1], replace(message, tool_calls=calls))
    name, number = _place(example, field)
    if name == "target_calls":
        return replace(example, target_calls=_with_arguments(example.target_calls, number, text))
    return _with_message(example, field, replace(_message(example, field), content=text))


def _texts_of(name: str, messages: Sequence[Message]) -> Iterator[tuple[str, str]]:
    for number, message in enumerate(messages):
        yield f"{name}[{number}]", message.content
        for place, call in enumerate(message.tool_calls):
            yield f"{name}[{number}].calls[{place}]", call.arguments


def _message(example: Example, field: str) -> Message:
    name, number = _place(example, field)
    return (example.rejected if name == "rejected" else example.messages)[number]


def _with_message(example: Example, field: str, message: Message) -> Example:
    name, number = _place(example, field)
    if name == "rejected":
        return replace(example, rejected=(*example.rejected[:number], message, *example.rejected[number + 1 :]))
    return replace(example, messages=(*example.messages[:number], message, *example.messages[number + 1 :]))


def _with_arguments(calls: tuple[ToolCall, ...], number: int, text: str) -> tuple[ToolCall, ...]:
    return (*calls[:number], replace(calls[number], arguments=text), *calls[number + 1 :])


def _place(example: Example, field: str) -> tuple[str, int]:
    """Which list of the example a field stands in, and where."""
    match = _PLACE.fullmatch(f"messages[{last_user(example)}]" if field == "input" else field)
    if match is None:
        raise KeyError(field)
    there = {"messages": example.messages, "rejected": example.rejected, "target_calls": example.target_calls}
    return match[1], _number(match[2], there[match[1]], field)


def _number(digits: str, things: Sequence[object], field: str) -> int:
    if int(digits) >= len(things):
        raise KeyError(field)
    return int(digits)
