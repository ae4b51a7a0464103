"""A learning curve from few rows or sizes in sentences: nothing beyond twice the data. Called by ``document``."""

from __future__ import annotations

from tunewright.decision.wording import percent, points
from tunewright.reporting.words import count
from tunewright.statistics.learning_curve import (
    FURTHEST_OF_FEW,
    ROWS_TO_LOOK_FAR,
    SIZES_TO_LOOK_FAR,
    LearningCurve,
)
from tunewright.workflow.curve import words
from tunewright.workflow.curve.words import Asked, chance


def headline(curve: LearningCurve, asked: Asked) -> str:
    """The answer in one sentence."""
    crossing = curve.crossing(asked.margin)
    if crossing is not None and crossing.outcome == "is above":
        return words.headline(curve, asked)
    look = curve.outlook(FURTHEST_OF_FEW, margin=asked.margin)
    low, high = look.band
    text = (
        f"{asked.system}: with twice the examples ({count(look.n)}) about {percent(look.score)} "
        f"(80 % band {percent(low)} to {percent(high)})"
    )
    if look.passes is not None:
        text += f"; chance that it then passes {asked.simple} of now by {points(asked.margin)}: {chance(look.passes)}"
    return f"{text}."


def sentences(curve: LearningCurve, asked: Asked) -> list[str]:
    """What follows, most important first."""
    low, high = curve.curve.intervals[-1]
    now = (
        f"On {count(curve.largest)} examples {asked.system} has {percent(float(curve.curve.means[-1]))} right "
        f"(80 % interval {percent(low)} to {percent(high)})"
    )
    if curve.line is not None:
        now += f", {asked.simple} {percent(curve.line)}"
    found = [f"{now}."]
    look = curve.outlook(FURTHEST_OF_FEW, target=asked.target, margin=asked.margin)
    if look.passes_own is not None:
        found.append(
            f"Chance that it is then ahead of {asked.simple} by {points(asked.margin)} where that has twice the "
            f"examples too: {chance(look.passes_own)}."
        )
    if look.target is not None and asked.target is not None:
        found.append(f"Chance that it then has {percent(asked.target)} right: {chance(look.target)}.")
    found.append(
        f"Nothing is said beyond twice the data: that takes {ROWS_TO_LOOK_FAR} rows that score and "
        f"{SIZES_TO_LOOK_FAR} sizes."
    )
    found.append("Collect in steps, at most doubling, and draw the curve again after each. This is no proof.")
    return found


def crosses(curve: LearningCurve, asked: Asked) -> bool | None:
    """True where it passes the simpler system already; whether it ever does cannot be told."""
    crossing = curve.crossing(asked.margin)
    return True if crossing is not None and crossing.outcome == "is above" else None
