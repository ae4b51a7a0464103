"""What else must not break: one thing that the fine-tune is held to beside the job, against what it is made from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tunewright.records.base import Interval, Record


class Guard(Record):
    """One measure of what must not break; ``blocks``: without it the fine-tune is not to be shipped."""

    name: str
    system: str
    against: str | None = Field(description="the untuned base or another system; null: an absolute limit")
    n: int = Field(description="cases asked")
    score: float | None
    reference: float | None = Field(description="score of ``against`` on the same cases")
    interval: Interval | None = Field(description="95 % interval of score minus reference, or of the score alone")
    limit: float = Field(description="what the worse end of the interval is held to")
    result: Literal["holds", "broken", "unproven", "not-checked"]
    blocks: bool
    text: str
