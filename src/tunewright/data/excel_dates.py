"""Dates of workbooks as a person would write them: real dates for day numbers, no midnight, no 1899 before a time.

A cell with a date format comes as a date already. Without one, as programs often export it, it comes as the number of
days since the end of 1899; such a column is known by its name and by holding nothing else. Called by the workbooks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from tunewright.data.guess import TIME_NAMES, name_words
from tunewright.data.times import MAX_EXCEL_DAY, MIN_EXCEL_DAY

_START = datetime(1899, 12, 30)
_NUMBER = re.compile(r"\d{5}(\.\d+)?")
# What the reader puts before a time of day that has no date, and behind a date that has no time.
_NO_DATE = re.compile(r"1899-12-3[01] (?=\d\d:\d\d:\d\d)")
_MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d) 00:00:00")

Row = Sequence[str | None]


def day_number_columns(names: Sequence[str], rows: Sequence[Row]) -> list[int]:
    """Places of the columns named like a time whose filled cells are all day numbers of 1990 to 2100."""
    return [
        place
        for place, name in enumerate(names)
        if name_words(name) & set(TIME_NAMES)
        and (filled := [value for row in rows if (value := (row[place] or "").strip())])
        and all(_NUMBER.fullmatch(value) and MIN_EXCEL_DAY <= float(value) <= MAX_EXCEL_DAY for value in filled)
    ]


def from_day_number(value: str | None) -> str | None:
    """``45322`` is 2024-01-31, ``45322.604166667`` is 2024-01-31 14:30:00; an empty cell stays as it is."""
    if not value or not value.strip():
        return value
    moment = _START + timedelta(seconds=round(float(value) * 86_400))
    return plain_moment(str(moment))


def plain_moment(value: str | None) -> str | None:
    """A date without midnight, a time of day without the date that stands for none; anything else as it is."""
    if value is None:
        return None
    midnight = _MIDNIGHT.fullmatch(value)
    return midnight.group(1) if midnight else _NO_DATE.sub("", value, count=1)
