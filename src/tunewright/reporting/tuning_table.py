"""What fine-tuning the usual models would cost, as lines for a terminal: a table, remarks, sources with their dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunewright.reporting import words
from tunewright.reporting.cost_section import table_lines

HEADINGS = ("Model", "Where", "Training, $", "Training, time", "A month of answers, $", "See")
NOT_POSSIBLE, NOT_SAID, NO_VALUE = "not offered", "not said", "-"

Range = tuple[float, float] | None


def money_range(usd: Range) -> str:
    """``$2.40 to $3.85``; ``unpriced``."""
    if usd is None:
        return words.UNPRICED
    low, high = words.usd(usd[0]), words.usd(usd[1])
    return low if low == high else f"{low} to {high}"


def time_range(hours: Range) -> str:
    """``12 to 31 min``, ``1.2 to 2.9 h``; ``not said`` where a provider names none."""
    if hours is None:
        return NOT_SAID
    low, high = hours
    if high < 1:
        return f"{max(60 * low, 0.1):.2g} to {max(60 * high, 0.1):.2g} min"
    return f"{low:.2g} to {high:.2g} h"


@dataclass(frozen=True, slots=True)
class TuningRow:
    """One way to tune: whether it is offered at all, dollars and hours of training, dollars of a month, remarks."""

    model: str
    where: str
    offered: bool
    train_usd: Range
    train_hours: Range
    usd_per_month: Range
    notes: tuple[str, ...]


def tuning_table(rows: Sequence[TuningRow]) -> list[str]:
    """The table and its numbered remarks; rows with the same remarks share a number."""
    numbers: dict[tuple[str, ...], int] = {}
    cells = []
    for row in rows:
        number = numbers.setdefault(row.notes, len(numbers) + 1)
        trained = money_range(row.train_usd) if row.offered else NOT_POSSIBLE
        took = time_range(row.train_hours) if row.offered else NO_VALUE
        cells.append((row.model, [row.where, trained, took, money_range(row.usd_per_month), f"[{number}]"]))
    remarks = [f"[{number}] {'; '.join(said)}" for said, number in numbers.items()]
    return [*table_lines(HEADINGS, cells), "", *remarks]
