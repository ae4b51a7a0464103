"""The example: one case with its input messages, its target and where it came from.

It is the only row type of the program. Readers make it, splits move it, systems see its ``Inputs`` alone.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Literal

# In the place of a sheet: the rows are elements of one JSON document, which have numbers instead of lines.
ELEMENTS = "#"
Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool that an assistant message makes; ``arguments`` is a JSON object as text, its keys in order.

    A reader writes that text in one canonical form, so that equal arguments are equal texts.
    """

    name: str
    arguments: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    ``tool_calls`` belong to assistant messages, ``tool_call_id`` and ``name`` to the answers of tools. ``weight`` says
    how much an assistant turn counts in training: None is 1, and a turn of weight 0 is context only. It is no content.
    """

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a row stands in a person's file; ``line`` counts from 1 (for a spreadsheet, its row number).

    With ``ELEMENTS`` as its sheet, ``line`` is the number of the element in a JSON document: ``file.json#12``.
    """

    file: str
    line: int
    sheet: str | None = None

    def __str__(self) -> str:
        if self.sheet == ELEMENTS:
            return f"{self.file}#{self.line}"
        sheet = f" [{self.sheet}]" if self.sheet else ""
        return f"{self.file}{sheet}:{self.line}"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a system sees of an example: never the target, the group or the side of the split.

    ``row_id`` is the person's own name of the row, for systems that look up recorded answers by it. ``tags`` are the
    example's further columns, for what a person points a system to by name (who asks, and so what may be shown);
    they are never put before a model. ``origin`` is the digest of the case that these messages were made of, where they
    are not the case itself (passages or earlier answers in front, a probe): erasing the case finds what it left by it.
    """

    messages: tuple[Message, ...]
    row_id: str
    tools: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    origin: str = ""

    @property
    def owner(self) -> str:
        """Digest of the case whose words stand here."""
        return self.origin or input_digest(self.messages)

    @property
    def text(self) -> str:
        """The varying part as one text: every message but the system prompt, in order."""
        return "\n".join(m.content for m in self.messages if m.role != "system")


@dataclass(frozen=True, slots=True)
class Example:
    """One case.

    ``row_id`` is a label that the person gave (or ``file:line``), never a key: identity is by content
    (``input_digest``, ``example_digest``). ``tags`` are further columns, as (name, value) pairs. ``tools`` are the
    tools offered, each a JSON schema as text; ``target_calls`` the tool calls that the target makes beside its text;
    ``target_weight`` how much the target counts in training, as ``Message.weight``. In a preference pair the target is
    the answer preferred and ``rejected`` the messages of the other answer; empty everywhere else.
    """

    messages: tuple[Message, ...]
    target: str
    source: Source
    row_id: str
    group: str | None = None
    time: str | None = None
    critical: bool = False
    tags: tuple[tuple[str, str], ...] = ()
    tools: tuple[str, ...] = ()
    target_calls: tuple[ToolCall, ...] = ()
    target_weight: float | None = None
    rejected: tuple[Message, ...] = ()

    @property
    def inputs(self) -> Inputs:
        """What a system may see."""
        return Inputs(self.messages, self.row_id, self.tools, self.tags)

    @property
    def conversation(self) -> tuple[Message, ...]:
        """The input followed by the target as the assistant's message, as training renders it."""
        answer = Message("assistant", self.target, self.target_calls, weight=self.target_weight)
        return (*self.messages, answer)

    @property
    def text(self) -> str:
        """The varying part of the input as one text."""
        return self.inputs.text

    def tag(self, name: str) -> str | None:
        """The value of a further column, or None."""
        return dict(self.tags).get(name)

    def with_target(self, target: str) -> Example:
        """The same case with another target."""
        return replace(self, target=target)


def with_system(messages: tuple[Message, ...], text: str | None) -> tuple[Message, ...]:
    """The messages behind a system message of this text, unless they have one or there is no text."""
    if not text or any(message.role == "system" for message in messages):
        return messages
    return (Message("system", text), *messages)


def input_digest(messages: tuple[Message, ...], tools: tuple[str, ...] = ()) -> str:
    """SHA-256 (hex) of the canonical form of an input; two rows with equal input have equal digests.

    Without ``tools`` rows that differ only in the tools offered count as one input, which keeps them on one side of a
    split.
    """
    turns = _content(messages)
    return _sha256([turns, {"tools": list(tools)}] if tools else turns)


def example_digest(example: Example) -> str:
    """SHA-256 (hex) of input and target together."""
    parts: list[object] = [_content(example.messages), example.target]
    if example.tools or example.target_calls:
        parts.append({"tools": list(example.tools), "target_calls": _calls(example.target_calls)})
    if example.rejected:
        parts.append({"rejected": _content(example.rejected)})
    return _sha256(parts)


def dataset_digest(examples: list[Example]) -> str:
    """SHA-256 (hex) of a set of examples, whatever their order (repeated rows count)."""
    return _sha256(sorted(example_digest(e) for e in examples))


def _content(messages: tuple[Message, ...]) -> list[list[object]]:
    """Role and text of each message, and a third part only where tools are used: older digests stay what they were."""
    turns: list[list[object]] = []
    for message in messages:
        turn: list[object] = [message.role, message.content]
        if message.tool_calls or message.tool_call_id is not None or message.name is not None:
            calls = _calls(message.tool_calls)
            turn.append({"tool_calls": calls, "tool_call_id": message.tool_call_id, "name": message.name})
        turns.append(turn)
    return turns


def _calls(calls: tuple[ToolCall, ...]) -> list[list[str | None]]:
    return [[call.name, call.arguments, call.id] for call in calls]


def _sha256(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
