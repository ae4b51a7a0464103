"""Cost against volume as inline SVG: one line a system, dots where they cross, and the volume that was stated.

Bills and work alone, as if all were equally good: wrong answers grow with volume as well and would hide the crossings;
they stand in the tables. Both axes grow by factors, for volumes differ by thousands; below a dollar the vertical one is
even, so that a system that costs nothing is drawn too. Drawn as ``figures`` draws. The report's section on money calls.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tunewright.decision.break_even import break_even
from tunewright.decision.cost_line import CostLine, Terms, line_of, whole_usd
from tunewright.records.money import Money
from tunewright.reporting import words
from tunewright.reporting.figures import (
    ACCENT,
    INK,
    LONGEST_LABEL,
    MUTED,
    WARM,
    canvas,
    inline_svg,
    quiet,
    shortened,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LINES = 6
WIDTH_IN, HEIGHT_IN, PLOT = 8.4, 3.6, (0.095, 0.14, 0.58, 0.82)
DECADES = 2.0  # below and above the stated volume
POINTS = 161
_DASHES = ("-", "--", ":", "-.", (0, (6, 2, 1, 2, 1, 2)), (0, (1, 3)))


def cost_figure(money: Money, chosen: str | None, today: str | None) -> str:
    """One line for each of at most six priced systems, cheapest first at the stated volume; empty without any."""
    terms = Terms(money.months, money.usd_per_hour_of_work, errors=False)
    lines = [line_of(system) for system in money.systems]
    priced = [(line, cost) for line in lines if (cost := whole_usd(line, money.calls_per_month, terms)) is not None]
    names = {chosen, today}
    shown = sorted(priced, key=lambda pair: (pair[0].name not in names, pair[1], pair[0].name))[:MOST_LINES]
    kept = [line for line, _ in sorted(shown, key=lambda pair: (pair[1], pair[0].name))]
    if not kept or money.calls_per_month <= 0:
        return ""
    volumes = [money.calls_per_month * 10 ** (DECADES * (2 * i / (POINTS - 1) - 1)) for i in range(POINTS)]
    return _draw(kept, volumes, money, terms, chosen, today)


def _draw(
    lines: Sequence[CostLine],
    volumes: Sequence[float],
    money: Money,
    terms: Terms,
    chosen: str | None,
    today: str | None,
) -> str:
    with canvas("money", (WIDTH_IN, HEIGHT_IN), PLOT) as drawn:
        axes = drawn.axes
        curves = [[whole_usd(line, volume, terms) or 0.0 for volume in volumes] for line in lines]
        _draw_axes(axes, volumes, max(max(curve) for curve in curves))
        axes.axvline(money.calls_per_month, color=WARM, linewidth=1.0, linestyle="--", zorder=1.5)
        for number, (line, curve) in enumerate(zip(lines, curves, strict=True)):
            colour = ACCENT if line.name == chosen else INK if line.name == today else MUTED
            _draw_line(axes, number, volumes, curve, colour)
        _draw_crossings(axes, lines, terms, (volumes[0], volumes[-1]))
    return inline_svg(
        drawn.svg, "money", [shortened(line.name, LONGEST_LABEL) for line in lines], _in_words(lines, money, terms)
    )


def _draw_axes(axes: Axes, volumes: Sequence[float], most: float) -> None:
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=1.0)
    axes.set_xlim(volumes[0], volumes[-1])
    axes.set_ylim(0.0, max(most, 1.0) * 1.3)
    across = [10.0**p for p in range(math.ceil(math.log10(volumes[0])), math.floor(math.log10(volumes[-1])) + 1)]
    axes.set_xticks(across, [short_number(tick) for tick in across], color=MUTED)
    up = [0.0, *(10.0**p for p in range(math.floor(math.log10(max(most, 1.0) * 1.3)) + 1))]
    axes.set_yticks(up, [f"${short_number(tick)}" for tick in up], color=MUTED)
    axes.minorticks_off()
    axes.set_xlabel("answers a month", color=MUTED)
    axes.set_ylabel("dollars a month", color=MUTED)
    quiet(axes)


def _draw_line(axes: Axes, number: int, volumes: Sequence[float], curve: Sequence[float], colour: str) -> None:
    """The line, and its entry in the list of names."""
    dashes = _DASHES[number % len(_DASHES)]
    axes.plot(volumes, curve, color=colour, linewidth=1.8, linestyle=dashes, zorder=2)
    height = 0.95 - 0.09 * number
    key = axes.plot([1.04, 1.11], [height, height], color=colour, linewidth=1.8, linestyle=dashes, clip_on=False)
    key[0].set_transform(axes.transAxes)
    axes.text(1.13, height, f"@{number}@", transform=axes.transAxes, va="center_baseline", color=INK)


def _draw_crossings(axes: Axes, lines: Sequence[CostLine], terms: Terms, shown: tuple[float, float]) -> None:
    """A dot where the cheaper of two systems changes and their lines meet; a jump by one more machine has none."""
    for place, first in enumerate(lines):
        for second in lines[place + 1 :]:
            for turn in break_even(first, second, terms).crossings:
                costs = [whole_usd(line, turn.calls_per_month, terms) or 0.0 for line in (first, second)]
                meet = abs(costs[0] - costs[1]) <= 1e-3 * max(costs)
                if meet and shown[0] <= turn.calls_per_month <= shown[1]:
                    axes.plot(
                        [turn.calls_per_month], [costs[0]], "o", color=INK, markersize=6, markeredgewidth=0, zorder=3
                    )


def short_number(number: float) -> str:
    """``1 k``, ``10 M``: a power of ten that fits under a tick."""
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return f"{number:g}"


def _in_words(lines: Sequence[CostLine], money: Money, terms: Terms) -> str:
    parts = [f"{line.name} {words.usd(whole_usd(line, money.calls_per_month, terms))}" for line in lines]
    return (
        f"Bills and work a month against answers a month, at equal quality. "
        f"At the stated {words.count(money.calls_per_month)}: {'; '.join(parts)}. The table holds their parts."
    )
