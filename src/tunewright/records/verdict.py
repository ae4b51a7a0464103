"""The verdict document: what a run concludes, with its evidence, as written to ``verdict.json``.

The JSON schema in ``docs/verdict.schema.json`` is generated from these models. Numbers are rounded where they are
made, so that equal evidence gives equal bytes. Paths that hold measured seconds are listed in ``docs/volatile.txt``.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tunewright.records.base import Interval, Record
from tunewright.records.guard import Guard
from tunewright.records.judging import Judging
from tunewright.records.learned import Learned
from tunewright.records.money import Money
from tunewright.records.slices import MeasureGain, SliceGain

SCHEMA_VERSION = 1

Headline = Literal["CANNOT_JUDGE", "SHIP_FINE_TUNE", "KEEP_SIMPLER", "NOT_PROVEN"]
Quality = Literal["superior", "non-inferior", "equivalent", "inferior", "inconclusive"]
Regime = Literal["locked", "cross-fitted", "answers"]
Stage = Literal["explore", "final"]
GateTest = Literal["exact", "midp"]


class Bayes(Record):
    """Posterior probabilities of a gain under a Dirichlet(1/2) prior: sensitivity, never the test."""

    better: float = Field(description="that the gain is above 0")
    worthwhile: float = Field(description="that the gain is above min_improvement")


class Paired(Record):
    """One system against another on the same cases; gains are first minus second."""

    system: str = Field(description="the system compared against")
    n: int = Field(description="cases that both answered")
    groups: int | None = Field(description="number of groups where rows belong together, else null")
    fixed: int | None = Field(description="cases right now that the other had wrong; null unless scores are 0 or 1")
    broken: int | None = Field(description="cases wrong now that the other had right")
    delta: float = Field(description="mean gain in score, between -1 and 1")
    interval: Interval = Field(description="95 % interval of the gain")
    test: Literal["exact-mcnemar", "mid-p-mcnemar", "sign-flip"] = Field(description="the test that is the gate")
    p_exact: float = Field(
        description="one-sided p, exact McNemar or sign-flip on group sums; the gate unless test is mid-p-mcnemar"
    )
    p_mid: float | None = Field(description="one-sided mid-p; beside the gate, or the gate itself")
    interval_method: str
    proven_better: bool = Field(description="the gate passes and the lower bound is above 0")
    not_worse: bool = Field(description="lower bound above minus min_improvement")
    saves_usd_per_month: float | None = Field(description="running cost saved per month; null when unpriced")
    bayes: Bayes | None = Field(
        None, description="a sensitivity line beside the test; null unless cases are independent and right or wrong"
    )


class Cost(Record):
    """Running cost per month at ``volume_per_day``, in US dollars; ``None`` is unpriced, never 0."""

    usd_per_month: float | None
    low: float | None
    high: float | None
    wrong_answers_per_month: float | None
    wrong_answers_usd_per_month: float | None
    basis: str = Field(description="the prices and assumptions it follows from, in words")


class Latency(Record):
    """Seconds of one call at a time over ``n`` calls, with the machine's load beside it."""

    n: int
    p50_ms: float
    p95_ms: float
    load_1min: float | None
    calls_per_second_batched: float | None


class ClassFigures(Record):
    """Figures of one category."""

    label: str
    n: int
    precision: float | None
    recall: float | None
    f1: float


class TuningBudget(Record):
    """Tuning effort in scored validation passes; ``declared`` null is unknown."""

    declared: int | None
    spent: int
    exhausted: bool


class PerAnswer(Record):
    """What one answer takes of language models, on average over ``n`` answers: calls, tokens as billed, dollars."""

    n: int
    calls: float
    input_tokens: float = Field(description="read at the full price")
    cached_tokens: float = Field(description="read from a cache")
    cache_written_tokens: float
    output_tokens: float
    usd: float | None = Field(description="null: the price of some call is unknown; 0: nobody sends a bill")


class HandoverPoint(Record):
    """What a system does when the cases it is least sure of are handed to a person."""

    handed: float = Field(description="share of the cases handed over")
    kept: int = Field(description="cases answered")
    score: float = Field(description="mean score of the answers kept")
    interval: Interval = Field(description="95 % interval of it, for this point alone")


