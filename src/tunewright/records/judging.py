"""Whether the language model that judged may be believed: against people, against itself, and what that leaves."""

from __future__ import annotations

from pydantic import Field

from tunewright.records.base import Interval, Record


class Judging(Record):
    """A judge as an instrument; without admission its rates are no accuracy."""

    judge: str
    admitted: bool
    labelled: int = Field(description="answers that people judged as well")
    sensitivity: float | None
    specificity: float | None
    agreement: float | None = Field(description="Krippendorff's alpha with people")
    flip_rate: float | None = Field(description="share of judgements that change when asked again")
    gain: float | None = Field(description="of the candidate over the binding system, by prediction-powered inference")
    interval: Interval | None
    reasons: list[str]
    text: str
