"""Numbers and comparisons in plain words, shared by every sentence of the verdict.

Only phrases live here; which sentence is said is decided in ``headline``, ``use`` and ``target``.
"""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.decision.compare import Estimate


def count(number: int, noun: str) -> str:
    """ "1 case", "1,200 cases"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def names(systems: Sequence[str], most: int = 3) -> str:
    """Names in a row, shortened after ``most``."""
    shown = ", ".join(systems[:most])
    return shown if len(systems) <= most else f"{shown} and {len(systems) - most} more"


def points(gain: float) -> str:
    """A difference of scores in points: 0.02 is "2 points"; one decimal, two below a point."""
    value = abs(gain) * 100
    text = f"{value:.2f}" if 0 < value < 0.995 else f"{value:.1f}"
    text = text.rstrip("0").rstrip(".")
    return f"{text} point" if text == "1" else f"{text} points"


def percent(score: float) -> str:
    """A score as a percentage with one decimal at most."""
    return f"{100 * score:.1f}".rstrip("0").rstrip(".") + " %"


def usd(amount: float) -> str:
    """Dollars: cents below 100, whole dollars above."""
    return f"${amount:,.2f}" if abs(amount) < 100 else f"${amount:,.0f}"


def changes(estimate: Estimate) -> str:
    """What the first system does to the second's answers: "fixes 31 and breaks 12 of 600", or points of score."""
    if estimate.fixed is not None and estimate.broken is not None:
        return f"fixes {estimate.fixed:,} and breaks {estimate.broken:,} of {estimate.n:,}"
    if abs(estimate.delta) < 5e-5:
        return f"scores the same on {count(estimate.n, 'case')}"
    more = "more" if estimate.delta > 0 else "less"
    by = "" if estimate.people is None else f", {estimate.people:,} of them judged by people"
    return f"scores {points(estimate.delta)} {more} on {count(estimate.n, 'case')}{by}"
