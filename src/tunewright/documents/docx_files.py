"""Word documents: paragraphs, headings and table rows out of the zip file, with the parser of the standard library.

A document type declaration is refused, so no entity is ever expanded or fetched; what unpacks to too much is refused.
Deleted text of tracked changes, field codes and fallback copies of drawings are not part of the text.
"""

from __future__ import annotations

import io
import re
import zipfile
from xml.parsers import expat

from tunewright.documents.blocks import Block, Parsed, UnreadableError, clean, row_text

_MOST_BYTES = 100_000_000
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STRICT_W = "http://purl.oclc.org/ooxml/wordprocessingml/main"
_FALLBACK = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"
_HEADING = re.compile(r"(?:heading|überschrift|titre|título)\s*(\d)", re.IGNORECASE)
_BLANKS = {"tab": "\t", "br": " ", "cr": " ", "noBreakHyphen": "-"}


def parse_docx(data: bytes) -> Parsed:
    """Blocks of a document and its footnotes; places are paragraphs.

    Raises:
        UnreadableError: it is no Word document, is encrypted, or holds what is refused.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            if "word/document.xml" not in names:
                raise UnreadableError("no Word document inside")
            levels = _Styles(_part(archive, "word/styles.xml")).levels if "word/styles.xml" in names else {}
            body = _Body(levels)
            body.read(_part(archive, "word/document.xml"))
            for notes in ("word/footnotes.xml", "word/endnotes.xml"):
                if notes in names:
                    body.read(_part(archive, notes))
    except (zipfile.BadZipFile, expat.ExpatError, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise UnreadableError(f"damaged, encrypted or no Word document ({error})") from error
    return Parsed(tuple(body.blocks), "paragraph")


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as stream:
        data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise UnreadableError("it unpacks to more than 100 MB")
    return data


class _Events:
    """Elements of the word namespace by their bare name, and text; any document type ends the reading."""

    def __init__(self) -> None:
        self._skipping = 0

    def read(self, data: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.Parse(data, True)

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element of the word namespace begins."""

    def finish(self, name: str) -> None:
        """It ends."""

    def text(self, data: str) -> None:
        """Text inside it."""

    def _refuse(self, *_: object) -> None:
        raise UnreadableError("its XML declares a document type, which is refused for safety")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._skipping or tag == _FALLBACK:
            self._skipping += 1
            return
        space, _, name = tag.rpartition(" ")
        if space in (_W, _STRICT_W):
            self.begin(name, {key.rpartition(" ")[2]: value for key, value in attributes.items()})

    def _end(self, tag: str) -> None:
        if self._skipping:
            self._skipping -= 1
            return
        space, _, name = tag.rpartition(" ")
        if space in (_W, _STRICT_W):
            self.finish(name)

    def _data(self, data: str) -> None:
        if not self._skipping:
            self.text(data)


class _Styles(_Events):
    """Which paragraph styles are headings, by id: their names are, or their outline level says so."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.levels: dict[str, int] = {}
        self._id = ""
        self.read(data)

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        if name == "style":
            self._id = attributes.get("styleId", "")
        elif name == "name" and (level := heading_of(value)):
            self.levels[self._id] = level
        elif name == "outlineLvl" and value.isdigit() and int(value) < 9:
            self.levels.setdefault(self._id, int(value) + 1)


class _Body(_Events):
    """Paragraphs and rows in order. A paragraph inside a cell belongs to its cell."""

    def __init__(self, levels: dict[str, int]) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self._levels = levels
        self._number = 0
        self._paragraphs: list[tuple[str, int]] = []
        self._tables = 0
        self._header: list[str] = []
        self._cells: list[str] = []
        self._taking = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "p":
            self._number += 1
            self._paragraphs.append(("", 0))
        elif name == "pStyle" and self._paragraphs:
            style = attributes.get("val", "")
            text, _ = self._paragraphs[-1]
            self._paragraphs[-1] = (text, self._levels.get(style) or heading_of(style))
        elif name == "t":
            self._taking = True
        elif name in _BLANKS:
            self._append(_BLANKS[name])
        elif name == "tbl":
            self._tables += 1
            self._header = [] if self._tables == 1 else self._header
        elif name == "tr" and self._tables == 1:
            self._cells = []
        elif name == "tc" and self._tables == 1:
            self._cells.append("")

    def finish(self, name: str) -> None:
        if name == "t":
            self._taking = False
        elif name == "p" and self._paragraphs:
            text, level = self._paragraphs.pop()
            self._paragraph(clean(text), level)
        elif name == "tr" and self._tables == 1:
            self._row()
        elif name == "tbl":
            self._tables -= 1

    def text(self, data: str) -> None:
        if self._taking:
            self._append(data)

    def _append(self, text: str) -> None:
        if self._paragraphs:
            before, level = self._paragraphs[-1]
            self._paragraphs[-1] = (before + text, level)

    def _paragraph(self, text: str, level: int) -> None:
        if not text:
            return
        if self._tables and self._cells:
            self._cells[-1] = f"{self._cells[-1]} {text}".strip()
        elif level:
            self.blocks.append(Block("heading", text, self._number, self._number, level))
        else:
            self.blocks.append(Block("prose", text, self._number, self._number))

    def _row(self) -> None:
        if not self._header and len(self._cells) > 1:
            self._header = self._cells
        elif text := row_text(self._header, self._cells) if self._header else "; ".join(filter(None, self._cells)):
            self.blocks.append(Block("line", text, self._number, self._number))
        self._cells = []


def heading_of(style: str) -> int:
    """The level of a heading by the name of its style: ``heading 2``, ``Heading2``, ``Title``; 0 for others."""
    match = _HEADING.match(style)
    return int(match.group(1)) if match else int(style.lower() in ("title", "titel"))
