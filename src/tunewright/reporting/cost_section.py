"""The money of a verdict in finished words: what each system takes once and every month, who is cheaper from where.

A view like ``evidence``, for the report and, as lines of text, for ``tunewright cost``. A sum with an unknown part is
"unpriced", never 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunewright.decision.cost_line import answering_usd, line_of
from tunewright.records.money import Money, SystemMoney
from tunewright.records.verdict import Verdict
from tunewright.reporting import words
from tunewright.reporting.cost_chart import cost_figure
from tunewright.reporting.measures import FigureTable

HEADINGS = ("Once, bills", "Once, work", "Answering", "Upkeep, bills", "Upkeep, work", "Wrong answers", "All, a month")
CHEAPEST = " (cheapest)"


@dataclass(frozen=True, slots=True)
class CostView:
    """The whole section; texts are finished."""

    caption: str
    figure: str
    systems: FigureTable
    scenarios: FigureTable
    break_even: list[str]
    retirements: list[str]
    assumptions: list[str]
    parts: list[tuple[str, list[str]]]


def cost_view(verdict: Verdict) -> CostView | None:
    """The section of a verdict, or None where there is no account or no system."""
    money = verdict.money
    if money is None or not money.systems:
        return None
    return money_view(money, verdict.use.system, verdict.incumbent)


def money_view(money: Money, chosen: str | None = None, today: str | None = None) -> CostView:
    """The section of an account; ``chosen`` and ``today`` get the colours of the other figures."""
    counted = ["bills"] + ["work"] * (money.usd_per_hour_of_work is not None) + ["wrong answers"] * money.errors_counted
    return CostView(
        caption=f"What each system costs at {words.about(money.calls_per_month)} answers a month; all, a month: "
        f"{words.joined(counted)}, one-off costs over {money.months:g} months",
        figure=cost_figure(money, chosen, today),
        systems=FigureTable(list(HEADINGS), [(one.system, _row(one, money)) for one in money.systems]),
        scenarios=_scenarios(money),
        break_even=[point.text for point in money.break_even],
        retirements=money.retirements,
        assumptions=money.assumptions,
        parts=[(one.system, _parts(one)) for one in money.systems],
    )


def text_lines(view: CostView) -> list[str]:
    """The section for a terminal, without the drawing."""
    lines = [f"{view.caption}.", "", *table_lines(["System", *view.systems.headings], view.systems.rows), ""]
    lines += [f"! {line}" for line in view.retirements]
    lines += [*([""] if view.retirements else []), "Who is cheaper from where:"]
    lines += [f"  {line}" for line in view.break_even] or ["  Only one system is here."]
    lines += ["", "If something turns out otherwise (all, a month):"]
    lines += _turned(view.scenarios)
    return [*lines, "", *(f"- {line}" for line in view.assumptions)]


def _turned(table: FigureTable) -> list[str]:
    """Scenarios down the page, which a terminal has room for."""
    rows = [(what, [cells[place] for _, cells in table.rows]) for place, what in enumerate(table.headings)]
    return table_lines(["", *(name for name, _ in table.rows)], rows)


def table_lines(headings: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """A table in plain text: the first column to the left, figures to the right."""
    cells = [list(headings), *([words.clean(name), *values] for name, values in rows)]
    wide = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    return [
        "  ".join(cell.ljust(wide[n]) if n == 0 else cell.rjust(wide[n]) for n, cell in enumerate(row)).rstrip()
        for row in cells
    ]


def _row(one: SystemMoney, money: Money) -> list[str]:
    """In the order of ``HEADINGS``."""
    line, calls = line_of(one), money.calls_per_month
    wrong = None if one.error_usd_per_call is None else one.error_usd_per_call * calls
    return [
        words.usd(line.once_usd),
        hours(line.once_hours),
        words.usd(answering_usd(line, calls)),
        words.usd(line.monthly_usd),
        hours(line.monthly_hours),
        words.usd(wrong),
        words.usd(one.whole_usd_per_month),
    ]


def _scenarios(money: Money) -> FigureTable:
    """Systems in rows, scenarios in columns, the cheapest of each marked."""
    rows = []
    for one in money.systems:
        cells = []
        for scenario in money.scenarios:
            mark = CHEAPEST if scenario.cheapest == one.system and len(money.systems) > 1 else ""
            cells.append(_told_apart(scenario.usd_per_month, one.system) + mark)
        rows.append((one.system, cells))
    return FigureTable([scenario.what for scenario in money.scenarios], rows)


def _told_apart(amounts: Mapping[str, float | None], system: str) -> str:
    """The amount of a system, with more digits where another one would read the same and is not."""
    amount = amounts.get(system)
    alike = {other for other in amounts.values() if other is not None and words.usd(other) == words.usd(amount)}
    if amount is None or len(alike) < 2:
        return words.usd(amount)
    digits = next((n for n in range(4, 9) if len({f"{other:.{n}g}" for other in alike}) == len(alike)), 9)
    whole = float(f"{amount:.{digits}g}")
    return f"${whole:,.0f}" if whole == round(whole) else f"${whole:,.2f}"


def _parts(one: SystemMoney) -> list[str]:
    """What the sums follow from, part by part."""
    said = []
    for when, parts in (("once", one.once), ("a month", one.monthly)):
        for part in parts:
            amounts = [words.usd(part.usd)] if part.usd != 0 or not part.hours else []
            amounts += [hours(part.hours)] if part.hours else []
            said.append(f"{part.part}, {when}: {' and '.join(amounts)} ({part.basis})")
    if one.usd_per_call != 0:
        said.append(f"an answer: {price_of_answer(one.usd_per_call)}, prompt caching as it was seen")
    return [*said, f"wrong answers: {one.error_basis}"]


def price_of_answer(usd: float | None) -> str:
    """``$0.96 per 1,000``; ``unpriced``."""
    return words.UNPRICED if usd is None else f"${float(f'{1000 * usd:.3g}'):,g} per 1,000"


def hours(value: float) -> str:
    """``12 h``, ``0.5 h``."""
    return f"{float(f'{value:.2g}'):,g} h"
