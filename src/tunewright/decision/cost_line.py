"""What one system costs as a function of volume: a part once, a part a month, a part for each answer.

Everything that compares systems by money (``break_even``, ``sensitivity``, the chart) asks this one description. An
unknown part is None and makes every sum that holds it None: unpriced, never 0. Made from the records by the workflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tunewright.decision.money import DAYS_PER_MONTH, OwnMachine, Workload, running_cost
from tunewright.records.money import CostPart, SystemMoney

RETRAINING: Final = "retraining"


@dataclass(frozen=True, slots=True)
class CostLine:
    """One system.

    ``once_usd`` and ``monthly_usd`` are bills beside answering, ``once_hours`` and ``monthly_hours`` people's work;
    ``retraining_usd`` and ``retraining_hours`` are the part of a month's that making it again takes;
    ``usd_per_call`` is what somebody bills for an answer (0: nobody does), ``machine`` the machine of one's own that
    answers, ``error_usd_per_call`` the mean dollars of wrong answers over all answers.
    """

    name: str
    once_usd: float | None = 0.0
    once_hours: float = 0.0
    monthly_usd: float | None = 0.0
    monthly_hours: float = 0.0
    retraining_usd: float | None = 0.0
    retraining_hours: float = 0.0
    usd_per_call: float | None = 0.0
    machine: OwnMachine | None = None
    error_usd_per_call: float | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What is counted: over how many ``months`` the one-off part is spread, work and wrong answers where they count.

    ``usd_per_hour`` None leaves work out of the sums (it is shown as hours); ``errors`` False leaves wrong answers out.
    """

    months: float = 12.0
    usd_per_hour: float | None = None
    errors: bool = False

    def work(self, hours: float) -> float:
        """Dollars of so many hours of work; 0 where work is not counted."""
        return 0.0 if self.usd_per_hour is None else hours * self.usd_per_hour


def line_of(system: SystemMoney) -> CostLine:
    """The description behind a record of a verdict."""
    machine = None
    if system.seconds_per_call is not None:
        machine = OwnMachine(system.seconds_per_call, system.machine_usd_per_hour)
    again = [part for part in system.monthly if part.part == RETRAINING]
    return CostLine(
        name=system.system,
        once_usd=_bills(system.once),
        once_hours=sum(part.hours for part in system.once),
        monthly_usd=_bills(system.monthly),
        monthly_hours=sum(part.hours for part in system.monthly),
        retraining_usd=_bills(again),
        retraining_hours=sum(part.hours for part in again),
        usd_per_call=system.usd_per_call,
        machine=machine,
        error_usd_per_call=system.error_usd_per_call,
    )


def counted(lines: list[CostLine], terms: Terms) -> Terms:
    """The terms with wrong answers counted only where every system's are priced: else the sums would not compare."""
    priced = bool(lines) and all(line.error_usd_per_call is not None for line in lines)
    return Terms(terms.months, terms.usd_per_hour, terms.errors and priced)


def answering_usd(line: CostLine, calls_per_month: float) -> float | None:
    """Bills of answering so many calls a month: what is paid for each, and whole machines."""
    machines: float | None = 0.0
    if line.machine is not None:
        machines = running_cost(Workload(calls_per_month / DAYS_PER_MONTH), line.machine).usd_per_month
    return added(None if line.usd_per_call is None else line.usd_per_call * calls_per_month, machines)


def once_usd(line: CostLine, terms: Terms) -> float | None:
    """What it takes to have the system at all."""
    return added(line.once_usd, terms.work(line.once_hours))


def monthly_usd(line: CostLine, calls_per_month: float, terms: Terms) -> float | None:
    """What it costs a month once it is there: answering, upkeep, work and, where counted, wrong answers."""
    errors: float | None = 0.0
    if terms.errors:
        errors = None if line.error_usd_per_call is None else line.error_usd_per_call * calls_per_month
    return added(answering_usd(line, calls_per_month), line.monthly_usd, terms.work(line.monthly_hours), errors)


def whole_usd(line: CostLine, calls_per_month: float, terms: Terms) -> float | None:
    """A month with the one-off part spread over the months of the terms."""
    once = once_usd(line, terms)
    return added(monthly_usd(line, calls_per_month, terms), None if once is None else once / terms.months)


def added(*amounts: float | None) -> float | None:
    """A sum; None where one part is unknown."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None


def _bills(parts: Sequence[CostPart]) -> float | None:
    return added(*(part.usd for part in parts))
