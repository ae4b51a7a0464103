"""What a question asks for by its words, and the pieces of a sentence that could be it. English question words.

Rules alone; a question of another language asks for nothing in particular, and then sentences are quoted whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from tunewright.documents.words import stems

Wanted = Literal["money", "duration", "number", "time", "name", "place", "other"]

_MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December|"
    "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
)
_COUNTS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion|"
    "half|twice|once|third|quarter|double"
)
_DIGITS = r"(?:[€$£]\s?)?\d+(?:[.,:]\d+)*"
NUMBER = re.compile(rf"{_DIGITS}|\b(?:{_COUNTS})(?:[- ](?:{_COUNTS}))*\b", re.IGNORECASE)
_MONEY = re.compile(
    rf"(?:[€$£]\s?\d+(?:[.,]\d+)*(?: (?:million|billion))?|{_DIGITS} ?(?:(?:million|billion) )?"
    r"(?:[€$£]|euros?\b|eur\b|dollars?\b|pounds?\b|usd\b|gbp\b|francs?\b|cents?\b|percent\b|%))",
    re.IGNORECASE,
)
_DURATION = re.compile(
    rf"(?:{_DIGITS}|\b(?:{_COUNTS}|an?)(?:[- ](?:{_COUNTS}))*\b)(?: (?:and a half|calendar|working|full))* "
    r"(?:seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|decades?|centur(?:y|ies))\b",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"\s*(?:%|°C|[€$£]|(?:-\s?)?(?!(?:and|or|of|in|on|at|for|to|the|a|is|are|per|by|with|from)\b)[^\W\d_]+)"
)
TIME = re.compile(
    rf"(?:\d{{1,2}}\.? )?\b(?:{_MONTHS})s?\b(?:,? \d{{1,4}}(?:st|nd|rd|th)?(?:,? \d{{4}})?)?|\b\d{{1,2}}:\d{{2}}"
    rf"(?: (?:to|and|until|-|–) \d{{1,2}}:\d{{2}})?|\b(?:1[0-9]|20)\d{{2}}s?\b|\b(?:noon|midnight)\b"
)
NAME = re.compile(r"(?:[A-ZÀ-Þ][\w’'.-]*[\w]|[A-Z]{2,})(?:\s+(?:(?:of|the|de|von|van|and)\s+)?[A-ZÀ-Þ][\w’'-]*\w)*")
_PIECE = re.compile(r"[^,;:()\[\]–—]+")
_HOW_DEAR = re.compile(
    r"\b(?:how much (?:does|do|is|are|will|can i spend|money)|cost|costs|price|fee|fine|salary|budget|allowance|"
    r"daily (?:rate|money)|pays?|paid|earn|spend|up to what (?:sum|amount)|limit per)\b",
    re.IGNORECASE,
)
_HOW_LONG = re.compile(
    r"\bhow (?:long|soon|fast|quickly|early|far ahead)\b|\bwithin what\b|\bhow many (?:\w+ ){0,2}"
    r"(?:seconds|minutes|hours|days|nights|weeks|months|years)\b|\bnotice period\b|\bhow much (?:notice|time|leave)\b",
    re.IGNORECASE,
)
_HOW_MUCH = re.compile(
    r"\bhow (?:many|much|long|far|old|high|tall|big|large|often|late|early|soon|fast|heavy|wide|deep|hot|cold|"
    r"quickly|loud)\b|"
    r"\bwhat (?:percent\w*|share|number|amount|price|rate|limit|fee|temperature|size|age|cost)\b|"
    r"\bwhich (?:number|extension|room|floor)\b|\bwhat does .* cost\b|\b(?:extension|telephone|phone) number\b",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|time|hour|week|weekday|century|decade)\b|\buntil when\b|"
    r"\bwhat are the .*hours\b",
    re.IGNORECASE,
)
_WHO = re.compile(
    r"\bwho(?:m|se)?\b|\b(?:what|which) (?:person|team|desk|company|organi[sz]ation|department)\b", re.IGNORECASE
)
_WHERE = re.compile(
    r"\bwhere\b|\b(?:what|which) (?:city|country|town|place|building|site|state|region)\b", re.IGNORECASE
)


def wanted(question: str) -> Wanted:
    """The kind of answer that a question asks for."""
    if _HOW_LONG.search(question):
        return "duration"
    if _WHEN.search(question):
        return "time"
    if _HOW_DEAR.search(question) and (_HOW_MUCH.search(question) or re.search(r"\bwhat\b", question, re.IGNORECASE)):
        return "money"
    if _HOW_MUCH.search(question):
        return "number"
    if _WHO.search(question):
        return "name"
    return "place" if _WHERE.search(question) else "other"


def has_wanted(kind: Wanted, sentence: str, question: str) -> float:
    """1 where a sentence holds something of the kind asked for that the question does not say, -1 where not, 0 where
    nothing in particular is asked for."""
    if kind == "other":
        return 0.0
    said = question.casefold()
    there = any(piece.casefold() not in said for piece in _of_kind(kind, sentence))
    return 1.0 if there else -1.0


def phrases(kind: Wanted, sentence: str, question: str, *, units: bool = True) -> list[str]:
    """Pieces of a sentence that could be the answer, in their order; never empty for a sentence with words.

    Args:
        units: whether a number comes with the word behind it.
    """
    asked = set(stems(question))
    found = _of_kind(kind, sentence, units=units) if kind != "other" else []
    if kind in ("money", "duration") and not found:
        found = _of_kind("number", sentence, units=units)
    fresh = [piece for piece in found if not set(stems(piece)) <= asked or (not stems(piece) and piece not in question)]
    if fresh:
        return fresh
    cut = [piece for part in _PIECE.findall(sentence) for piece in _between(part, asked)]
    return cut or [sentence]


def nearest(pieces: Sequence[str], sentence: str, question: str) -> str:
    """The piece with the most words of the question near it; the first of equals."""
    asked = set(stems(question))
    marks = [match for match in re.finditer(r"\w+", sentence) if set(stems(match.group())) & asked]

    def closeness(piece: str) -> float:
        start = sentence.find(piece)
        middle = start + len(piece) / 2
        return sum(1.0 / (12.0 + abs((mark.start() + mark.end()) / 2 - middle)) for mark in marks)

    return max(pieces, key=closeness)


def _of_kind(kind: Wanted, sentence: str, *, units: bool = False) -> list[str]:
    if kind in ("money", "duration"):
        pattern = _MONEY if kind == "money" else _DURATION
        exact = list(pattern.finditer(sentence))
        if exact and not units:
            return [(NUMBER.search(match.group()) or match).group() for match in exact]
        return [match.group() for match in exact]
    if kind == "number":
        return [_with_unit(sentence, match) if units else match.group().strip() for match in NUMBER.finditer(sentence)]
    if kind == "time":
        times = [match.group().strip() for match in TIME.finditer(sentence)]
        return times or [_with_unit(sentence, match) for match in NUMBER.finditer(sentence)]
    names = [match for match in NAME.finditer(sentence) if match.start() > 0 or len(match.group().split()) > 1]
    return [match.group() for match in names]


def _with_unit(sentence: str, match: re.Match[str]) -> str:
    unit = _UNIT.match(sentence, match.end())
    return sentence[match.start() : unit.end() if unit else match.end()].strip()


def _between(part: str, asked: set[str]) -> list[str]:
    """Runs of words that the question does not say, without the small words at their ends."""
    runs: list[list[str]] = [[]]
    for word in part.split():
        if set(stems(word)) & asked:
            runs.append([])
        else:
            runs[-1].append(word)
    pieces = []
    for run in runs:
        while run and not stems(run[0]):
            run.pop(0)
        while run and not stems(run[-1]):
            run.pop()
        if run:
            pieces.append(" ".join(run).strip(" .!?\"'"))
    return [piece for piece in pieces if piece]
