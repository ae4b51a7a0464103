"""What a change costs each system: one category taken out and put back, a few examples at a time.

Written by ``tunewright change`` as ``change.json``; ``reporting.change_page`` shows it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tunewright.records.base import Interval, Record

BEFORE = "before the change"
Doing = Literal["works again", "nothing to get back", "not measured"]


class ChangePoint(Record):
    """One system with so many examples of what came back; means over the draws of examples."""

    examples: int
    draws: int = Field(description="how many nested draws of the examples in each fold")
    score: float = Field(description="F1 of the category; mean score of its cases where a job has no categories")
    interval: Interval
    recall: float = Field(description="share of its cases answered right")
    rest: float = Field(description="share right (mean score) of all other cases")
    rest_change: float | None = Field(description="against before the change; null where that cannot be had")
    rest_interval: Interval | None = Field(description="of rest_change, paired")
    training_seconds: float = Field(description="mean of one fit, on the machine at hand")


class ChangeEffort(Record):
    """What it takes until it works again; null is unknown or unpriced, never 0."""

    label_minutes: float
    label_low: float
    label_high: float
    training_minutes: float
    person_minutes: float | None = Field(description="editing a prompt or writing a rule, as stated")
    minutes: float | None
    bill_usd: float | None
    work_usd: float | None = Field(description="null where nobody said what an hour costs")
    usd: float | None
    basis: list[str]


class ChangeSystem(Record):
    """One system and one change."""

    system: str
    doing: Doing
    reason: str = Field(description="why it is not measured, or has nothing to get back; else empty")
    score_before: float | None = Field(description="of the same cases before the change: 0 for a category without name")
    rest_before: float | None
    points: list[ChangePoint]
    needed: int | None = Field(description="examples from which on it stays within the margin of all, by the estimate")
    needed_interval: tuple[int, int] | None = Field(description="95 %, over cases and draws")
    needed_by_draw: list[int]
    shown: int | None = Field(description="examples from which on the interval of the difference stays within, if any")
    effort: ChangeEffort | None
    text: str


class Change(Record):
    """One category, or one part of the documents, taken out and put back."""

    name: str
    by: str = Field(description="category, or the column that says which cases belong to it")
    cases: int = Field(description="cases of it that are scored")
    groups: int = Field(description="independent sets among them")
    others: int = Field(description="other cases that are scored")
    examples: int = Field(description="of it that can be learned from: the smallest number over the folds")
    systems: list[ChangeSystem]


class ChangeReport(Record):
    """Everything that one ``tunewright change`` measured."""

    format: Literal["tunewright change 1"] = "tunewright change 1"
    task: str
    created: str
    command: str
    measure: Literal["F1", "mean score"]
    margin: float
    margin_basis: str
    folds: int
    fits: int
    changes: list[Change]
    assumptions: list[str]