class Handover(Record):
    """Accuracy of the answers kept against the share of cases handed to a person, whose errors are not counted."""

    person: bool = Field(description="whether the system hands cases over by itself, at a cut-off fixed before")
    kept: HandoverPoint | None = Field(description="the cases with a usable answer, as the system stands")
    certified: float | None = Field(
        description="with ``person``: the share right that the answers kept are shown to have, one-sided 97.5 %"
    )
    area: float | None = Field(description="area under the risk-coverage curve (AURC); null with ``person``")
    curve: list[HandoverPoint] = Field(description="by the system's own confidence, at most one point per 2.5 %")
    at_target: HandoverPoint | None = Field(
        description="the fewest to hand over so that the project's target is shown, all cut-offs tried counted in"
    )


class SystemResult(Record):
    """One system of the comparison."""

    name: str
    kind: str
    role: Literal["baseline", "candidate"]
    available: bool
    reason: str | None = Field(description="why it is not available, with the remedy")
    practice: bool = Field(
        default=False, description="it asks or tunes an embedded practice model, which stands for no serious one"
    )
    asked_elsewhere: str = Field(default="", description="the language model that gave recorded answers, as stated")
    simplicity: int
    n: int
    score: float | None
    interval: Interval | None
    validation_score: float | None
    missing: int = Field(description="not answered for reasons outside the system; never counted as wrong")
    no_usable_answer: int = Field(description="refusals, unusable answers, own timeouts; counted as wrong")
    macro_f1: float | None
    critical_n: int
    critical_wrong: int
    calibration_error: float | None = Field(description="expected calibration error, equal-mass bins")
    noise_flip_rate: float | None = Field(description="share of answers that changed when run again in another order")
    classes: list[ClassFigures]
    fields: list[ClassFigures] = Field(default_factory=list, description="of the fields of an extraction, by name")
    measures: dict[str, float] = Field(
        default_factory=dict, description="measures of all answers together, such as micro F1 or BLEU"
    )
    parts: dict[str, float] = Field(
        default_factory=dict, description="means of further measures per case, such as the criteria of a rubric"
    )
    per_answer: PerAnswer | None = Field(default=None, description="null where no language model is asked")
    learned: Learned | None = Field(default=None, description="null before the test is opened, or where not measured")
    reachable: float | None = Field(
        default=None, description="share of the gain from ``reachable_from`` to the best system that this one brings"
    )
    reachable_interval: Interval | None = None
    handover: Handover | None = Field(default=None, description="null without a confidence or before cases are scored")
    cost: Cost
    latency: Latency | None
    training_seconds: float | None
    budget: TuningBudget
    notes: list[str]


class Gate(Record):
    """A condition without which nothing can be judged."""

    name: str
    passed: bool
    text: str
    rows: list[str] = Field(default_factory=list, description="row ids concerned, at most 50")


class Target(Record):
    """The target stated by the person, and whether the recommended system is shown to meet it."""

    metric: str
    at_least: float
    system: str | None
    result: Literal["met", "missed", "unprovable"]
    text: str


class Use(Record):
    """What to use from tomorrow on."""

    system: str | None
    reason: Literal["ship", "simplest-shown", "better-than-today", "incumbent", "best-on-validation", "none"]
    text: str


class TestUse(Record):
    """One recorded use of a locked test set."""

    when: str
    run: str
    predictions: str


class OverlappingUse(Record):
    """One recorded use of another test set that shares cases with this one."""

    when: str
    run: str
    predictions: str
    shared_rows: int = Field(description="cases that stand in both test sets")


class TestSet(Record):
    """The cases that decide."""

    hash: str
    n: int
    groups: int | None
    regime: Regime
    folds: int | None
    uses: list[TestUse]
    overlapping_uses: list[OverlappingUse] = Field(
        default_factory=list, description="uses of other test sets, such as another split of the same rows"
    )
    overlapping_rows: int = Field(default=0, description="cases of this test set that stand in any of those")
    text: str = Field(description="what the claim is about, in words")


