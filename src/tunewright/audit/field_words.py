"""Fields of a row as a person calls them: the columns of the file where it has some, else ``input`` and ``target``."""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.audit.fields import last_user, texts
from tunewright.records.example import Example, Message, ToolCall


def field_words(example: Example, inputs: Sequence[str] = (), target: str | None = None) -> dict[str, str]:
    """The word for each field of a row, by the name of the field, in the order of the row.

    Args:
        inputs: the columns that the input is read from; one of them is its name.
        target: the column of the target.
    """
    of_input = f"messages[{last_user(example)}]"
    words = {}
    for field, _ in texts(example):
        words[field] = field
        if field == of_input:
            words[field] = inputs[0] if len(inputs) == 1 else "input"
        elif field == "target":
            words[field] = target or "target"
    return words


def field_meant(example: Example, said: str, inputs: Sequence[str] = (), target: str | None = None) -> str:
    """The field that a person means by a word; the word itself where it means none."""
    names = {word: field for field, word in field_words(example, inputs, target).items()}
    return names.get(said, said)


def call_words(call: ToolCall) -> str:
    """A call with its arguments and, where it has one, the id that its answer refers to."""
    return f"{call.name}({call.arguments})" + (f" [{call.id}]" if call.id else "")


def message_words(message: Message) -> str:
    """Who speaks; for the answer of a tool also which tool, and which call it answers."""
    if message.role != "tool":
        return message.role
    name = f" {message.name}" if message.name else ""
    return f"tool{name}" + (f" [{message.tool_call_id}]" if message.tool_call_id else "")
