"""An audit on a terminal or in a pipe: the answer, the scorecard, what was found, what was not checked, what next.

Readable without colour, at 80 columns and up, and at most about ``MOST_LINES`` lines: every finding is named, and
those that matter most are shown with their reason, the advice and a few rows. Private data is covered. ``tunewright
audit`` calls it.
"""

from __future__ import annotations

import io
from functools import cache

from rich.console import Console
from rich.text import Text

from tunewright.audit.findings import Severity
from tunewright.audit.result import AuditResult, FoundBy, Grade
from tunewright.audit.view import View
from tunewright.reporting import audit_words, words
from tunewright.reporting.audit_privacy import ELLIPSIS, Cover
from tunewright.reporting.audit_queue import excerpt, label_change
from tunewright.reporting.audit_words import AuditContext

WIDEST = 100
NARROWEST = 60
MOST_LINES = 60
MOST_GAPS = 6
MOST_OF_GAP = 3
EXCERPT = 60
_STYLES: dict[Grade, str] = {"good": "green", "fails": "bold red", "needs work": "yellow", "not checked": "dim"}
_TAGS: dict[Severity, tuple[str, str]] = {
    "error": ("SETTLE", "bold red"),
    "warning": ("MEND", "yellow"),
    "note": ("KNOW", "dim"),
}
_TAG = 8
_ROWS = 10
_COLUMNS = 17 + 15 + _ROWS + 3
# How much of a finding is told: (its reason and the advice, examples); rising from the title alone.
_LEVELS = ((False, 0), (True, 0), (True, 1), (True, 2), (True, 3))
_FULLEST: dict[Severity, int] = {"error": 4, "warning": 3, "note": 1}
Lines = list[Text]


def print_audit(result: AuditResult, view: View, context: AuditContext, console: Console, texts: bool = True) -> None:
    """Print the summary.

    Args:
        result: what the audit found in ``view``.
        view: the rows; private places in them are covered.
        context: what neither knows.
        console: where; its width is respected, up to 100 columns.
        texts: False leaves out every excerpt of a row.
    """
    cover = Cover(result, view, context.limits, texts)
    width = max(NARROWEST, min(console.width, WIDEST))
    above = [*_head(result, context, width), Text(), *_scorecard(result, width), Text()]
    below = [*_gaps(result, cover, width), Text(), *_end(result, context, width)]
    room = MOST_LINES - len(above) - len(below)
    for line in [*above, *_findings(result, view, cover, width, room), *below]:
        line.rstrip()
        console.print(line, soft_wrap=True, highlight=False)


def _head(result: AuditResult, context: AuditContext, width: int) -> Lines:
    return [
        *_wrapped(audit_words.answer(result), width, style="bold"),
        *_wrapped(f"{words.clean(context.file)}: {words.counted(result.rows, 'row')} looked at.", width),
    ]


def _scorecard(result: AuditResult, width: int) -> Lines:
    lines = [Text(f"{'quality':17}{'grade':15}{'rows':>{_ROWS}}   found"), Text("-" * (_COLUMNS + 5))]
    for line in result.scorecard():
        front = Text(f"{line.quality:17}")
        front.append(f"{line.grade:15}", style=_STYLES.get(line.grade, ""))
        front.append(f"{audit_words.rows_concerned(line):>{_ROWS}}   ")
        found = _parts(audit_words.tally(line), width - _COLUMNS) or [""]
        lines += [front + Text(found[0]), *(Text(" " * _COLUMNS + more) for more in found[1:])]
    return lines


def _findings(result: AuditResult, view: View, cover: Cover, width: int, room: int) -> Lines:
    """Every finding by its title; then more of the gravest, as long as there is room."""
    found = result.findings
    levels = [_told(one, view, cover, width) for one in found]
    chosen = [0] * len(found)
    shown = _as_many(levels, room - 1)
    used = sum(len(levels[place][0]) for place in range(shown))
    for level in range(1, len(_LEVELS)):
        for place in range(shown):
            if level > _FULLEST[found[place].finding.severity] or chosen[place] != level - 1:
                continue
            more = len(levels[place][level]) - len(levels[place][level - 1])
            if used + more <= room - 1:
                chosen[place], used = level, used + more
    lines = [line for place in range(shown) for line in levels[place][chosen[place]]]
    if shown < len(found):
        lines += _wrapped(f"{words.counted(len(found) - shown, 'finding')} more in the report.", width)
    nothing = [] if audit_words.tone_of(result) == "look" else [Text("Nothing was found.")]
    return lines or nothing


