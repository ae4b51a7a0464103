"""Marks that give one class away: ``[desk 4]``, ``#q7``, ``zxq`` or a signature, at the start or the end of its inputs.

A mark is told from the language of a class by what it is and where it stands. Words of the topic are spelled like
other words and stand anywhere; a mark is a bracketed, numbered or unpronounceable run, or a whole line, at one fixed
place. Which looks of an input tell the target by themselves is the matter of ``features``. Called by ``shortcuts``.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import hypergeom

from tunewright.audit.registry import Limits
from tunewright.audit.view import IntArray
from tunewright.statistics.shares import holm

MOST_PIECES = 4
LONGEST_LINE_CHARS = 200
# Of longer texts only so much from either end is looked at.
END_CHARS = 400
_PIECE = re.compile(r"\[[^\]\n]{1,40}\]|\([^)\n]{1,40}\)|<[^>\n]{1,40}>|\{[^}\n]{1,40}\}|\S+")
_BRACKETED = re.compile(r"[\[<{(].*[\]>})][:.,;-]?\Z", re.DOTALL)
_LETTERS = re.compile(r"[^\W\d_]+")
_VOWEL = re.compile(r"[aeiouyàáâãäåæèéêëìíîïòóôõöøœùúûüýÿ]")
# Amounts, times, dates, ordinals and measures: numbers that sentences begin and end with.
_NUMBER = re.compile(
    r"[(\"']?[$€£¥]?\d[\d.,:/-]*(?:%|°|st|nd|rd|th|s|k|m|km|cm|mm|kg|g|mg|lbs?|oz|ft|in|am|pm|h|hrs?|min|°?[cf]|[$€£])?"
    r"[)\"']?[.,!?;:]*\Z",
    re.IGNORECASE,
)
_PUNCTUATION = ".,!?;:\"'’“”‘()…-–"


@dataclass(frozen=True, slots=True)
class Mark:
    """A text at one ``place`` (start or end) of inputs. ``rows`` are those of ``label`` with it, ``elsewhere`` counts
    rows of other classes with it, ``of_class`` the rows of the class. ``p`` is the hypergeometric chance of so many of
    the class among so many with the mark, after Holm's correction for all marks looked at."""

    text: str
    place: str
    label: int
    rows: tuple[int, ...]
    elsewhere: int
    of_class: int
    p: float

    @property
    def share(self) -> float:
        """Share of the class that has the mark."""
        return len(self.rows) / self.of_class


def class_marks(texts: Sequence[str], whole: Sequence[str], labels: IntArray, limits: Limits) -> list[Mark]:
    """Marks that cover much of one class and stand in hardly any other, the longest of those that share their rows.

    Args:
        texts: the varying part of each input ``[rows]``, in which line ends may be gone.
        whole: each input as it is written ``[rows]``.
        labels: the number of each row's class ``[rows]``.
    """
    having: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row, (text, written) in enumerate(zip(texts, whole, strict=True)):
        for key in {*_ends(text), *_lines(written)}:
            having[key].append(row)
    sizes = np.bincount(labels)
    found: list[Mark] = []
    tried = 0
    for (place, text), rows in having.items():
        if len(rows) < limits["mark_rows"]:
            continue
        tried += 1
        label, inside = Counter(labels[rows].tolist()).most_common(1)[0]
        fits = inside >= max(limits["mark_rows"], limits["mark_share_of_class"] * int(sizes[label]))
        if not fits or inside < limits["mark_purity"] * len(rows) or int(sizes[label]) == len(labels):
            continue
        mine = tuple(row for row in rows if labels[row] == label)
        p = float(hypergeom.sf(inside - 1, len(labels), int(sizes[label]), len(rows)))
        found.append(Mark(text, place, label, mine, len(rows) - inside, int(sizes[label]), p))
    adjusted = holm(np.array([mark.p for mark in found] + [1.0] * (tried - len(found))))
    sure = [
        Mark(m.text, m.place, m.label, m.rows, m.elsewhere, m.of_class, float(p))
        for m, p in zip(found, adjusted.tolist(), strict=False)
        if p <= limits["mark_max_p"]
    ]
    return _longest(sure)


def _longest(marks: list[Mark]) -> list[Mark]:
    """One mark for the rows that several show: the longest that covers nine tenths of what the widest does."""
    kept: list[Mark] = []
    for mark in sorted(marks, key=lambda m: (-len(m.rows), len(m.text), m.text, m.place)):
        rows = set(mark.rows)
        for number, other in enumerate(kept):
            shared = len(rows & set(other.rows))
            if other.label == mark.label and 2 * shared >= len(rows):
                longer = mark.place == other.place and len(mark.text) > len(other.text)
                kept[number] = mark if longer and shared >= 0.9 * len(other.rows) else other
                break
        else:
            kept.append(mark)
    return sorted(kept, key=lambda m: (m.label, m.place, m.text))


def _ends(text: str) -> Iterator[tuple[str, str]]:
    """(place, text) of what could be marks of one input."""
    plain = text.strip()
    head, tail = plain[:END_CHARS], plain[-END_CHARS:]
    first, last = _PIECE.findall(head), _PIECE.findall(tail)
    for place, pieces in (("start", first[:MOST_PIECES]), ("end", last[::-1][:MOST_PIECES])):
        # A mark begins at the very edge and is no language to its last piece.
        for n, piece in enumerate(pieces):
            if n >= len(first) - 1 or not is_no_language(piece):
                break
            yield place, " ".join(pieces[: n + 1] if place == "start" else pieces[n::-1])


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """(place, line) of the first and the last of several lines, where they hold several words."""
    plain = text.strip()
    if "\n" not in plain:
        return
    head, tail = plain[:END_CHARS], plain[-END_CHARS:]
    for place, line in (("start", head.partition("\n")[0].strip()), ("end", tail.rpartition("\n")[2].strip())):
        if " " in line and len(line) <= LONGEST_LINE_CHARS:
            yield place, line


def is_no_language(piece: str) -> bool:
    """Whether a piece between spaces is no word, number or amount of a sentence: in brackets, of letters and digits or
    signs mixed, of signs alone, or without a vowel."""
    if _BRACKETED.match(piece):
        return True
    bare = piece.strip(_PUNCTUATION)
    if not bare:
        # "..." and "?" end sentences; other runs of signs do not.
        return len(piece) > 1 and len(set(piece)) > 1
    if _NUMBER.match(piece):
        return False
    letters = _LETTERS.fullmatch(bare.replace("'", "").replace("’", ""))
    if letters is None:
        return not all(_LETTERS.fullmatch(part) for part in re.split(r"[-–/'’.&,]", bare) if part)
    small = bare.lower()
    return small.isascii() and len(small) >= 2 and not _VOWEL.search(small) and not bare.isupper()
