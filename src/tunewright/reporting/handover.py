"""Handing over in the report: what each system is worth with a person behind it, as a curve and as a table.

A view like ``evidence``: finished words and one drawing, empty where no system states a confidence. Whose cases are
handed over is the system's own choice, the least sure first; the person's errors are not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunewright.records.verdict import Handover, HandoverPoint, SystemResult, Verdict
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
from tunewright.reporting.lookup import right_or_wrong
from tunewright.reporting.measures import FigureTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)
MOST_CURVES = 6
NOTHING = "-"
NEAR, FAR = 0.0255, 0.1
WIDTH_IN, HEIGHT_IN, PLOT = 8.4, 3.3, (0.095, 0.15, 0.58, 0.82)
_DASHES = ("-", "--", ":", "-.", (0, (6, 2, 1, 2, 1, 2)), (0, (1, 3)))


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A system that hands cases over by itself: shares as words."""

    system: str
    handed: str
    kept: str
    right: str
    interval: str
    certified: str


@dataclass(frozen=True, slots=True)
class HandoverView:
    """The whole section; ``own`` is empty where no system hands over by itself."""

    figure: str
    measure: str
    points: FigureTable
    own: list[OwnRow]
    lines: list[str]


def handover_view(verdict: Verdict) -> HandoverView | None:
    """The section, or None where no system has a curve or hands over by itself."""
    shown = [(system, system.handover) for system in verdict.systems if system.available and system.handover]
    known = [(system, view) for system, view in shown if view.curve or view.person]
    if not known:
        return None
    measure = "right" if right_or_wrong(verdict) else "mean score"
    curves = sorted(known, key=lambda pair: (-1.0 if pair[1].area is None else pair[1].area, pair[0].name))
    return HandoverView(
        figure=_figure(verdict, curves[:MOST_CURVES], measure),
        measure=measure,
        points=_points(known),
        own=[_own(system, view) for system, view in known if view.person],
        lines=[
            line
            for system, view in known
            if (line := _everything_line(system, view) or _target_line(verdict, system, view))
        ],
    )


def at_share(view: Handover, share: float) -> HandoverPoint | None:
    """The point with the most answers kept at which ``share`` of the cases or more are handed over."""
    return next((point for point in view.curve if point.handed >= share - 1e-9), None)


def _points(known: Sequence[tuple[SystemResult, Handover]]) -> FigureTable:
    """What is left right at a few shares; where a system cannot hand over just that many, its next share, if near."""
    rows = []
    for system, view in known:
        cells = []
        for share in SHARES:
            point = at_share(view, share)
            cells.append(_cell(point, share) if point is not None and point.handed - share <= FAR else NOTHING)
        area = NOTHING if view.area is None else f"{view.area:.3f}"
        rows.append((system.name, [*cells, area]))
    return FigureTable([*(f"{100 * share:.0f} % handed over" for share in SHARES), "AURC"], rows)


def _cell(point: HandoverPoint, share: float) -> str:
    right = words.percent(point.score, point.kept)
    near = point.handed - share < NEAR
    return right if near else f"{right} (at {100 * point.handed:.0f} %)"


def _own(system: SystemResult, view: Handover) -> OwnRow:
    if view.kept is None:
        return OwnRow(system.name, "100 %", "0", "no answer kept", "", NOTHING)
    return OwnRow(
        system=system.name,
        handed=words.percent(view.kept.handed, system.n),
        kept=words.count(view.kept.kept),
        right=words.percent(view.kept.score, view.kept.kept),
        interval=words.percent_range(view.kept.interval, view.kept.kept),
        certified=NOTHING if view.certified is None else words.percent(view.certified, view.kept.kept),
    )


def _everything_line(system: SystemResult, view: Handover) -> str:
    """What to say of a system that keeps no answer at all."""
    if not view.person or view.kept is not None:
        return ""
    return (
        f"{system.name} hands every case to a person, as a system does of which no cut-off reached its target on the "
        "rows that it was chosen on; its notes say what came nearest."
    )