def _as_many(levels: list[list[Lines]], room: int) -> int:
    """How many findings fit by their titles; errors, which come first, are never dropped for less than nothing."""
    used = 0
    for place, told in enumerate(levels):
        used += len(told[0])
        if used > room:
            return max(1, place)
    return len(levels)


def _told(found: FoundBy, view: View, cover: Cover, width: int) -> list[Lines]:
    """The finding at every level."""
    finding = found.finding
    rows = [row for item in finding.items[:3] for row in item.rows]
    tag, style = _TAGS[finding.severity]
    title = _wrapped(cover.sentence(finding.title, rows), width, tag, style)
    why = _wrapped(cover.sentence(f"{finding.why} {finding.advice}", rows), width, " ")
    examples = [_example(found, place, view, cover, width) for place in range(min(3, len(finding.items)))]
    return [
        [*title, *(why if reason else []), *(line for example in examples[:count] for line in example)]
        for reason, count in _LEVELS
    ]


def _example(found: FoundBy, place: int, view: View, cover: Cover, width: int) -> Lines:
    """Up to two row names, what the first row says, and why it is here: two lines at most."""
    item = found.finding.items[place]
    names = [_row_name(row, view, cover) for row in item.rows[:2]]
    if len(item.rows) > 2:
        names.append(f"{words.count(len(item.rows) - 2)} more")
    said = excerpt(item, view, cover, EXCERPT) if item.rows else ""
    quoted = f' "{said}"' if said else ""
    lines = _wrapped(
        f"- {words.joined(names)}:{quoted} {label_change(item, view, cover)}{cover.sentence(item.why, item.rows)}",
        width,
        " ",
    )
    if len(lines) > 2:
        lines = [lines[0], Text(f"{lines[1].plain[: width - 3].rstrip()}...")]
    return lines


def _row_name(row: int, view: View, cover: Cover) -> str:
    """``row-17 (data.csv:18)``; the place alone where it is the name."""
    place, name = words.clean(str(view.examples[row].source)), cover.name(row)
    return place if name == place else f"{name[:40]} ({place})"


def _gaps(result: AuditResult, cover: Cover, width: int) -> Lines:
    lines = []
    gaps = result.not_checked
    if gaps or result.left_out:
        lines = [Text(), Text("Not checked:")]
    for check, gap in gaps[:MOST_GAPS]:
        because = cover.sentence(gap.because).rstrip(".")
        told = [f"- {audit_words.name_words(check)}: {because}.", cover.sentence(gap.hint)]
        lines += _whole(told, width, MOST_OF_GAP)
    if len(gaps) > MOST_GAPS:
        lines.append(Text(f"- {words.counted(len(gaps) - MOST_GAPS, 'thing')} more in the report"))
    asked = audit_words.not_asked(result)
    return [*lines, *(_whole([asked], width, MOST_OF_GAP) if asked else [])]


def _end(result: AuditResult, context: AuditContext, width: int) -> Lines:
    """Paths and commands stay on one line, so that they can be opened and copied."""
    lines = [line for note in context.notes[:3] for line in _whole([note], width, MOST_OF_GAP)]
    if context.report is not None:
        lines.append(Text(f"{'Report':{_TAG}}{words.clean(str(context.report))}"))
    command = audit_words.next_command(result, context)
    return [*lines, Text(f"{'Next':{_TAG}}{words.clean(command)}")] if command else lines


def _whole(sentences: list[str], width: int, most: int) -> Lines:
    """As many of the sentences as stand on so many lines; one that does not fit is left to the report, never cut in the
    middle, unless it is the first."""
    for number in range(len(sentences), 0, -1):
        lines = _wrapped(" ".join(part for part in sentences[:number] if part), width)
        if len(lines) <= most:
            return lines
    return [*lines[: most - 1], Text(f"{lines[most - 1].plain[: width - 16].rstrip()} ... (report)")]


def _wrapped(text: str, width: int, tag: str = "", style: str = "") -> Lines:
    """A text with a hanging tag in front; no line where there is no text."""
    whole = " ".join(words.clean(text).replace(ELLIPSIS, "...").split())
    indent = _TAG if tag else 0
    lines: Lines = []
    for number, part in enumerate(_parts(whole, width - indent)):
        line = Text(f"{tag if number == 0 else '':{indent}}" if indent else "", style=style if tag.strip() else "")
        lines.append(line + Text(part, style="" if tag else style))
    return lines


def _parts(text: str, width: int) -> list[str]:
    wrapped: Lines = list(Text(text).wrap(_measure(), max(20, width))) if text else []
    return [line.plain.rstrip() for line in wrapped]


@cache
def _measure() -> Console:
    """Wrapping asks for a console, though nothing of it is used but its tables of wide characters."""
    return Console(file=io.StringIO(), width=WIDEST)
