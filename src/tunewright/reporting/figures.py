"""The two figures of the report as inline SVG: all systems with intervals, and the candidate's gains.

Equal input gives equal bytes: no date, no random ids, no settings of the machine. Colours become variables of the
page, so that one figure serves light, dark and paper. matplotlib is imported when a figure is drawn. The report calls.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tunewright.records.verdict import Paired, Verdict
from tunewright.reporting.lookup import shown_score
from tunewright.reporting.words import clean, percent, percent_range, points, points_range, present, set_percent
from tunewright.reporting.words import set_points as worth

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Stand-ins for the page's colours: drawn by matplotlib, then replaced by variables.
INK, MUTED, LINE, ACCENT, WARM = "#010101", "#020202", "#030303", "#040404", "#050505"
_VARIABLES = {INK: "--ink", MUTED: "--muted", LINE: "--line", ACCENT: "--accent", WARM: "--warm"}
WIDTH_IN, ROW_IN, BELOW_IN, ABOVE_IN, ABOVE_GUIDES_IN = 8.4, 0.34, 0.42, 0.1, 0.36
LONGEST_LABEL = 30


@dataclass(frozen=True, slots=True)
class Dot:
    """One row: a value with its interval, in the unit of the axis."""

    label: str
    value: float
    low: float
    high: float
    text: str
    colour: str
    marker: str


# A dot further than this from the one that matters most would squeeze all others together; it becomes an arrow.
FURTHEST = 0.3
LEFT_ARROW, RIGHT_ARROW = "<", ">"


@dataclass(frozen=True, slots=True)
class Guide:
    """A vertical line with its label on the named side."""

    at: float
    label: str
    colour: str
    dashes: str
    side: str


def comparison_figure(verdict: Verdict) -> str:
    """One dot and whisker per system with a score; target line. Empty when no system has a score."""
    dots = []
    for system in verdict.systems:
        score = shown_score(verdict, system)
        if not system.available or score.share is None or not present(score.share):
            continue
        low, high = score.interval or (score.share, score.share)
        today, chosen = system.name == verdict.incumbent, system.name == verdict.use.system
        mark = " (today)" if today else ""
        colour = ACCENT if chosen else INK if today else MUTED
        marker = "D" if chosen else "s" if today else "o"
        label = shortened(system.name, LONGEST_LABEL - len(mark)) + mark
        dots.append(Dot(label, score.share, low, high, percent(score.share, score.n), colour, marker))
    if not dots:
        return ""
    best = max(dot.value for dot in dots)
    dots = [dot if dot.value > best - FURTHEST else replace(dot, marker=LEFT_ARROW) for dot in dots]
    guides = []
    if verdict.target:
        guides = [
            Guide(verdict.target.at_least, f"target {set_percent(verdict.target.at_least)}", WARM, "--", _side(dots))
        ]
    return _draw("systems", dots, guides, _systems_text(verdict), lambda value: f"{100 * value:g} %")


def gain_figure(verdict: Verdict) -> str:
    """The candidate's gain over every simpler system, with the smallest gain worth paying for. Empty without one."""
    if not verdict.baselines or verdict.candidate is None:
        return ""
    dots = [
        Dot(
            shortened(f"over {paired.system}", LONGEST_LABEL),
            paired.delta,
            *paired.interval,
            points(paired.delta, paired.n),
            ACCENT if paired.proven_better else MUTED,
            "D" if paired.system == verdict.binding else "o",
        )
        for paired in verdict.baselines
    ]
    least = min(dot.value for dot in dots)
    dots = [dot if dot.value < least + FURTHEST else replace(dot, marker=RIGHT_ARROW) for dot in dots]
    guides = [
        Guide(0.0, "no difference", INK, "-", "left"),
        Guide(verdict.min_improvement, f"worth it from {worth(verdict.min_improvement)}", WARM, "--", "right"),
    ]
    return _draw("gains", dots, guides, _gains_text(verdict), lambda value: f"{100 * value:+g}" if value else "0")


