"""Categories in the report: the confusion matrix as shaded cells, the most confused pairs, figures per category.

The fields of an extraction have the same table as categories have.

A view like ``evidence``. Above ``MOST_LABELS`` labels a matrix cannot be read, so the pairs stand alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tunewright.records.verdict import ClassFigures, Confusion, SystemResult, Verdict
from tunewright.reporting import words
from tunewright.reporting.evidence import fraction
from tunewright.reporting.lookup import system_named

MOST_LABELS = 25
MOST_PAIRS = 20
NO_USABLE_ANSWER = "no usable answer"
# Beyond three systems side by side the table is wider than a page.
MOST_SYSTEMS = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """One count; ``shade`` in [0, 1] is its share of the row."""

    count: int
    shade: float
    right: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """Cases of ``target`` that were answered ``answer``."""

    target: str
    answer: str
    text: str


@dataclass(frozen=True, slots=True)
class ConfusionView:
    """The matrix of one system; ``rows`` is empty where there are too many labels."""

    system: str
    columns: list[str]
    rows: list[tuple[str, list[Cell]]]
    pairs: list[Pair]
    more_pairs: int


@dataclass(frozen=True, slots=True)
class CategoryTable:
    """Precision, recall and F1 per category, for up to three systems; weakest category first."""

    systems: list[str]
    rows: list[tuple[str, str, list[str]]]


def confusion_views(verdict: Verdict) -> list[ConfusionView]:
    """One view per matrix in the verdict."""
    return [_confusion(confusion) for confusion in verdict.confusion]


def category_table(verdict: Verdict) -> CategoryTable | None:
    """Figures per category, weakest first."""
    return _side_by_side(verdict, lambda system: system.classes)


def field_table(verdict: Verdict) -> CategoryTable | None:
    """Figures per field of an extraction, or per label where a case has several."""
    return _side_by_side(verdict, lambda system: system.fields)


def _side_by_side(verdict: Verdict, of: Callable[[SystemResult], list[ClassFigures]]) -> CategoryTable | None:
    """The systems that matter side by side: today's, the recommended, the candidate, the hardest to beat."""
    names = [verdict.incumbent, verdict.use.system, verdict.candidate, verdict.binding]
    chosen: dict[str, SystemResult] = {}
    for name in names:
        system = system_named(verdict, name)
        if system and of(system):
            chosen.setdefault(system.name, system)
    systems = list(chosen.values())[:MOST_SYSTEMS]
    if not systems:
        return None
    figures = [{figure.label: figure for figure in of(system)} for system in systems]
    judged = figures[_judged(verdict, systems)]
    labels = sorted(judged, key=lambda label: (judged[label].f1, label))
    labels += sorted({label for table in figures for label in table} - set(labels))
    rows = []
    for label in labels:
        found = [table.get(label) for table in figures]
        cases = next(figure.n for figure in found if figure)
        rows.append((label, words.count(cases), [text for figure in found for text in _figures(figure)]))
    return CategoryTable([system.name for system in systems], rows)


def _judged(verdict: Verdict, systems: list[SystemResult]) -> int:
    """Whose weakest categories come first: the candidate's, else the recommended system's."""
    names = [system.name for system in systems]
    wanted = (name for name in (verdict.candidate, verdict.use.system) if name in names)
    return names.index(next(wanted, names[-1]))


def _figures(figure: ClassFigures | None) -> list[str]:
    if figure is None:
        return [words.NOT_MEASURED] * 3
    return [_percent(figure.precision, figure.n), _percent(figure.recall, figure.n), fraction(figure.f1)]


def _percent(share: float | None, n: int) -> str:
    # A precision without a single answer of that category has no value.
    return words.percent(share, n) if words.present(share) else "no such answer"


def _confusion(confusion: Confusion) -> ConfusionView:
    columns = [*confusion.labels, NO_USABLE_ANSWER][: len(confusion.counts[0]) if confusion.counts else 0]
    if columns and columns[-1] == NO_USABLE_ANSWER and not any(row[-1] for row in confusion.counts):
        columns = columns[:-1]
    rows = []
    if len(confusion.labels) <= MOST_LABELS:
        for position, (label, counts) in enumerate(zip(confusion.labels, confusion.counts, strict=True)):
            total = sum(counts) or 1
            cells = [
                Cell(number, number / total, column == position) for column, number in enumerate(counts[: len(columns)])
            ]
            rows.append((label, cells))
    pairs = _pairs(confusion, columns)
    return ConfusionView(confusion.system, columns, rows, pairs[:MOST_PAIRS], max(0, len(pairs) - MOST_PAIRS))


def _pairs(confusion: Confusion, columns: list[str]) -> list[Pair]:
    """Wrong answers by number, most first."""
    found = []
    for position, (label, counts) in enumerate(zip(confusion.labels, confusion.counts, strict=True)):
        total = sum(counts)
        for column, answer in enumerate(columns):
            if column != position and counts[column]:
                found.append((counts[column], total, label, answer))
    found.sort(key=lambda pair: (-pair[0], pair[2], pair[3]))
    return [Pair(label, answer, f"{words.count(n)} of {words.count(total)}") for n, total, label, answer in found]
