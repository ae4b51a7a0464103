"""PDF: the text of each page through pypdf, with headings guessed as in plain text.

Lines that stand at the edge of most pages (running heads, page numbers) are no text. A sentence that runs over the end
of a page is whole. Pages without text (scans) are named, never left out silently.
"""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Sequence

from tunewright.documents.blocks import Block, Parsed, UnreadableError, clean
from tunewright.documents.plain_text import heading_level, is_item, joined

_ENDS = re.compile(r"[.!?:;…][\"'”’»)\]]*$")
_EDGE_SHARE, _EDGE_PAGES = 0.6, 3


def parse_pdf(data: bytes) -> Parsed:
    """Blocks of a document; places are pages.

    Raises:
        UnreadableError: encrypted, damaged, or without any text.
    """
    pages = _without_edges([text.splitlines() for text in _page_texts(data)])
    empty = [number for number, lines in enumerate(pages, 1) if not any(line.strip() for line in lines)]
    if len(empty) == len(pages):
        raise UnreadableError("no text in it (a scan?); run it through text recognition first")
    skipped = tuple(f"page {number}: no text on it (a scan or a picture?)" for number in empty)
    blocks: list[Block] = []
    for number, lines in enumerate(pages, 1):
        made = _blocks(lines, number)
        if made and blocks and _runs_on(blocks[-1], made[0]):
            before = blocks.pop()
            text = joined([before.text, made[0].text])
            made[0] = Block("prose", text, before.first, number)
        blocks += made
    return Parsed(tuple(blocks), "page", skipped)


def _page_texts(data: bytes) -> list[str]:
    from pypdf import PdfReader

    log = logging.getLogger("pypdf")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableError("it asks for a password")
        return [page.extract_text() or "" for page in reader.pages]
    except UnreadableError:
        raise
    except Exception as error:  # a damaged file may raise anything
        raise UnreadableError(f"damaged or no PDF ({type(error).__name__}: {error})"[:200]) from error
    finally:
        log.setLevel(level)


def _without_edges(pages: list[list[str]]) -> list[list[str]]:
    """Pages without first and last lines that most pages share (digits aside)."""
    pages = [[line for line in lines if line.strip()] for lines in pages]
    if len(pages) < _EDGE_PAGES:
        return pages
    for edge in (0, -1):
        shapes = Counter(_shape(lines[edge]) for lines in pages if lines)
        common = {shape for shape, times in shapes.items() if times >= max(_EDGE_PAGES, _EDGE_SHARE * len(pages))}
        for lines in pages:
            if len(lines) > 1 and _shape(lines[edge]) in common:
                del lines[edge]
    return pages


def _shape(line: str) -> str:
    return re.sub(r"\d+", "0", clean(line))


def _blocks(lines: Sequence[str], page: int) -> list[Block]:
    """Paragraphs end where a line ends a sentence well before the margin, at headings and at list items."""
    widest = max((len(line.rstrip()) for line in lines), default=0)
    blocks: list[Block] = []
    group: list[str] = []

    def close() -> None:
        if group:
            blocks.append(Block("prose", joined(group), page, page))
            group.clear()

    for line in lines:
        level = heading_level(line) if not group or _ENDS.search(group[-1].rstrip()) else 0
        if level:
            close()
            blocks.append(Block("heading", clean(line), page, page, level))
            continue
        if is_item(line):
            close()
        group.append(line)
        if _ENDS.search(line.rstrip()) and len(line.rstrip()) < 0.8 * widest:
            close()
    close()
    return blocks


def _runs_on(before: Block, after: Block) -> bool:
    return before.kind == after.kind == "prose" and not _ENDS.search(before.text) and after.text[:1].islower()
