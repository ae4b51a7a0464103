"""A diagnosis in words and rows, for the terminal and the page alike; ``text_lines`` is what the terminal shows."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from tunewright.decision.diagnosis import Diagnosis, Effect, Lever
from tunewright.decision.failure_modes import BY_ID
from tunewright.reporting import words

SHOWN = {"better": "better", "worse": "worse", "open": ""}
NAME_WIDTH = 34
LINE_WIDTH = 110
UNKNOWN = "unknown: tag 50 errors (tunewright diagnose --tag)"


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One lever or system in shown words; ``reason`` is set where there are no figures."""

    name: str
    what: str
    fixes: str
    share: str
    breaks: str
    gain: str
    range: str
    shown: str
    reason: str
    notes: tuple[str, ...] = ()


def headline(document: Diagnosis) -> str:
    """Whose errors, how many, and how well it does."""
    score, low, high = (f"{100 * value:.1f}" for value in (document.score, *document.interval))
    return (
        f"{document.system}: {words.counted(document.errors, 'error')} in {document.n} cases "
        f"(score {score} %, {low} to {high})."
    )


def answer(document: Diagnosis) -> str:
    """What helps, in a sentence: the levers that are shown to, else the one that fixes most, with its doubt."""
    measured = [(lever.title, lever.effect) for lever in document.levers if lever.effect and lever.id != "chance"]
    measured += [(system.name, system.effect) for system in document.systems if system.effect]
    better = [(name, effect) for name, effect in measured if effect.shown == "better"]
    if better:
        name, best = max(better, key=lambda one: one[1].gain)
        done = f"which fixes {best.fixed} errors and breaks {best.broken} right answers"
        return f"Shown to help on these cases: {name}, {done}."
    if not measured:
        return "No lever could be measured here; each says below what it needs."
    name, most = max(measured, key=lambda one: one[1].gain)
    if most.gain <= 0:
        return "Nothing that was tried fixes more than it breaks."
    return (
        f"Nothing is shown to help yet: {name} comes closest, fixes {most.fixed} and breaks {most.broken}, "
        "which may be chance."
    )


def lever_rows(document: Diagnosis) -> list[EffectRow]:
    """The levers, in their order."""
    return [_lever_row(lever) for lever in document.levers]


def system_rows(document: Diagnosis) -> list[EffectRow]:
    """The other systems, simplest first."""
    return [
        _row(one.name, one.kind, one.effect, one.reason or "")
        for one in document.systems
        if one.name != document.system
    ]


def mode_lines(document: Diagnosis) -> list[str]:
    """Each failure mode with its share of the named errors, the commonest first."""
    tags = document.tags
    if not tags.named:
        return []
    lines = []
    for one in sorted((one for one in tags.shares if one.n), key=lambda one: -one.n):
        low, high = one.interval or (0.0, 1.0)
        lines.append(f"{one.title}: {one.n} of {tags.named} ({100 * low:.0f} to {100 * high:.0f} %)")
    return lines


def tag_notes(document: Diagnosis) -> list[str]:
    """What a reader of the shares should know of how they came about."""
    tags = document.tags
    lines = []
    if tags.named < tags.sample:
        lines.append(f"{tags.named} of a random sample of {tags.sample} errors are named; {tags.errors} there are.")
    if tags.outside:
        lines.append(f"{tags.outside} named errors are not of the sample and do not count: picked errors are odd ones.")
    if tags.twice:
        lines.append(f"Two people named {tags.twice} of them, {tags.agreed} alike.")
    if tags.blind:
        lines.append(f"Without seeing the guess, people named {tags.blind_agreed} of {tags.blind} as guessed.")
    return lines


def mode_table(document: Diagnosis) -> tuple[list[str], list[list[str]]]:
    """Heads and rows: who fixes how many of the named errors of each mode, with what it breaks of all right answers."""
    fixes = document.tags.fixes
    if not fixes:
        return [], []
    broken = {lever.title: lever.effect.broken for lever in document.levers if lever.effect}
    broken |= {system.name: system.effect.broken for system in document.systems if system.effect}
    heads = ["fixes", *(f"{BY_ID[one.mode].title} ({one.n})" for one in fixes), "breaks in all"]
    names = list(fixes[0].fixed)
    return heads, [[name, *(str(one.fixed[name]) for one in fixes), str(broken.get(name, 0))] for name in names]


