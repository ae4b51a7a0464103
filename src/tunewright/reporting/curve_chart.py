"""A learning curve as inline SVG: points with intervals, the fitted curve with its band, and the simpler system.

Number of examples against score; the axis of examples grows by factors. Right of the dashed upright line nothing was
measured. Drawn as ``figures`` draws. The page of a curve calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tunewright.reporting import words
from tunewright.reporting.curve_document import CurveDocument, SystemCurve
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

WIDTH_IN, HEIGHT_IN, PLOT = 8.4, 3.9, (0.085, 0.13, 0.60, 0.82)
ROOM = 0.05


def curve_figure(document: CurveDocument) -> str:
    """The whole figure; equal documents give equal text."""
    with canvas("curve", (WIDTH_IN, HEIGHT_IN), PLOT) as drawn:
        axes = drawn.axes
        names = _draw(axes, document)
    return inline_svg(drawn.svg, "curve", names, _in_words(document))


def _draw(axes: Axes, document: CurveDocument) -> list[str]:
    """Draw everything; the names for the list beside it, in its order."""
    drawn, line = document.curve.drawn, document.line
    _draw_axes(axes, document)
    axes.axvline(document.curve.points[-1].n, color=MUTED, linewidth=1.0, linestyle="--", zorder=1.4)
    names: list[str] = []
    _draw_curve(axes, document.curve, ACCENT, "-", band=True)
    _key(axes, names, document.system, ACCENT, "-")
    if line is not None:
        ends = [drawn[0].n, drawn[-1].n]
        low, high = line.interval
        axes.fill_between(ends, [low, low], [high, high], color=INK, alpha=0.10, linewidth=0)
        axes.plot(ends, [line.score, line.score], color=INK, linewidth=1.6, zorder=2)
        _key(axes, names, f"{line.system}, as it is now", INK, "-")
    if document.own is not None:
        _draw_curve(axes, document.own, MUTED, ":", band=False)
        _key(axes, names, f"{document.own.system}, own curve", MUTED, ":")
    if document.target is not None:
        axes.axhline(document.target, color=WARM, linewidth=1.2, linestyle="--", zorder=1.5)
        _key(axes, names, f"target {words.set_percent(document.target)}", WARM, "--")
    return names


def _draw_axes(axes: Axes, document: CurveDocument) -> None:
    from matplotlib.ticker import MaxNLocator

    drawn, points = document.curve.drawn, document.curve.points
    axes.set_xscale("log")
    axes.set_xlim(drawn[0].n * 0.92, drawn[-1].n * 1.03)
    low, high = _range(document)
    axes.set_ylim(low, high)
    at = [point.n for point in points] + [look.n for look in document.outlook if look.times > 1]
    axes.set_xticks(at, [words.count(n) for n in at], color=MUTED)
    up = [float(tick) for tick in MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high) if low <= tick <= high]
    axes.set_yticks(up, [f"{100 * tick:g} %" for tick in np.round(up, 6)], color=MUTED)
    axes.minorticks_off()
    axes.set_xlabel("labelled examples", color=MUTED)
    quiet(axes)


def _range(document: CurveDocument) -> tuple[float, float]:
    curves = [document.curve, *([document.own] if document.own is not None else [])]
    values = [bound for curve in curves for point in curve.points for bound in (*point.interval, *point.by_seed)]
    values += [bound for ahead in document.curve.drawn for bound in ahead.band]
    values += list(document.line.interval) if document.line is not None else []
    values += [document.target] if document.target is not None else []
    low, high = min(values), max(values)
    return max(low - ROOM * (high - low), 0.0) if high > low else low - ROOM, min(high + ROOM * (high - low), 1.02)


def _draw_curve(axes: Axes, curve: SystemCurve, colour: str, dashes: str, *, band: bool) -> None:
    n = [ahead.n for ahead in curve.drawn]
    if band:
        low, high = [ahead.band[0] for ahead in curve.drawn], [ahead.band[1] for ahead in curve.drawn]
        axes.fill_between(n, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.plot(n, [ahead.score for ahead in curve.drawn], color=colour, linewidth=1.8, linestyle=dashes, zorder=2.5)
    for point in curve.points:
        if band:
            axes.plot(
                [point.n, point.n], point.interval, color=colour, linewidth=1.6, solid_capstyle="butt", zorder=2.6
            )
            seeds: Sequence[float] = point.by_seed
            axes.plot([point.n] * len(seeds), seeds, "_", color=colour, markersize=6, zorder=2.6)
        axes.plot([point.n], [point.score], "o", color=colour, markersize=5, markeredgewidth=0, zorder=3)


def _key(axes: Axes, names: list[str], name: str, colour: str, dashes: str) -> None:
    """One entry of the list of names beside the plot."""
    height = 0.95 - 0.09 * len(names)
    key = axes.plot([1.03, 1.10], [height, height], color=colour, linewidth=1.8, linestyle=dashes, clip_on=False)
    key[0].set_transform(axes.transAxes)
    axes.text(1.12, height, f"@{len(names)}@", transform=axes.transAxes, va="center_baseline", color=INK)
    names.append(shortened(name, LONGEST_LABEL + 4))


def _in_words(document: CurveDocument) -> str:
    points = "; ".join(f"{words.count(p.n)} examples {100 * p.score:.1f} %" for p in document.curve.points)
    return f"{document.headline} Measured: {points}. The table holds the same numbers."
