"""Answers that hold a second conversation: a speaker's name or an instruction's heading in the middle of the target.

It happens when a generated text is cut into rows at the wrong places. The tokens of chat templates are looked for by
``text_debris``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tunewright.audit.checks._by_kind import Found, Words, common_kinds, findings_of, mended
from tunewright.audit.conversation import answers
from tunewright.audit.fields import text_of
from tunewright.audit.findings import CheckResult, Cost, Fix, Item, Quality, Span
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.records.example import Example

NAME = "merged_turns"
TITLE = "Merged conversations"
QUALITY: Quality = "correct"
COST: Cost = "seconds"
VERSION = 2
LIMITS: Mapping[str, float] = {
    "meant_share": 0.1,
    "names_share": 0.05,  # where more answers hold turns by name, dialogues are what is answered
}

_STOPS = "The model learns to go on after its answer and to play the user's part as well."
_CUT = "Cut the answer before the second turn (the suggested edit does), and make a row of what follows if it is good."
WORDS = {
    "heading": Words(
        "error",
        "1 answer holds the beginning of another example",
        "{n} answers hold the beginning of another example",
        _STOPS,
        _CUT,
    ),
    "speaker": Words(
        "warning",
        "1 answer goes on with a turn of the user",
        "{n} answers go on with a turn of the user",
        _STOPS,
        _CUT,
    ),
    "named": Words(
        "warning",
        "1 answer goes on with another dialogue",
        "{n} answers go on with another dialogue",
        _STOPS,
        _CUT,
    ),
}
# Headings under which sets of instructions are written: "18. Instruction:", "### Human:", "### Response:".
_HEADING = re.compile(
    r"^[ \t]*(?:#{2,4}[ \t]*(?:human|user|instruction|assistant|response|input|output)[ \t]*:"
    r"|\d{1,5}[.)][ \t]*instruction[ \t]*:|<(?:instruction|noinput)>)",
    re.IGNORECASE | re.MULTILINE,
)
_USER = re.compile(
    r"^[ \t]*(?:\*\*)?(?:human|user|instruction|student prompt)(?:\*\*)?[ \t]*:", re.IGNORECASE | re.MULTILINE
)
# Two speakers by name, one line behind the other: "Customer: ... Agent: ...", "Q: ... A: ...".
_NAMED = re.compile(
    r"^[ \t]*(?:\*\*)?(?P<one>customer|client|caller|guest|visitor|patient|student|buyer|member|q|question|me|frage"
    r"|kunde)(?:\*\*)?[ \t]*:(?=[\s\S]{1,4000}?"
    r"^[ \t]*(?:\*\*)?(?P<other>agent|assistant|support|bot|chatbot|ai|operator|representative|rep|advisor|adviser"
    r"|doctor|nurse|teacher|tutor|seller|clerk|staff|a|answer|antwort|mitarbeiter|you)(?:\*\*)?[ \t]*:)",
    re.IGNORECASE | re.MULTILINE,
)
_DIALOGUE = re.compile(
    r"\b(?:dialogue?s?|conversations?|scripts?|chats?|interviews?|transcripts?|role-?play\w*|screenplay|skit|scene|examples?|"
    r"prompts?|user stor(?:y|ies)|yaml|config\w*|format)\b",
    re.IGNORECASE,
)


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """The first place of each answer at which another turn begins."""
    del limits
    found = []
    for field, text in answers(example):
        if ":" not in text and "<" not in text:
            continue
        for kind, pattern in (("heading", _HEADING), ("speaker", _USER), ("named", _NAMED)):
            match = pattern.search(text)
            if match is None or _expected(example, kind, match):
                continue
            if kind == "named" and not text[: match.start()].strip():
                continue
            found.append(_sighting(kind, field, text, match.start()))
            break
    return tuple(found)


def conclude(view: View, found: Found, limits: Limits) -> CheckResult:
    """One finding per kind; nothing for labels."""
    if view.kind == "classify":
        return CheckResult()
    soft = common_kinds(found, WORDS, len(view), limits["meant_share"])
    skip = common_kinds(found, ("named",), len(view), limits["names_share"])
    findings = findings_of(NAME, found, WORDS, skip, soft)
    return CheckResult(tuple(mended(finding, lambda item: _cut(view, item)) for finding in findings))


def _expected(example: Example, kind: str, match: re.Match[str]) -> bool:
    """Whether the input is written with such headings itself or, for a speaker's name, asks for a dialogue."""
    asked = [message.content for message in example.messages if message.role != "assistant"]
    if kind == "named":
        name = re.compile(rf"^[ \t]*(?:\*\*)?{re.escape(match['one'])}(?:\*\*)?[ \t]*:", re.IGNORECASE | re.MULTILINE)
        return any(name.search(text) or _DIALOGUE.search(text) for text in asked)
    return any(match.re.search(text) or (kind == "speaker" and _DIALOGUE.search(text)) for text in asked)


def _sighting(kind: str, field: str, text: str, start: int) -> Sighting:
    what = {"heading": "another example", "named": "another dialogue"}.get(kind, "the user's next turn")
    before = text[:start].rstrip()
    why = f"{'Behind the answer' if before else 'At the very start'} stands the beginning of {what}."
    return Sighting(kind, why, 0.95 if kind == "heading" else 0.7, (Span(field, start, len(text)),))


def _cut(view: View, item: Item) -> Fix | None:
    """The answer without what begins at the second turn; None where nothing would be left."""
    span = item.spans[0]
    before = text_of(view.examples[item.rows[0]], span.field)[: span.start].rstrip()
    return Fix("edit", before, span.field) if before else None
