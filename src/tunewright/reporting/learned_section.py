"""Overfitting seen, as a table and a sentence for each system; and where the reachable gain lies.

A view like ``evidence``: finished words, empty where nothing was measured.
"""

from __future__ import annotations

from dataclasses import dataclass

from tunewright.records.base import Interval
from tunewright.records.learned import Gap, Learned
from tunewright.records.verdict import SystemResult, Verdict
from tunewright.reporting import words
from tunewright.reporting.lookup import right_or_wrong
from tunewright.reporting.measures import FigureTable

NOTHING = "-"
MOST_HARD_SHOWN = 10
# Shares beyond this say no more than that the system is far off.
FAR_OFF = 2.0


@dataclass(frozen=True, slots=True)
class LearnedView:
    """The whole section; ``texts`` are (system, sentence), ``hard`` (system, row ids with their losses)."""

    table: FigureTable
    texts: list[tuple[str, str]]
    hard: list[tuple[str, list[tuple[str, str]]]]


def learned_view(verdict: Verdict) -> LearnedView | None:
    """The section, or None where nothing was measured."""
    known = [(system, system.learned) for system in verdict.systems if system.available and system.learned]
    if not known:
        return None
    opened = any(learned.new_rows == "test" for _, learned in known)
    halves = any(learned.near_minus_far is not None for _, learned in known)
    headings = ["Training rows", "Validation", *(["Test"] if opened else []), "Training minus new, points"]
    headings += ["Near training", "Far from training"] if halves else []
    return LearnedView(
        table=FigureTable(headings, [(system.name, _cells(learned, opened, halves)) for system, learned in known]),
        texts=[(system.name, learned.text) for system, learned in known if learned.text],
        hard=[(system.name, _hard(learned)) for system, learned in known if learned.hard_rows],
    )


def _hard(learned: Learned) -> list[tuple[str, str]]:
    """Row ids, each with ``loss 2.1, 1.9, 2.4`` epoch by epoch; empty words where no loss was kept."""
    rows = learned.hard_rows[:MOST_HARD_SHOWN]
    losses = learned.losses.of_hard_rows[: len(rows)] if learned.losses else []
    told = [f"loss {', '.join(f'{loss:.1f}' for loss in one)}" if one else "" for one in losses]
    return list(zip(rows, [*told, *[""] * (len(rows) - len(told))], strict=True))


def _cells(learned: Learned, opened: bool, halves: bool) -> list[str]:
    by_rows = {gap.rows: gap for gap in learned.gaps}
    training = by_rows.get("training")
    cells = [_score(training), _score(by_rows.get("validation"))]
    cells += [_score(by_rows.get("test"))] if opened else []
    cells.append(_gap(learned, training.n if training else 0))
    if halves:
        cells += [_score(by_rows.get("test near training")), _score(by_rows.get("test far from training"))]
    return cells


def _score(gap: Gap | None) -> str:
    if gap is None:
        return NOTHING
    return f"{words.percent(gap.score, gap.n)} ({words.percent_range(gap.interval, gap.n)})"


def _gap(learned: Learned, n: int) -> str:
    if learned.train_minus_test is None or learned.train_minus_test_interval is None:
        return NOTHING
    interval = words.points_range(learned.train_minus_test_interval, n)
    return f"{words.signed_points(learned.train_minus_test, n)} ({interval})"


def share_line(verdict: Verdict) -> str:
    """What the column of reachable gain is about; empty where there is none."""
    able = [system for system in verdict.systems if system.available]
    if verdict.stage != "final" or len(able) < 2:
        return ""
    best = next((system.name for system in able if system.reachable == 1.0), None)
    if verdict.reachable_from is None or best is None:
        start = "the simplest" if verdict.incumbent is None else f"{verdict.incumbent}, which you use today,"
        return f"% of gain: {NOTHING}, for a gain from {start} to the best here is not shown."
    start = "what you use today" if verdict.reachable_from == verdict.incumbent else "the simplest"
    what = "right answers" if right_or_wrong(verdict) else "score"
    what = what if verdict.judging is None else "the judge's rate"
    return f"% of gain: how far in {what} from {verdict.reachable_from} (0, {start}) to {best} (100, the best here)."


def share_of(system: SystemResult) -> str:
    """``62``, in percent; ``<0`` where the step is one back; a hyphen where no share can be stated."""
    if system.reachable is None:
        return NOTHING
    return "<0" if system.reachable < 0 else f"{100 * system.reachable:.0f}"


def share_range(interval: Interval | None) -> str:
    """``31 to 90``, in percent; empty where there is none, where it is known by definition, or is far below 0."""
    if interval is None or interval[0] == interval[1] or interval[1] < 0:
        return ""
    low, high = (max(-FAR_OFF, min(FAR_OFF, end)) for end in interval)
    return f"{100 * low:.0f} to {100 * high:.0f}"
