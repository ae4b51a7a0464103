"""Parts of the cases by name (a category, a tag, a language), and who gains or loses there. Never a headline."""

from __future__ import annotations

from pydantic import Field

from tunewright.records.base import Interval, Record


class SliceGain(Record):
    """One system against another on one part of the cases."""

    slice: str = Field(description="what the cases have in common, such as 'category: billing'")
    system: str
    against: str
    n: int
    score: float
    reference: float
    gain: float
    interval: Interval = Field(description="95 % interval of the gain in this part alone")
    p_adjusted: float = Field(description="two-sided, all parts counted in (Benjamini-Hochberg)")
    flagged: bool = Field(description="differs from 0 with all parts counted in: p_adjusted is at most 0.10")


class MeasureGain(Record):
    """One system against another by a measure of all answers together, such as micro F1 or BLEU."""

    measure: str
    system: str
    against: str
    score: float
    reference: float
    gain: float
    interval: Interval = Field(description="95 % interval, paired cluster bootstrap")
    p: float = Field(description="two-sided, answers of the two swapped group by group (approximate randomisation)")
