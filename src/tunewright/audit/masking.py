"""Masking places of a text that was changed since a check saw it: where the places lie now, or that nobody can tell.

A place may stand elsewhere by now, be masked already, or have been written differently by a mechanical fix such as the
removal of invisible characters. What cannot be found again and is not gone is said: a mask that would cover only some
of what it promised is none. Called by ``edits``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from tunewright.audit.findings import Span

LONG_TEXT_WORDS = 4_000
_MARK = re.compile(r"\[[A-Z][A-Z0-9_ -]*\]")
_MARKS = re.compile(r"(?:\[[A-Z][A-Z0-9_ -]*\])+")
_TOKEN = re.compile(r"\[[A-Z][A-Z0-9_ -]*\]|\w+|\s+|.", re.DOTALL)

# Characters [start, end) of the old text, and of the new one.
_Block = tuple[bool, int, int, int, int]


class NotPlaced(Exception):
    """A private place of the row as it was seen is in the present text too, but nobody can tell where exactly."""


def masked_text(text: str, spans: Sequence[Span], replacement: str | None = None) -> str:
    """The text with every span replaced by ``[KIND]`` or ``replacement``; overlapping spans become one, named after
    the first."""
    parts: list[str] = []
    at = 0
    for span in sorted((s for s in spans if s.end > s.start), key=lambda s: (s.start, -s.end)):
        if span.start >= at:
            parts += [text[at : span.start], mark_of(span, replacement)]
        at = max(at, span.end)
    return "".join(parts) + text[at:]


def mark_of(span: Span, replacement: str | None) -> str:
    """What stands in the place of a span."""
    return replacement if replacement is not None else f"[{(span.kind or 'removed').upper()}]"


def moved(old: str, new: str, spans: Sequence[Span]) -> tuple[Span, ...]:
    """Where places of the old text lie in the new one; places masked meanwhile, or gone, are not among them.

    Raises:
        NotPlaced: one is there still, and nobody can tell where.
    """
    if old == new:
        return tuple(spans)
    marked = _blocks_of_marks(old, new)
    blocks = list(_blocks(old, new)) if marked is None else marked
    placed: list[Span] = []
    for span in spans:
        found = _place(old, new, span, blocks)
        words = old[span.start : span.end]
        # Where somebody wrote, the same words may stand in further places now.
        again = _everywhere(words, new, span) if marked is None and found != [] else []
        if found is None and not again and _light(words) and _light(words) in _light(new):
            raise NotPlaced(span.field)
        placed += [*(found or []), *again]
    return tuple(placed)


def _blocks_of_marks(old: str, new: str) -> list[_Block] | None:
    """The blocks where marks are the only difference, and there is one way alone in which they can be; else None."""
    literals = _MARKS.split(new)
    if len(literals) < 2 or not old.startswith(literals[0]) or not old.endswith(literals[-1]):
        return None
    first, last = len(literals[0]), len(old) - len(literals[-1])
    from_left, at = [], first
    for literal in literals[1:-1]:
        at = old.find(literal, at + 1)
        from_left.append(at)
        if at < 0:
            return None
        at += len(literal)
    from_right, end = [], last
    for literal in reversed(literals[1:-1]):
        end = old.rfind(literal, 0, max(0, end - 1))
        from_right.append(end)
        if end < 0:
            return None
    if from_left != from_right[::-1] or at >= last or end <= first - 1:
        return None
    starts = [0, *from_left, last]
    blocks: list[_Block] = []
    place = 0
    for number, (start, literal) in enumerate(zip(starts, literals, strict=True)):
        blocks.append((True, start, start + len(literal), place, place + len(literal)))
        place += len(literal)
        if number < len(literals) - 1:
            found = _MARKS.match(new, place)
            assert found is not None
            blocks.append((False, start + len(literal), starts[number + 1], place, found.end()))
            place = found.end()
    return blocks


def _place(old: str, new: str, span: Span, blocks: Sequence[_Block]) -> list[Span] | None:
    """The span moved along with what stands around it; None where the text there became another one."""
    start, end, masked, all_masked = None, 0, False, True
    for equal, a, b, c, d in blocks:
        inside = a < span.end and span.start < b
        if not inside and not (a == b and span.start < a < span.end):
            continue
        if equal:
            low, high, all_masked = c + max(0, span.start - a), d - max(0, b - span.end), False
        elif _only_marks(new[c:d]):
            low, high, masked = c, d, True
        elif _light(old[a:b]) == _light(new[c:d]):
            low, high, all_masked = c, d, False
        else:
            return None
        start, end = low if start is None else start, high
    if start is None or (masked and all_masked):
        return []
    return [replace(span, start=start, end=end)] if end > start else []


def _everywhere(words: str, new: str, span: Span) -> list[Span]:
    """Every place where the words of the span stand in the new text, whole."""
    return [replace(span, start=m.start(), end=m.end()) for m in re.finditer(re.escape(words), new)] if words else []


def _blocks(old: str, new: str) -> Iterator[_Block]:
    """What stayed and what did not, in characters; marks and words are never taken apart."""
    sides = [[m.span() for m in _TOKEN.finditer(text)] for text in (old, new)]
    words = [[text[a:b] for a, b in places] for text, places in zip((old, new), sides, strict=True)]
    left, right = ([a for a, _ in places] + [len(text)] for places, text in zip(sides, (old, new), strict=True))
    # In very long texts common words are no landmarks: comparing each with each takes minutes.
    common = max(map(len, words)) > LONG_TEXT_WORDS
    for change, i, j, k, m in SequenceMatcher(None, words[0], words[1], autojunk=common).get_opcodes():
        yield change == "equal", left[i], left[j], right[k], right[m]


def _only_marks(text: str) -> bool:
    return bool(text) and not _MARK.sub("", text).strip()


def _light(text: str) -> str:
    """Letters and digits alone, in one form: what a mechanical fix leaves as it was."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
