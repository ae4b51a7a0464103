"""Plain text: paragraphs between empty lines, and headings where a line looks like nothing else.

Pages of a pdf are read with the same rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tunewright.documents.blocks import Block, Parsed, clean

_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2})*)\.?\s+[^\W\d_]")
_ITEM = re.compile(r"\s*(?:[-*•–·]|\(?[a-z0-9]{1,2}[.)])\s+\S")
_RULE = re.compile(r"\s*[=\-*_~#]{3,}\s*$")
_UNDERLINE = re.compile(r"\s*(={3,}|-{3,})\s*$")
_LONGEST_HEADING_WORDS = 10
# Of the widest line of a file: a line that ends before was broken on purpose.
_ROOMY = 0.75


def parse_text(text: str) -> Parsed:
    """Blocks of a text file; places are lines."""
    lines = text.splitlines()
    width = max((len(line.rstrip()) for line in lines), default=0)
    blocks: list[Block] = []
    start = 0
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            continue
        if start < number - 1:
            blocks += _paragraph(lines[start : number - 1], start + 1, width)
        start = number
    return Parsed(tuple(blocks), "line")


def heading_level(line: str) -> int:
    """The level of a heading that stands alone in its line (2 and up); 0 where the line is none."""
    text = line.strip()
    words = text.split()
    if not words or len(words) > _LONGEST_HEADING_WORDS or text[-1] in ".,;:!?":
        return 0
    numbered = _NUMBERED.match(text)
    if numbered and text[numbered.end() - 1].isupper():
        return 2 + numbered.group(1).count(".")
    letters = [letter for letter in text if letter.isalpha()]
    return 2 if len(letters) > 3 and text == text.upper() and text != text.lower() else 0


def is_item(line: str) -> bool:
    """Whether a line begins a list item."""
    return bool(_ITEM.match(line))


def joined(lines: Sequence[str]) -> str:
    """Wrapped lines as one text; a word parted by a hyphen at the end of a line is whole again."""
    text = ""
    for line in lines:
        piece = clean(line)
        if re.search(r"[a-zß-ÿ]-$", text) and re.match(r"[a-zß-ÿ]", piece):
            text = text[:-1] + piece
        else:
            text = f"{text} {piece}" if text else piece
    return text


def _paragraph(lines: Sequence[str], first: int, width: int) -> list[Block]:
    """A run of lines without an empty one: a heading perhaps, then list items, lines broken on purpose, or prose."""
    blocks: list[Block] = []
    rest = list(lines)
    if len(rest) > 1 and _UNDERLINE.match(rest[1]) and not _RULE.match(rest[0]):
        blocks.append(Block("heading", clean(rest[0]), first, first + 1, 1 if "=" in rest[1] else 2))
        rest, first = rest[2:], first + 2
    elif len(rest) == 1 and (level := heading_level(rest[0])):
        return [Block("heading", clean(rest[0]), first, first, level)]
    group: list[str] = []
    for number, line in enumerate(rest):
        if _RULE.match(line) or is_item(line) or (group and _had_room(group[-1], line, width)):
            blocks += _closed(group, first + number - len(group))
            group = []
        if not _RULE.match(line):
            group.append(line)
    return blocks + _closed(group, first + len(rest) - len(group))


def _had_room(line: str, following: str, width: int) -> bool:
    """Whether the first word of the next line would have fitted well: then the line was not broken by its width."""
    return len(line.rstrip()) + 1 + len(following.split()[0]) < _ROOMY * width


def _closed(lines: Sequence[str], first: int) -> list[Block]:
    return [Block("prose", joined(lines), first, first + len(lines) - 1)] if lines else []
