"""The verdict and errors on a terminal or in a pipe.

Readable without colour, at 80 columns and up: the comparison as one table, then the answer in plain words. Texts from
outside are shown as they are, never as markup or control sequences. The commands call it.
"""

from __future__ import annotations

from pathlib import Path

from rich.box import Box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tunewright.decision.wholesale import failure_lines
from tunewright.errors import TunewrightError
from tunewright.records.verdict import SystemResult, Verdict
from tunewright.reporting import words
from tunewright.reporting.evidence import change
from tunewright.reporting.front_page import cases_sentence, not_tried_lines, provable_lines, score_name, volume_words
from tunewright.reporting.judging_section import corrected_line, judging_lines
from tunewright.reporting.learned_section import share_line, share_of
from tunewright.reporting.lookup import against_today, failed_gates, on_validation, shown_score
from tunewright.reporting.parts_section import measure_lines, part_lines

WIDEST = 100
WIDE = 90
_TAG = 14
_NO_FIGURE = "-"
# One line of hyphens under the headings and nothing else, so that it is the same in every encoding.
_RULE_UNDER_HEADINGS = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


def print_verdict(verdict: Verdict, console: Console, report: Path | None = None) -> None:
    """The comparison, then the recommendation.

    Args:
        verdict: what to show.
        console: where; its width is respected, up to 100 columns.
        report: path of the HTML report, named in the last line.
    """
    _paragraph(console, "", verdict.task)
    _paragraph(console, "", _cases_line(verdict))
    _print_table(_table(verdict, narrow=console.width < WIDE), console)
    _print_below_table(verdict, console)
    console.print()
    _print_answer(verdict, console)
    if report is not None:
        # A path that is broken over two lines cannot be opened, so this one line may be longer.
        _line(console, f"{'Report':{_TAG}}{words.clean(str(report))}")


def print_error(error: TunewrightError, console: Console) -> None:
    """What happened, where, why it matters and what to do; the code last, for looking it up."""
    _paragraph(console, "Error", error.message, style="bold")
    for name, text in error.details():
        _paragraph(console, f"  {name}", text)
    _paragraph(console, "  code", error.code)


def _cases_line(verdict: Verdict) -> str:
    if on_validation(verdict):
        cases = words.counted(verdict.data.validation, "validation case")
        return f"Figures from {cases}; the {words.counted(verdict.test_set.n, 'test case')} are still closed."
    return cases_sentence(verdict)


def _table(verdict: Verdict, *, narrow: bool) -> Table:
    """The comparison. Where little room is left for the share of the gain, training times go: the report has them."""
    shares = bool(share_line(verdict))
    narrow = narrow and shares
    table = Table(box=_RULE_UNDER_HEADINGS, pad_edge=False)
    table.add_column("system", overflow="fold", min_width=12)
    table.add_column(f"{score_name(verdict).lower()}, %\n(95 % interval)", justify="right", overflow="fold")
    if verdict.incumbent_comparisons:
        table.add_column("fixed/broken\nagainst today", justify="right", overflow="fold")
    if shares:
        table.add_column("% of\ngain", justify="right", overflow="fold")
    for heading in ("$ a\nmonth", "ms a\ncall", *(() if narrow else ("training\ntime",))):
        table.add_column(heading, justify="right", overflow="fold")
    for system in verdict.systems:
        if system.available:
            table.add_row(*(Text(cell) for cell in _cells(verdict, system)[: len(table.columns)]))
    return table


def _cells(verdict: Verdict, system: SystemResult) -> list[str]:
    training = words.duration(system.training_seconds)
    cells = [_marked(verdict, system.name), _score(verdict, system)]
    if verdict.incumbent_comparisons:
        paired = against_today(verdict, system.name)
        cells.append("today" if system.name == verdict.incumbent else change(paired) if paired else _NO_FIGURE)
    if share_line(verdict):
        cells.append(share_of(system))
    return [
        *cells,
        words.usd(system.cost.usd_per_month).replace("$", ""),
        words.milliseconds(system.latency.p50_ms) if system.latency else _NO_FIGURE,
        _NO_FIGURE if training == words.NOT_MEASURED else training,
    ]


