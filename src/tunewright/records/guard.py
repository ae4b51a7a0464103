"""What else must not break: one thing that the fine-tune is held to beside the job, against what it is made from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tunewright.records.base import Interval, Record

GuardResult = Literal["holds", "broken", "unproven", "not-checked"]


class Guard(Record):
    """One measure of what must not break; ``blocks``: while it is broken the fine-tune is not to be shipped."""

    name: str
    system: str
    against: str | None = Field(description="the untuned base or another system; null: an absolute limit")
    n: int = Field(description="cases asked")
    score: float | None
    reference: float | None = Field(description="score of ``against`` on the same cases")
    interval: Interval | None = Field(description="95 % interval of score minus reference, or of the score alone")
    p: float | None = Field(
        default=None,
        description="chance of so large a loss where nothing is lost, one-sided; 1 within the limit; null: not counted",
    )
    limit: float = Field(description="what the worse end of the interval is held to")
    result: GuardResult
    blocks: bool
    text: str


class SkillScore(Record):
    """One kind of task of the suite, before and after tuning."""

    skill: str
    n: int
    score: float
    reference: float
    interval: Interval = Field(description="95 % interval of score minus reference, for this skill alone")
    at_chance: bool = Field(description="what the model is made from is not shown to be better than guessing")


class GuardReport(Record):
    """``guards.json``: every guard of one fitted system; ``fit_key`` is the content key of that fit."""

    schema_version: int = 1
    created: str
    task: str
    system: str
    fit_key: str
    base: str | None = Field(description="what it is made from, in words")
    guards: list[Guard]
    skills: list[SkillScore] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    command: str