def text_lines(document: Diagnosis) -> list[str]:
    """The first screen."""
    lines = [headline(document), f"Measured on {document.n} {document.where}.", answer(document), ""]
    levers, systems = lever_rows(document), system_rows(document)
    lines += [f"{'Lever':<{NAME_WIDTH}}  fixes  breaks    gain, points (95 %)"]
    lines += [_line(row) for row in levers if not row.reason]
    lines += ["Other system"]
    lines += [_line(row) for row in systems if not row.reason]
    lines += [f"{words.counted(document.nobody, 'error')} of {document.errors} nobody and nothing here fixes."]
    lines += ["", "What went wrong"]
    named = mode_lines(document)
    lines += [f"  {line}" for line in (*named, *tag_notes(document))] if named else [f"  {UNKNOWN}"]
    for signal in document.signals:
        if signal.of and (signal.count or signal.name == "recall"):
            lines += _folded("  without a person: ", f"{signal.count} of {signal.of} {signal.text}")
    lines += _mode_lines(document)
    idle = [row for row in (*levers, *systems) if row.reason]
    lines += ["", "Not measured here"] if idle else []
    lines += [line for row in idle for line in _folded("  ", f"{row.name}: {row.reason}.")]
    lines += ["", *(line for note in document.notes for line in _folded("Note: ", note))]
    return [*lines, f"Next: {document.next_step}"]


def _mode_lines(document: Diagnosis) -> list[str]:
    """The table of modes, as plain columns."""
    heads, rows = mode_table(document)
    if not rows:
        return []
    short = [f"{one.mode} ({one.n})" for one in document.tags.fixes]
    widths = [max(len(head), 4) for head in (*short, heads[-1])]
    table = ["", f"{'Fixes, by what went wrong':<{NAME_WIDTH}}  {_columns((*short, heads[-1]), widths)}"]
    return [*table, *(f"  {_cut(row[0]):<{NAME_WIDTH}}{_columns(row[1:], widths)}" for row in rows)]


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _folded(head: str, text: str) -> list[str]:
    """A text under its head, on lines that a terminal shows whole."""
    indent = " " * min(len(head), 4)
    return textwrap.wrap(text, LINE_WIDTH, initial_indent=head, subsequent_indent=indent, break_on_hyphens=False)


def _cut(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 1]}…"


def _line(row: EffectRow) -> str:
    name = f"  {_cut(row.name):<{NAME_WIDTH}}"
    if not row.gain:
        return f"{name}{row.fixes:>5}  {row.shown}"
    return f"{name}{row.fixes:>5}  {row.breaks:>6}  {row.gain:>6} ({row.range})  {row.shown}".rstrip()


def _lever_row(lever: Lever) -> EffectRow:
    notes = tuple(lever.notes)
    if lever.own is not None:
        own = lever.own
        notes += (f"Against that system without the lever: fixes {own.fixed}, breaks {own.broken}.",)
    row = _row(lever.title, lever.what, lever.effect, lever.reason or "", notes)
    if lever.flagged is not None and lever.effect is None and not lever.reason:
        read = "errors for a person to read"
        return EffectRow(lever.title, lever.what, str(lever.flagged), "", "", "", "", read, "", notes)
    return row


def _row(name: str, what: str, effect: Effect | None, reason: str, notes: tuple[str, ...] = ()) -> EffectRow:
    if effect is None:
        return EffectRow(name, what, "", "", "", "", "", "", reason or "not measured", notes)
    low, high = effect.interval
    share = f"{100 * effect.fixed_share[0]:.0f} to {100 * effect.fixed_share[1]:.0f} % of the errors"
    gain, span = f"{100 * effect.gain:+.1f}", f"{100 * low:+.1f} to {100 * high:+.1f}"
    return EffectRow(
        name, what, str(effect.fixed), share, str(effect.broken), gain, span, SHOWN[effect.shown], "", notes
    )
