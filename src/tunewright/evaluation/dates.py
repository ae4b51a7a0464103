"""One date in several notations: ISO, slashed or dotted numbers, English names of months. Called by graders of
fields."""

from __future__ import annotations

import re
from datetime import UTC, datetime

ORDERS = ("", "dmy", "mdy")
_WEEKDAY = re.compile(r"\A(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
_NUMBERS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})")
_YEAR_FIRST = re.compile(r"(\d{4})[./](\d{1,2})[./](\d{1,2})")
_DAY_NAME = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?(?:\s+of)?[\s-]+([a-z]{3,9})\.?,?[\s-]+(\d{4})", re.IGNORECASE)
_NAME_DAY = re.compile(r"([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})", re.IGNORECASE)
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]


def read_date(text: str, order: str = "") -> datetime | None:
    """The moment that a text names, in UTC without a zone (midnight for a day); None where it is no date.

    ``order`` tells day from month in ``03/04/2024``: ``dmy`` or ``mdy``. Without it such a date is read only where one
    of the two is above 12 or the parts are divided by dots, which are written day first. Two digits are years 1970 to
    2069. Bare numbers (2024, 20240315) are no dates.
    """
    text = " ".join(text.split())
    if not 6 <= len(text) <= 40:
        return None
    text = _WEEKDAY.sub("", text)
    return _iso(text) or _numbers(text, order) or _named(text)


def _iso(text: str) -> datetime | None:
    if text.isdigit() or not text[:4].isdigit() or text[4:5] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None


def _numbers(text: str, order: str) -> datetime | None:
    match = _YEAR_FIRST.fullmatch(text)
    if match:
        return _day(int(match[1]), int(match[2]), int(match[3]))
    match = _NUMBERS.fullmatch(text)
    if not match:
        return None
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    if len(match[4]) == 2:
        year += 1900 if year >= 70 else 2000
    if match[2] == "." or order == "dmy" or (not order and first > 12):
        return _day(year, second, first)
    if order == "mdy" or second > 12 or first == second:
        return _day(year, first, second)
    return None


def _named(text: str) -> datetime | None:
    match = _DAY_NAME.fullmatch(text)
    if match:
        return _day(int(match[3]), _month(match[2]), int(match[1]))
    match = _NAME_DAY.fullmatch(text)
    return _day(int(match[3]), _month(match[1]), int(match[2])) if match else None


def _month(name: str) -> int:
    name = name.lower()
    if name == "sept":
        return 9
    return next((number for number, month in enumerate(_MONTHS, 1) if name in (month, month[:3])), 0)


def _day(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day)
    except ValueError:
        return None
