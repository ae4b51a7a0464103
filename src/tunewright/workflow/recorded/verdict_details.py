"""What stands beside a verdict on recorded scores: slices, costs, latencies, repetitions, several candidates, judges.

Two things may forbid, and come back as gates: candidates that win only because several were looked at, and a judge that
fails against people. With ``--any-time`` the decision follows from ``AnyTime``. All else decides nothing. Only records
live here; ``score_details`` fills them in. Part of what ``tunewright verdict`` prints with ``--json``.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tunewright.records.base import Interval, Record
from tunewright.records.verdict import Verdict


class SliceGain(Record):
    """The gain in the cases of one tag; fewer than 30 are counted, not judged."""

    tag: str
    value: str
    n: int
    gain: float
    interval: Interval
    p: float | None = Field(description="two-sided; null where there are too few cases")
    p_adjusted: float | None = Field(description="Benjamini-Hochberg over all slices")
    flag: Literal["better", "worse"] | None = Field(description="adjusted p at most 0.10")


class AmountRatio(Record):
    """How many times as much the new system takes; ``null`` bounds are infinite."""

    amount: str = Field(description="seconds, usd, input tokens or output tokens of one answer")
    figure: Literal["mean", "p50", "p95"]
    n: int
    old: float
    new: float
    ratio: float | None
    interval: tuple[float, float | None]


class Repetitions(Record):
    """Several answers of one system to the same cases; each case counts once, by its mean."""

    system: str
    repetitions: float = Field(description="answers per case, on average")
    within: float = Field(description="variance of the answers to one case")
    between: float = Field(description="variance of the cases' own means")
    noise_share: float = Field(description="share of the variance of one answer that asking again would change")


class AnyTime(Record):
    """What may be said however often one looks while cases are added; less than what one look at the end proves."""

    e_value: float | None = Field(
        description="evidence for the new one; ``proof`` and more proves it; null unless 0/1 scores"
    )
    e_value_either: float | None = Field(description="evidence that they differ in either direction")
    rates: dict[str, Interval] = Field(description="95 % confidence sequence of each system's share right; 0/1 scores")
    interval: Interval = Field(description="95 % confidence sequence of the gain, by betting")
    proof: float = Field(default=40.0, description="the e-value that proves it: 40, more at later looks at these cases")


class UnusableRate(Record):
    """How often a system gave no usable answer, and the most that this leaves possible."""

    system: str
    n: int
    unusable: int
    at_most: float = Field(description="one-sided 95 % bound (Clopper-Pearson; with none about 3 / n)")


class PreferenceShare(Record):
    """Scores of 1, 1/2 and 0 as wins, ties and losses of one system."""

    system: str
    wins: int
    ties: int
    losses: int
    share: float = Field(description="wins and half of the ties")
    interval: Interval
    p: float = Field(description="one-sided sign test on decided cases")
    flip_rate: float | None = Field(description="share of cases in which the order decided; null: asked in one order")
    first_place_share: float | None = Field(description="how often the answer shown first won, ties left out")


class CandidateResult(Record):
    """One of several candidates against the old system, adjusted for how many were looked at."""

    system: str
    n: int
    score: float | None
    gain: float
    interval: Interval = Field(description="95 % for all candidates together (Bonferroni)")
    p: float = Field(description="one-sided, alone")
    p_holm: float
    p_max_t: float = Field(description="joint sign flips (Westfall-Young); on the cases that all answered")
    proven: bool = Field(description="Holm's p at most 0.025 and the interval above 0")
    reachable: float | None = Field(
        default=None, description="share of the gain from the old system to the best one; null where that is not shown"
    )
    reachable_interval: Interval | None = None


class JudgeCheck(Record):
    """The judge against people's labels, and the gain by both together."""

    labels: int = Field(description="answers with a label of a person, of both systems")
    sensitivity: float | None
    specificity: float | None
    youden_low: float | None = Field(description="lower bound of sensitivity + specificity - 1")
    alpha: float | None = Field(description="Krippendorff's")
    admitted: bool
    reasons: list[str]
    gain: float | None = Field(description="prediction-powered; null where fewer than two cases are labelled for both")
    interval: Interval | None
    worth: float | None = Field(description="how many labelled cases alone would tell as much")
    corrected: dict[str, float] = Field(description="rate of each system once the judge's errors are taken out")


class Details(Record):
    """Everything beside the verdict."""

    metric: str
    formats: list[str]
    not_worse_p: float = Field(description="one-sided p of 'worse by min_improvement or more'")
    equivalent_p: float = Field(description="p of 'differs by min_improvement or more' (two one-sided tests)")
    slices: list[SliceGain] = Field(default_factory=list)
    tags: list[str] = Field(default_factory=list, description="names that --slice takes and that part the cases")
    ratios: list[AmountRatio] = Field(default_factory=list)
    repetitions: list[Repetitions] = Field(default_factory=list)
    gain_between: float | None = Field(
        default=None,
        description="variance of the cases' own gains, with repetitions: what more of them cannot take away",
    )
    unusable: list[UnusableRate] = Field(default_factory=list)
    preference: list[PreferenceShare] = Field(default_factory=list)
    any_time: AnyTime | None = Field(default=None, description="with --any-time; null where rows belong together")
    candidates: list[CandidateResult] = Field(default_factory=list)
    judge: JudgeCheck | None = None


class DetailedVerdict(Verdict):
    """A verdict on recorded answers or scores with its details."""

    details: Details
