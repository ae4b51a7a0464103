"""A learning curve in sentences: what it says first, what follows, what to do. Called by ``job``.

A forecast is no proof, and says so: chances are written whole, and "not within four times the data" is an answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tunewright.decision.wording import percent, points
from tunewright.reporting.words import count
from tunewright.statistics.learning_curve import FURTHEST, TAIL, Crossing, LearningCurve, Outlook

MULTIPLES = (1.0, 2.0, 4.0)
TIMES = {1.0: "now", 2.0: "twice the examples", 4.0: "four times the examples"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Names and limits that the sentences are about."""

    system: str
    simple: str | None
    margin: float
    target: float | None


def headline(curve: LearningCurve, asked: Asked) -> str:
    """The answer in one sentence."""
    crossing = curve.crossing(asked.margin)
    if crossing is not None:
        return _against_simple(curve, crossing, asked)
    if asked.target is not None:
        return _to_target(curve.reaches(asked.target), curve, asked.system, asked.target)
    return f"{asked.system}: {_expected(curve.outlook(2.0), 2.0)}; {_expected(curve.outlook(4.0), 4.0)}."


def sentences(curve: LearningCurve, asked: Asked) -> list[str]:
    """What follows, most important first."""
    found = [_now(curve, asked)]
    looks = [(times, curve.outlook(times, target=asked.target, margin=asked.margin)) for times in MULTIPLES[1:]]
    found += [_look(times, look, asked) for times, look in looks]
    furthest = looks[-1][1]
    if furthest.passes_own is not None and curve.own is not None:
        own = float(curve.own.expected()[curve.drawn_at[FURTHEST]])
        found.append(
            f"{asked.simple} learns from more examples too: about {percent(own)} right at {count(furthest.n)}. "
            f"Chance that {asked.system} is then ahead of it by {points(asked.margin)}: {chance(furthest.passes_own)}."
        )
    level = curve.crossing(0.0)
    crossing = curve.crossing(asked.margin)
    if level is not None and crossing is not None and crossing.outcome in ("may cross", "crosses"):
        found.append(f"It draws level with {asked.simple} {_where(level)}.")
    if asked.target is not None and asked.simple is not None:
        found.append(_to_target(curve.reaches(asked.target), curve, asked.system, asked.target))
    found.append(_next(curve, crossing, asked))
    return found


def crosses(curve: LearningCurve, asked: Asked) -> bool | None:
    """Whether it passes the simpler system within four times the data; None where that cannot be told.

    With four times the data the simpler system has them too: where its own curve is known it must be passed as well.
    """
    crossing = curve.crossing(asked.margin)
    if crossing is None:
        return None
    if crossing.outcome == "is above":
        return True
    own = curve.outlook(FURTHEST, margin=asked.margin).passes_own
    if crossing.outcome == "does not cross" or (own is not None and own <= TAIL):
        return False
    return True if crossing.outcome == "crosses" and (own is None or own >= 1 - TAIL) else None


def chance(value: float) -> str:
    """A chance as a person reads it; a thousand draws tell no more than whole percents."""
    if value < 0.01:
        return "under 1 %"
    return "over 99 %" if value > 0.99 else f"{100 * value:.0f} %"


def _against_simple(curve: LearningCurve, crossing: Crossing, asked: Asked) -> str:
    now, furthest, margin = count(curve.largest), count(FURTHEST * curve.largest), points(asked.margin)
    if crossing.outcome == "is above":
        gain = curve.gain()
        assert gain is not None
        low, high = gain[1]
        return (
            f"{asked.system} is probably above {asked.simple} by more than {margin} already: {_signed(gain[0])} "
            f"on {now} examples (80 % band {_signed(low)} to {_signed(high)}); a run decides that, not a curve."
        )
    if crossing.outcome == "does not cross":
        return (
            f"{asked.system} probably does not pass {asked.simple} by {margin} within four times the data "
            f"({now} to {furthest} examples)."
        )
    if crossing.outcome == "crosses" and crossing.n <= curve.largest:
        return (
            f"{asked.system} probably passes {asked.simple} by {margin} already: a chance of {chance(crossing.now)} on "
            f"the {now} examples of now, 90 % from about {_examples(crossing.interval[1])} on."
        )
    if crossing.outcome == "crosses":
        return f"{asked.system} probably passes {asked.simple} by {margin} {_where(crossing)}; today there are {now}."
    return (
        f"{asked.system} may pass {asked.simple} by {margin} within four times the data ({furthest} examples), with a "
        f"chance of {chance(crossing.chance)}; on the {now} of now it is {chance(crossing.now)}."
    )


