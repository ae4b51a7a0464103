"""A comparison of two runs, and a cleaning put to the test, as lines for a terminal. Every text is finished."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tunewright.records.verdict import CaseText
from tunewright.reporting import words
from tunewright.reporting.compare_document import (
    CleaningTested,
    ComparedRuns,
    RowChange,
    RowsCompared,
    Setting,
    SystemChange,
)

LINE_CHARS = 110
SHOWN = 5


def compare_lines(found: ComparedRuns, *, show: int = SHOWN) -> list[str]:
    """The whole comparison: the answer first, then what it rests on, then rows, settings and cases."""
    lines = [f"{found.before} -> {found.after}", "", found.text, found.rests_on, *found.warnings[:1]]
    lines += ["", "What changed", f"  {_counts(found.rows)}", *_settings(found.settings)]
    lines += ["", "Systems, before -> after (95 % interval of the difference)"]
    lines += [f"  {change.text}" for change in found.systems]
    if found.recommended is not None:
        lines += ["", "What to use, before -> after", f"  {found.recommended.text}"]
    change = _shown_first(found)
    if change is not None:
        name = f"{change.before_system} -> {change.system}" if change.before_system else change.system
        lines += _cases(f"Fixed, {name}", change.fixed_cases, change.fixed, show)
        lines += _cases(f"Broken, {name}", change.broken_cases, change.broken, show)
    lines += _rows(found.rows, show)
    if found.warnings[1:]:
        lines += ["", *(f"Note: {warning}" for warning in found.warnings[1:])]
    return [words.clean(line) for line in lines]


def _shown_first(found: ComparedRuns) -> SystemChange | None:
    """The change whose cases are listed: what to use, where it changed; else what the later run recommends."""
    compared = [one for one in found.systems if one.reason is None]
    if found.recommended is not None and found.recommended.reason is None:
        return found.recommended
    return next((one for one in compared if one.system == found.used), compared[-1] if compared else None)


def _counts(rows: RowsCompared) -> str:
    moved = f", {rows.moved:,} moved to another part" if rows.moved else ""
    return (
        f"rows: {rows.before:,} -> {rows.after:,}; {rows.same:,} the same, {rows.added:,} added, "
        f"{rows.removed:,} removed, {rows.relabelled:,} relabelled, {rows.changed:,} changed{moved}"
    )


def _rows(rows: RowsCompared, show: int) -> Iterator[str]:
    """The first rows of each kind of change."""
    if rows.examples and show:
        yield ""
        yield "Rows"
    marks = {"added": "+", "removed": "-", "relabelled": "~", "changed": "~"}
    for kind, examples in rows.examples.items():
        for row in examples[:show]:
            yield f"  {marks[kind]} {_row(kind, row)}"
        hidden = {"added": rows.added, "removed": rows.removed, "relabelled": rows.relabelled}.get(kind, rows.changed)
        hidden -= min(show, len(examples))
        if hidden > 0 and show:
            yield f"    and {hidden:,} more {kind}"


def _row(kind: str, row: RowChange) -> str:
    text = "text no longer there" if row.text is None else _short(row.text)
    if kind == "changed":
        if row.before is None or row.after is None:
            return f"{row.row}: changed; one of its texts is no longer there"
        start = max(_common_start(row.before, row.after) - 20, 0)
        lead = "..." if start else ""
        return f"{row.row}: {lead}{_short(row.before[start:], 50)} -> {lead}{_short(row.after[start:], 50)}"
    if kind == "relabelled":
        return f"{row.row}: {row.before or 'label no longer there'} -> {row.after or 'label no longer there'}: {text}"
    target = row.before if kind == "removed" else row.after
    return f"{row.row}: {text}" + (f" => {_short(target, 40)}" if target else "")


def _common_start(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _settings(settings: Sequence[Setting]) -> Iterator[str]:
    if not settings:
        yield "  settings: the same"
    for one in settings:
        changed = one.before is None and one.after is not None and one.after.startswith("changed")
        yield f"  {one.name}: " + (str(one.after) if changed else f"{_value(one.before)} -> {_value(one.after)}")


def _value(value: str | None) -> str:
    return "not set" if value is None else _short(value, 50)


def _cases(title: str, cases: Sequence[CaseText], total: int | None, show: int) -> list[str]:
    if not cases or not show:
        return []
    of = len(cases) if total is None else total
    lines = ["", f"{title} ({min(show, of)} of {of} listed; --show for more)" if of > show else title]
    for case in cases[:show]:
        lines.append(f"  {case.row}: {_short(case.text)}")
        answers = f"{_short(case.before or 'no answer', 40)} -> {_short(case.after or 'no answer', 40)}"
        lines.append(f"    {answers}; right is {_short(case.target, 40)}")
    return lines


def _short(text: str, chars: int = LINE_CHARS) -> str:
    line = " ".join(text.split())
    return line if len(line) <= chars else f"{line[: chars - 3]}..."


def cleaning_lines(found: CleaningTested) -> list[str]:
    """The test of a cleaning: the answer, then each system with its arms."""
    lines = [found.text, ""]
    for system in found.systems:
        lines.append(system.text)
        for arm in system.arms:
            draws = "" if len(set(arm.by_draw)) < 2 else f" ({_range(arm.by_draw)} over {len(arm.by_draw)} draws)"
            lines.append(
                f"    {arm.name:<8} {arm.rows / found.folds:>7,.0f} rows a fold  {100 * arm.score:5.1f} %{draws}"
            )
        for title, gains in (("", system.gains), (" on unquestioned cases", system.unquestioned)):
            for gain in gains:
                low, high = gain.interval
                lines.append(
                    f"    cleaned against {gain.against}{title}: {100 * gain.delta:+.1f} points "
                    f"({100 * low:+.1f} to {100 * high:+.1f})"
                )
    if found.warnings:
        lines += ["", *(f"Note: {warning}" for warning in found.warnings)]
    return [words.clean(line) for line in lines]


def _range(values: Sequence[float]) -> str:
    return f"{100 * min(values):.1f} to {100 * max(values):.1f} %"
