"""Overfitting seen: one system on what it learned from, on what it was chosen by, and on new cases."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tunewright.records.base import Interval, Record

NewRows = Literal["test", "validation"]
Rows = Literal["training", "validation", "test", "test near training", "test far from training"]


class Gap(Record):
    """Mean score on one kind of rows, with its interval."""

    rows: Rows
    n: int
    score: float
    interval: Interval = Field(description="95 %, with groups counted as one piece of evidence")


class Learned(Record):
    """Where a system is better than it will be on new cases."""

    new_rows: NewRows = Field(description="what stands for new cases: validation rows while the test is closed")
    gaps: list[Gap]
    train_minus_test: float | None = Field(
        description="gap between training rows and new cases; null where training rows were not asked again"
    )
    train_minus_test_interval: Interval | None
    near_minus_far: float | None = Field(
        description="score on the half of the test most alike a training row, minus that of the other half"
    )
    near_minus_far_interval: Interval | None
    hard_rows: list[str] = Field(
        description="row ids of training rows that stay dear to the end of training, or that are answered wrong "
        "although they were learned; at most 20"
    )
    text: str