def shortened(name: str, longest: int) -> str:
    """The name on one line, at most ``longest`` characters."""
    line = " ".join(clean(name).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _side(dots: list[Dot]) -> str:
    """Target labels go where there is room: left of the line when the values are high."""
    return "left" if max(dot.high for dot in dots) > 0.6 else "right"


def _systems_text(verdict: Verdict) -> str:
    parts = []
    for system in verdict.systems:
        score = shown_score(verdict, system)
        if system.available:
            interval = percent_range(score.interval, score.n)
            parts.append(f"{system.name} {percent(score.share, score.n)}" + (f" ({interval})" if interval else ""))
    return "Score of every system with its 95 % interval: " + "; ".join(parts) + ". The table holds the same numbers."


def _gains_text(verdict: Verdict) -> str:
    def one(paired: Paired) -> str:
        gain, interval = points(paired.delta, paired.n), points_range(paired.interval, paired.n)
        return f"over {paired.system} {gain} ({interval})"

    parts = "; ".join(one(paired) for paired in verdict.baselines)
    return f"Gain of {verdict.candidate} with 95 % interval: {parts}. The table holds the same numbers."


def _draw(name: str, dots: list[Dot], guides: list[Guide], alternative: str, words: Callable[[float], str]) -> str:
    rows_in = ROW_IN * len(dots)
    height = BELOW_IN + rows_in + (ABOVE_GUIDES_IN if guides else ABOVE_IN)
    with canvas(name, (WIDTH_IN, height), (0.30, BELOW_IN / height, 0.57, rows_in / height)) as drawn:
        _draw_axis(drawn.axes, _range(dots, guides), len(dots), words)
        for guide in guides:
            _draw_guide(drawn.axes, guide)
        for row, dot in enumerate(dots):
            _draw_dot(drawn.axes, row, dot)
    return inline_svg(drawn.svg, name, [dot.label for dot in dots], alternative)


def _range(dots: list[Dot], guides: list[Guide]) -> tuple[float, float]:
    near = [dot for dot in dots if dot.marker not in (LEFT_ARROW, RIGHT_ARROW)]
    values = [bound for dot in near for bound in (dot.low, dot.high, dot.value)] + [guide.at for guide in guides]
    low, high = min(values), max(values)
    room = 0.04 * (high - low) or 0.05
    return low - room, high + room


def _draw_axis(axes: Axes, limits: tuple[float, float], rows: int, words: Callable[[float], str]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(*limits)
    axes.set_ylim(rows - 0.5, -0.5)
    places = MaxNLocator(7, steps=[1, 2, 5, 10]).tick_values(*limits)
    ticks = [round(float(place), 6) for place in places if limits[0] <= place <= limits[1]]
    axes.set_xticks(ticks, [words(tick).replace("-", "\u2212") for tick in ticks], color=MUTED)
    axes.set_yticks([])
    quiet(axes, "x")


def quiet(axes: Axes, grid: Literal["both", "x", "y"] = "both") -> None:
    """Thin grid lines behind the data, and neither frame, tick marks nor background."""
    axes.grid(axis=grid, color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=6)
    axes.patch.set_visible(False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_guide(axes: Axes, guide: Guide) -> None:
    axes.axvline(guide.at, color=guide.colour, linewidth=1.2, linestyle=guide.dashes, zorder=1.5)
    left = guide.side == "left"
    axes.annotate(
        guide.label,
        (guide.at, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if left else 4, 7),
        textcoords="offset points",
        ha="right" if left else "left",
        color=guide.colour,
        fontsize=9,
    )


def _draw_dot(axes: Axes, row: int, dot: Dot) -> None:
    beside = axes.get_yaxis_transform()
    if dot.marker in (LEFT_ARROW, RIGHT_ARROW):
        edge = 0.012 if dot.marker == LEFT_ARROW else 0.988
        axes.plot([edge], [row], dot.marker, color=dot.colour, markersize=7, markeredgewidth=0, transform=beside)
    else:
        axes.plot([dot.low, dot.high], [row, row], color=dot.colour, linewidth=2, solid_capstyle="butt", zorder=2)
        axes.plot([dot.value], [row], dot.marker, color=dot.colour, markersize=7, markeredgewidth=0, zorder=3)
    # Names are put in afterwards: matplotlib would read formulas into them and warn about letters it cannot measure.
    axes.text(-0.03, row, f"@{row}@", transform=beside, ha="right", va="center_baseline", color=INK)
    axes.text(1.03, row, dot.text.replace("-", "\u2212"), transform=beside, va="center_baseline", color=INK)


@dataclass(slots=True)
class Canvas:
    """Axes to draw on; ``svg`` is the drawing once the canvas is closed."""

    axes: Axes
    svg: str = ""


@contextmanager
def canvas(name: str, size_in: tuple[float, float], place: tuple[float, float, float, float]) -> Iterator[Canvas]:
    """An empty figure of this size with axes at ``place`` (left, bottom, width, height as shares).

    The settings are the library's own, whatever the machine's matplotlibrc says, and are put back afterwards.
    """
    import matplotlib.style
    from matplotlib.figure import Figure

    fixed = {"svg.fonttype": "none", "svg.hashsalt": name, "font.size": 9.5, "path.simplify": False}
    with matplotlib.style.context(["default", fixed]):
        figure = Figure(figsize=size_in)
        drawn = Canvas(figure.add_axes(place))
        yield drawn
        drawn.svg = _svg_of(figure)


def _svg_of(figure: Figure) -> str:
    stream = io.StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(stream, format="svg", metadata=nothing, transparent=True)
    return stream.getvalue()


def inline_svg(svg: str, name: str, labels: list[str], alternative: str) -> str:
    """The drawing without what only a file of its own needs, with the page's colours, names and its own ids."""
    box = re.search(r'viewBox="([^"]*)"', svg)
    body = svg[svg.index("</defs>") + len("</defs>") :]
    assert box is not None
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var({variable})")
    body = re.sub(r"font-family: [^;\"]*;?", "", body)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = body.replace('xlink:href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
    body = re.sub(r"@(\d+)@", lambda found: html.escape(labels[int(found[1])]), body)
    text = html.escape(clean(alternative))
    return (
        f'<svg class="figure" viewBox="{box[1]}" role="img" aria-label="{text}" preserveAspectRatio="xMinYMin">{body}'
    )
