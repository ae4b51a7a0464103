"""The guards as lines for a terminal: what is broken first, each with its figures and a sentence."""

from __future__ import annotations

from tunewright.records.guard import Guard, GuardReport, GuardResult

_MARKS: dict[GuardResult, str] = {
    "broken": "BROKEN",
    "unproven": "unproven",
    "holds": "holds",
    "not-checked": "not checked",
}
_ORDER: tuple[GuardResult, ...] = ("broken", "unproven", "holds", "not-checked")


def headline(report: GuardReport) -> str:
    """The first line: may it be shipped, as far as this goes?"""
    stops = [guard.name for guard in report.guards if guard.blocks and guard.result == "broken"]
    advice = [guard.name for guard in report.guards if not guard.blocks and guard.result == "broken"]
    told = f" Broken without stopping it: {', '.join(advice)}." if advice else ""
    if stops:
        return f"Do not ship {report.system}: broken are {', '.join(stops)}.{told}"
    open_ = [guard.name for guard in report.guards if guard.blocks and guard.result == "unproven"]
    if open_:
        return f"Nothing that would stop {report.system} was found broken; not proven: {', '.join(open_)}.{told}"
    if not any(guard.result == "holds" for guard in report.guards):
        return f"Nothing could be checked for {report.system}.{told}"
    return f"Whatever could be checked for {report.system} holds.{told}"


def report_lines(report: GuardReport) -> list[str]:
    """Everything, for people."""
    lines = [headline(report)]
    if report.base:
        lines.append(f"Held against what it is made from: {report.base}.")
    ordered = sorted(report.guards, key=lambda guard: (_ORDER.index(guard.result), not guard.blocks))
    for result in _ORDER:
        group = [guard for guard in ordered if guard.result == result]
        if group:
            lines.append("")
        lines += [line for guard in group for line in _lines(guard)]
    if report.skills:
        lines += ["", "General ability by skill (before, after):"]
        lines += [
            f"  {one.skill:<12} {100 * one.reference:5.1f} % {100 * one.score:5.1f} %  of {one.n}"
            + ("  (the base is at chance)" if one.at_chance else "")
            for one in report.skills
        ]
    return [*lines, *(["", *report.notes] if report.notes else [])]


def _lines(guard: Guard) -> list[str]:
    mark = _MARKS[guard.result]
    advice = "" if guard.blocks or guard.result == "not-checked" else " (advice)"
    return [f"{mark:<12} {guard.name}{advice}", f"             {guard.text}", *_figures(guard)]


def _figures(guard: Guard) -> list[str]:
    if guard.interval is None:
        return []
    low, high = guard.interval
    if guard.limit > 1:
        return [f"             95 % interval {low:.3g} to {high:.3g}, held to {guard.limit:.3g}"]
    sign, unit = ("+", "points") if guard.limit < 0 else ("", "%")
    limit = f"{100 * guard.limit:{sign}.3g} {unit}"
    return [f"             95 % interval {100 * low:{sign}.1f} to {100 * high:{sign}.1f} {unit}, held to {limit}"]
