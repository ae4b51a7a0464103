"""What of a row may be shown: personal data and secrets are covered in every text that an audit prints.

A place is covered when a privacy finding marks it, when a privacy check that looks at single rows sees it now (so it
is covered even where that check was left out or its list was cut), or when ``masking`` knows its shape. A row whose
private places cannot be told is not shown at all. The terminal, the page and the document call it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from tunewright.audit.fields import last_user, text_of, texts, with_text
from tunewright.audit.findings import Span
from tunewright.audit.registry import Limits, RowCheck, all_checks, is_row_check
from tunewright.audit.result import AuditResult
from tunewright.audit.view import View
from tunewright.records.example import Example
from tunewright.reporting.masking import SHOWN_AS, mask
from tunewright.reporting.words import clean

# Checks and kinds of findings that begin like this are about what must not be shown.
PRIVATE = ("personal_data", "secrets", "identity")
# Characters beyond what is shown that are masked with it, so that a cut leaves no half of a number behind.
MARGIN = 600
SHORTEST_REPEATED = 3
# A sentence of a check may share this much with a row without repeating it.
LONGEST_CHANCE_WORDS, LONGEST_CHANCE_CHARS = 4, 18
LONGEST_WORD = 15
ELLIPSIS = "…"
LEFT_OUT = "[…]"
HIDDEN = "[hidden]"

Mark = Literal["", "hit", "differs", "hidden"]
Place = tuple[int, int]
_TOKEN = re.compile(r"(\[(?:e-mail|IBAN|card|phone)\])")
_KIND = re.compile(r"[^\W\d_][\w -]{0,29}")
_QUOTED = re.compile(r"“([^”]+)”|\"([^\"]+)\"|«([^»]+)»|`([^`]+)`|(?<!\w)['‘]([^'’]+)['’](?!\w)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a shown text; ``hit`` is what a finding points at, ``hidden`` a word in the place of private data."""

    text: str
    mark: Mark = ""


@dataclass(frozen=True, slots=True)
class _Private:
    """A private place with the word that stands for it."""

    field: str
    start: int
    end: int
    token: str


# The private places of a row; None where they cannot be told.
_Places = tuple[_Private, ...] | None


def is_private(kind: str) -> bool:
    """Whether a check or a finding of this name is about personal data or secrets."""
    return kind.startswith(PRIVATE)


