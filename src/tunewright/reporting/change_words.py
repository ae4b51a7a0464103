"""A measured change in words and tables, for the terminal and the page alike: equal cells, equal sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunewright.records.change import Change, ChangeReport, ChangeSystem
from tunewright.reporting import words

UNKNOWN = "not stated"
ALL_ONLY = "all"


@dataclass(frozen=True, slots=True)
class Table:
    """Headings after the first column, and rows of a name with its cells; ``figure_table`` shows it."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change as it is shown."""

    title: str
    answer: str
    curve_caption: str
    curve: Table
    effort_caption: str
    effort: Table
    sentences: tuple[str, ...]


def change_view(report: ChangeReport, change: Change) -> ChangeView:
    """The parts of one change, in the order in which they are read."""
    margin = words.set_points(report.margin)
    sets = "" if change.groups == change.cases else f" in {words.count(change.groups)} independent sets"
    return ChangeView(
        title=f"{change.name}: {words.counted(change.cases, 'case')}{sets}, {words.count(change.others)} others",
        answer=answer(report, change),
        curve_caption=f"{report.measure} of {change.name} by number of examples of it that are back",
        curve=_curve(change),
        effort_caption=f"Until it works again: within {margin} of its own {report.measure} with all its examples",
        effort=_efforts(change),
        sentences=tuple(one.text for one in change.systems),
    )


def answer(report: ChangeReport, change: Change) -> str:
    """The first sentence: who is back first by a person's minutes, and who is best with everything."""
    back = [
        one for one in change.systems if one.doing == "works again" and one.effort and one.effort.minutes is not None
    ]
    if not back:
        return f"No system could be measured to take {change.name} back."
    # Half a minute is nothing beside the labelling: among equals, the one that is better then.
    first = min(back, key=lambda one: (_whole_minutes(one), -_score_at(one), one.system))
    best = max(back, key=lambda one: (one.points[-1].score, one.system == first.system))
    if all(one.needed == change.examples for one in back):
        return (
            f"No system gets {change.name} back with fewer than all {words.counted(change.examples, 'example')}; "
            f"{best.system} is then best, at {report.measure} {best.points[-1].score:.2f}, after {_minutes(best)}."
        )
    text = (
        f"{first.system} takes least to get {change.name} back: {_examples(change, first)}, {_minutes(first)} of work "
        f"and training, and then {report.measure} {_score_at(first):.2f}"
        f"{'.' if first.shown is not None else ': an estimate, which these cases do not show.'}"
    )
    if best.system != first.system:
        text += (
            f" {best.system} is best with all examples ({report.measure} {best.points[-1].score:.2f}) and needs "
            f"{_examples(change, best)}, {_minutes(best)}."
        )
    return text


def _whole_minutes(one: ChangeSystem) -> int:
    assert one.effort is not None
    return round(one.effort.minutes or 0.0)


def text_lines(report: ChangeReport) -> list[str]:
    """The whole report for a terminal."""
    lines: list[str] = []
    for change in report.changes:
        view = change_view(report, change)
        lines += [view.title, view.answer, "", f"{view.curve_caption}:", *_aligned(view.curve), ""]
        lines += [f"{view.effort_caption}:", *_aligned(view.effort), ""]
        lines += [f"- {line}" for line in view.sentences] + [""]
    lines += [f"{line}" for line in report.assumptions]
    return lines


def _curve(change: Change) -> Table:
    counts = sorted({point.examples for one in change.systems for point in one.points})
    rows = []
    for one in change.systems:
        by_count = {point.examples: point for point in one.points}
        last = one.points[-1] if one.points else None
        cells = [f"{by_count[count].score:.2f}" if count in by_count else "" for count in counts]
        interval = "" if last is None else f"{last.interval[0]:.2f} to {last.interval[1]:.2f}"
        before = "" if one.score_before is None else f"{one.score_before:.2f}"
        rows.append((one.system, (before, *cells, interval)))
    every = f"all ({counts[-1]})" if counts else "all"
    return Table(("before", *map(words.count, counts[:-1]), every, "95 %, all"), tuple(rows))


def _efforts(change: Change) -> Table:
    rows = tuple((one.system, _effort_cells(change, one)) for one in change.systems)
    headings = ("Examples", "Labelling, min", "One fit", "By hand, min", "Bills", "With work", "Other cases, points")
    return Table(headings, rows)


def _effort_cells(change: Change, one: ChangeSystem) -> tuple[str, ...]:
    if one.effort is None:
        return ("nothing to get back" if one.doing == "nothing to get back" else "not measured", *[""] * 6)
    effort = one.effort
    by_hand = (
        UNKNOWN if effort.person_minutes is None else f"{effort.person_minutes:g}" if effort.person_minutes else "-"
    )
    if one.doing == "not measured":
        return "not measured", "", "", by_hand, "", words.usd(effort.usd), ""
    low, high = effort.label_low, effort.label_high
    labelling = f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"
    point = next(point for point in one.points if point.examples == one.needed)
    moved = ""
    if point.rest_change is not None and point.rest_interval is not None:
        spread = words.points_range(point.rest_interval, change.others)
        moved = f"{words.signed_points(point.rest_change, change.others)} ({spread})"
    return (
        _examples(change, one, short=True),
        labelling,
        words.duration(60 * effort.training_minutes),
        by_hand,
        words.usd(effort.bill_usd),
        words.usd(effort.usd),
        moved,
    )


def _examples(change: Change, one: ChangeSystem, *, short: bool = False) -> str:
    """``10 (5 to 20)``; where only all of them will do, that is said."""
    assert one.needed is not None
    assert one.needed_interval is not None
    low, high = one.needed_interval
    spread = f" ({low} to {high})" if low != high else ""
    if one.needed == change.examples:
        return f"all {one.needed}{spread}" if short else f"all {one.needed} examples{spread}"
    return f"{one.needed}{spread}" if short else f"{words.counted(one.needed, 'example')}{spread}"


def _minutes(one: ChangeSystem) -> str:
    assert one.effort is not None
    fixed = one.effort.training_minutes + (one.effort.person_minutes or 0.0)
    low, high = one.effort.label_low + fixed, one.effort.label_high + fixed
    if high < 1:
        return "less than a minute"
    return f"{low:.0f} minutes" if round(low) == round(high) else f"{low:.0f} to {high:.0f} minutes"


def _score_at(one: ChangeSystem) -> float:
    return next(point.score for point in one.points if point.examples == one.needed)


def _aligned(table: Table) -> list[str]:
    lines: Sequence[tuple[str, ...]] = [("", *table.headings), *((name, *cells) for name, cells in table.rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(table.headings) + 1)]
    return [
        "  "
        + "  ".join(
            cell.ljust(widths[0]) if not place else cell.rjust(widths[place]) for place, cell in enumerate(line)
        ).rstrip()
        for line in lines
    ]
