"""Dates in answers that no calendar has: 30 February, 31 April, 2023-02-29.

A date that the input already names is the person's, and the answer may speak about it.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping

from tunewright.audit.checks._by_kind import Found, Words, findings_of
from tunewright.audit.findings import CheckResult, Cost, Quality, Span
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.records.example import Example

NAME = "impossible_dates"
TITLE = "Dates that do not exist"
QUALITY: Quality = "correct"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Mapping[str, float] = {"first_year": 1700, "last_year": 2200}

WORDS = {
    "no_such_day": Words(
        "error",
        "1 answer names a date that does not exist",
        "{n} answers name a date that does not exist",
        "The date is wrong whatever the question was, and programs that read it will fail.",
        "Look the date up and mend it, or leave these rows out.",
    ),
}
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_MONTH = "|".join(sorted((name for name in _MONTHS if name != "may"), key=len, reverse=True)) + "|May"
_ISO = re.compile(r"(?<![\d.-])(\d{4})-(\d{2})-(\d{2})(?![\d-])")
_SLASHED = re.compile(r"(?<![\d/.])(\d{1,2})([/.])(\d{1,2})\2(\d{4})(?![\d/])")
_MONTH_FIRST = re.compile(
    rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?(?:,? (\d{{4}})\b|\b(?![:.,]?\d| ?(?:%|am|pm|people|percent)))",
    re.IGNORECASE,
)
_DAY_FIRST = re.compile(
    rf"(?<![\d.,:$/-])\b(\d{{1,2}})(?:st|nd|rd|th|\.)? (?:of )?({_MONTH})\b(?:,? (\d{{4}})\b)?", re.IGNORECASE
)


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """Dates of the target that do not exist and that no message names."""
    text = example.target
    if not any(day in text for day in ("29", "30", "31")):
        return ()
    found = []
    for start, end in sorted(set(impossible(text, int(limits["first_year"]), int(limits["last_year"])))):
        written = text[start:end]
        if not any(written.lower() in message.content.lower() for message in example.messages):
            why = "No calendar has this day."
            found.append(Sighting("no_such_day", why, 0.9, (Span("target", start, end),)))
    return tuple(found)


def conclude(view: View, found: Found, limits: Limits) -> CheckResult:
    """One finding; nothing for labels."""
    del limits
    return CheckResult() if view.kind == "classify" else CheckResult(findings_of(NAME, found, WORDS))


def impossible(text: str, first_year: int = 1700, last_year: int = 2200) -> Iterator[tuple[int, int]]:
    """Characters ``[start, end)`` of the dates that do not exist. Years outside the range are other numbers."""

    def known(year: int) -> bool:
        return first_year <= year <= last_year

    for match in _ISO.finditer(text):
        year, month, day = (int(part) for part in match.groups())
        if known(year) and 1 <= month <= 12 and 28 < day <= 31 and day > _days(month, year):
            yield match.span()
    for match in _SLASHED.finditer(text):
        one, other, year = int(match[1]), int(match[3]), int(match[4])
        plausible = known(year) and 1 <= min(one, other) <= 12 and 28 < max(one, other) <= 31
        if plausible and max(one, other) > _days(min(one, other), year):
            yield match.span()
    for pattern, day_group, month_group in ((_MONTH_FIRST, 2, 1), (_DAY_FIRST, 1, 2)):
        for match in pattern.finditer(text):
            day, month = int(match[day_group]), _MONTHS[match[month_group].lower()]
            year = int(match[3]) if match[3] else 2000
            if known(year) and 28 < day <= 31 and day > _days(month, year):
                yield match.span()


def _days(month: int, year: int) -> int:
    return calendar.monthrange(year, month)[1]
