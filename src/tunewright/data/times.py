"""Times as people write them in tables, as seconds since 1970. Called by the split by time and by ``peek``.

A column is read as a whole: 03/04/2024 alone does not tell day from month, but 25/04/2024 below it does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

# Unix times between 1990 and 2100; shorter numbers are more likely counts or ids.
MIN_UNIX_S, MAX_UNIX_S = 631_152_000.0, 4_102_444_800.0
# Days since 1899-12-30, as Excel counts them, for 1990 to 2100.
MIN_EXCEL_DAY, MAX_EXCEL_DAY = 32_874.0, 73_051.0
_EXCEL_START = datetime(1899, 12, 30, tzinfo=UTC)

_NUMBER = re.compile(r"\d+(\.\d+)?")
_SLASHED = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?:[ T,]+(\d{1,2}:\d{2}(?::\d{2})?)\s*([AaPp][Mm])?)?")
_WRITTEN = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S")


def parse_times(texts: Sequence[str]) -> list[float | None]:
    """Seconds since 1970 of each text, None where it cannot be read. Times without a zone are taken as UTC.

    Where days and months cannot be told apart in the whole column, slashed dates are not read at all.
    """
    day_first = _day_first(texts)
    return [_seconds(text.strip(), day_first) for text in texts]


def _seconds(text: str, day_first: bool | None) -> float | None:
    if _NUMBER.fullmatch(text):
        return _from_number(float(text), text)
    try:
        return _timestamp(datetime.fromisoformat(text))
    except ValueError:
        pass
    match = _SLASHED.fullmatch(text)
    if match:
        return None if day_first is None else _from_slashed(match, day_first)
    for pattern in _WRITTEN:
        try:
            return _timestamp(datetime.strptime(text, pattern))
        except ValueError:
            continue
    return None


def _from_number(value: float, text: str) -> float | None:
    if not math.isfinite(value):
        return None
    for scale in (1.0, 1e3, 1e6, 1e9):
        if MIN_UNIX_S <= value / scale <= MAX_UNIX_S:
            return value / scale
    if MIN_EXCEL_DAY <= value <= MAX_EXCEL_DAY:
        return (_EXCEL_START + timedelta(days=value)).timestamp()
    if len(text) == 8:
        try:
            return _timestamp(datetime.strptime(text, "%Y%m%d"))
        except ValueError:
            return None
    return None


def _from_slashed(match: re.Match[str], day_first: bool) -> float | None:
    first, second, year = (int(match.group(i)) for i in (1, 2, 3))
    day, month = (first, second) if day_first else (second, first)
    clock, half = match.group(4) or "0:00", (match.group(5) or "").lower()
    hour, minute, second_of_minute = (int(part) for part in f"{clock}:0".split(":")[:3])
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return _timestamp(datetime(year, month, day, hour, minute, second_of_minute))
    except ValueError:
        return None


def _day_first(texts: Sequence[str]) -> bool | None:
    """True or False where the column tells, None where it does not or contradicts itself."""
    matches = [m for m in (_SLASHED.fullmatch(text.strip()) for text in texts) if m]
    day_leads = any(int(m.group(1)) > 12 for m in matches)
    month_leads = any(int(m.group(2)) > 12 for m in matches)
    if day_leads == month_leads:
        return None
    return day_leads


def _timestamp(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
