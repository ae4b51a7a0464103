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


class RowLosses(Record):
    """The loss of training rows as they were trained on, above the least that label smoothing allows, per unit learned.

    A unit is a label, or a token of an answer. A loss is low below log 2: the right answer has a chance of more than a
    half. Losses of a row in several fits (folds) are averaged. ``early``, ``late`` and ``never`` add up to ``rows``.
    """

    rows: int
    median_by_epoch: list[float] = Field(description="median over the rows that had the epoch")
    early: int = Field(description="rows with a low loss in the first epoch and in the last one")
    late: int = Field(description="rows with a low loss in the last epoch, not in the first one")
    never: int = Field(description="rows whose loss is not low in the last epoch: candidates for wrong labels")
    of_hard_rows: list[list[float]] = Field(
        description="loss of each of hard_rows, epoch by epoch; empty where it was not kept"
    )


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
        description="row ids of training rows that stay dear to the end of training; else those answered wrong "
        "although they were learned; else those dear in the first epoch; at most 20"
    )
    losses: RowLosses | None = Field(
        default=None, description="how training rows were learned; null where the fit keeps no losses of rows"
    )
    text: str
