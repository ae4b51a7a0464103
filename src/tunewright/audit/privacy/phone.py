"""Phone numbers. A number needs a shape that only phones have, or a word beside it that says so; never "many digits".

Order numbers, serial numbers, dates, times, amounts and machine addresses must stay out, which is most of the work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunewright.audit.privacy.hits import Hit, digits_of

_DATE_OR_TIME = (
    r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{2,4}(?!\d|[.-]\d\d(?![\d:]))|\d{1,2}[./-](?:19|20)\d\d(?![\d-])|\d{1,2}:\d\d"
    r"|(?:19|20)\d\d[/-]\d\d(?!\d)|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\d))"
)
# What may stand between two groups of digits, and never before a date, a time or an address of a machine.
_GAP = r"(?:[ \u00a0./-]|[ ][/-][ ]|\)[ \u00a0-]?|[ \u00a0]?\(0?\)?)"
_NEXT = rf"{_GAP}(?!{_DATE_OR_TIME})"
_GROUPS = rf"(?:(?:{_NEXT}\d{{1,12}}){{0,7}}{_NEXT}\d{{2,12}})"
# Not the middle of a word or of a longer chain such as AB-030-1234 or 4711 0300 1234 5678.
_START = r"(?<![\w+])(?<!\w[./#-])(?<!(?<![\d./:-])\d{4}[ ])"
_EXTENSION = r"(?:[ ]?(?:x|ext\.?|extension)[ ]?\d{1,6})?"
_END = rf"{_EXTENSION}(?!\w)(?![./:,-]\d)"

_INTERNATIONAL = re.compile(rf"(?<![\w+])(?:\+[ ]?|\(\+)(?!{_DATE_OR_TIME})[1-9]\d{{0,14}}{_GROUPS}?{_END}")
_DOUBLE_ZERO = re.compile(rf"{_START}00[ ]?[1-9]\d{{0,3}}{_GROUPS}{_END}")
_NORTH_AMERICAN = re.compile(rf"{_START}(?:1[ .-])?(?:\(\d{{3}}\)[ ]?|\d{{3}}[ .-])\d{{3}}[ .-]\d{{4}}{_END}")
_TRUNK = re.compile(rf"{_START}\(?(?!{_DATE_OR_TIME})0[1-9]\d{{0,9}}{_GROUPS}?{_END}")
_CUE = (
    r"(?:tele(?:phone|fon)|tel|phone|fon|mobile?|mobil|handy|cell|fax|whatsapp|rufnummer|t[eé]l[eé]phone|desk|office"
    r"|hotline|landline)(?:[ .-]{0,2}(?:number|nummer|no|nr))?(?:[ ](?:is|at|on|under))?"
    r"|(?:call|dial|ring|text|reach|contact)(?:[ ](?:me|us|him|her|them|back|someone)){0,2}(?:[ ](?:at|on|under))?"
    r"|(?:answering|reachable|available)[ ](?:at|on|under)|(?:messages?|sms|texts?)[ ]to|registered(?:[ ]number)?"
)
_ANNOUNCED = re.compile(
    rf"\b(?:{_CUE})[ .:-]{{0,3}}\n?(?P<number>\(?(?!{_DATE_OR_TIME})\d{{2,15}}{_GROUPS}?){_END}", re.IGNORECASE
)
_LABELLED = re.compile(
    rf"{_START}(?P<number>\(?(?!{_DATE_OR_TIME})(?:\d{{2,12}}{_GROUPS}|\d{{10,11}})){_EXTENSION}"
    r"(?=[ -]{1,2}\(?(?:office|fax|mobile|cell|home|work|desk)(?!\w))",
    re.IGNORECASE,
)
# A number that says what it is: the text before it names an order, a serial, an invoice.
_NAMED = re.compile(
    r"(?:(?<!\w)(?:order|bestell\w*|auftrag\w*|invoice|rechnung\w*|ticket|serial|serien\w*|s/?n|nr|no|ref\w*|case|id"
    r"|article|artikel\w*|part|batch|charge|tracking|parcel|sku|isbn|ean|imei|model|contract|vertrag\w*|policy|version"
    r"|device|po|rma|vin|kundennummer|kunden-?nr|customer[ ](?:number|no|id))"
    r"\.?[ -]?(?:no|nr|number|nummer|id|code)?\.?(?:[ ](?:is|was|ist|war))?[ .:=#]{0,3}|\#[ ]?)$",
    re.IGNORECASE,
)
_NAME_REACH = 40
# Cheap test before the others: six digits close together.
_ENOUGH_DIGITS = re.compile(r"\d(?:[ \u00a0./()-]{0,4}\d){5}")
# Fewest digits of a number with country code, of one in groups, and the two lengths of one written in one piece.
_FEWEST_INTERNATIONAL, _FEWEST_GROUPED, _MOST, _IN_ONE_PIECE, _FEWEST_ANNOUNCED = 9, 9, 15, (10, 11), 7
_FEWEST_LABELLED, _EXTENSION_TAIL = 6, re.compile(r"[ ]?(?:x|ext).*", re.IGNORECASE)


def find(text: str) -> Iterator[Hit]:
    """Numbers with a country code, in a national writing, or announced by a word such as "call me at"."""
    if not _ENOUGH_DIGITS.search(text):
        return
    for match in _INTERNATIONAL.finditer(text):
        if _FEWEST_INTERNATIONAL <= _count(match[0]) <= _MOST:
            yield Hit(match.start(), match.end(), "phone", 0.95)
    for match in _ANNOUNCED.finditer(text):
        if _FEWEST_ANNOUNCED <= _count(match["number"]) <= _MOST:
            yield Hit(match.start("number"), match.end(), "phone", 0.9)
    for match in _LABELLED.finditer(text):
        if _FEWEST_LABELLED <= _count(match["number"]) <= _MOST:
            yield Hit(match.start("number"), match.end(), "phone", 0.85)
    for pattern, confidence in ((_DOUBLE_ZERO, 0.85), (_NORTH_AMERICAN, 0.85), (_TRUNK, 0.75)):
        for match in pattern.finditer(text):
            if _shaped(match[0]) and not _named(text, match.start()):
                yield Hit(match.start(), match.end(), "phone", confidence)


def _count(number: str) -> int:
    return len(digits_of(_EXTENSION_TAIL.sub("", number)))


def _shaped(number: str) -> bool:
    count = _count(number)
    return count in _IN_ONE_PIECE if number.isdigit() else _FEWEST_GROUPED <= count <= _MOST


def _named(text: str, start: int) -> bool:
    return _NAMED.search(text[max(0, start - _NAME_REACH) : start]) is not None