class Cover:
    """Shows texts of the rows of one audit. Without ``with_texts`` only the labels of a classifier are shown."""

    def __init__(self, result: AuditResult, view: View, limits: Mapping[str, Limits], with_texts: bool = True) -> None:
        self._result, self._view, self._limits, self.with_texts = result, view, limits, with_texts
        self._seen: dict[int, _Places] = {}

    def text(
        self, row: int, field: str, marks: Sequence[tuple[int, int, Mark]] = (), longest: int = MARGIN
    ) -> tuple[Piece, ...] | None:
        """A field's text in pieces, at most about ``longest`` characters around the first mark.

        Args:
            row: number in the view.
            field: as in ``audit.fields``.
            marks: (start, end, mark) in characters of the field's text; earlier ones win where two meet.
            longest: characters.

        Returns:
            None where the text must not be shown.
        """
        example = self._view.examples[row]
        label = field == "target" and self._view.kind == "classify"
        places = self._places(row)
        if places is None or not (self.with_texts or label):
            return None
        here = [place for place in places if place.field == field_name(example, field)]
        return _pieces(text_of(example, field), here, _repeated(example, places), marks, longest)

    def sentence(self, text: str, rows: Iterable[int] = ()) -> str:
        """A sentence of a check: private words of these rows, should it repeat any, are covered."""
        chosen = list(rows)
        if not self.with_texts:
            text = self._without_quotes(text, chosen)
        known = [(self._view.examples[row], self._known.get(row, ())) for row in chosen]
        return mask(_covered(clean(text), [word for example, places in known for word in _repeated(example, places)]))

    def name(self, row: int) -> str:
        """The person's name of a row, covered where it is itself personal data."""
        example = self._view.examples[row]
        words = _repeated(example, self._places(row))
        return mask(_covered(clean(example.row_id), words))

    def new_text(self, row: int, field: str, value: str) -> str | None:
        """A suggested text of a field, covered; None where it must not be shown."""
        label = field == "target" and self._view.kind == "classify"
        if not (self.with_texts or label):
            return None
        try:
            changed = with_text(self._view.examples[row], field, value)
        except KeyError:
            return None
        known, fresh = self._places(row), self._look(changed)
        if known is None or fresh is None:
            return None
        words = _repeated(self._view.examples[row], known)
        here = [place for place in fresh if place.field == field_name(changed, field)]
        pieces = _pieces(value, here, words, (), len(value))
        return "".join(piece.text for piece in pieces)

    def _without_quotes(self, text: str, rows: Sequence[int]) -> str:
        """What a sentence quotes from these rows, or repeats of them at length, is left out."""
        labels = set(self._view.labels[0]) if self._view.kind == "classify" else set()
        said = [words for row in rows for _, words in texts(self._view.examples[row]) if words not in labels]
        whole = "\n".join(dict.fromkeys(" ".join(words.split()).casefold() for words in said))
        text = _without_runs(text, whole, labels)
        for part in sorted(_quoted(text) - labels, key=len, reverse=True):
            if " ".join(part.split()).casefold() in whole:
                text = text.replace(part, LEFT_OUT)
        return text

    def _places(self, row: int) -> _Places:
        if row not in self._seen:
            known, fresh = self._known.get(row, ()), self._look(self._view.examples[row])
            self._seen[row] = None if known is None or fresh is None else (*known, *fresh)
        return self._seen[row]

    @cached_property
    def _known(self) -> dict[int, _Places]:
        """The places that findings mark, by row."""
        places: dict[int, _Places] = {}
        for found in self._result.findings:
            if not (is_private(found.check) or is_private(found.finding.kind)):
                continue
            for item in found.finding.items:
                spans: dict[int, list[Span]] = {row: [] for row in item.rows}
                for span in item.spans:
                    spans.setdefault(span.row if span.row >= 0 else item.rows[0], []).append(span)
                for row, marked in spans.items():
                    more, before = _private(self._view.examples[row], marked), places.get(row, ())
                    places[row] = None if more is None or before is None else (*before, *more)
        return places

    @cached_property
    def _lookers(self) -> list[RowCheck]:
        return [check for check in all_checks() if is_private(check.NAME) and is_row_check(check)]

    def _look(self, example: Example) -> _Places:
        """What the privacy checks of single rows see."""
        places: list[_Private] = []
        for check in self._lookers:
            for sighting in check.look(example, {**check.LIMITS, **self._limits.get(check.NAME, {})}):
                more = _private(example, sighting.spans)
                if more is None:
                    return None
                places += more
        return tuple(places)


def field_name(example: Example, field: str) -> str:
    """One name for each field: ``input`` is one of the messages."""
    return f"messages[{last_user(example)}]" if field == "input" else field


def _private(example: Example, spans: Sequence[Span]) -> _Places:
    """The spans as places; None where there is none, or one that is not in the row."""
    places = []
    for span in spans:
        try:
            length = len(text_of(example, span.field))
        except KeyError:
            return None
        if not 0 <= span.start < span.end <= length:
            return None
        kind = span.kind.replace("_", " ")
        token = SHOWN_AS.get(span.kind) or (f"[{kind}]" if _KIND.fullmatch(kind) else HIDDEN)
        places.append(_Private(field_name(example, span.field), span.start, span.end, token))
    return tuple(places) or None


def _repeated(example: Example, places: _Places) -> list[str]:
    """The private words of a row, which may stand in another field too; longest first."""
    words = {text_of(example, p.field)[p.start : p.end].strip() for p in places or ()}
    return sorted((word for word in words if len(word) >= SHORTEST_REPEATED), key=lambda word: (-len(word), word))


def _quoted(text: str) -> set[str]:
    return {part for found in _QUOTED.finditer(text) for part in found.groups() if part}


def _without_runs(text: str, whole: str, kept: set[str]) -> str:
    """The text without runs of words that stand in ``whole`` too (casefolded) and are too long to be chance."""
    words, shown, place = text.split(), [], 0
    while place < len(words):
        end = place
        while end < len(words) and _bare(words[place : end + 1]).casefold() in whole:
            end += 1
        run = _bare(words[place:end])
        long = end - place >= LONGEST_CHANCE_WORDS or len(run) >= LONGEST_CHANCE_CHARS
        if long and run not in kept:
            shown.append(LEFT_OUT)
            place = end
        else:
            shown.append(words[place])
            place += 1
    return " ".join(shown)


def _bare(words: Sequence[str]) -> str:
    return " ".join(words).rstrip(".,:;")


def _covered(text: str, words: Sequence[str]) -> str:
    return _pattern(words).sub(HIDDEN, text) if words else text


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(word) for word in words)})(?!\w)", re.IGNORECASE)


