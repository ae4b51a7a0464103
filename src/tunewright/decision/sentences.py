"""The sentence under the headline, in plain words and under 40 of them.

Nothing is decided here: a ruling goes in, a sentence comes out. Called by ``verdict``.
"""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.decision.inputs import DecisionInputs
from tunewright.decision.plan import round_up
from tunewright.decision.ruling import Ruling
from tunewright.decision.wording import changes, count, points, usd
from tunewright.records.verdict import Gate, Use


def headline_sentence(ruling: Ruling, inputs: DecisionInputs, use: Use) -> str:
    """What the headline means for the person."""
    if ruling.headline == "SHIP_FINE_TUNE":
        return _ship(ruling, inputs)
    if ruling.headline == "KEEP_SIMPLER":
        return _keep(ruling, inputs)
    return _not_proven(ruling, inputs, use)


def cannot_judge_sentence(failed: Sequence[Gate]) -> str:
    """The first thing that is wrong, and how many more there are."""
    more = len(failed) - 1
    return f"Cannot judge yet. {failed[0].text}" + (f" ({count(more, 'more problem')} below.)" if more else "")


def _ship(ruling: Ruling, inputs: DecisionInputs) -> str:
    tuned, other, margin = ruling.binding.first, ruling.binding.second, points(inputs.min_improvement)
    if ruling.reason == "superior":
        return f"Use {tuned}: it {changes(ruling.binding)} against {other}."
    shown = f"it is shown to be less than {margin} below {other} ({changes(ruling.binding)})"
    if ruling.reason == "only-in-limits":
        return f"Use {tuned}: it alone keeps your hard limits, and {shown}."
    return f"Use {tuned}: {shown} and saves {usd(ruling.saves_usd or 0.0)} a month {inputs.saving_basis}."


def _keep(ruling: Ruling, inputs: DecisionInputs) -> str:
    tuned, other, margin = ruling.binding.first, ruling.binding.second, points(inputs.min_improvement)
    if ruling.reason == "breaks-limit":
        return f"Don't use {tuned}: it breaks a hard limit that you set."
    advice = f"Keep {other}" if inputs.regime == "answers" else "Don't fine-tune"
    if ruling.quality == "inferior":
        return f"{advice}: {tuned} is worse than {other}; it {changes(ruling.binding)}."
    if ruling.quality == "superior":
        return f"{advice}: {tuned} is better than {other}, but by less than {margin}; it {changes(ruling.binding)}."
    as_well = f"{other} does as well to within {margin}{_for_less(ruling, inputs)}"
    return f"{advice}: {as_well}; {tuned} {changes(ruling.binding)}."


def _for_less(ruling: Ruling, inputs: DecisionInputs) -> str:
    tuned = inputs.system(ruling.binding.first).usd_per_month
    other = inputs.system(ruling.binding.second).usd_per_month
    if tuned is None or other is None or other >= tuned:
        return ""
    return f", for {usd(tuned - other)} a month less"


def _not_proven(ruling: Ruling, inputs: DecisionInputs, use: Use) -> str:
    e = ruling.binding
    seen = f"Not proven: {e.first} {changes(e)} against {e.second}."
    if ruling.quality == "superior":
        seen = f"Not proven to be worth it: {e.first} {changes(e)} against {e.second}, perhaps too little."
    if ruling.reason in ("superior", "saving", "only-in-limits"):
        return f"{seen} It hangs on the cases without an answer: fill them in and run again."
    if e.people is not None:
        return f"{seen} People judged {count(e.people, 'case')} of {e.n:,}: more of them would narrow it."
    if ruling.needed_cases is None:
        return f"{seen} The gain is so near the smallest worthwhile one that no realistic number of cases would decide."
    more = count(round_up(ruling.needed_cases - e.n), "more case")
    until = (
        "" if use.system is None else f"; until then {'keep' if use.system == inputs.incumbent else 'use'} {use.system}"
    )
    return f"{seen} About {more} would decide{until}."
