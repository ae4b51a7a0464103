"""Small turns of phrase that findings share: counts, shares, quoted excerpts without personal data."""

from __future__ import annotations

import re

_PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|\+?\d[\d\s().-]{5,}\d|\d{4,}|https?://\S+")
SHOWN_CHARS = 90


def counted(number: int, thing: str, things: str | None = None) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def percent(share: float) -> str:
    """A share as a percentage: ``3.2 %``, ``47 %``; tiny ones keep a digit that says something."""
    value = 100 * share
    if value >= 10 or value == 0:
        return f"{value:.0f} %"
    return f"{value:.1f} %" if value >= 0.1 else "under 0.1 %"


def excerpt(text: str, most: int = SHOWN_CHARS) -> str:
    """The beginning of a text on one line, with addresses, links and long numbers hidden."""
    line = " ".join(_PERSONAL.sub("[...]", text[: 4 * most]).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def listed(names: list[str], most: int = 5) -> str:
    """Quoted names joined by commas, with how many more there are."""
    shown = ", ".join(f"“{name}”" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
