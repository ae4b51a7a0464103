"""The verdict and errors on a terminal or in a pipe.

Readable without colour, at 80 columns and up: the comparison as one table, then the answer in plain words. Texts from
outside are shown as they are, never as markup or control sequences. The commands call it.
"""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tunewright.errors import TunewrightError
from tunewright.records.verdict import SystemResult, Verdict
from tunewright.reporting import words
from tunewright.reporting.evidence import change
from tunewright.reporting.front_page import provable_lines, score_name
from tunewright.reporting.lookup import against_today, failed_gates, on_validation, shown_score

WIDEST = 100
_TAG = 13
_NOT_MEASURED = "-"


def print_verdict(verdict: Verdict, console: Console, report: Path | None = None) -> None:
    """The comparison, then the recommendation.

    Args:
        verdict: what to show.
        console: where; its width is respected, up to 100 columns.
        report: path of the HTML report, named in the last line.
    """
    width = min(console.width, WIDEST)
    _paragraph(console, width, "", verdict.task)
    _paragraph(console, width, "", _cases_line(verdict))
    console.print(_table(verdict), width=width)
    _print_below_table(verdict, console, width)
    console.print()
    _print_answer(verdict, console, width)
    if report is not None:
        # A path that is broken over two lines cannot be opened, so this one line may be longer.
        console.print(Text(f"{'Report':{_TAG}}{words.clean(str(report))}"), soft_wrap=True)


def print_error(error: TunewrightError, console: Console) -> None:
    """What happened, where, why it matters and what to do; the code last, for looking it up."""
    width = min(console.width, WIDEST)
    _paragraph(console, width, "Error", error.message, style="bold")
    for name, text in error.details():
        _paragraph(console, width, f"  {name}", text)
    _paragraph(console, width, "  code", error.code)


def _cases_line(verdict: Verdict) -> str:
    if on_validation(verdict):
        cases = words.counted(verdict.data.validation, "validation case")
        return f"Figures from {cases}; the {words.counted(verdict.test_set.n, 'test case')} are still closed."
    groups = verdict.test_set.groups
    inside = f" in {words.counted(groups, 'group')}" if groups is not None else ""
    return f"{words.counted(verdict.test_set.n, 'case')}{inside}. {verdict.test_set.text}"


def _table(verdict: Verdict) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), expand=False)
    table.add_column("system", overflow="fold", min_width=12)
    table.add_column(f"{score_name(verdict).lower()}\n(95 % interval)", justify="right", overflow="fold")
    if verdict.incumbent is not None:
        table.add_column("fixed/broken\nagainst today", justify="right", overflow="fold")
    for heading in ("$ a\nmonth", "ms a\ncall", "training\ntime"):
        table.add_column(heading, justify="right", overflow="fold")
    for system in verdict.systems:
        if system.available:
            table.add_row(*(Text(cell) for cell in _cells(verdict, system)))
    return table


def _cells(verdict: Verdict, system: SystemResult) -> list[str]:
    score = shown_score(verdict, system)
    interval = words.percent_range(score.interval, score.n).removesuffix(" %")
    cells = [_marked(verdict, system.name), words.percent(score.share, score.n)]
    if interval:
        cells[-1] += f" ({interval})"
    if verdict.incumbent is not None:
        paired = against_today(verdict, system.name)
        cells.append("today" if system.name == verdict.incumbent else change(paired) if paired else _NOT_MEASURED)
    training = words.duration(system.training_seconds)
    cells += [
        words.usd(system.cost.usd_per_month).removeprefix("$"),
        words.milliseconds(system.latency.p50_ms) if system.latency else _NOT_MEASURED,
        _NOT_MEASURED if training == words.NOT_MEASURED else training,
    ]
    return cells


def _marked(verdict: Verdict, name: str) -> str:
    mark = "> " if name == verdict.use.system else "  "
    return mark + " ".join(words.clean(name).split())


def _print_below_table(verdict: Verdict, console: Console, width: int) -> None:
    if verdict.use.system is not None:
        _paragraph(console, width, "", "> recommended   - not measured")
    for system in verdict.systems:
        if not system.available:
            _paragraph(console, width, "", f"{system.name}: not available. {system.reason or ''}", indent=2)
        elif system.missing:
            cases = words.counted(system.missing, "case")
            _paragraph(console, width, "", f"{system.name}: {cases} not answered, and not counted as wrong.", indent=2)


def _print_answer(verdict: Verdict, console: Console, width: int) -> None:
    _paragraph(console, width, "Today", verdict.today_text)
    tag = "STOP" if verdict.headline == "CANNOT_JUDGE" else "Fine-tuning"
    _paragraph(console, width, tag, verdict.headline_text, style="bold")
    for gate in failed_gates(verdict):
        _paragraph(console, width, "Failed check", f"{gate.name}: {gate.text}")
    if verdict.headline is None:
        _paragraph(console, width, "Provable", " ".join(provable_lines(verdict)))
    _paragraph(console, width, "Use", verdict.use.text)
    _paragraph(console, width, "Next", verdict.next_step)
    if verdict.target:
        _paragraph(console, width, "Target", verdict.target.text)
    _paragraph(console, width, "Not tried", "; ".join(verdict.not_tried))


def _paragraph(console: Console, width: int, tag: str, text: str, *, style: str = "", indent: int = 0) -> None:
    """A text with a hanging tag in front; nothing where there is no text."""
    line = words.clean(text).strip()
    if not line:
        return
    if not tag:
        console.print(Padding(Text(line, style=style), (0, 0, 0, indent)), width=width)
        return
    grid = Table.grid(padding=0)
    grid.add_column(width=_TAG, no_wrap=True)
    grid.add_column(width=width - _TAG, overflow="fold")
    grid.add_row(Text(tag), Text(line, style=style))
    console.print(grid, width=width)
