"""Payment cards and bank accounts: shapes of the networks and countries, then the check digit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunewright.audit.privacy.check_digits import luhn, mod97
from tunewright.audit.privacy.hits import Hit, cue_before, digits_of

_EIGHT_DIGITS = re.compile(r"[0-9]{4}[ \u00a0-]?[0-9]{4}")
_IBAN_START = re.compile(r"(?<!\w)[A-Za-z]{2}[0-9]{2}(?=[ \u00a0.-]?[A-Za-z0-9])")
_IBAN_GAP = " \u00a0.-"
# Lengths by country: IBAN registry of SWIFT, ISO 13616.
_IBAN_LENGTHS = {
    country: length
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
    for country in countries.split()
}

# In one piece, or in the groups printed on cards; not inside a word, a decimal number or a longer chain.
_CARD = re.compile(
    r"(?<![\w+])(?<!\d[.,-])(?:[0-9]{12,19}|[0-9]{4}(?P<gap>[ \u00a0-])"
    r"(?:[0-9]{6}(?P=gap)[0-9]{4,5}|[0-9]{4}(?P=gap)[0-9]{4}(?P=gap)[0-9]{4}(?:(?P=gap)[0-9]{1,3})?))(?!\w)(?![.,-]\d)"
)
# First digits and lengths of the card networks (ISO/IEC 7812 ranges as the networks publish them). Without them one
# in ten long order numbers would pass the check digit alone.
_NETWORK = re.compile(
    r"4(?:\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d|9\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12,15}|6(?:011|4[4-9]\d|5\d\d|2\d\d)\d{12,15}"
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{10,15}"
)
# Lengths of old or rare cards, which EAN-13 and order numbers share: only beside a word for a card.
_RARE = re.compile(r"4\d{12}|(?:2131|1800)\d{11}|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,9}")
_ANY_CARD = re.compile(r"\d{12,19}")
_CARD_CUE = re.compile(
    r"(?<!\w)(?:card|cc|credit|debit|visa|mastercard|maestro|amex|american express|jcb|diners|discover"
    r"|kreditkarte|karte"
    r"|carte|tarjeta|carta|pan)(?!\w)",
    re.IGNORECASE,
)
_TRACKED = re.compile(
    r"(?:tracking|order|invoice|serial|isbn|ean|imei|parcel|shipment)\W{0,3}(?:\w+\W{0,3}){0,2}$", re.I
)


def find(text: str) -> Iterator[Hit]:
    """Card numbers that pass Luhn and have a network's first digits and length or a word for a card before them, and
    IBANs that pass modulo 97.
    """
    for match in _CARD.finditer(text) if _EIGHT_DIGITS.search(text) else ():
        digits = digits_of(match[0])
        if not luhn(digits):
            continue
        cue = cue_before(text, match.start(), _CARD_CUE)
        if _NETWORK.fullmatch(digits):
            tracked = not cue and cue_before(text, match.start(), _TRACKED)
            yield Hit(match.start(), match.end(), "card", 0.99 if cue else 0.6 if tracked else 0.9)
        elif cue:
            yield Hit(match.start(), match.end(), "card", 0.85 if _RARE.fullmatch(digits) else 0.75)
    for start in _IBAN_START.finditer(text):
        end = _iban_end(text, start.start())
        if end is not None:
            yield Hit(start.start(), end, "iban", 0.99)


def is_card(digits: str) -> bool:
    """Whether these digits have the length and the check digit of a card."""
    return _ANY_CARD.fullmatch(digits) is not None and luhn(digits)


def is_iban(characters: str) -> bool:
    """Whether these characters, without gaps, are an IBAN."""
    account = characters.upper()
    return len(account) == _IBAN_LENGTHS.get(account[:2]) and account.isalnum() and mod97(account)


def _iban_end(text: str, start: int) -> int | None:
    """Where a valid IBAN that begins at ``start`` ends, else None."""
    length = _IBAN_LENGTHS.get(text[start : start + 2].upper())
    if length is None:
        return None
    characters, position = "", start
    while len(characters) < length and position < len(text):
        character = text[position]
        gap = character in _IBAN_GAP and text[position - 1] not in _IBAN_GAP
        if not gap and not (character.isascii() and character.isalnum()):
            return None
        characters += "" if gap else character.upper()
        position += 1
    if len(characters) < length or text[position : position + 1].isalnum():
        return None
    return position if mod97(characters) else None