def _target_line(verdict: Verdict, system: SystemResult, view: Handover) -> str:
    """What it takes to be sure of the project's target, where it can be shown at all."""
    point = view.at_target
    if point is None or verdict.target is None:
        return ""
    goal = words.set_percent(verdict.target.at_least)
    if point.handed < 0.0005:
        return f"{system.name} is shown to reach {goal} with nothing handed over."
    return (
        f"{system.name} is shown to reach {goal} on the cases it keeps when {words.percent(point.handed, system.n)} "
        f"are handed over: {words.percent(point.score, point.kept)} of the other {words.count(point.kept)}."
    )


def _figure(verdict: Verdict, curves: Sequence[tuple[SystemResult, Handover]], measure: str) -> str:
    """Score of the answers kept against the share handed over, one line for each system."""
    with canvas("handover", (WIDTH_IN, HEIGHT_IN), PLOT) as drawn:
        axes = drawn.axes
        goal = verdict.target.at_least if verdict.target else None
        low = min((point.score for _, view in curves for point in view.curve), default=0.0)
        _draw_axes(axes, min(low, goal if goal is not None else low), measure)
        if goal is not None:
            axes.axhline(goal, color=WARM, linewidth=1.0, linestyle="--", zorder=1.5)
        for number, (system, view) in enumerate(curves):
            _draw_curve(axes, number, view, _colour(verdict, system))
    labels = [shortened(system.name, LONGEST_LABEL) for system, _ in curves]
    return inline_svg(drawn.svg, "handover", labels, _in_words(curves))


def _colour(verdict: Verdict, system: SystemResult) -> str:
    if system.name == verdict.use.system:
        return ACCENT
    return INK if system.name == verdict.incumbent else MUTED


def _draw_axes(axes: Axes, low: float, measure: str) -> None:
    from matplotlib.ticker import MaxNLocator

    room = max(0.02, 0.04 * (1 - low))
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(low - room, 1.0 + room / 2)
    across = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    axes.set_xticks(across, [f"{100 * tick:g} %" for tick in across], color=MUTED)
    up = [round(float(tick), 6) for tick in MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, 1.0)]
    up = [tick for tick in up if low - room <= tick <= 1.0]
    axes.set_yticks(up, [f"{100 * tick:g} %" for tick in up], color=MUTED)
    axes.set_xlabel("handed to a person", color=MUTED)
    axes.set_ylabel(f"{measure}, of the rest", color=MUTED)
    quiet(axes)


def _draw_curve(axes: Axes, number: int, view: Handover, colour: str) -> None:
    """The curve (none where everything is handed over), its line in the list of names, and a dot where the system
    itself hands over."""
    x, y = [point.handed for point in view.curve], [point.score for point in view.curve]
    dashes = _DASHES[number % len(_DASHES)]
    axes.plot(x, y, color=colour, linewidth=1.8, linestyle=dashes, zorder=2)
    if view.person and view.kept is not None:
        axes.plot([view.kept.handed], [view.kept.score], "o", color=colour, markersize=6, markeredgewidth=0, zorder=3)
    height = 0.95 - 0.09 * number
    key = axes.plot([1.04, 1.11], [height, height], color=colour, linewidth=1.8, linestyle=dashes, clip_on=False)
    key[0].set_transform(axes.transAxes)
    axes.text(1.13, height, f"@{number}@", transform=axes.transAxes, va="center_baseline", color=INK)


def _in_words(curves: Sequence[tuple[SystemResult, Handover]]) -> str:
    parts = []
    for system, view in curves:
        point = at_share(view, 0.2)
        if point is not None:
            parts.append(f"{system.name} {words.percent(point.score, point.kept)}")
    at = f" With 20 % handed over: {'; '.join(parts)}." if parts else ""
    return f"Score of the answers kept against the share handed to a person.{at} The table holds more points."
