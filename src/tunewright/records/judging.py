"""Whether the language model that judged may be believed: against people, against itself, and what that leaves."""

from __future__ import annotations

from pydantic import Field

from tunewright.records.base import Interval, Record


class JudgedSystem(Record):
    """One system as the judge and as people see it."""

    system: str
    passed: float | None = Field(description="the judge's rate: its mean score. It is no accuracy")
    people: int = Field(description="answers of this system that people judged, of the random sample")
    people_rate: float | None = Field(description="mean of people's scores of these")
    sensitivity: float | None = Field(description="share of what people call good that the judge passes")
    specificity: float | None = Field(description="share of what people call bad that the judge fails")
    corrected: float | None = Field(
        description="share of good answers without the judge's errors (Rogan and Gladen); null unless it is admitted"
    )
    corrected_interval: Interval | None


class JudgedGain(Record):
    """The candidate over one system, as the judge sees it and with its errors taken out."""

    system: str
    judged: float = Field(description="by the judge alone; decides nothing")
    gain: float | None = Field(description="by people and judge together; null with fewer than 30 cases by people")
    interval: Interval | None
    people: int = Field(description="cases of which people judged both answers")


class Judging(Record):
    """A judge as an instrument; without admission its rates are no accuracy."""

    judge: str
    tested: bool = Field(description="whether enough answers were judged by people for a test")
    admitted: bool
    labelled: int = Field(description="answers that people judged as well")
    cases: int = Field(description="cases of the random sample that are judged without a gap")
    sensitivity: float | None
    specificity: float | None
    youden_low: float | None = Field(description="lower bound of sensitivity + specificity - 1; 0.4 is asked")
    agreement: float | None = Field(description="Krippendorff's alpha with people; 0.6 is asked")
    flip_rate: float | None = Field(description="share of judgements that change when asked again; 0.05 is allowed")
    asked_again: int = Field(description="judgements asked again")
    order_flip_rate: float | None = Field(description="pairwise: share of pairs where the order of the answers decides")
    length_gap: float | None = Field(
        description="how much higher the judge scores long answers than short ones that people call as good"
    )
    length_interval: Interval | None
    ceiling: float | None = Field(description="Krippendorff's alpha between two people")
    ceiling_cases: int = Field(description="answers that two people judged")
    same_family: list[str] = Field(description="systems whose model is of the judge's family")
    looks: int = Field(description="how often the judgements, as they grew, have decided; each look lowers the level")
    other_rubric: int = Field(description="judgements that were given under another rubric than today's")
    judged_by: list[str] = Field(description="who judged")
    gain: float | None = Field(description="of the candidate over the binding system, by prediction-powered inference")
    interval: Interval | None
    systems: list[JudgedSystem]
    gains: list[JudgedGain]
    reasons: list[str] = Field(description="why it is not admitted")
    notes: list[str] = Field(description="what a careful reader would want to know besides")
    text: str
