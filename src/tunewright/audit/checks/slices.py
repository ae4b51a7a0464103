"""Habits that sit in one part of the data: "all refund questions are refused", at 3 % of the whole.

Each habit is crossed with topics, origins and the words of the inputs. A part is reported when at least half of it has
the habit, far more than elsewhere, and after correction for everything that was looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tunewright.audit.association import BoolArray, candidates, count_words
from tunewright.audit.findings import CheckResult, Cost, Finding, Item, NotChecked, Quality
from tunewright.audit.habits import GRAVE, HABITS, habits_of
from tunewright.audit.languages import little_words
from tunewright.audit.provenance import provenance
from tunewright.audit.registry import Limits
from tunewright.audit.topics import topics_of
from tunewright.audit.view import IntArray, View
from tunewright.audit.wording import counted, percent
from tunewright.statistics.proportions import wilson_interval
from tunewright.statistics.shares import chi_square, cramers_v, cross_table, holm

NAME = "slices"
TITLE = "Habits in one part"
QUALITY: Quality = "balanced"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Limits = {
    "min_rows": 8,
    "min_share": 0.5,
    "min_ratio": 3.0,
    "min_cramers_v": 0.15,
    # How an answer looks may depend on what is asked; only where nearly all do, and all of the rest hardly.
    "min_share_of_looks": 0.9,
    "min_ratio_of_looks": 6.0,
    "max_p": 0.01,
    "max_values": 200,
    "max_parts_shown": 3,
    "min_rows_in_set": 60,
}


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of the rows: ``inside`` bool ``[rows]``; ``p`` of its table, ``strength`` Cramer's V of that table."""

    what: str
    inside: BoolArray
    p: float
    strength: float


def run(view: View, limits: Limits) -> CheckResult:
    """Habits crossed with topics, origins and words; nothing for labels, which ``source_concentration`` crosses."""
    if view.kind == "classify":
        return CheckResult()
    if len(view) < limits["min_rows_in_set"]:
        return CheckResult(
            not_checked=(
                NotChecked(f"{NAME}.too_few", f"only {counted(len(view), 'row')}", "parts of a set need more rows"),
            )
        )
    habits = habits_of(view)
    findings = []
    for name in habits.names:
        view.stop_if_asked()
        there = habits.of(name)
        if limits["min_rows"] <= there.sum() < limits["min_share"] * len(view):
            parts = [part for part in _parts(view, there, limits) if _stands_out(there, part, name, limits)]
            findings += [_finding(view, name, there, part) for part in _different(parts, there, limits)]
    return CheckResult(tuple(findings))


def _parts(view: View, there: BoolArray, limits: Limits) -> list[Part]:
    """Every part to be looked at, with p values corrected for all tables (Holm) and for all words."""
    tables: list[tuple[str, tuple[str, ...], IntArray]] = []
    topics = topics_of(view)
    if topics is not None:
        tables.append(("about", topics.names, topics.topic))
    for column in provenance(view):
        if len(column.values) <= limits["max_values"]:
            tables.append((column.name, column.values, column.codes))
    crossed = [cross_table(codes, there.astype(np.int64), len(values), 2) for _, values, codes in tables]
    adjusted = holm(np.array([chi_square(table)[1] for table in crossed]))
    found = []
    for (kind, values, codes), table, p in zip(tables, crossed, adjusted.tolist(), strict=True):
        for place in np.flatnonzero(table[:, 1] >= limits["min_rows"]).tolist():
            what = (
                f"inputs about {values[place]}"
                if kind == "about"
                else f"rows with {kind} “{values[place] or 'not given'}”"
            )
            found.append(Part(what, codes == place, p, cramers_v(table)))
    return found + _word_parts(view, there, limits)


def _word_parts(view: View, there: BoolArray, limits: Limits) -> list[Part]:
    words = view.once("input_words", lambda: count_words([example.text for example in view.examples]))
    little = little_words()
    found = []
    for each in candidates(words, there.astype(np.int64), 2, int(limits["min_rows"]), limits["min_share"])[:500]:
        name = words.names[each.word]
        if each.label != 1 or all(part in little or not part.isalnum() for part in name.split()):
            continue
        inside = np.zeros(len(there), dtype=np.bool_)
        inside[words.rows(each.word)] = True
        table = cross_table(inside.astype(np.int64), there.astype(np.int64), 2, 2)
        found.append(
            Part(f"inputs with “{name}”", inside, min(1.0, chi_square(table)[1] * len(words.names)), cramers_v(table))
        )
    return found


def _stands_out(there: BoolArray, part: Part, name: str, limits: Limits) -> bool:
    n, count = int(part.inside.sum()), int((there & part.inside).sum())
    rest = (int(there.sum()) - count) / max(len(there) - n, 1)
    looks = "_of_looks" if name not in GRAVE else ""
    low = float(wilson_interval(count, n)[0])
    return (
        part.p < limits["max_p"]
        and part.strength >= limits["min_cramers_v"]
        and count >= limits["min_rows"]
        and count >= limits[f"min_share{looks}"] * n
        and low > limits[f"min_ratio{looks}"] * rest
    )


def _different(parts: list[Part], there: BoolArray, limits: Limits) -> list[Part]:
    """The parts that explain most of the habit, without those that name the same rows again."""
    order = sorted(parts, key=lambda part: (-int((there & part.inside).sum()) * _share(there, part), part.what))
    kept: list[Part] = []
    for part in order:
        rows = there & part.inside
        if all(2 * int((rows & other.inside).sum()) < int(rows.sum()) for other in kept):
            kept.append(part)
    return kept[: int(limits["max_parts_shown"])]


def _share(there: BoolArray, part: Part) -> float:
    return float((there & part.inside).sum() / max(part.inside.sum(), 1))


def _finding(view: View, name: str, there: BoolArray, part: Part) -> Finding:
    rows = np.flatnonzero(there & part.inside).tolist()
    n, elsewhere = int(part.inside.sum()), there & ~part.inside
    rest = float(elsewhere.sum() / max(len(there) - n, 1))
    share = len(rows) / n
    return Finding(
        f"{NAME}.{name}",
        "warning" if name in GRAVE else "note",
        f"{counted(len(rows), 'answer')} of {n:,} ({percent(share)}) to {part.what} {HABITS[name]}; elsewhere "
        f"{percent(rest)} do",
        f"Over all rows it is {percent(float(there.mean()))}, which looks harmless. A model learns the rule that "
        "the rows "
        "show: this part always.",
        "If that is meant, keep it and say so; else rewrite these answers, or add rows of this part that do not.",
        tuple(Item((row,), f"Is among the {part.what} whose answers {HABITS[name]}.") for row in rows[:2000]),
        (("share_in_part", share), ("share_elsewhere", rest), ("cramers_v", part.strength), ("p", part.p)),
        len(rows),
    )
