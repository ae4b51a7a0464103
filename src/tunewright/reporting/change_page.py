"""A measured change as one HTML file that needs nothing else: the answer, the curves with bands, the tables.

Uses the environment and the style of the report (``html``). ``tunewright change`` calls ``change_page``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from tunewright.records.change import Change, ChangeReport, ChangeSystem
from tunewright.reporting import words
from tunewright.reporting.change_words import change_view
from tunewright.reporting.figures import ACCENT, INK, LONGEST_LABEL, MUTED, WARM, canvas, inline_svg, quiet, shortened
from tunewright.reporting.html import environment

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TEMPLATE = "change.html.j2"
MOST_LINES = 6
WIDTH_IN, HEIGHT_IN, PLOT = 8.4, 3.4, (0.075, 0.15, 0.62, 0.81)
_DASHES = ("-", "--", ":", "-.", (0, (6, 2, 1, 2, 1, 2)), (0, (1, 3)))
_COLOURS = (ACCENT, WARM, INK, MUTED, ACCENT, WARM)


def change_page(report: ChangeReport) -> str:
    """The whole page; equal reports give equal text."""
    views = [change_view(report, change) for change in report.changes]
    figures = [Markup(curve_figure(report, change, number)) for number, change in enumerate(report.changes)]
    return (
        environment()
        .get_template(_TEMPLATE)
        .render(
            task=report.task or "What a change costs",
            created=words.moment(report.created),
            changes=list(zip(views, figures, strict=True)),
            margin=f"Near enough is within {words.set_points(report.margin)}: {report.margin_basis}.",
            assumptions=report.assumptions,
            command=report.command,
        )
    )


def curve_figure(report: ChangeReport, change: Change, number: int = 0) -> str:
    """Score against examples, a line and a band for each system that was measured; empty without any."""
    shown = [one for one in change.systems if len(one.points) > 1]
    shown = sorted(shown, key=lambda one: -one.points[-1].score)[:MOST_LINES]
    counts = sorted({point.examples for one in shown for point in one.points})
    if not shown:
        return ""
    name = f"change{number}"
    with canvas(name, (WIDTH_IN, HEIGHT_IN), PLOT) as drawn:
        axes = drawn.axes
        axes.set_xlim(-0.2, len(counts) - 0.8)
        axes.set_ylim(0.0, 1.02)
        axes.set_xticks(range(len(counts)), [*map(str, counts[:-1]), f"all {counts[-1]}"], color=MUTED)
        ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks], color=MUTED)
        axes.set_xlabel("examples of it that are back (even steps, not a scale)", color=MUTED)
        axes.set_ylabel(report.measure, color=MUTED)
        quiet(axes)
        for place, one in enumerate(shown):
            _draw_line(axes, place, one, counts)
    labels = [shortened(one.system, LONGEST_LABEL) for one in shown]
    return inline_svg(drawn.svg, name, labels, _in_words(report, change, shown))


def _draw_line(axes: Axes, place: int, one: ChangeSystem, counts: list[int]) -> None:
    """The line with its band, a dot where it works again, and its entry in the list of names."""
    across = [counts.index(point.examples) for point in one.points]
    colour, dashes = _COLOURS[place], _DASHES[place]
    low, high = zip(*(point.interval for point in one.points), strict=True)
    axes.fill_between(across, low, high, color=colour, alpha=0.12, linewidth=0, zorder=1.2)
    axes.plot(across, [point.score for point in one.points], color=colour, linewidth=1.8, linestyle=dashes, zorder=2)
    if one.needed is not None:
        score = next(point.score for point in one.points if point.examples == one.needed)
        axes.plot([counts.index(one.needed)], [score], "o", color=colour, markersize=7, markeredgewidth=0, zorder=3)
    height = 0.95 - 0.09 * place
    key = axes.plot([1.04, 1.11], [height, height], color=colour, linewidth=1.8, linestyle=dashes, clip_on=False)
    key[0].set_transform(axes.transAxes)
    axes.text(1.13, height, f"@{place}@", transform=axes.transAxes, va="center_baseline", color=INK)


def _in_words(report: ChangeReport, change: Change, shown: list[ChangeSystem]) -> str:
    parts = [f"{one.system} {one.points[0].score:.2f} to {one.points[-1].score:.2f}" for one in shown]
    return (
        f"{report.measure} of {change.name} from {_span(change, shown)}: {'; '.join(parts)}. "
        "The table holds the same numbers."
    )


def _span(change: Change, shown: list[ChangeSystem]) -> str:
    """``0 to all 36 examples``."""
    return f"{min(one.points[0].examples for one in shown)} to all {words.counted(change.examples, 'example')}"
