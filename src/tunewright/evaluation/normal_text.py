"""Texts made comparable: case, punctuation, articles, numbers in words; several references in one target.

``squad_normal`` is SQuAD's own rule, letter for letter; ``normal`` is ours and keeps what changes a meaning (3.5 is not
35, -5 is not 5). English articles and numbers only. Called by the graders of texts and of fields.
"""

from __future__ import annotations

import json
import re
import string
import unicodedata
from collections.abc import Callable, Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_SQUAD_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SILENT = frozenset(".'’‘`´\"“”„«»")
_MINUS = frozenset("-−")
# Marks that Unicode counts as punctuation (−, ` and ´ are not) and signs that change a value.
_FURTHER, _KEPT = frozenset("−`´"), frozenset("%")

_UNITS = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
REFERENCES = ("one", "lines", "json")


def squad_normal(text: str) -> str:
    """Lower case, without punctuation (ASCII) and articles, spaces folded.

    Source: ``normalize_answer`` of the official evaluation of SQuAD 1.1 and 2.0 (Rajpurkar et al. 2016, section 6).
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_SQUAD_PUNCTUATION)).split())


def normal(
    text: str, *, case: bool = True, punctuation: bool = True, articles: bool = True, numbers: bool = False
) -> str:
    """The text in NFKC with spaces folded; each flag says that this difference does not count.

    Without punctuation, points between digits and a minus before a number stay, commas between thousands go, dots and
    quotation marks vanish, and other marks become spaces.
    """
    text = unicodedata.normalize("NFKC", text)
    if case:
        text = text.casefold()
    if punctuation:
        text = _without_punctuation(text)
    if articles:
        text = re.sub(r"\b(?:a|an|the)\b", " ", text, flags=re.IGNORECASE)
    tokens = text.split()
    return " ".join(digits_of(tokens) if numbers else tokens)


def digits_of(tokens: Sequence[str]) -> list[str]:
    """English numbers in words as digits, everything else as it is: ``twenty one`` is ``21``, ``one two`` is ``1
    2``."""
    found: list[str] = []
    place = 0
    while place < len(tokens):
        value, end = _number_at(tokens, place)
        found.append(tokens[place] if value is None else str(value))
        place = end
    return found


def references(target: str, kind: str) -> tuple[str, ...]:
    """The answers that a target accepts: itself (``one``), its lines, or the texts of a JSON list.

    An empty JSON list accepts the empty answer alone (unanswerable). A target that is no such list is one reference.
    """
    if kind == "lines":
        return tuple(line.strip() for line in target.splitlines() if line.strip()) or ("",)
    if kind == "json":
        try:
            value = json.loads(target)
        except (ValueError, RecursionError):
            return (target,)
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return tuple(value) or ("",)
    return (target,)


def best(text: str, accepted: Sequence[str], score: Callable[[str, str], float]) -> float:
    """The score against the reference that fits best; ``score`` takes answer and reference."""
    return max(score(text, reference) for reference in accepted)


def _without_punctuation(text: str) -> str:
    kept: list[str] = []
    for place, character in enumerate(text):
        if character in _KEPT or not (unicodedata.category(character).startswith("P") or character in _FURTHER):
            kept.append(character)
            continue
        before, after = text[place - 1 : place] if place else "", text[place + 1 : place + 2]
        between_digits = before.isdigit() and after.isdigit()
        if character == "." and after.isdigit() and not before.isalpha():
            kept.append(".")
        elif character in _MINUS and after.isdigit() and not before.isalnum():
            kept.append("-")
        elif character == "," and between_digits and re.match(r"\d{3}(?!\d)", text[place + 1 : place + 5]):
            continue
        elif character not in _SILENT:
            kept.append(" ")
    return "".join(kept)


def _number_at(tokens: Sequence[str], place: int) -> tuple[int | None, int]:
    """The number in words that begins at a place, and the place behind it; (None, place + 1) where none begins."""
    total, current, last_scale, end = 0, -1, 10**15, place
    while end < len(tokens):
        word = tokens[end].casefold()
        if word == "and" and end > place and (current % 100 == 0 or current < 0) and _is_small(tokens, end + 1):
            end += 1
            continue
        step = _joined(max(current, 0) if end > place else -1, word)
        if step is not None:
            current = step
        elif word in _SCALES and _SCALES[word] < last_scale and current > 0:
            last_scale = _SCALES[word]
            total, current = total + current * last_scale, 0
        else:
            break
        end += 1
    return (None, place + 1) if end == place else (total + max(current, 0), end)


def _is_small(tokens: Sequence[str], place: int) -> bool:
    return place < len(tokens) and tokens[place].casefold() in (_UNITS.keys() | _TENS.keys()) - {"zero"}


def _joined(current: int, word: str) -> int | None:
    """A number below 1,000 continued by a word (-1: nothing yet); None where the word cannot follow."""
    if word == "hundred":
        return 100 * abs(current) if current == -1 or 0 < current < 100 else None
    if word in _TENS:
        return max(current, 0) + _TENS[word] if current == -1 or current % 100 == 0 else None
    if word not in _UNITS:
        return None
    value = _UNITS[word]
    if current == -1:
        return value
    if value == 0:
        return None
    if current % 100 == 0:
        return current + value
    return current + value if value < 10 and current % 10 == 0 and current % 100 >= 20 else None
