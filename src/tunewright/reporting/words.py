"""Numbers in words: percentages, points, money and seconds as a person reads them.

One place decides how many digits a number deserves and what stands where a number is missing. Plain ASCII, so that a
terminal, a pipe and a page can all show it. The terminal, the report and the figures call it; nothing is computed here.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import datetime

from tunewright.records.base import Interval
from tunewright.records.verdict import Cost

NOT_ANSWERED = "not answered"
NOT_MEASURED = "not measured"
UNPRICED = "unpriced"

# Characters that reorder the text around them; a case text must not rearrange the page or the terminal.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


# Commands to a terminal: colours, cursor movements, titles (ECMA-48, section 5.4; OSC strings as xterm reads them).
_TERMINAL_COMMAND = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|\x1b[ -/]*[0-~]")


def clean(text: str) -> str:
    """The text without terminal commands, control, reordering and unpaired surrogate characters.

    Line breaks and tabs stay.
    """
    return "".join(_safe_character(character) for character in _TERMINAL_COMMAND.sub("", text))


def _safe_character(character: str) -> str:
    if character in "\n\t":
        return character
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    return "" if category == "Cc" or character in _REORDERING else character


def present(value: float | None) -> bool:
    """Whether there is a number to show."""
    return value is not None and math.isfinite(value)


def count(number: float) -> str:
    """A whole number with thousands separated."""
    return f"{number:,.0f}"


def about(number: float | None) -> str:
    """An estimate of a number of things, three digits that mean something: ``about 3,840``."""
    if number is None or not present(number):
        return NOT_MEASURED
    return f"about {count(float(f'{number:.3g}'))}"


def counted(number: int, noun: str) -> str:
    """``1 case``, ``1,200 cases``."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def hundredths(share: float, n: int) -> str:
    """A share as a number of hundred, without the sign.

    Whole numbers below 100 cases, where one case is a point or more; one digit after the point from there on. Only
    exactly all and exactly none are written as 100 and 0.
    """
    places = 0 if n < 100 else 1
    text = f"{100 * share:.{places}f}"
    smallest = f"{10.0**-places:.{places}f}"
    if share < 1 and float(text) >= 100:
        return f">{100 - 10.0**-places:.{places}f}"
    if share > 0 and float(text) <= 0:
        return f"<{smallest}"
    return text


def percent(share: float | None, n: int) -> str:
    """``94.8 %``; ``not answered`` where there is no score."""
    if share is None or not present(share):
        return NOT_ANSWERED
    return f"{hundredths(share, n)} %"


def percent_range(interval: Interval | None, n: int) -> str:
    """``92.7 to 96.3 %``; empty where there is no interval."""
    if interval is None or not all(present(bound) for bound in interval):
        return ""
    low, high = interval
    return f"{hundredths(low, n)} to {hundredths(high, n)} %"


def set_percent(share: float) -> str:
    """A percentage that a person chose, such as a target: as many digits as it has, at most four."""
    return f"{100 * share:.4g} %"


def set_points(gain: float) -> str:
    """A gain that a person chose or that follows from the number of cases: ``2 points``, ``1 point``."""
    text = f"{100 * gain:.2g}"
    return f"{text} point" if text == "1" else f"{text} points"


def signed_points(gain: float, n: int) -> str:
    """A gain in points without the word: ``+3.1``, ``-0.4``, ``0.0``."""
    places = 0 if n < 100 else 1
    text = f"{100 * gain:+.{places}f}"
    return text[1:] if float(text) == 0 else text


def points(gain: float, n: int) -> str:
    """``+3.1 points``."""
    return f"{signed_points(gain, n)} points"


def points_range(interval: Interval, n: int) -> str:
    """``+0.6 to +5.6``."""
    return f"{signed_points(interval[0], n)} to {signed_points(interval[1], n)}"


def usd(amount: float | None) -> str:
    """Dollars, at most three digits that mean something: ``$0.42``, ``$9.50``, ``$61``, ``$15,400``.

    ``unpriced`` where no price is known.
    """
    if amount is None or not present(amount):
        return UNPRICED
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    if size == 0:
        return "$0"
    if size < 0.005:
        return "-$0.01" if sign else "<$0.01"
    if size < 9.995:
        return f"{sign}${size:.2f}".removesuffix(".00")
    return f"{sign}${float(f'{size:.3g}'):,.0f}"


def whole_usd(cost: Cost) -> float | None:
    """Running cost and wrong answers in one sum; a sum with an unknown part is unknown."""
    running, wrong = cost.usd_per_month, cost.wrong_answers_usd_per_month
    if running is None or wrong is None or not present(running + wrong):
        return None
    return running + wrong


def whole_usd_range(cost: Cost) -> str:
    """``$48 to $79``, the range of the whole sum; empty where it is unknown or no range."""
    if whole_usd(cost) is None or not present(cost.low) or not present(cost.high):
        return ""
    low, high = usd(cost.low), usd(cost.high)
    return f"{low} to {high}" if low != high else ""


def milliseconds(value: float) -> str:
    """One digit after the point below 10 ms, whole milliseconds above, without the unit."""
    if value < 0.05:
        return "<0.1"
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """``0.4 s``, ``42 s``, ``3.3 min``, ``1.2 h``; ``not measured`` where nobody took the time."""
    if seconds is None or not present(seconds):
        return NOT_MEASURED
    if seconds < 0.05:
        return "<0.1 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    if seconds < 3570:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:,.1f} h"


def moment(text: str) -> str:
    """``2026-10-07 09:12 UTC`` from an ISO 8601 time; any other text as it is."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{when:%Y-%m-%d %H:%M} {when.tzname() or ''}".strip()


def p_value(p: float | None) -> str:
    """Four digits after the point, so that a column can be compared by eye."""
    if p is None or not present(p):
        return NOT_MEASURED
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"


def joined(names: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