def _pieces(
    text: str,
    private: Sequence[_Private],
    words: Sequence[str],
    marks: Sequence[tuple[int, int, Mark]],
    longest: int,
) -> tuple[Piece, ...]:
    """Cover first, then mark, then cut: what is shown is always a part of the covered text."""
    focus = min((start for start, _end, mark in marks if mark), default=0)
    low = max(0, focus - longest // 3 - MARGIN)
    high = min(len(text), low + longest + 2 * MARGIN)
    covers = [(p.start, p.end, p.token) for p in private if p.start < high and p.end > low]
    low, high = min([low, *(c[0] for c in covers)]), max([high, *(c[1] for c in covers)])
    if words:
        covers += [(low + f.start(), low + f.end(), HIDDEN) for f in _pattern(words).finditer(text[low:high])]
    shown, origins = _cover(text, low, high, covers)
    masked = mask(shown)
    origins = [origins[place] if place >= 0 else place for place in _aligned(shown, masked)]
    # The margins of a window are never shown: a private word may have been cut there.
    inner = (low + MARGIN if low else 0, high - MARGIN if high < len(text) else high)
    return _cut(masked, origins, marks, longest, inner)


def _cover(text: str, low: int, high: int, covers: Sequence[tuple[int, int, str]]) -> tuple[str, list[int]]:
    """Characters ``[low, high)`` with tokens over the private places, and where each came from (-1: token)."""
    parts: list[str] = []
    origins: list[int] = []
    position = low
    for start, end, token in sorted(covers, key=lambda cover: (cover[0], -cover[1])):
        if start >= position:
            _copy(text, position, start, parts, origins)
            parts.append(token)
            origins += [-1] * len(token)
        position = max(position, end)
    _copy(text, position, high, parts, origins)
    return "".join(parts), origins


def _copy(text: str, start: int, end: int, parts: list[str], origins: list[int]) -> None:
    for place in range(start, end):
        character = clean(text[place])
        parts.append(character)
        origins += [place] * len(character)


def _aligned(before: str, after: str) -> list[int]:
    """For each character of the masked text its place before; -1 where it was masked, -2 where that cannot be told."""
    origins: list[int] = []
    position = 0
    parts = _TOKEN.split(after)
    for number, part in enumerate(parts):
        if number % 2 and not before.startswith(part, position):
            origins += [-1] * len(part)
            continue
        found = before.find(part, position) if number < len(parts) - 1 else len(before) - len(part)
        if found < position or not before.startswith(part, found):
            origins += [-2] * len(part)
            continue
        origins += range(found, found + len(part))
        position = found + len(part)
    return origins


def _cut(
    text: str,
    origins: Sequence[int],
    marks: Sequence[tuple[int, int, Mark]],
    longest: int,
    inner: Place,
) -> tuple[Piece, ...]:
    """The part around the first mark, in runs of equal marks."""
    kinds = [_mark(origin, marks) for origin in origins]
    least = next((p for p, origin in enumerate(origins) if origin >= inner[0]), len(text)) if inner[0] else 0
    most = next((p for p, origin in enumerate(origins) if origin >= inner[1]), len(text))
    first = next((p for p, kind in enumerate(kinds) if kind in ("hit", "differs")), least)
    start = least if most - least <= longest else max(least, first - longest // 3)
    start = least if start - least < longest // 6 else start
    start = _word_start(text, start, first) if start else 0
    end = min(most, start + longest)
    pieces: list[Piece] = [Piece(ELLIPSIS)] if start else []
    begin = start
    for place in range(start, end + 1):
        if place == end or kinds[place] != kinds[begin]:
            if place > begin:
                pieces.append(Piece(_visible(text[begin:place], kinds[begin]), kinds[begin]))
            begin = place
    return (*pieces, Piece(ELLIPSIS)) if end < len(text) else tuple(pieces)


def _word_start(text: str, start: int, before: int) -> int:
    """The next beginning of a word, where there is one close by and not behind the mark."""
    gap = next((p for p in range(start, min(before, start + LONGEST_WORD)) if text[p].isspace()), None)
    return start if gap is None else gap + 1


def _visible(text: str, mark: Mark) -> str:
    """A marked character that has no shape is shown by its number."""
    if mark != "hit" or any(unicodedata.category(character) != "Cf" for character in text):
        return text
    return " ".join(f"U+{ord(character):04X}" for character in text)


def _mark(origin: int, marks: Sequence[tuple[int, int, Mark]]) -> Mark:
    if origin == -1:
        return "hidden"
    return next((mark for start, end, mark in marks if start <= origin < end), "")
