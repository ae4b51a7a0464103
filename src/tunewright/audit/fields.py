"""Fields of an example as a check, a reviewer and a redaction name them, and putting a new text into one.

``input`` is the last user message, ``target`` the answer, ``messages[i]`` and ``rejected[i]`` any message by its
number, ``target_calls[i]`` the arguments of a call. ``texts`` lists each text of a row once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from tunewright.records.example import Example, Message

_PLACE = re.compile(r"(messages|rejected|target_calls)\[(\d+)\]")


def texts(example: Example) -> Iterator[tuple[str, str]]:
    """(field, text) of everything that a model would read or learn, in order; tool definitions are not included."""
    for number, message in enumerate(example.messages):
        yield f"messages[{number}]", message.content
    yield "target", example.target
    for number, call in enumerate(example.target_calls):
        yield f"target_calls[{number}]", call.arguments
    for number, message in enumerate(example.rejected):
        yield f"rejected[{number}]", message.content


def last_user(example: Example) -> int:
    """The number of the message that ``input`` names: the last of the user's, or the last that is not the system's."""
    numbers = [n for n, m in enumerate(example.messages) if m.role == "user"]
    numbers = numbers or [n for n, m in enumerate(example.messages) if m.role != "system"]
    return numbers[-1] if numbers else len(example.messages) - 1


def text_of(example: Example, field: str) -> str:
    """The text of a field.

    Raises:
        KeyError: there is no such field in this row.
    """
    if field == "target":
        return example.target
    if field == "input":
        return example.messages[last_user(example)].content
    name, number = _place(example, field)
    if name == "target_calls":
        return example.target_calls[number].arguments
    return (example.messages if name == "messages" else example.rejected)[number].content


def with_text(example: Example, field: str, text: str) -> Example:
    """The example with another text in a field.

    Raises:
        KeyError: there is no such field in this row.
    """
    if field == "target":
        return example.with_target(text)
    if field == "input":
        field = f"messages[{last_user(example)}]"
    name, number = _place(example, field)
    if name == "target_calls":
        calls = list(example.target_calls)
        calls[number] = replace(calls[number], arguments=text)
        return replace(example, target_calls=tuple(calls))
    if name == "messages":
        return replace(example, messages=_replaced(example.messages, number, text))
    return replace(example, rejected=_replaced(example.rejected, number, text))


def _replaced(messages: tuple[Message, ...], number: int, text: str) -> tuple[Message, ...]:
    return (*messages[:number], replace(messages[number], content=text), *messages[number + 1 :])


def _place(example: Example, field: str) -> tuple[str, int]:
    match = _PLACE.fullmatch(field)
    if match is None:
        raise KeyError(field)
    name, number = match[1], int(match[2])
    there = {"messages": example.messages, "rejected": example.rejected, "target_calls": example.target_calls}[name]
    if number >= len(there):
        raise KeyError(field)
    return name, number
