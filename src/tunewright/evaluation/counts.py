"""Counts of right, wrong and missed items by name (field, slot, label), and precision, recall and F1 from them.

A grade carries them as parts ``tp:NAME``, ``fp:NAME``, ``fn:NAME``; added up over cases they are the table per field.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

MAX_NAMES = 50
OTHER = "(other)"
KINDS = ("tp", "fp", "fn")


@dataclass(slots=True)
class Counts:
    """Items found rightly (``tp``), found wrongly (``fp``) and missed (``fn``), by name."""

    tp: Counter[str] = field(default_factory=Counter)
    fp: Counter[str] = field(default_factory=Counter)
    fn: Counter[str] = field(default_factory=Counter)

    def add(self, other: Counts) -> None:
        """Add another's counts."""
        for kind in KINDS:
            getattr(self, kind).update(getattr(other, kind))

    def f1(self) -> float:
        """Micro F1 ``2 tp / (2 tp + fp + fn)`` in [0, 1]; 1 where nothing was to be found and nothing was."""
        return f1(self.tp.total(), self.fp.total(), self.fn.total())

    @property
    def exact(self) -> bool:
        """Whether nothing is wrong and nothing missed."""
        return not self.fp.total() and not self.fn.total()

    def parts(self) -> tuple[tuple[str, float], ...]:
        """As parts of a grade. Names invented by an answer beyond ``MAX_NAMES`` are counted under ``(other)``."""
        expected = set(self.tp) | set(self.fn)
        invented = sorted(set(self.fp) - expected)
        shown = {name: _short(name) for name in [*expected, *invented[:MAX_NAMES]]}
        found: Counter[str] = Counter()
        for kind in KINDS:
            for name, count in getattr(self, kind).items():
                found[f"{kind}:{shown.get(name, OTHER)}"] += count
        return tuple((name, float(found[name])) for name in sorted(found) if found[name])


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one name. ``n`` is how often it was to be found; precision is None where it was never found, recall
    where it was never to be found.
    """

    name: str
    n: int
    precision: float | None
    recall: float | None
    f1: float


def f1(tp: int, fp: int, fn: int) -> float:
    """``2 tp / (2 tp + fp + fn)``; 1 where all are 0."""
    return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 1.0


def macro_f1(counts: Counts) -> float:
    """Mean F1 over the names that occur in targets or answers; 1 where none does."""
    rows = table(counts)
    return sum(row.f1 for row in rows) / len(rows) if rows else 1.0


def table(counts: Counts) -> list[Row]:
    """A row for each name, in the order of names."""
    rows = []
    for name in sorted(set(counts.tp) | set(counts.fp) | set(counts.fn)):
        tp, fp, fn = counts.tp[name], counts.fp[name], counts.fn[name]
        if tp + fp + fn:
            precision = tp / (tp + fp) if tp + fp else None
            recall = tp / (tp + fn) if tp + fn else None
            rows.append(Row(name, tp + fn, precision, recall, f1(tp, fp, fn)))
    return rows


def from_parts(cases: Iterable[Sequence[tuple[str, float]]]) -> Counts:
    """The counts of many grades together, from their parts; parts of other kinds are passed over."""
    counts = Counts()
    for parts in cases:
        for part, value in parts:
            kind, _, name = part.partition(":")
            if kind in KINDS:
                getattr(counts, kind)[name] += round(value)
    return counts


def of_multisets(target: Counter[tuple[str, str]], answer: Counter[tuple[str, str]]) -> Counts:
    """Counts by the first of each (name, value) pair; a pair counts as often as it stands in both."""
    counts = Counts()
    for pairs, into in ((target & answer, counts.tp), (answer - target, counts.fp), (target - answer, counts.fn)):
        for (name, _), count in pairs.items():
            into[name] += count
    return counts


def _short(name: str) -> str:
    return name if len(name) <= 80 else name[:79] + "…"
