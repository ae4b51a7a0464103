"""What a reader of a file format hands over: blocks in reading order, each with its place in the file.

Formats make blocks, ``split`` makes passages of them. No format knows how long a passage is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

# prose: sentences that may be parted between sentences; line: a list item, a table row or a line of code, kept whole.
BlockKind = Literal["heading", "prose", "line"]
Unit = Literal["line", "page", "paragraph", "row"]
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Block:
    """A heading (``level`` 1 and up), a paragraph of prose or a line, from place ``first`` to ``last`` (from 1).

    ``alone`` says that it is a passage of its own: a row of a csv file.
    """

    kind: BlockKind
    text: str
    first: int
    last: int
    level: int = 0
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as blocks; ``unit`` says what their places count, ``skipped`` names parts that could not be read."""

    blocks: tuple[Block, ...]
    unit: Unit
    skipped: tuple[str, ...] = field(default=())


class UnreadableError(Exception):
    """A file that is set aside; its text is the reason, in words for a person."""


def clean(text: str) -> str:
    """White space runs as single spaces, none at the ends."""
    return _SPACE.sub(" ", text).strip()


def row_text(header: list[str], cells: list[str]) -> str:
    """A table row as ``Name: value; Name: value``; empty cells are left out, cells without a header numbered."""
    names = [clean(name) or f"column {place}" for place, name in enumerate(header, 1)]
    names += [f"column {place}" for place in range(len(names) + 1, len(cells) + 1)]
    pairs = zip(names, (clean(cell) for cell in cells), strict=False)
    return "; ".join(f"{name}: {value}" for name, value in pairs if value)
