"""The example: one case with its input messages, its target and where it came from.

It is the only row type of the program. Readers make it, splits move it, systems see its ``Inputs`` alone.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a row stands in a person's file; ``line`` counts from 1 (for a spreadsheet, its row number)."""

    file: str
    line: int
    sheet: str | None = None

    def __str__(self) -> str:
        sheet = f" [{self.sheet}]" if self.sheet else ""
        return f"{self.file}{sheet}:{self.line}"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a system sees of an example: never the target, the group or the side of the split.

    ``row_id`` is the person's own name of the row, for systems that look up recorded answers by it.
    """

    messages: tuple[Message, ...]
    row_id: str

    @property
    def text(self) -> str:
        """The varying part as one text: every message but the system prompt, in order."""
        return "\n".join(m.content for m in self.messages if m.role != "system")


@dataclass(frozen=True, slots=True)
class Example:
    """One case.

    ``row_id`` is a label that the person gave (or ``file:line``), never a key: identity is by content
    (``input_digest``, ``example_digest``). ``tags`` are further columns, as (name, value) pairs.
    """

    messages: tuple[Message, ...]
    target: str
    source: Source
    row_id: str
    group: str | None = None
    time: str | None = None
    critical: bool = False
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def inputs(self) -> Inputs:
        """What a system may see."""
        return Inputs(self.messages, self.row_id)

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


def input_digest(messages: tuple[Message, ...]) -> str:
    """SHA-256 (hex) of the canonical form of input messages; two rows with equal input have equal digests."""
    return _sha256([[m.role, m.content] for m in messages])


def example_digest(example: Example) -> str:
    """SHA-256 (hex) of input and target together."""
    return _sha256([[[m.role, m.content] for m in example.messages], example.target])


def dataset_digest(examples: list[Example]) -> str:
    """SHA-256 (hex) of a set of examples, whatever their order (repeated rows count)."""
    return _sha256(sorted(example_digest(e) for e in examples))


def _sha256(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
