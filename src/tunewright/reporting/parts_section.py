"""Gains in parts of the cases and by measures of all answers together, as tables; and the flagged parts in a line.

A view like ``evidence``: finished words, empty where a verdict has none. Parts never make a headline.
"""

from __future__ import annotations

from dataclasses import dataclass

from tunewright.records.slices import MeasureGain, SliceGain
from tunewright.records.verdict import Verdict
from tunewright.reporting import words
from tunewright.reporting.lookup import against_baseline, against_today

MOST_SHOWN = 40
MOST_NAMED = 3
NOT_ON_ALL = ", although all cases together do not show it (a part counts its own cases; 1 finding in 10 may be chance)"


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part in finished words; ``flag`` is ``better``, ``worse`` or empty."""

    part: str
    n: str
    score: str
    reference: str
    gain: str
    interval: str
    flag: str


@dataclass(frozen=True, slots=True)
class PartsTable:
    """One system against another, part by part; ``more`` parts are in verdict.json alone."""

    system: str
    against: str
    rows: list[PartRow]
    more: int


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """One measure of all answers together."""

    measure: str
    system: str
    against: str
    score: str
    reference: str
    gain: str
    interval: str
    p: str


def part_tables(verdict: Verdict) -> list[PartsTable]:
    """A table for each pair of systems, flagged parts first."""
    tables = []
    for system, against in dict.fromkeys((one.system, one.against) for one in verdict.slices):
        own = [one for one in verdict.slices if (one.system, one.against) == (system, against)]
        ordered = sorted(own, key=lambda one: not one.flagged)
        rows = [_part_row(one) for one in ordered[:MOST_SHOWN]]
        tables.append(PartsTable(system, against, rows, max(len(own) - MOST_SHOWN, 0)))
    return tables


def measure_rows(verdict: Verdict) -> list[MeasureRow]:
    """The gains by measures of all answers together."""
    return [_measure_row(one) for one in verdict.measure_gains]


def part_lines(verdict: Verdict) -> list[str]:
    """A sentence for each pair of systems with a flagged part: where it loses first, then where it gains most."""
    lines = []
    for system, against in dict.fromkeys((one.system, one.against) for one in verdict.slices):
        own = [one for one in verdict.slices if (one.system, one.against) == (system, against)]
        worse = sorted((one for one in own if one.flagged and one.gain < 0), key=lambda one: one.gain)
        better = sorted((one for one in own if one.flagged and one.gain > 0), key=lambda one: -one.gain)
        said = []
        if worse:
            said.append(f"worse in {_named(worse, MOST_NAMED)}")
        if better:
            most = f", most in {_named(better, 1)}" if len(better) > 1 else f": {_named(better, 1)}"
            said.append(f"better in {len(better)} of {words.counted(len(own), 'part')}{most}")
            if not _shown_on_all(verdict, system, against):
                said[-1] += NOT_ON_ALL
        if said:
            lines.append(f"Against {against}, {system} is {'; '.join(said)}.")
    return lines


def measure_lines(verdict: Verdict) -> list[str]:
    """A sentence for each measure."""
    return [
        f"{row.measure} of {row.system} {row.score}, of {row.against} {row.reference}: {row.gain} ({row.interval}), "
        f"p {row.p}."
        for row in measure_rows(verdict)
    ]


def _shown_on_all(verdict: Verdict, system: str, against: str) -> bool:
    """Whether the gain over all cases is proven; where they were not compared there is nothing to wonder at."""
    found = against_today(verdict, system) if against == verdict.incumbent else None
    if found is None and system == verdict.candidate:
        found = against_baseline(verdict, against)
    return found is None or found.proven_better


def _named(parts: list[SliceGain], most: int) -> str:
    named = [f"{one.slice} ({words.points(one.gain, one.n)}, {words.counted(one.n, 'case')})" for one in parts[:most]]
    more = [f"{len(parts) - most} more"] if len(parts) > most > 1 else []
    return words.joined([*named, *more])


def _part_row(one: SliceGain) -> PartRow:
    return PartRow(
        part=one.slice,
        n=words.count(one.n),
        score=words.percent(one.score, one.n),
        reference=words.percent(one.reference, one.n),
        gain=words.signed_points(one.gain, one.n),
        interval=words.points_range(one.interval, one.n),
        flag=("better" if one.gain > 0 else "worse") if one.flagged else "",
    )


def _measure_row(one: MeasureGain) -> MeasureRow:
    low, high = one.interval
    return MeasureRow(
        measure=one.measure.replace("_", " "),
        system=one.system,
        against=one.against,
        score=f"{one.score:.3f}",
        reference=f"{one.reference:.3f}",
        gain=f"{one.gain:+.3f}",
        interval=f"{low:+.3f} to {high:+.3f}",
        p=words.p_value(one.p),
    )
