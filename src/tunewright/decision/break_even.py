"""From which volume on one system is cheaper than another, and after how many months a change has paid for itself.

Without machines of one's own both costs are straight lines and the answer is a formula,
``V = (F_a - F_b) / (c_b - c_a)``; whole machines make steps, so that ``crossings`` looks for every change of sign. An
unpriced part leaves the question open and is said to.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tunewright.decision.cost_line import CostLine, Terms, monthly_usd, once_usd, whole_usd
from tunewright.decision.money import DAYS_PER_MONTH

MOST_CALLS = 1e9  # a month; beyond it nobody asks
_POINTS_PER_DECADE = 200
_SMALLEST = 1.0
_MOST_TURNS = 3
Payback = Literal["pays", "at-once", "never", "unpriced"]


@dataclass(frozen=True, slots=True)
class Crossing:
    """A volume a month from which on ``cheaper`` is cheaper than the other, until the next crossing."""

    calls_per_month: float
    cheaper: str


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Two systems over all volumes: who is cheaper at the smallest (None: unpriced or alike), and who from where on."""

    at_first: str | None
    crossings: tuple[Crossing, ...]
    priced: bool


def break_even_calls(fixed: float, fixed_other: float, per_call: float, per_call_other: float) -> float | None:
    """Calls after which the first has paid back its larger fixed cost; 0 where it has none, None where never.

    ``V = (F - F_other) / (c_other - c)``; no interest is counted.
    """
    extra, saved = fixed - fixed_other, per_call_other - per_call
    if saved <= 0:
        return 0.0 if extra < 0 and saved == 0 else None
    return max(extra / saved, 0.0)


def calls_that_pay_a_month(usd_per_month: float, usd_per_call: float) -> float:
    """Calls a month from which what is paid busy or not is cheaper than paying for each call; ``usd_per_call`` > 0."""
    return usd_per_month / usd_per_call


def break_even(first: CostLine, second: CostLine, terms: Terms) -> BreakEven:
    """All volumes a month at which the cheaper of two systems changes, the one-off part spread over the months."""

    def difference(calls: float) -> float | None:
        a, b = whole_usd(first, calls, terms), whole_usd(second, calls, terms)
        return None if a is None or b is None else a - b

    start = difference(_SMALLEST)
    if start is None:
        return BreakEven(None, (), priced=False)
    found, sign, below = [], _sign(start), _SMALLEST
    for step in range(1, round(_POINTS_PER_DECADE * math.log10(MOST_CALLS)) + 1):
        calls = 10 ** (step / _POINTS_PER_DECADE)
        here = _sign(difference(calls) or 0.0)
        if here != 0 and here != sign:
            cheaper = first.name if here < 0 else second.name
            if sign != 0:
                found.append(Crossing(_root(difference, below, calls, sign), cheaper))
            else:
                found.append(Crossing(below, cheaper))
            sign = here
        below = calls
    at_first = None if start == 0 else first.name if start < 0 else second.name
    return BreakEven(at_first, tuple(found), priced=True)


def payback_months(
    new: CostLine, today: CostLine, calls_per_month: float, terms: Terms
) -> tuple[float | None, Payback]:
    """Months until the lower monthly cost of ``new`` has paid what it takes more at the start."""
    costs = [monthly_usd(line, calls_per_month, terms) for line in (new, today)]
    starts = [once_usd(line, terms) for line in (new, today)]
    mine, other = costs
    begin, begin_other = starts
    if mine is None or other is None or begin is None or begin_other is None:
        return None, "unpriced"
    extra, saved = begin - begin_other, other - mine
    if saved <= 0:
        return None, "never"
    return (extra / saved, "pays") if extra > 0 else (0.0, "at-once")


def _root(difference: Callable[[float], float | None], low: float, high: float, sign: int) -> float:
    """The place of a change of sign, by halving; the volume from which on the new sign holds."""
    for _ in range(60):
        middle = math.sqrt(low * high)
        if _sign(difference(middle) or 0.0) == sign:
            low = middle
        else:
            high = middle
    return high


def _sign(value: float) -> int:
    """-1, 0 or 1; differences below a millionth of a dollar are none."""
    return 0 if abs(value) < 1e-6 else (1 if value > 0 else -1)


def break_even_text(
    first: CostLine, second: CostLine, found: BreakEven, payback: tuple[float | None, Payback], calls_per_month: float
) -> str:
    """Both answers in a sentence or two, ``first`` being what one would change to."""
    a, b = first.name, second.name
    if not found.priced:
        return f"{a} or {b}: open, for a part of the cost is unpriced."
    if not found.crossings:
        where = (
            "both cost the same at every volume" if found.at_first is None else f"{found.at_first} is cheaper always"
        )
        text = f"{a} or {b}: {where}."
    else:
        turns = [f"{turn.cheaper} from {volume_words(turn.calls_per_month)}" for turn in found.crossings[:_MOST_TURNS]]
        begin = "" if found.at_first is None else f"{found.at_first} is cheaper at first, "
        more = ", and it changes again beyond" if len(found.crossings) > _MOST_TURNS else ""
        text = f"{a} or {b}: {begin}{', then '.join(turns)} on{more}."
    months, kind = payback
    if kind == "pays" and months is not None:
        after = "days" if months < 0.1 else f"{months:.2g} months"
        return f"{text} At {calls_per_month:,.0f} calls a month {a} has paid for itself after {after}."
    if kind == "at-once":
        return f"{text} At {calls_per_month:,.0f} calls a month {a} costs less from the first day."
    return f"{text} At {calls_per_month:,.0f} calls a month {a} saves nothing over {b}."


def volume_words(calls_per_month: float) -> str:
    """``about 12,300 calls a month (405 a day)``."""
    day = calls_per_month / DAYS_PER_MONTH
    return f"about {_three_digits(calls_per_month)} calls a month ({_three_digits(day)} a day)"


def _three_digits(number: float) -> str:
    return f"{float(f'{number:.3g}'):,.0f}" if number >= 10 else f"{number:.2g}"
