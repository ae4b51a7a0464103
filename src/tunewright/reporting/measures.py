"""Further figures that only some jobs have: measures of all answers together, criteria, and what models took.

A view like ``evidence``: tables of finished words, empty where no system has such figures.
"""

from __future__ import annotations

from dataclasses import dataclass

from tunewright.records.verdict import PerAnswer, Verdict
from tunewright.reporting import words

MOST_COLUMNS = 8
MODEL_HEADINGS = ("Calls", "Tokens read", "of them from a cache", "Tokens written", "$ per 1,000 answers")


@dataclass(frozen=True, slots=True)
class FigureTable:
    """A row of figures for each system that has any."""

    headings: list[str]
    rows: list[tuple[str, list[str]]]


def measure_table(verdict: Verdict) -> FigureTable | None:
    """Measures of all answers together, then means of further measures per case."""
    shown = [(system, {**system.measures, **system.parts}) for system in verdict.systems if system.available]
    names = list(dict.fromkeys(name for _, values in shown for name in values))[:MOST_COLUMNS]
    if not names:
        return None
    rows = [(system.name, [_number(values.get(name)) for name in names]) for system, values in shown if values]
    return FigureTable([name.replace("_", " ").replace(":", ": ") for name in names], rows)


def model_table(verdict: Verdict) -> FigureTable | None:
    """What one answer takes of language models."""
    rows = [
        (system.name, _taken(system.per_answer))
        for system in verdict.systems
        if system.available and system.per_answer is not None
    ]
    return FigureTable(list(MODEL_HEADINGS), rows) if rows else None


def _taken(taken: PerAnswer) -> list[str]:
    read = taken.input_tokens + taken.cached_tokens + taken.cache_written_tokens
    usd = words.UNPRICED if taken.usd is None else f"{1000 * taken.usd:,.4g}"
    return [
        f"{taken.calls:,.3g}",
        f"{read:,.0f}",
        f"{taken.cached_tokens:,.0f}",
        f"{taken.output_tokens:,.0f}",
        usd,
    ]


def _number(value: float | None) -> str:
    return words.NOT_MEASURED if value is None else f"{value:.3f}"
