"""A learning curve as one HTML file that needs nothing else, and as lines for a terminal.

Uses the environment and the style of the report. Shows no text of any row. ``tunewright curve`` calls.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from tunewright.reporting import words
from tunewright.reporting.curve_chart import curve_figure
from tunewright.reporting.curve_document import CurveDocument, Family, Look, Point
from tunewright.reporting.html import environment

_TEMPLATE = "curve.html.j2"
FEW_TIMES = 2.0
# Tones of the page by what is found; the style knows them.
TONES = {"is above": "ship", "crosses": "open", "may cross": "open", "does not cross": "keep"}


@dataclass(frozen=True, slots=True)
class MeasuredRow:
    """One size."""

    n: str
    score: str
    interval: str
    seeds: str
    own: str


@dataclass(frozen=True, slots=True)
class AheadRow:
    """One multiple of the data."""

    times: str
    n: str
    score: str
    band: str
    passes: str
    passes_own: str
    target: str


def curve_page(document: CurveDocument) -> str:
    """The whole page; equal documents give equal text."""
    return (
        environment()
        .get_template(_TEMPLATE)
        .render(
            document=document,
            tone=TONES[document.passes.outcome] if document.passes is not None else "look",
            created=words.moment(document.created),
            figure=Markup(curve_figure(document)),
            measured=measured_rows(document),
            ahead=ahead_rows(document),
            margin=words.set_points(document.min_improvement),
            families=[_family(family) for family in document.curve.families],
        )
    )


def text_lines(document: CurveDocument) -> list[str]:
    """The answer, the table and what follows, for a terminal of 80 columns and more."""
    lines = [*(f"Warning: {warning}" for warning in document.warnings), document.headline, ""]
    heading = ["examples", document.system, "80 % interval", document.own.system if document.own else ""]
    rows = [[row.n, row.score, row.interval, row.own] for row in measured_rows(document)]
    lines += _table([heading, *rows])
    far = "four times" if document.outlook[-1].times > FEW_TIMES else "twice"
    lines += ["", f"Ahead, and never further than {far} the data:"]
    heading = ["examples", "expected", "80 % band", "", "", ""]
    if document.line is not None:
        heading[3] = f"passes {words.set_points(document.min_improvement)}"
        heading[4] = "passes its own curve" if document.own is not None else ""
    if document.target is not None:
        heading[5] = f"has {words.set_percent(document.target)}"
    rows = [[row.n, row.score, row.band, row.passes, row.passes_own, row.target] for row in ahead_rows(document)]
    lines += _table([heading, *rows])
    lines.append("")
    lines += document.sentences
    lines += [f"Note: {note}" for note in document.notes]
    return lines


def measured_rows(document: CurveDocument) -> list[MeasuredRow]:
    """Every size, smallest first."""
    own: list[Point] = document.own.points if document.own is not None else []
    return [
        MeasuredRow(
            n=words.count(point.n),
            score=f"{100 * point.score:.1f} %",
            interval=f"{100 * point.interval[0]:.1f} to {100 * point.interval[1]:.1f} %",
            seeds=", ".join(f"{100 * score:.1f}" for score in point.by_seed),
            own=f"{100 * own[place].score:.1f} %" if own else "",
        )
        for place, point in enumerate(document.curve.points)
    ]


def ahead_rows(document: CurveDocument) -> list[AheadRow]:
    """The multiples, the data of now first."""
    return [_ahead(look) for look in document.outlook]


def _ahead(look: Look) -> AheadRow:
    return AheadRow(
        times="now" if look.times == 1 else f"x {look.times:g}",
        n=words.count(look.n) + ("" if look.times == 1 else f" (x {look.times:g})"),
        score=f"{100 * look.score:.1f} %",
        band=f"{100 * look.band[0]:.1f} to {100 * look.band[1]:.1f} %",
        passes=_chance(look.p_passes),
        passes_own=_chance(look.p_passes_own),
        target=_chance(look.p_target),
    )


def _chance(value: float | None) -> str:
    if value is None:
        return ""
    return "under 1 %" if value < 0.01 else "over 99 %" if value > 0.99 else f"{100 * value:.0f} %"


def _family(family: Family) -> tuple[str, str, str, str]:
    parameters = ", ".join(f"{name} = {value:.4g}" for name, value in family.parameters.items())
    error = f"{100 * family.left_out_error:.1f} points"
    return family.family.replace("_", "-"), f"{family.formula}; {parameters}", error, "used" if family.chosen else ""


def _table(rows: list[list[str]]) -> list[str]:
    """Right-aligned columns; empty ones are left out."""
    kept = [place for place in range(len(rows[0])) if any(row[place] for row in rows)]
    widths = {place: max(len(row[place]) for row in rows) for place in kept}
    lines = ["  ".join(row[place].rjust(widths[place]) for place in kept).rstrip() for row in rows]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]
