"""Overfitting seen: one system on what it learned from, on what it was chosen by, and on new cases."""

from __future__ import annotations

from pydantic import Field

from tunewright.records.base import Interval, Record


class Gap(Record):
    """Mean score on one kind of rows, with its interval."""

    rows: str = Field(description="training, validation, test, test near training, test far from training")
    n: int
    score: float
    interval: Interval


class Learned(Record):
    """Where a system is better than it will be on new cases."""

    gaps: list[Gap]
    train_minus_test: float | None
    train_minus_test_interval: Interval | None
    near_minus_far: float | None
    near_minus_far_interval: Interval | None
    hard_rows: list[str] = Field(description="row ids of training rows that stay wrong or dear to the end, at most 20")
    text: str
