"""Characters that nobody sees: zero-width, direction controls, tag letters, and look-alike letters inside words.

They hide instructions, make triggers, and split words for the tokenizer. What a script needs (joiners in Persian, Hindi
and emoji, direction marks beside Hebrew and Arabic) is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tunewright.audit.fields import text_of, texts
from tunewright.audit.findings import CheckResult, Cost, Finding, Fix, Item, Quality, Severity, Span
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.audit.wording import counted
from tunewright.records.example import Example

NAME = "invisible_characters"
TITLE = "Invisible characters"
QUALITY: Quality = "correct"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Limits = {"max_spans": 50}

_ZERO_WIDTH = "\u200b\u2060\ufeff\u180e\u00ad\u2061-\u2064"
_JOINERS = "\u200c\u200d"
_MARKS = "\u200e\u200f\u061c"
_DIRECTION = "\u202a-\u202e\u2066-\u2069"
_TAGS = "\U000e0000-\U000e007f"
_SELECTORS = "\U000e0100-\U000e01ef"
_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufff9-\ufffb"
_SUSPECT = re.compile(f"[{_ZERO_WIDTH}{_JOINERS}{_MARKS}{_DIRECTION}{_TAGS}{_SELECTORS}{_CONTROLS}]+")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# An emoji flag of a region is a black flag, tag letters and the end tag.
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e007a]{2,6}\U000e007f")
_LATIN = re.compile(r"[A-Za-z]")
_PLAIN_BESIDE = re.compile(r"[A-Za-z0-9 .,;:!?'\"()-]")

# Letters of other scripts that look like Latin ones; Greek letters that science writes beside Latin are not among them.
_LOOK_ALIKE = dict(
    zip("аеорсухіјѕԁһӏԛԝАВЕКМНОРСТУХІЈЅοΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeopcyxijsdhlqwABEKMHOPCTYXIJSoABEZHIKMNOPTYX", strict=True)
)
_MIXED_WORD = re.compile("[A-Za-z" + "".join(_LOOK_ALIKE) + "]{3,}")

_KINDS: dict[str, tuple[Severity, str, str]] = {
    "tag_letters": (
        "error",
        "invisible tag letters, which can hide whole instructions",
        "Remove them, and find out who put them there.",
    ),
    "direction": (
        "warning",
        "direction controls, which show text in another order than the model reads it",
        "Remove them.",
    ),
    "look_alikes": (
        "warning",
        "words with letters of another script that look the same",
        "Write them with the letters that they seem to have.",
    ),
    "zero_width": (
        "warning",
        "zero-width characters, which split words for the model and for nobody else",
        "Remove them.",
    ),
    "control": ("note", "control characters", "Remove them, or put back the sign that they were."),
}  # fmt: skip
# Control characters may be all that is left of a dash or a quotation mark, so each is looked at.
_SAFE = frozenset({"tag_letters", "direction", "zero_width"})
# The lower byte of the sign (U+2013 and on) that was cut to one byte.
_CUT_SIGNS = dict(zip("\x13\x14\x18\x19\x1c\x1d", "\u2013\u2014\u2018\u2019\u201c\u201d", strict=True))


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """One sighting per field and kind of character."""
    found = []
    for field, text in texts(example):
        if text.isascii() and text.isprintable():
            continue
        spans: dict[str, list[Span]] = {}
        for kind, start, end in _places(text):
            spans.setdefault(kind, []).append(Span(field, start, end, kind=kind))
        for kind, places in spans.items():
            found.append(Sighting(kind, _why(kind, len(places)), spans=tuple(places[: int(limits["max_spans"])])))
    return tuple(found)


def conclude(view: View, found: Mapping[int, tuple[Sighting, ...]], limits: Limits) -> CheckResult:
    """One finding per kind of character."""
    findings = []
    for kind, (severity, what, advice) in _KINDS.items():
        items = [
            Item((row,), sighting.why, fix=_fix(view.examples[row], sighting), spans=sighting.spans)
            for row, sightings in sorted(found.items())
            for sighting in sightings
            if sighting.kind == kind
        ]
        rows = len({item.rows[0] for item in items})
        if rows:
            findings.append(
                Finding(
                    f"{NAME}.{kind}",
                    severity,
                    f"{counted(rows, 'row')} {'holds' if rows == 1 else 'hold'} {what}",
                    "A person reading the row does not see what the model learns from.",
                    advice + (" That can be done for all at once." if kind in _SAFE else ""),
                    tuple(items[:2000]),
                    (("rows", float(rows)),),
                    rows,
                )
            )
    return CheckResult(tuple(findings))


def _places(text: str) -> list[tuple[str, int, int]]:
    flags = [match.span() for match in _FLAG.finditer(text)] if "\U0001f3f4" in text else []
    right_to_left = bool(_RIGHT_TO_LEFT.search(text))
    found: list[tuple[str, int, int]] = []
    for match in _SUSPECT.finditer(text):
        if any(start <= match.start() < end for start, end in flags):
            continue
        for place in range(match.start(), match.end()):
            kind = _kind(text, place, right_to_left)
            if kind and found and found[-1][0] == kind and found[-1][2] == place:
                found[-1] = (kind, found[-1][1], place + 1)
            elif kind:
                found.append((kind, place, place + 1))
    if not text.isascii():
        found += [("look_alikes", *match.span()) for match in _MIXED_WORD.finditer(text) if _is_mixed(text, match)]
    return found


def _kind(text: str, place: int, right_to_left: bool) -> str | None:
    sign = text[place]
    if "\U000e0000" <= sign <= "\U000e007f" or "\U000e0100" <= sign <= "\U000e01ef":
        # Chinese and Japanese use one selector after an ideograph; a run of them carries a message.
        before = text[place - 1 : place]
        lone = sign >= "\U000e0100" and "\u3400" <= before <= "\u9fff"
        return None if lone else "tag_letters"
    if "\u202a" <= sign <= "\u202e" or "\u2066" <= sign <= "\u2069":
        return None if right_to_left and sign not in "\u202d\u202e" else "direction"
    if sign in _MARKS:
        return None if right_to_left else "direction"
    if sign in _JOINERS:
        return "zero_width" if _between_plain(text, place) else None
    if sign < " " or "\x7f" <= sign <= "\x9f" or "\ufff9" <= sign <= "\ufffb":
        return "control"
    return "zero_width"


def _between_plain(text: str, place: int) -> bool:
    """Whether the nearest visible neighbours are Latin text, where a joiner joins nothing."""
    before, after = text[max(place - 1, 0) : place], text[place + 1 : place + 2]
    return bool(_PLAIN_BESIDE.match(before or " ") and _PLAIN_BESIDE.match(after or " "))


def _is_mixed(text: str, match: re.Match[str]) -> bool:
    """Whether a whole word has Latin letters and look-alikes, and no letters that only the other script has."""
    start, end = match.span()
    if text[start - 1 : start].isalpha() or text[end : end + 1].isalpha():
        return False
    word = match.group()
    return bool(_LATIN.search(word)) and any(letter in _LOOK_ALIKE for letter in word)


def _why(kind: str, count: int) -> str:
    things = {
        "tag_letters": "runs of invisible tag letters",
        "direction": "direction controls",
        "look_alikes": "words with look-alike letters",
        "zero_width": "zero-width characters",
        "control": "control characters",
    }[kind]
    thing = things.replace("runs", "run").replace("words", "word") if things[:4] in ("runs", "word") else things[:-1]
    return f"Holds {counted(count, thing, things)}."


def _fix(example: Example, sighting: Sighting) -> Fix | None:
    """The text of the field without what was seen; None where not every place is known or nothing would be left."""
    field = sighting.spans[0].field
    text = text_of(example, field)
    places = [place[1:] for place in _places(text) if place[0] == sighting.kind]
    for start, end in reversed(places):
        seen = text[start:end]
        text = text[:start] + _instead(sighting.kind, seen) + text[end:]
    if not text.strip():
        return None
    return Fix("edit", text, field, safe=sighting.kind in _SAFE)


def _instead(kind: str, seen: str) -> str:
    if kind == "look_alikes":
        return "".join(_LOOK_ALIKE.get(letter, letter) for letter in seen)
    return "".join(_CUT_SIGNS.get(sign, "") for sign in seen) if kind == "control" else ""
