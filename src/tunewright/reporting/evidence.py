"""What engineers read after the first page: every figure of every system, every comparison, in finished words.

A view: rows of strings for the tables of the report, in the order of the verdict. Missing figures say so and are never
0. Confusion and categories are in ``categories``; the cases in ``cases``. The report's templates show it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tunewright.records.verdict import Latency, Paired, SystemResult, TuningBudget, Verdict
from tunewright.reporting import words
from tunewright.reporting.learned_section import share_of, share_range
from tunewright.reporting.lookup import against_today, shown_score

NO_VALUE = "\u2013"
_TESTS = {"exact-mcnemar": "exact McNemar", "mid-p-mcnemar": "mid-p McNemar", "sign-flip": "sign-flip permutation"}


@dataclass(frozen=True, slots=True)
class SystemRow:
    """One system in the main table and in the table of further figures."""

    name: str
    kind: str
    marks: list[str]
    reason: str | None
    score: str
    interval: str
    change: str
    share: str
    share_range: str
    cost: str
    latency: str
    training: str
    budget: str
    notes: list[str]
    further: list[str]


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One system against another, with its test."""

    system: str
    marks: list[str]
    n: str
    change: str
    gain: str
    interval: str
    test: str
    p_gate: str
    p_mid: str
    method: str
    better: str
    not_worse: str
    saves: str


@dataclass(frozen=True, slots=True)
class CostRow:
    """Monthly cost of one system with the assumptions it follows from."""

    system: str
    running: str
    wrong_answers: str
    wrong_usd: str
    whole: str
    whole_range: str
    basis: str


FURTHER_HEADINGS = (
    "Validation score",
    "Macro F1",
    "No usable answer (counted wrong)",
    "Not answered (not counted)",
    "Critical cases wrong",
    "Calibration error",
    "Answers changed when run again",
    "Calls a second, batched",
)


def system_rows(verdict: Verdict) -> list[SystemRow]:
    """Every system, available or not."""
    return [_system_row(verdict, system) for system in verdict.systems]


def baseline_rows(verdict: Verdict) -> list[ComparisonRow]:
    """The candidate against every simpler system."""
    return [_comparison_row(verdict, paired) for paired in verdict.baselines]


def today_rows(verdict: Verdict) -> list[ComparisonRow]:
    """Every system against today's."""
    return [_comparison_row(verdict, paired) for paired in verdict.incumbent_comparisons]


def bayes_line(verdict: Verdict) -> str | None:
    """The candidate against the hardest simpler system under a weak prior; None where there is no such figure."""
    found = next((p for p in verdict.baselines if p.system == verdict.binding and p.bayes is not None), None)
    if found is None or found.bayes is None:
        return None
    return (
        f"Sensitivity, not the test: under a weak prior (Dirichlet 1/2) {verdict.candidate} is better than "
        f"{found.system} with probability {_probability(found.bayes.better)}, and by more than "
        f"{words.set_points(verdict.min_improvement)} with {_probability(found.bayes.worthwhile)}."
    )


def _probability(value: float) -> str:
    """In per cent, never rounded to certainty."""
    if not 0.001 <= value <= 0.999:
        return "over 99.9 %" if value > 0.5 else "under 0.1 %"
    return f"{100 * value:.1f} %"


def _gate_p(paired: Paired) -> float:
    return paired.p_mid if paired.test == "mid-p-mcnemar" and paired.p_mid is not None else paired.p_exact


def cost_rows(verdict: Verdict) -> list[CostRow]:
    """What every available system costs a month."""
    rows = []
    for system in verdict.systems:
        if system.available:
            cost = system.cost
            rows.append(
                CostRow(
                    system.name,
                    words.usd(cost.usd_per_month),
                    words.about(cost.wrong_answers_per_month),
                    words.usd(cost.wrong_answers_usd_per_month),
                    words.usd(words.whole_usd(cost)),
                    words.whole_usd_range(cost),
                    cost.basis,
                )
            )
    return rows


def one_basis(verdict: Verdict) -> str:
    """The assumptions behind all costs where they are the same for every system, else empty."""
    found = {system.cost.basis for system in verdict.systems if system.available}
    return found.pop() if len(found) == 1 else ""


