"""The document of a comparison of two runs, as ``--json`` prints it, and of a cleaning that was put to the test.

Only what crosses the border stands here; ``workflow.compare_runs`` fills it in, ``compare_page`` puts it into words.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tunewright.records.base import Interval, Record
from tunewright.records.verdict import CaseText

Cases = Literal["out-of-fold", "validation", "test"]
Shown = Literal["better", "worse", "not shown", "same"]


class RowChange(Record):
    """One row that is not the same in both runs; texts are null where they are gone."""

    row: str
    text: str | None
    before: str | None = Field(description="its target before, or its text before where the input changed")
    after: str | None
    part: str = Field(description="where it stands in the later run, or stood in the earlier one")


class RowsCompared(Record):
    """What happened to the rows. The lists hold the first rows of each kind."""

    before: int
    after: int
    same: int
    added: int
    removed: int
    relabelled: int
    changed: int
    moved: int = Field(description="rows that went from one part to another, folds aside")
    refolded: int = Field(description="rows that were dealt to another fold, which changes answers by itself")
    paired_by_id: bool = Field(description="whether the person's own row names paired rows")
    parts: dict[str, dict[str, int]] = Field(description="counts by kind of change and part")
    examples: dict[str, list[RowChange]]


class Setting(Record):
    """One setting that differs."""

    name: str
    before: str | None
    after: str | None


class SystemChange(Record):
    """One system before and after, on the cases that both runs answered; gains are after minus before."""

    system: str
    before_system: str | None = Field(default=None, description="where the two are not of the same name")
    reason: str | None = Field(description="why it cannot be compared, else null")
    same_fit: bool = False
    n: int = 0
    groups: int | None = None
    before: float | None = None
    after: float | None = None
    delta: float | None = None
    interval: Interval | None = None
    interval_method: str | None = None
    shown: Shown | None = None
    fixed: int | None = Field(default=None, description="null unless scores are 0 or 1")
    broken: int | None = None
    relabelled: int = Field(default=0, description="of the cases, those with another target in the later run")
    delta_without_relabelled: float | None = None
    missing: int = Field(default=0, description="common cases that one of the two has no score for")
    fixed_cases: list[CaseText] = Field(default_factory=list)
    broken_cases: list[CaseText] = Field(default_factory=list)
    text: str = ""


class ComparedRuns(Record):
    """The whole document."""

    before: str
    after: str
    task: str
    cases: Cases
    common: int = Field(description="cases that both runs can be compared on")
    cases_before: int
    cases_after: int
    rows: RowsCompared
    settings: list[Setting]
    systems: list[SystemChange]
    used: str | None = Field(description="what the later run recommends, whose cases are shown first")
    recommended: SystemChange | None = Field(description="what each run recommends, where the two differ")
    text: str
    rests_on: str
    warnings: list[str]


class ArmFigures(Record):
    """One way of choosing rows to learn from: how many (over all folds), and the mean score of each draw."""

    name: Literal["all", "cleaned", "random"]
    rows: int
    score: float
    by_draw: list[float]


class CleaningGain(Record):
    """Cleaned rows against other rows, on the same cases."""

    against: Literal["all", "random"]
    delta: float
    interval: Interval
    draw_sd: float = Field(description="standard deviation of the gain between draws")


class CleanedSystem(Record):
    """What cleaning brings to one system."""

    system: str
    reason: str | None
    n: int = 0
    groups: int | None = None
    arms: list[ArmFigures] = Field(default_factory=list)
    gains: list[CleaningGain] = Field(default_factory=list)
    unquestioned: list[CleaningGain] = Field(
        default_factory=list, description="the same on cases that the cleaning finds nothing wrong with"
    )
    outcome: Literal["helps", "better than random", "no gain shown", "hurts", "nothing to clean"] | None = None
    text: str = ""


class CleaningTested(Record):
    """The whole document of ``compare --recipe``."""

    task: str
    by: Literal["decisions", "audit"]
    learnable: int = Field(description="rows that any arm may learn from, over all folds once")
    left_out: int
    rewritten: int
    draws: int
    folds: int
    systems: list[CleanedSystem]
    text: str
    warnings: list[str]
