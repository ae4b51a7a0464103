"""What a cell says as text, whichever container it came from. Called by formats and by ``read``."""

from __future__ import annotations

import json
from datetime import date, datetime, time

# Above this, a float no longer holds every whole number, and printing it as one would invent digits.
MAX_EXACT_FLOAT = 2.0**53


def cell_text(value: object) -> str:
    """The text of a cell: nothing for None and NaN, whole floats without ``.0``, dates in ISO form."""
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < MAX_EXACT_FLOAT else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() and value.tzinfo is None else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