class DataSummary(Record):
    """in = out + set aside, and what was found on the way."""

    rows_in: int
    rows_used: int
    rows_set_aside: int
    labels: list[str]
    train: int
    validation: int
    test: int
    exact_duplicates: int
    near_duplicates: int
    contradictions: int
    notes: list[str]


class CaseText(Record):
    """A case that the recommended change fixes or breaks."""

    row: str
    text: str
    target: str
    before: str | None
    after: str | None


class Confusion(Record):
    """Confusion matrix of one system: rows are targets, columns are answers (the last column: no usable answer)."""

    system: str
    labels: list[str]
    counts: list[list[int]]


class WholesaleFailure(Record):
    """A group or category in which a system has every case wrong and what it is compared with has most right."""

    kind: Literal["group", "category"]
    name: str
    n: int = Field(description="cases of this kind that both answered")
    system: str
    against: str
    right: float = Field(description="how many of them the other system has right")
    text: str


class RecipeClaim(Record):
    """The chosen fine-tune trained from several seeds, against the hardest simpler system: the procedure's gain."""

    system: str
    against: str
    seeds: list[int]
    n: int = Field(description="cases that all of them answered")
    scores: list[float] = Field(description="mean score of each seed's weights")
    gain: float
    interval: Interval = Field(description="95 % interval of the procedure's gain, over seeds and cases")
    seed_sd: float = Field(description="standard deviation of the gain between seeds")
    text: str


class Verdict(Record):
    """The whole document."""

    schema_version: int = SCHEMA_VERSION
    run: str
    created: str
    task: str
    stage: Stage
    headline: Headline | None
    headline_text: str
    today_text: str = Field(description="whether something better than what is used today exists")
    quality: Quality | None
    borderline: bool = Field(description="the interval excludes 0 and the exact test does not reject")
    candidate: str | None
    incumbent: str | None
    binding: str | None = Field(description="the hardest baseline, against which gain and interval are stated")
    use: Use
    baselines: list[Paired] = Field(description="the candidate against every baseline")
    incumbent_comparisons: list[Paired] = Field(
        description="every available system (named) against the incumbent: here gains are named system minus incumbent"
    )
    systems: list[SystemResult]
    target: Target | None
    gates: list[Gate]
    test_set: TestSet
    volume_per_day: float | None = Field(default=None, description="answers a day that all costs a month are for")
    volume_stated: bool = Field(default=True, description="whether a person said so; else it is the usual guess")
    min_improvement: float
    min_improvement_basis: str
    strong: bool = Field(False, description="a gain must be shown to reach min_improvement before being better ships")
    smallest_provable_gain: float | None
    needed_cases: int | None
    data: DataSummary
    fixed_cases: list[CaseText] = Field(default_factory=list)
    broken_cases: list[CaseText] = Field(default_factory=list)
    wholesale_failures: list[WholesaleFailure] = Field(
        default_factory=list, description="kinds of cases lost one and all; said beside the verdict, decides nothing"
    )
    recipe: RecipeClaim | None = Field(default=None, description="with --recipe-seeds: what other seeds would gain")
    guards: list[Guard] = Field(default_factory=list, description="what else must not break, as last measured")
    slices: list[SliceGain] = Field(default_factory=list, description="parts of the cases; they decide nothing")
    measure_gains: list[MeasureGain] = Field(
        default_factory=list, description="gains by measures of all answers together"
    )
    judging: Judging | None = Field(default=None, description="null where no language model judges")
    reachable_from: str | None = Field(default=None, description="where the reachable gain is counted from")
    money: Money | None = Field(default=None, description="null before the test is opened")
    cases_between: tuple[str, str] | None = Field(default=None, description="(before, after) systems of the case lists")
    confusion: list[Confusion] = Field(default_factory=list)
    not_tried: list[str]
    next_step: str
    review: str = Field(description="who should look again and when")
    command: str = Field(description="the command that repeats this run")
    warnings: list[str]
    seeds: dict[str, int]
    hashes: dict[str, str]