def _where(crossing: Crossing) -> str:
    low, high = crossing.interval
    if crossing.outcome == "is above":
        return "already, probably"
    if math.isinf(crossing.n):
        if math.isinf(low):
            return "not within four times the data"
        return f"at {_examples(low)} at the earliest, more likely not within four times the data"
    upper = "more than four times the data" if math.isinf(high) else _examples(high)
    return f"at about {_examples(crossing.n)}, between {count(_rounded(low))} and {upper} (80 % of the draws)"


def _examples(n: float) -> str:
    return f"{count(_rounded(n))} examples"


def _rounded(n: float) -> float:
    """Two digits: no curve knows more."""
    return float(f"{n:.2g}")


def _to_target(crossing: Crossing, curve: LearningCurve, system: str, target: float) -> str:
    goal = f"the target of {percent(target)}"
    if crossing.outcome == "is above":
        return f"{system} has probably reached {goal} already."
    if crossing.outcome == "does not cross":
        return f"{system} probably does not reach {goal} within four times the data ({_up_to(curve)})."
    return f"{system} reaches {goal} {_where(crossing)}; chance within four times the data: {chance(crossing.chance)}."


def _up_to(curve: LearningCurve) -> str:
    return f"up to {count(FURTHEST * curve.largest)} examples"


def _now(curve: LearningCurve, asked: Asked) -> str:
    low, high = curve.curve.intervals[-1]
    text = (
        f"On {count(curve.largest)} examples {asked.system} has {percent(float(curve.curve.means[-1]))} right "
        f"(80 % interval {percent(low)} to {percent(high)})"
    )
    interval = curve.line_interval()
    if curve.line is None or interval is None:
        return text + "."
    return text + f", {asked.simple} {percent(curve.line)} ({percent(interval[0])} to {percent(interval[1])})."


def _expected(look: Outlook, times: float) -> str:
    low, high = look.band
    return (
        f"with {TIMES[times]} ({count(look.n)}) about {percent(look.score)} (80 % band {percent(low)} to "
        f"{percent(high)})"
    )


def _look(times: float, look: Outlook, asked: Asked) -> str:
    text = _expected(look, times)
    told = []
    if look.passes is not None:
        told.append(f"passes {asked.simple} of now by {points(asked.margin)}: {chance(look.passes)}")
    if look.target is not None and asked.target is not None:
        told.append(f"has {percent(asked.target)} right: {chance(look.target)}")
    end = f". Chance that it {', and that it '.join(told)}" if told else ""
    return f"{text[0].upper()}{text[1:]}{end}."


def _next(curve: LearningCurve, crossing: Crossing | None, asked: Asked) -> str:
    if crossing is not None and crossing.outcome == "does not cross":
        return (
            "More examples alone will hardly bring it there: spend on the prompt or on the quality of the examples, "
            "and draw the curve again when they are better."
        )
    if crossing is not None and crossing.outcome == "is above":
        return "This is a forecast and no proof: tunewright run judges it on the cases that decide."
    more = "Curves mislead far out, mostly upwards"
    return f"{more}: collect in steps, at most doubling, and draw the curve again after each. This is no proof."


def _signed(gain: float) -> str:
    return f"{100 * gain:+.1f} points"
