"""Masking of personal data in texts that are shown: e-mail addresses, IBANs, card numbers, phone numbers.

It is a courtesy for shown texts and no anonymisation: names and addresses stay. Order numbers, serial numbers, dates,
times and amounts must survive, so every rule asks for a shape or a check digit, never for "many digits". The report
calls it; stored texts are not changed.
"""

from __future__ import annotations

import re

EMAIL, IBAN, CARD, PHONE = "[e-mail]", "[IBAN]", "[card]", "[phone]"

# Every repetition is bounded, so that a hostile text costs time in proportion to its length.
_EMAIL = re.compile(r"(?<![\w.+%-])[\w+%-][\w.+%'&=~-]{0,120}[@\uff20](?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62}")

_IBAN_START = re.compile(r"(?<!\w)[A-Za-z]{2}[0-9]{2}(?=[ \u00a0.-]?[A-Za-z0-9])")
_IBAN_GAP = " \u00a0.-"
# Lengths by country: IBAN registry of SWIFT, ISO 13616.
_IBAN_LENGTHS = {
    length: frozenset(countries.split())
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FK FI FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
}

# In one piece, or in the groups printed on cards; not inside a word, a decimal number or a longer chain.
_CARD = re.compile(
    r"(?<![\w+])(?<!\d[.,-])(?:[0-9]{14,19}|[0-9]{4}(?P<gap>[ \u00a0-])"
    r"(?:[0-9]{6}(?P=gap)[0-9]{4,5}|[0-9]{4}(?P=gap)[0-9]{4}(?P=gap)[0-9]{4}(?:(?P=gap)[0-9]{1,3})?))(?!\w)(?![.,-]\d)"
)
# First digits and lengths of the card networks (ISO/IEC 7812 ranges as the networks publish them). Without them one
# in ten long order numbers would pass the check digit alone.
_CARD_SHAPE = re.compile(
    r"4(?:\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d|9\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12,15}|6(?:011|4[4-9]\d|5\d\d|2\d\d)\d{12,15}"
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}"
)

_DATE_OR_TIME = (
    r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{2,4}(?!\d)|\d{1,2}[./-](?:19|20)\d\d(?![\d-])|\d{1,2}:\d\d"
    r"|(?:19|20)\d\d[/-]\d\d(?!\d)|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\d))"
)
# What may stand between two groups of digits, and never before a date, a time or an address of a machine.
_GAP = r"(?:[ \u00a0./-]|[ ][/-][ ]|\)[ \u00a0-]?|[ \u00a0]?\(0?\)?)"
_NEXT = rf"{_GAP}(?!{_DATE_OR_TIME})"
_GROUPS = rf"(?:(?:{_NEXT}\d{{1,12}}){{0,7}}{_NEXT}\d{{2,12}})"
# Not the middle of a word or of a longer chain such as AB-030-1234 or 4711 0300 1234 5678.
_START = r"(?<![\w+])(?<!\w[./#-])(?<!(?<![\d./:-])\d{4}[ ])"
_END = r"(?!\w)(?![./:,-]\d)"

_INTERNATIONAL = re.compile(rf"(?<![\w+])(?:\+[ ]?|\(\+)(?!{_DATE_OR_TIME})[1-9]\d{{0,14}}{_GROUPS}?{_END}")
_DOUBLE_ZERO = re.compile(rf"{_START}00[ ]?[1-9]\d{{0,3}}{_GROUPS}{_END}")
_NORTH_AMERICAN = re.compile(rf"{_START}(?:1[ .-])?(?:\(\d{{3}}\)[ ]?|\d{{3}}[ .-])\d{{3}}[ .-]\d{{4}}{_END}")
_TRUNK = re.compile(rf"{_START}\(?(?!{_DATE_OR_TIME})0[1-9]\d{{0,9}}{_GROUPS}?{_END}")
_ANNOUNCED = re.compile(
    r"\b(?:(?:tele(?:phone|fon)|tel|phone|fon|mobile?|mobil|handy|cell|fax|whatsapp|rufnummer|t[eé]l[eé]phone)"
    r"[ .-]{0,2}(?:number|nummer|no|nr)?|call(?:[ ](?:me|us|him|her|back)){0,2})"
    r"(?:[ ](?:is|at|on|under))?[ .:-]{0,3}"
    rf"(?P<number>\(?(?!{_DATE_OR_TIME})\d{{2,15}}{_GROUPS}?){_END}",
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
# Fewest digits of a number with country code, of one in groups, and the two lengths of one written in one piece.
_FEWEST_INTERNATIONAL, _FEWEST_GROUPED, _MOST, _IN_ONE_PIECE, _FEWEST_ANNOUNCED = 9, 9, 15, (10, 11), 6


def mask(text: str) -> str:
    """The text with personal numbers and addresses replaced by what they were, such as ``[phone]``.

    Masking again changes nothing: rules run until none applies, and a replacement holds nothing to mask.
    """
    while True:
        masked = _once(text)
        if masked == text:
            return text
        text = masked


def _once(text: str) -> str:
    text = _EMAIL.sub(EMAIL, text)
    text = _mask_ibans(text)
    text = _CARD.sub(_card, text)
    text = _INTERNATIONAL.sub(_international, text)
    text = _ANNOUNCED.sub(_announced, text)
    for pattern in (_DOUBLE_ZERO, _NORTH_AMERICAN, _TRUNK):
        text = pattern.sub(_unless_named, text)
    return text


def _mask_ibans(text: str) -> str:
    parts, done = [], 0
    for start in _IBAN_START.finditer(text):
        end = _iban_end(text, start.start())
        if start.start() >= done and end is not None:
            parts += [text[done : start.start()], IBAN]
            done = end
    return "".join([*parts, text[done:]])


def _iban_end(text: str, start: int) -> int | None:
    """Where a valid IBAN that begins at ``start`` ends, else None (ISO 13616: mod 97 of the rotated number is 1)."""
    country = text[start : start + 2].upper()
    length = next((length for length, names in _IBAN_LENGTHS.items() if country in names), None)
    characters, position = "", start
    while length is not None and len(characters) < length and position < len(text):
        character = text[position]
        gap = character in _IBAN_GAP and text[position - 1] not in _IBAN_GAP
        if not gap and not (character.isascii() and character.isalnum()):
            return None
        characters += "" if gap else character.upper()
        position += 1
    follows = text[position : position + 1]
    if length is None or len(characters) < length or follows.isalnum():
        return None
    rotated = characters[4:] + characters[:4]
    return position if int("".join(str(int(character, 36)) for character in rotated)) % 97 == 1 else None


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _card(found: re.Match[str]) -> str:
    digits = _digits(found[0])
    return CARD if _CARD_SHAPE.fullmatch(digits) and _luhn(digits) else found[0]


def _luhn(digits: str) -> bool:
    """Luhn check digit, ISO/IEC 7812-1 annex B."""
    doubled = [int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _international(found: re.Match[str]) -> str:
    return PHONE if _FEWEST_INTERNATIONAL <= len(_digits(found[0])) <= _MOST else found[0]


def _announced(found: re.Match[str]) -> str:
    number = found["number"]
    if not _FEWEST_ANNOUNCED <= len(_digits(number)) <= _MOST:
        return found[0]
    return found[0][: found.start("number") - found.start()] + PHONE


def _unless_named(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - _NAME_REACH) : found.start()]
    length = len(_digits(found[0]))
    shaped = length in _IN_ONE_PIECE if found[0].isdigit() else _FEWEST_GROUPED <= length <= _MOST
    return PHONE if shaped and not _NAMED.search(before) else found[0]
