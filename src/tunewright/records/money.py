"""The money of a verdict: what each system costs once, a month and an answer, and where the lines cross."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tunewright.records.base import Record


class CostPart(Record):
    """A part of what a system costs beside answering, once or a month."""

    part: Literal["training", "labelling", "evaluation", "setup", "retraining", "review", "storage", "stated"]
    usd: float | None = Field(description="bills; null: unpriced")
    hours: float = Field(description="work of people")
    basis: str


class SystemMoney(Record):
    """What one system costs as a function of volume: once, a month, an answer."""

    system: str
    once: list[CostPart]
    monthly: list[CostPart]
    usd_per_call: float | None = Field(description="billed for an answer; null: unpriced; 0: nobody sends a bill")
    seconds_per_call: float | None = Field(description="declared; null: it needs no machine of its own")
    machine_usd_per_hour: float | None
    error_usd_per_call: float | None = Field(description="mean dollars of wrong answers over all answers")
    error_basis: str
    whole_usd_per_month: float | None = Field(description="all that is counted, one-off costs spread over ``months``")


class BreakEvenPoint(Record):
    """From which volume on which of two systems is cheaper, and when a change to the first has paid for itself."""

    system: str
    against: str
    counted: Literal["all", "bills"] = Field(description="with wrong answers, or bills and work alone")
    calls_per_month: list[float] = Field(description="volumes at which the cheaper of the two changes")
    payback_months: float | None = Field(description="null: never, or unpriced")
    text: str


class Scenario(Record):
    """One thing changed: the whole cost a month of each system, and the cheapest."""

    what: str
    usd_per_month: dict[str, float | None]
    cheapest: str | None


class Money(Record):
    """What all systems cost beside and beyond answering, with the assumptions it follows from."""

    calls_per_month: float
    months: float = Field(description="over which one-off costs are spread")
    usd_per_hour_of_work: float | None = Field(description="null: work is shown in hours and left out of the sums")
    errors_counted: bool = Field(description="whether wrong answers are part of the sums")
    systems: list[SystemMoney]
    break_even: list[BreakEvenPoint]
    scenarios: list[Scenario]
    retirements: list[str] = Field(description="models of the project that end within a year of the run, in sentences")
    assumptions: list[str]
