"""Postal addresses in the writings of a few countries. Without a gazetteer this finds streets with a number, boxes and
codes; a town alone is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunewright.audit.privacy.hits import Hit, cue_before, word_list, word_set

_WORD = r"[^\W\d_][\w.'’-]{0,30}"
_ENGLISH = (
    r"(?:street|str|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|place|pl|square|squares|sq|terrace"
    r"|way|close|crescent|parkway|pkwy|highway|hwy|circle|cir|trail|alley|mews|gardens|parade|quay)"
)
_UNIT = r"(?:(?:apt|apartment|suite|ste|unit|floor|room|flat)\.?[ ]?#?[ ]?[0-9]{1,5}[a-z]?)"
# 12 Maple Street, 6750 Fourth Avenue Suite 697
_NUMBER_FIRST = re.compile(
    rf"(?<![\w.,$€£-])\d{{1,5}}[a-z]?[ ](?:(?:{_WORD}|\d{{1,3}}(?:st|nd|rd|th))[ ]){{1,4}}?{_ENGLISH}\.?(?!\w)"
    rf"(?:,?[ \n]{{1,3}}{_UNIT})?",
    re.IGNORECASE,
)
# rue de la Paix 5, 12 rue de la Paix, Calle Mayor 3, Via Roma 12, ul. Karpacka 69
_STREET_FIRST = re.compile(
    r"(?<!\w)(?:\d{1,5},?[ ])?(?:rue|avenue|chemin|calle|avenida|plaza|via|viale|piazza|corso|rua|praça|ul\.|ulica|trg"
    rf"|c/)[ ](?:{_WORD}[ ]){{0,4}}{_WORD},?[ ]\d{{1,5}}[a-z]?(?!\w)"
    rf"|(?<![\w.,$€£-])\d{{1,5}}(?:[ ]?bis|[ ]?ter)?,?[ ](?:rue|avenue|boulevard|chemin|impasse"
    rf"|allée)[ ](?:{_WORD}[ ]){{0,4}}{_WORD}",
    re.IGNORECASE,
)
# Hauptstraße 5, Kerkweg 12, Storgatan 3, Præstevænget 15
_WORD_AND_NUMBER = re.compile(r"(?<=[^\W\d_]|\.)[ ]\d{1,5}[a-z]?(?!\w)", re.IGNORECASE)
_SURE_SUFFIXES = word_list("straße strasse straat dreef gatan vænget")
_SUFFIXES = (
    *_SURE_SUFFIXES,
    *word_list(
        "str. weg laan allee platz gasse ufer damm plein gade vej vejen gata vägen väg gate veien katu kuja utca út tér"
    ),
)
_NO_STREETS = word_set("delegate investigate watergate aggregate colgate tailgate mitigate navigate")
_BOX = re.compile(
    r"(?<!\w)(?:p\.?[ ]?o\.?[ ]?box|postfach|postbus|bo[iî]te postale|apartado|post office box|postbox)[ ]\d{1,7}(?!\w)"
    r"|(?<!\w)(?:psc|unit|cmr)[ ]\d{1,5},?[ ]box[ ]\d{1,5}(?:\s{1,3}[adf]po[ ]a[aep][ ]\d{5})?(?!\w)"
    r"|(?<!\w)uss[ ]\w{2,20}\s{1,3}fpo[ ]a[aep][ ]\d{5}(?!\w)",
    re.IGNORECASE,
)
_UNIT_ALONE = re.compile(r"(?<!\w)(?:apt|apartment|suite)\.?[ ]#?\d{1,5}[a-z]?(?![\w*/+=]|\.\d)", re.IGNORECASE)
_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DC|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR"
    "|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|PR"
)
_US_TOWN = re.compile(rf"(?<!\w)(?:{_WORD}[ ]){{0,2}}{_WORD},[ ](?:{_STATES})[ ]\d{{5}}(?:-\d{{4}})?(?!\w)")
_STATE_AND_CODE = re.compile(r",[ ][A-Z]{2}[ ]\d{5}")
_UK_CODE = re.compile(r"(?<!\w)(?:GIR 0AA|[A-Z]{1,2}\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2})(?!\w)")
_CODE_BY_CUE = re.compile(
    r"(?<!\w)(?:zip(?:[ -]?code)?|post(?:al)?[ -]?code|postleitzahl|plz|code postal)(?:[ ](?:is|ist|est))?[ :=]{1,3}"
    r"(?P<code>[A-Z]{0,2}\d[A-Z0-9]{1,5}(?:[ -](?=[A-Z]{0,2}\d|[A-Z]{2}(?!\w))[A-Z0-9]{2,4})?)(?![\w-])",
    re.IGNORECASE,
)
_STREETLIKE = re.compile(r"\d")


_ADDRESS_CUE = re.compile(
    r"(?<!\w)(?:address|live[sd]? (?:at|on|in)|resid\w+ at|located at|deliver\w* to|ship\w* to|mov\w+ to|corner of)",
    re.I,
)
_JOINTS = word_set("of the de del della di da do dos das du la le les los las den der van von und and y e str u")
_NO_COURTS = word_set("supreme district high appeal appeals superior circuit federal")
# (pattern, one of these must be in the text, how sure)
_PLAIN = (
    (_BOX, ("box", "postfach", "postbus", "postale", "apartado", "fpo"), 0.9),
    (_UNIT_ALONE, ("apt", "apartment", "suite"), 0.6),
)
_STREET_WORDS = word_list(
    "rue aven chemin calle plaza via piazza corso rua praça ul. ulica trg c/ boulevard impasse allée"
)


def find(text: str) -> Iterator[Hit]:
    """Streets with a house number, post boxes, flats, US towns with state and code, UK and announced codes."""
    if not _STREETLIKE.search(text):
        return
    small = text.lower()
    yield from _streets(text, _NUMBER_FIRST)
    if any(word in small for word in _STREET_WORDS):
        yield from _streets(text, _STREET_FIRST)
    for pattern, hints, confidence in _PLAIN:
        if any(hint in small for hint in hints):
            for match in pattern.finditer(text):
                yield Hit(match.start(), match.end(), "postal_address", confidence)
    if _STATE_AND_CODE.search(text):
        for match in _US_TOWN.finditer(text):
            yield Hit(match.start(), match.end(), "postal_address", 0.85)
    yield from _by_suffix(text)
    for match in _UK_CODE.finditer(text):
        yield Hit(match.start(), match.end(), "postal_code", 0.7)
    announced = "zip" in small or "post" in small or "plz" in small
    for match in _CODE_BY_CUE.finditer(text) if announced else ():
        yield Hit(match.start("code"), match.end("code"), "postal_code", 0.7)


def _streets(text: str, pattern: re.Pattern[str]) -> Iterator[Hit]:
    """Streets whose words have capitals; small ones only after a word for an address: "20 cars drive" is none."""
    for match in pattern.finditer(text):
        words = [word for word in re.split(r"[ ,\n]+", match[0]) if word]
        inner = words[1:-1] if pattern is _NUMBER_FIRST else words[1:]
        cut = any(len(word) > 4 and word.endswith(".") for word in inner)
        capitals = all(word[:1].isupper() or word[:1].isdigit() or word.casefold() in _JOINTS for word in inner)
        court = any(word.casefold() in _NO_COURTS for word in inner)
        named = any(word[:1].isupper() or word[1:2].isdigit() for word in inner)
        joined = inner[:1] and inner[0] in ("and", "or", "und")
        if not (cut or court or joined):
            sure = (capitals and named) or cue_before(text, match.start(), _ADDRESS_CUE)
            yield Hit(match.start(), match.end(), "postal_address", 0.75 if sure else 0.35)


def _by_suffix(text: str) -> Iterator[Hit]:
    """A word with the ending of a street, and a house number; one capitalised word before it belongs to it."""
    for match in _WORD_AND_NUMBER.finditer(text):
        words = text[max(0, match.start() - 70) : match.start()].split("\n")[-1].split(" ")
        last = words[-1].strip("(\"',")
        small = last.casefold()
        if not small.endswith(_SUFFIXES) or small in _NO_STREETS or len(last) < 3:
            continue
        if not (last[:1].isupper() or small.endswith(_SURE_SUFFIXES) or (len(last) < 5 and len(words) > 1)):
            continue
        length = len(last)
        if len(words) > 1 and (words[-2][:1].isupper() or len(last) < 5):
            length += 1 + len(words[-2])
        elif small in _SUFFIXES:
            continue
        yield Hit(match.start() - length, match.end(), "postal_address", 0.75)
