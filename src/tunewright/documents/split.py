"""Blocks into passages: what belongs to one heading stays together, in about 120 to 200 words, whole sentences.

Every word of a file is in exactly one passage or in the heading path of passages; nothing is repeated or left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tunewright.documents.blocks import Block, Parsed
from tunewright.documents.sentences import sentences

MOST_WORDS, LEAST_WORDS = 200, 60


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that can be found and shown.

    ``file`` is relative to the folder, with ``/``. ``heading`` is the path of headings above, outermost first.
    ``sentences`` are its sentences, list items and table rows in order; ``text`` is all of them.
    """

    file: str
    heading: tuple[str, ...]
    place: str
    sentences: tuple[str, ...]
    text: str

    @property
    def context(self) -> str:
        """The heading path as a person reads it."""
        return " > ".join(self.heading)

    @property
    def full(self) -> str:
        """Heading path and text: what is embedded and hashed."""
        return f"{self.context}\n{self.text}" if self.heading else self.text

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of heading path and text: passages of equal content are equal wherever they stand."""
        return hashlib.sha256(self.full.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class _Atom:
    """What is never parted; ``opens`` is True for the first of its block."""

    text: str
    block: Block
    opens: bool

    @property
    def words(self) -> int:
        return len(self.text.split())


def split(file: str, parsed: Parsed) -> list[Passage]:
    """The passages of a file, in order."""
    made: list[Passage] = []
    for path, blocks in _sections(parsed.blocks):
        pending: list[_Atom] = []
        for block in blocks:
            if block.alone:
                made += _packed(file, path, pending, parsed.unit)
                pending = []
                made.append(_passage(file, path, _atoms(block), parsed.unit))
            else:
                pending += _atoms(block)
        made += _packed(file, path, pending, parsed.unit)
    return made


def _sections(blocks: Sequence[Block]) -> Iterator[tuple[tuple[str, ...], list[Block]]]:
    """Heading path and body of each section; a heading with nothing beneath it is the body of its own section."""
    stack: list[Block] = []
    body: list[Block] = []
    for place, block in enumerate(blocks):
        if block.kind != "heading":
            body.append(block)
            continue
        if body:
            yield tuple(one.text for one in stack), body
            body = []
        stack = [one for one in stack if one.level < block.level]
        following = blocks[place + 1] if place + 1 < len(blocks) else None
        bare = following is None or (following.kind == "heading" and following.level <= block.level)
        if bare:
            yield tuple(one.text for one in stack), [block]
        stack.append(block)
    if body:
        yield tuple(one.text for one in stack), body


def _atoms(block: Block) -> list[_Atom]:
    texts = sentences(block.text) if block.kind == "prose" else [block.text]
    return [_Atom(text, block, opens=number == 0) for number, text in enumerate(texts) if text]


def _packed(file: str, path: tuple[str, ...], atoms: Sequence[_Atom], unit: str) -> list[Passage]:
    """As few passages as fit, of about equal length; a paragraph is parted only where it is too long by itself."""
    if not atoms:
        return []
    total = _words(atoms)
    wanted = total / -(-total // (MOST_WORDS - 20))
    groups: list[list[_Atom]] = [[]]
    for piece in _pieces(atoms):
        size = _words(groups[-1])
        if groups[-1] and (size >= wanted or size + _words(piece) > MOST_WORDS):
            groups.append([])
        groups[-1] += piece
    if len(groups) > 1 and _words(groups[-1]) < LEAST_WORDS:
        both = groups[-2] + groups[-1]
        if _words(both) <= MOST_WORDS + LEAST_WORDS:
            groups[-2:] = [both]
    return [_passage(file, path, group, unit) for group in groups]


def _pieces(atoms: Sequence[_Atom]) -> Iterator[list[_Atom]]:
    """Paragraphs; of those that are too long, runs of sentences of about equal length."""
    paragraphs: list[list[_Atom]] = []
    for atom in atoms:
        if atom.opens:
            paragraphs.append([])
        paragraphs[-1].append(atom)
    for paragraph in paragraphs:
        total = _words(paragraph)
        share = total / -(-total // MOST_WORDS)
        piece: list[_Atom] = []
        for atom in paragraph:
            if piece and (_words(piece) >= share or _words(piece) + atom.words > MOST_WORDS):
                yield piece
                piece = []
            piece.append(atom)
        yield piece


def _words(atoms: Sequence[_Atom]) -> int:
    return sum(atom.words for atom in atoms)


def _passage(file: str, path: tuple[str, ...], atoms: Sequence[_Atom], unit: str) -> Passage:
    first, last = atoms[0].block.first, atoms[-1].block.last
    place = f"{unit} {first}" if first == last else f"{unit}s {first}-{last}"
    text = atoms[0].text
    for atom in atoms[1:]:
        text += ("\n" if atom.opens else " ") + atom.text
    return Passage(file, path, place, tuple(atom.text for atom in atoms), text)
