"""Prose into sentences: an end mark, white space, and a beginning. Abbreviations and initials end nothing.

A rule for texts in Latin script, and the full stops of Chinese and Japanese. Called by ``split``.
"""

from __future__ import annotations

import re

# What has no end for so many words is no sentence; it is parted at white space.
MOST_WORDS = 400
_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+(?=[\"'“‘«(\[]*[A-Z0-9À-ÞА-Я€$£])|(?<=[。！？])\s*(?=\S)")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“])(?:[A-Z]|e\.g|i\.e|cf|vs|etc|approx|ca|No|Nos|no|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|Inc|Ltd|Co|Corp|Fig|"
    r"Sec|Art|Vol|pp?|U\.S|U\.K|a\.m|p\.m|z\.B|d\.h|bzw|Nr|Abs|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.$"
)
_NUMBERED = re.compile(r"(?:^|\s)\d{1,3}\.$")
# Abbreviations that may also be the last word of a sentence: a capital letter decides.
_EITHER = re.compile(r"(?:etc|a\.m|p\.m|Inc|Ltd|Co|Corp|U\.S|U\.K|Jr|Sr)\.$")
_STARTER = re.compile(r"(?:The|A|An|In|On|It|If|You|We|They|He|She|This|That|These|For|At|By|As|When|No|All)\b")


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order; joined by spaces they give its words back.

    What has no end within ``MOST_WORDS`` words is parted at white space.
    """
    parts: list[str] = []
    start = 0
    for match in _END.finditer(text):
        before = text[start : match.end()].rstrip()
        if _goes_on(before, text[match.end() : match.end() + 12]):
            continue
        parts.append(before)
        start = match.end()
    parts.append(text[start:].strip())
    return [piece for part in parts if part for piece in _bounded(part)]


def _goes_on(before: str, after: str) -> bool:
    bare = before.rstrip("\"'”’»)]")
    if _ABBREVIATION.search(bare):
        return not (_EITHER.search(bare) and _STARTER.match(after))
    # "1. Ask first": the number of a list item, not the end of one.
    return bool(_NUMBERED.search(bare)) and len(bare.split()) == 1


def _bounded(text: str) -> list[str]:
    words = text.split()
    if len(words) <= MOST_WORDS:
        return [text]
    return [" ".join(words[start : start + MOST_WORDS]) for start in range(0, len(words), MOST_WORDS)]