def _score(verdict: Verdict, system: SystemResult) -> str:
    """``94.3 (92.2-95.9)``: short enough for 80 columns."""
    score = shown_score(verdict, system)
    interval = words.percent_range(score.interval, score.n).removesuffix(" %").replace(" to ", "-")
    return words.percent(score.share, score.n).removesuffix(" %") + (f" ({interval})" if interval else "")


def _marked(verdict: Verdict, name: str) -> str:
    mark = "> " if name == verdict.use.system else "  "
    return mark + " ".join(words.clean(name).split())


def _print_table(table: Table, console: Console) -> None:
    """Line by line, without the spaces that would fill the lines up in a pipe."""
    options = console.options.update(width=min(console.width, WIDEST))
    for segments in console.render_lines(table, options, pad=False):
        _line(console, "".join(segment.text for segment in segments).rstrip())


def _print_below_table(verdict: Verdict, console: Console) -> None:
    if verdict.use.system is not None:
        _paragraph(console, "", f"> use this   {_NO_FIGURE} no figure")
    if not verdict.volume_stated and any(system.cost.usd_per_month is not None for system in verdict.systems):
        _paragraph(console, "", f"$ a month is {volume_words(verdict)}. Say it: volume_per_day, or --volume-per-day.")
    _paragraph(console, "", share_line(verdict))
    if verdict.headline == "CANNOT_JUDGE":
        _paragraph(console, "", "A check failed: these figures decide nothing.")
    for system in verdict.systems:
        if not system.available:
            _paragraph(console, "", f"{system.name}: not available. {system.reason or 'No reason was recorded.'}")
        elif system.missing:
            cases = words.counted(system.missing, "case")
            _paragraph(console, "", f"{system.name}: {cases} not answered, and not counted as wrong.")


def _print_answer(verdict: Verdict, console: Console) -> None:
    _paragraph(console, "Today", verdict.today_text)
    if verdict.headline_text != verdict.use.text:
        _paragraph(console, _headline_tag(verdict), verdict.headline_text, style="bold")
    if verdict.headline is None:
        _paragraph(console, "Provable", " ".join(provable_lines(verdict)))
    if verdict.recipe is not None:
        _paragraph(console, "Recipe", verdict.recipe.text)
    _paragraph(console, "Use", verdict.use.text)
    _paragraph(console, "Next", verdict.next_step)
    if verdict.target:
        _paragraph(console, "Target", verdict.target.text)
    for gate in failed_gates(verdict):
        _paragraph(console, "Failed check", f"{gate.name}: {gate.text}")
    for line in failure_lines(verdict.wholesale_failures):
        _paragraph(console, "Warning", line)
    _paragraph(console, "Judge", " ".join(judging_lines(verdict)))
    _paragraph(console, "Good answers", corrected_line(verdict))
    if verdict.headline != "CANNOT_JUDGE":
        for line in measure_lines(verdict):
            _paragraph(console, "Measure", line)
        for line in part_lines(verdict):
            _paragraph(console, "Parts", line)
    not_tried = [line.rstrip(". ") for line in not_tried_lines(verdict)]
    _paragraph(console, "Not tried", f"{'; '.join(not_tried)}." if not_tried else "")


def _headline_tag(verdict: Verdict) -> str:
    if verdict.headline == "CANNOT_JUDGE":
        return "STOP"
    return "Verdict" if verdict.test_set.regime == "answers" else "Fine-tuning"


def _paragraph(console: Console, tag: str, text: str, *, style: str = "") -> None:
    """A text with a hanging tag in front; nothing where there is no text."""
    whole = words.clean(text).strip()
    if not whole:
        return
    indent = _TAG if tag else 0
    lines = Text(whole, style=style).wrap(console, max(20, min(console.width, WIDEST) - indent))
    for position, line in enumerate(lines):
        line.rstrip()
        front = Text(f"{tag if position == 0 else '':{indent}}" if indent else "")
        console.print(front + line, soft_wrap=True, highlight=False)


def _line(console: Console, text: str) -> None:
    console.print(Text(text), soft_wrap=True, highlight=False)
