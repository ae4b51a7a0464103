"""Numbers in texts, exactly: signs, thousands, decimals, exponents, currencies and units. Called by ``numeric``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

CURRENCIES = "$€£¥₹"
# Digits of the longest number that is read; what is longer is no measurement.
MAX_DIGITS = 400


@dataclass(frozen=True, slots=True)
class Found:
    """A number and the unit or currency that it is written with (empty for none)."""

    value: Decimal
    unit: str


def numbers_in(text: str, decimal: str = ".") -> list[Found]:
    """Every number of a text, in order. ``decimal`` is the decimal mark; the other of ``.`` and ``,`` parts
    thousands."""
    return [found for match in _PATTERNS[decimal].finditer(text) if (found := _read(match, decimal)) is not None]


def whole_number(text: str, decimal: str = ".") -> Found | None:
    """The number of a text that is nothing but a number with its unit, or None."""
    text = text.strip().rstrip(".") if text.strip().endswith(".") else text.strip()
    match = _PATTERNS[decimal].match(text)
    if match is None:
        return None
    found = _read(match, decimal)
    rest = text[match.end() :].strip()
    if found is None or len(rest) > 40 or any(c.isdigit() for c in rest) or len(rest.split()) > 3:
        return None
    return Found(found.value, rest or found.unit)


def scaled(found: Found, units: Mapping[str, Decimal]) -> Decimal | None:
    """The number in the unit asked for; None where its unit is not among ``units``. Without a unit it is as it is."""
    if not units or not found.unit:
        return found.value
    factor = units.get(found.unit.casefold())
    return None if factor is None else found.value * factor


def close(value: Decimal, target: Decimal, absolute: float, relative: float) -> bool:
    """Whether ``|value - target| <= max(absolute, relative |target|)``; without tolerance, exact equality."""
    if value == target:
        return True
    if not absolute and not relative:
        return False
    return abs(value - target) <= max(Decimal(absolute), Decimal(relative) * abs(target))


def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    point, comma = re.escape(decimal), re.escape(thousands)
    # Groups of three, or as in India of two and a last one of three; bounded, so that long lists are read once.
    grouped = rf"\d{{1,3}}(?:[{comma}'’\u00a0\u202f]\d{{3}}){{1,20}}|\d{{1,2}}(?:{comma}\d{{2}}){{1,20}}{comma}\d{{3}}"
    unit = rf"\s?(?:%|°[CF]?|[{CURRENCIES}]|[^\W\d_]+(?:/[^\W\d_]+)?[²³]?)"
    return re.compile(
        rf"(?<![\w{point}])(?P<sign>(?<![)\]])[-+−])?(?P<money>[{CURRENCIES}]\s?)?(?P<late>[-−](?=[\d{point}]))?"
        rf"(?P<digits>(?:(?:{grouped})(?![\d]|{comma}\d)|\d+)(?:{point}\d+)?|{point}\d+)"
        rf"(?P<exponent>[eE][-+]?\d{{1,3}}(?!\w))?(?P<unit>{unit})?"
    )


_PATTERNS = {".": _pattern(".", ","), ",": _pattern(",", ".")}


def _read(match: re.Match[str], decimal: str) -> Found | None:
    digits = re.sub(rf"[^\d{re.escape(decimal)}]", "", match["digits"]).replace(decimal, ".")
    if len(digits) > MAX_DIGITS or not digits.isascii():
        return None
    negative = (match["sign"] or "") in ("-", "−") or bool(match["late"])
    value = Decimal(("-" if negative else "") + digits + (match["exponent"] or ""))
    return Found(value, (match["unit"] or match["money"] or "").strip())
