"""Markdown: headings, paragraphs, list items, tables by row, fenced code; marks of emphasis and comments go.

A reader for search, not for typesetting: what a person reads on the page is kept, in its order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tunewright.documents.blocks import Block, Parsed, clean, row_text

_ATX = re.compile(r" {0,3}(#{1,6})(?:\s+(.*?))?(?:\s+#+)?\s*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})\s*$")
_RULE = re.compile(r" {0,3}([-*_])(?:\s*\1){2,}\s*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?(?=\S)")
_QUOTE = re.compile(r"^\s{0,3}(?:>\s?)+")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_IMAGE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]+)\]\(\s*<?([^)\s>]+)>?[^)]*\)")
_EMPHASIS = re.compile(r"(?<![\w*\\])(\*{1,3}|_{1,3})(?=\S)(.+?)(?<=\S)\1(?![\w*])")
_CODE = re.compile(r"(`+)(.+?)\1")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>~])")


@dataclass(slots=True)
class _Page:
    """What was read so far: finished blocks, and the lines of a paragraph that may go on."""

    blocks: list[Block] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    first: int = 0

    def add(self, line: str, number: int) -> None:
        if not self.open:
            self.first = number
        self.open.append(line)

    def close(self) -> None:
        text = inline(" ".join(clean(line) for line in self.open))
        if text:
            self.blocks.append(Block("prose", text, self.first, self.first + len(self.open) - 1))
        self.open = []


def parse_markdown(text: str) -> Parsed:
    """Blocks of a markdown file; places are lines."""
    lines = _COMMENT.sub(lambda match: "\n" * match.group().count("\n"), text).splitlines()
    page = _Page()
    number = 0
    while number < len(lines):
        number += _step(page, lines, number)
    page.close()
    return Parsed(tuple(page.blocks), "line")


def inline(text: str) -> str:
    """A line without its marks: emphasis, code and images lose them, a link keeps its address in brackets."""
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(lambda m: f"{m[1]} ({m[2]})" if "://" in m[2] or m[2].startswith("mailto:") else m[1], text)
    for _ in range(2):
        text = _EMPHASIS.sub(r"\2", text)
    return clean(_ESCAPE.sub(r"\1", _CODE.sub(r"\2", text)))


def _step(page: _Page, lines: list[str], number: int) -> int:
    """Read what begins at a line (0-based); how many lines that were."""
    line = _QUOTE.sub("", lines[number])
    here = number + 1
    fence = _FENCE.match(line)
    if fence:
        return _code(page, lines, number, fence.group(1))
    heading = _ATX.match(line)
    if heading:
        page.close()
        title = inline(heading.group(2) or "")
        if title:
            page.blocks.append(Block("heading", title, here, here, len(heading.group(1))))
        return 1
    underline = _UNDERLINE.match(line)
    if underline and len(page.open) == 1 and not _ITEM.match(page.open[0]):
        level = 1 if "=" in underline.group(1) else 2
        page.blocks.append(Block("heading", inline(page.open[0]), page.first, here, level))
        page.open = []
        return 1
    if not line.strip() or _RULE.match(line):
        page.close()
        return 1
    if "|" in line and number + 1 < len(lines) and "|" in lines[number + 1] and _TABLE_RULE.match(lines[number + 1]):
        return _table(page, lines, number)
    item = _ITEM.match(line)
    if item:
        page.close()
        line = line if line.strip()[0].isdigit() else line[item.end() :]
    page.add(line, here)
    return 1


def _code(page: _Page, lines: list[str], number: int, mark: str) -> int:
    """A fenced block, each line kept whole."""
    page.close()
    end = number + 1
    while end < len(lines) and not lines[end].strip().startswith(mark):
        text = clean(lines[end])
        if text:
            page.blocks.append(Block("line", text, end + 1, end + 1))
        end += 1
    return end + 1 - number


def _table(page: _Page, lines: list[str], number: int) -> int:
    """A table, each row with the names of its columns."""
    page.close()
    header = _cells(lines[number])
    end = number + 2
    while end < len(lines) and "|" in lines[end] and lines[end].strip():
        text = row_text(header, _cells(lines[end]))
        if text:
            page.blocks.append(Block("line", text, end + 1, end + 1))
        end += 1
    if end == number + 2 and any(header):
        page.blocks.append(Block("line", "; ".join(cell for cell in header if cell), number + 1, number + 1))
    return end - number


def _cells(line: str) -> list[str]:
    bare = _QUOTE.sub("", line).strip()
    bare = bare.removeprefix("|")
    if bare.endswith("|") and not bare.endswith("\\|"):
        bare = bare[:-1]
    return [inline(cell.replace("\\|", "|")) for cell in re.split(r"(?<!\\)\|", bare)]
