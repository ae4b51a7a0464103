"""The turns of an example as checks of shape walk over them, each with the name of its field.

Called by checks that look at order, tools and answers; ``fields`` holds the texts themselves.
"""

from __future__ import annotations

from tunewright.audit.fields import last_user
from tunewright.records.example import Example, Message


def named_turns(example: Example) -> list[tuple[str, Message]]:
    """(field, message) of the input and the target, in order; the target is the assistant's last message."""
    turns = [(f"messages[{number}]", message) for number, message in enumerate(example.messages)]
    turns.append(("target", example.conversation[-1]))
    return turns


def rejected_turns(example: Example) -> list[tuple[str, Message]]:
    """(field, message) of the other answer of a preference pair, in order."""
    return [(f"rejected[{number}]", message) for number, message in enumerate(example.rejected)]


def answers(example: Example) -> list[tuple[str, str]]:
    """(field, text) of what is an answer: the target, and what the assistant says in a rejected answer."""
    others = [(field, m.content) for field, m in rejected_turns(example) if m.role == "assistant"]
    return [("target", example.target), *others]


def request_of(example: Example) -> str:
    """The text of the message that asks: the user's last."""
    return example.messages[last_user(example)].content if example.messages else ""


def is_silent(message: Message) -> bool:
    """Whether a message says nothing and calls nothing."""
    return not message.content.strip() and not message.tool_calls
