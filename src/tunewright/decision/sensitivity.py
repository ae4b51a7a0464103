"""Which system is cheapest when what nobody knows well turns out otherwise: volume, prices, machines, errors, work.

One thing is changed at a time. The answers feed a small table; a choice that flips there rests on a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tunewright.decision.cost_line import CostLine, Terms, added, whole_usd

Change = Callable[[CostLine], CostLine]


@dataclass(frozen=True, slots=True)
class ScenarioCost:
    """One scenario: dollars a month of each system (None: unpriced), and the cheapest among the priced ones."""

    what: str
    usd_per_month: dict[str, float | None]
    cheapest: str | None


def scenarios(lines: Sequence[CostLine], calls_per_month: float, terms: Terms) -> list[ScenarioCost]:
    """As stated, then one change at a time; changes that touch nothing here are left out."""
    found = [_scenario("as stated", lines, calls_per_month, terms)]
    for factor in (0.1, 10.0):
        found.append(_scenario(f"volume x {factor:g}", lines, calls_per_month * factor, terms))
    changes: list[tuple[str, Change]] = []
    if terms.errors:
        changes += [(f"a wrong answer x {factor:g}", _errors(factor)) for factor in (0.5, 2.0)]
    if any(line.usd_per_call != 0 for line in lines):
        changes += [(f"price of tokens x {factor:g}", _tokens(factor)) for factor in (0.5, 2.0)]
    if any(line.machine is not None for line in lines):
        changes += [(f"price of machines x {factor:g}", _machines(factor)) for factor in (0.5, 2.0)]
        changes += [(f"use made of machines x {factor:g}", _utilisation(factor)) for factor in (0.5, 2.0)]
    if any(line.retraining_usd != 0 or (line.retraining_hours and terms.usd_per_hour is not None) for line in lines):
        changes += [(f"retrainings x {factor:g}", _retrainings(factor)) for factor in (0.5, 2.0)]
    if terms.usd_per_hour is not None and any(line.once_hours or line.monthly_hours for line in lines):
        changes += [(f"hours of work x {factor:g}", _work(factor)) for factor in (0.5, 2.0)]
    if any(line.once_usd != 0 or (line.once_hours and terms.usd_per_hour is not None) for line in lines):
        changes.append(("all made anew once, as when a model ends", _twice))
    found += [_scenario(what, [change(line) for line in lines], calls_per_month, terms) for what, change in changes]
    return found


def _scenario(what: str, lines: Sequence[CostLine], calls_per_month: float, terms: Terms) -> ScenarioCost:
    costs = {line.name: whole_usd(line, calls_per_month, terms) for line in lines}
    priced = {name: usd for name, usd in costs.items() if usd is not None}
    return ScenarioCost(what, costs, min(priced, key=priced.__getitem__) if priced else None)


def _errors(factor: float) -> Change:
    return lambda line: replace(line, error_usd_per_call=_times(line.error_usd_per_call, factor))


def _tokens(factor: float) -> Change:
    return lambda line: replace(line, usd_per_call=_times(line.usd_per_call, factor))


def _work(factor: float) -> Change:
    return lambda line: replace(line, once_hours=line.once_hours * factor, monthly_hours=line.monthly_hours * factor)


def _twice(line: CostLine) -> CostLine:
    return replace(line, once_usd=_times(line.once_usd, 2.0), once_hours=2 * line.once_hours)


def _machines(factor: float) -> Change:
    def change(line: CostLine) -> CostLine:
        if line.machine is None:
            return line
        return replace(line, machine=replace(line.machine, usd_per_hour=_times(line.machine.usd_per_hour, factor)))

    return change


def _utilisation(factor: float) -> Change:
    """A busy second answers so many times as many calls of a month, as calls that come more evenly would have it.

    Scaling the seconds of a call, not ``OwnMachine.utilisation``: that is a share of the peak, and ends at 1.
    """

    def change(line: CostLine) -> CostLine:
        if line.machine is None:
            return line
        return replace(line, machine=replace(line.machine, seconds_per_call=line.machine.seconds_per_call / factor))

    return change


def _retrainings(factor: float) -> Change:
    def change(line: CostLine) -> CostLine:
        return replace(
            line,
            monthly_usd=added(line.monthly_usd, _times(line.retraining_usd, factor - 1)),
            monthly_hours=line.monthly_hours + (factor - 1) * line.retraining_hours,
        )

    return change


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