def marks_of(verdict: Verdict, name: str) -> list[str]:
    """What the system is in this verdict: today, recommended, candidate, hardest simpler system."""
    pairs = (
        (verdict.incumbent, "today"),
        (verdict.use.system, "recommended"),
        (verdict.candidate, "candidate"),
        (verdict.binding, "hardest to beat"),
    )
    return [mark for named, mark in pairs if named == name]


def _system_row(verdict: Verdict, system: SystemResult) -> SystemRow:
    score = shown_score(verdict, system)
    return SystemRow(
        name=system.name,
        kind=f"{system.kind}, {system.role}",
        marks=marks_of(verdict, system.name),
        reason=None if system.available else system.reason or "no reason was recorded",
        score=words.percent(score.share, score.n),
        interval=words.percent_range(score.interval, score.n),
        change=_change_today(verdict, system),
        share=share_of(system),
        share_range=share_range(system.reachable_interval),
        cost=words.usd(system.cost.usd_per_month),
        latency=_latency(system.latency),
        training=words.duration(system.training_seconds),
        budget=_budget(system.budget),
        notes=system.notes,
        further=_further(verdict, system),
    )


def _further(verdict: Verdict, system: SystemResult) -> list[str]:
    """In the order of ``FURTHER_HEADINGS``."""
    critical = f"{system.critical_wrong} of {system.critical_n}" if system.critical_n else "none marked"
    batched = system.latency.calls_per_second_batched if system.latency else None
    validation = words.NOT_MEASURED
    if words.present(system.validation_score):
        validation = words.percent(system.validation_score, verdict.data.validation)
    return [
        validation,
        fraction(system.macro_f1),
        words.count(system.no_usable_answer),
        words.count(system.missing),
        critical,
        fraction(system.calibration_error),
        _share(system.noise_flip_rate, system.n),
        words.NOT_MEASURED if batched is None else f"{float(f'{batched:.3g}'):,g}",
    ]


def fraction(value: float | None) -> str:
    """A figure between 0 and 1 with three digits after the point."""
    return f"{value:.3f}" if value is not None and words.present(value) else words.NOT_MEASURED


def _share(value: float | None, n: int) -> str:
    return words.percent(value, n) if words.present(value) else words.NOT_MEASURED


def _change_today(verdict: Verdict, system: SystemResult) -> str:
    if system.name == verdict.incumbent:
        return "today's system"
    paired = against_today(verdict, system.name)
    return change(paired) if paired else NO_VALUE


def change(paired: Paired) -> str:
    """``31 / 12``, or the gain where scores are not just right or wrong."""
    if paired.fixed is None or paired.broken is None:
        return words.points(paired.delta, paired.n)
    return f"{words.count(paired.fixed)} / {words.count(paired.broken)}"


def _latency(latency: Latency | None) -> str:
    if latency is None:
        return words.NOT_MEASURED
    return f"{words.milliseconds(latency.p50_ms)} / {words.milliseconds(latency.p95_ms)}"


def _budget(budget: TuningBudget) -> str:
    if budget.declared == 0:
        return "nothing to tune"
    if budget.declared is None:
        return f"{words.count(budget.spent)} of unknown" if budget.spent else "unknown"
    whole = ", all settings tried" if budget.exhausted else ""
    return f"{words.count(budget.spent)} of {words.count(budget.declared)}{whole}"


def _comparison_row(verdict: Verdict, paired: Paired) -> ComparisonRow:
    groups = f" in {words.counted(paired.groups, 'group')}" if paired.groups is not None else ""
    return ComparisonRow(
        system=paired.system,
        marks=marks_of(verdict, paired.system),
        n=f"{words.count(paired.n)}{groups}",
        change=change(paired) if paired.fixed is not None else NO_VALUE,
        gain=words.signed_points(paired.delta, paired.n),
        interval=words.points_range(paired.interval, paired.n),
        test=_TESTS[paired.test],
        p_gate=words.p_value(_gate_p(paired)),
        p_mid=NO_VALUE if paired.p_mid is None else words.p_value(paired.p_mid),
        method=paired.interval_method,
        better="yes" if paired.proven_better else "no",
        not_worse="yes" if paired.not_worse else "no",
        saves=words.usd(paired.saves_usd_per_month),
    )
