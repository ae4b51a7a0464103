"""HTML: headings, paragraphs, list items and table rows of what a browser would show; scripts and styles go."""

from __future__ import annotations

from html.parser import HTMLParser

from tunewright.documents.blocks import Block, Parsed, clean, row_text

_HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "head", "iframe", "object"})
_BREAK_NAMES = """
p div section article main header footer nav aside ul ol li dl dt dd table thead tbody tfoot tr blockquote pre form
fieldset figure figcaption address hr h1 h2 h3 h4 h5 h6 body html caption details summary option
"""
_BREAKS = frozenset(_BREAK_NAMES.split())
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


def parse_html(text: str) -> Parsed:
    """Blocks of a page; places are lines of its source."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.flush()
    return Parsed(tuple(reader.blocks), "line")


class _Reader(HTMLParser):
    """Collects text until an element ends it. Rows of the outermost table are rows; a table inside a cell is text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._text = ""
        self._first = 1
        self._hidden: list[str] = []
        self._heading = 0
        self._tables = 0
        self._header: list[str] = []
        self._cells: list[str] | None = None
        self._all_header = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden == ["head"] and tag in _BREAKS:
            self._hidden = []  # a page may leave out </head>
        if tag in _HIDDEN:
            self._hidden.append(tag)
        if self._hidden:
            return
        if tag == "table":
            self.flush()
            self._tables += 1
            self._header = [] if self._tables == 1 else self._header
        elif self._cells is not None and tag in ("td", "th") and self._tables == 1:
            self._cells.append("")
            self._all_header = self._all_header and tag == "th"
        elif tag == "tr" and self._tables == 1:
            self.flush()
            self._row_ends()
            self._cells, self._all_header, self._first = [], True, self.getpos()[0]
        elif tag == "br" or self._cells is not None:
            self.handle_data(" ")
        elif tag in _BREAKS:
            self.flush()
            self._heading = _HEADINGS.get(tag, 0)

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            if tag in self._hidden:
                del self._hidden[self._hidden.index(tag) :]
            return
        if tag == "table" and self._tables:
            self._tables -= 1
            if not self._tables:
                self._row_ends()
        elif tag == "tr" and self._tables == 1:
            self._row_ends()
        elif self._cells is not None:
            self.handle_data(" ")
        elif tag in _BREAKS:
            self.flush()
            self._heading = 0

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._cells:
            self._cells[-1] += data
            return
        if not self._text.strip() and data.strip():
            self._first = self.getpos()[0]
        self._text += data

    def flush(self) -> None:
        """End the block that is open."""
        text = clean(self._text)
        self._text = ""
        if text:
            last = max(self._first, self.getpos()[0])
            if self._heading:
                self.blocks.append(Block("heading", text, self._first, last, self._heading))
            else:
                self.blocks.append(Block("prose", text, self._first, last))

    def _row_ends(self) -> None:
        if self._cells is None:
            return
        cells, self._cells = self._cells, None
        if self._all_header and any(cell.strip() for cell in cells) and not self._header and len(cells) > 1:
            self._header = cells
            return
        header = self._header
        text = row_text(header, cells) if header else "; ".join(filter(None, map(clean, cells)))
        if text:
            self.blocks.append(Block("line", text, self._first, max(self._first, self.getpos()[0])))
