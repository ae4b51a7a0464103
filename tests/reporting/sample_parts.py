"""Pieces that sample verdicts are built from: systems, comparisons, costs, cases. Figures agree with each other."""

from __future__ import annotations

from tunewright.records.base import Interval
from tunewright.records.verdict import (
    CaseText,
    ClassFigures,
    Confusion,
    Cost,
    DataSummary,
    Latency,
    Paired,
    SystemResult,
    TestSet,
    TestUse,
    TuningBudget,
    Verdict,
)

DESKS = [
    "account",
    "billing",
    "cancellation",
    "delivery",
    "hardware",
    "login",
    "network",
    "orders",
    "refund",
    "returns",
]
BASIS = (
    "30,000 answers a month (1,000 a day); a small server at $0.05 an hour, price of 2026-09-01; no one else uses it."
)
TASK = "Route inbound support tickets to one of 10 desks"
UNKNOWN_COST = Cost(
    usd_per_month=None,
    low=None,
    high=None,
    wrong_answers_per_month=None,
    wrong_answers_usd_per_month=None,
    basis="The price of these answers is not known.",
)


def cost(usd: float, score: float, *, usd_per_error: float | None = 4.0) -> Cost:
    """``low`` and ``high`` are the ends of running cost and wrong answers together."""
    wrong = round(30_000 * (1 - score))
    priced = wrong * (usd_per_error or 0.0)
    return Cost(
        usd_per_month=usd,
        low=round(usd + 0.75 * priced, 2),
        high=round(usd + 1.35 * priced, 2),
        wrong_answers_per_month=wrong,
        wrong_answers_usd_per_month=None if usd_per_error is None else wrong * usd_per_error,
        basis=BASIS,
    )


def classes(labels: list[str], score: float, n: int) -> list[ClassFigures]:
    """Figures that fall from the first label to the last."""
    rows = []
    for position, label in enumerate(labels):
        recall = min(1.0, max(0.0, score + 0.06 - 0.12 * position / max(1, len(labels) - 1)))
        rows.append(ClassFigures(label=label, n=n, precision=recall, recall=recall, f1=round(recall, 3)))
    return rows


def system(
    name: str,
    score: float | None,
    interval: Interval | None,
    *,
    kind: str | None = None,
    candidate: bool = False,
    simplicity: int = 1,
    n: int = 600,
    usd: float | None = 3.0,
    latency: Latency | None = None,
    training_seconds: float | None = 0.4,
    budget: TuningBudget | None = None,
    notes: tuple[str, ...] = (),
    labels: list[str] | None = None,
) -> SystemResult:
    known = score if score is not None else 0.0
    return SystemResult(
        name=name,
        kind=kind or name,
        role="candidate" if candidate else "baseline",
        available=True,
        reason=None,
        simplicity=simplicity,
        n=n,
        score=score,
        interval=interval,
        validation_score=None if score is None else round(score + 0.008, 4),
        missing=0,
        no_usable_answer=0,
        macro_f1=None if score is None else round(score - 0.013, 4),
        critical_n=24,
        critical_wrong=round(24 * (1 - known)),
        calibration_error=0.031 if candidate else None,
        noise_flip_rate=0.0,
        classes=[] if score is None else classes(labels or DESKS, score, n // len(labels or DESKS)),
        cost=UNKNOWN_COST if usd is None else cost(usd, known),
        latency=latency,
        training_seconds=training_seconds,
        budget=budget or TuningBudget(declared=12, spent=12, exhausted=True),
        notes=list(notes),
    )


def unavailable(name: str, reason: str, *, simplicity: int = 8) -> SystemResult:
    bare = system(name, None, None, usd=None, training_seconds=None, n=0, simplicity=simplicity)
    return SystemResult.model_validate({**bare.model_dump(), "available": False, "reason": reason})


def speed(p50_ms: float, p95_ms: float) -> Latency:
    return Latency(n=200, p50_ms=p50_ms, p95_ms=p95_ms, load_1min=0.4, calls_per_second_batched=round(4000 / p50_ms, 1))


def paired(
    name: str, fixed: int, broken: int, interval: Interval, p: float, *, n: int = 600, saves: float | None = 2.5
) -> Paired:
    delta = round((fixed - broken) / n, 4)
    return Paired(
        system=name,
        n=n,
        groups=None,
        fixed=fixed,
        broken=broken,
        delta=delta,
        interval=interval,
        test="exact-mcnemar",
        p_exact=p,
        p_mid=round(p * 0.8, 6),
        interval_method="Tango score interval",
        proven_better=p <= 0.025 and interval[0] > 0,
        not_worse=interval[0] > -0.02,
        saves_usd_per_month=saves,
    )


def confusion(name: str, labels: list[str], per_label: int, wrong: int) -> Confusion:
    """Each label loses ``wrong`` cases to the next one, and the first label one to no usable answer."""
    size = len(labels)
    counts = [[0] * (size + 1) for _ in labels]
    for row in range(size):
        counts[row][row] = per_label - wrong
        counts[row][(row + 1) % size] = wrong
    counts[0][0] -= 1
    counts[0][size] = 1
    return Confusion(system=name, labels=labels, counts=counts)


def cases(prefix: str) -> list[CaseText]:
    return [
        CaseText(
            row=f"{prefix}-1",
            text="Hello, I was charged twice for order 4711-0815. Mail me at jane.doe@example.com or +49 30 1234567.",
            target="billing",
            before="orders",
            after="billing" if prefix == "f" else "refund",
        ),
        CaseText(
            row=f"{prefix}-2",
            text="The router SN-4839-2210-7736 drops the line since 2026-10-07, 08:30. "
            "IBAN DE89 3704 0044 0532 0130 00",
            target="network",
            before="hardware" if prefix == "f" else "network",
            after="network" if prefix == "f" else None,
        ),
    ]


def data(labels: list[str], *, train: int = 2100, validation: int = 300, test: int = 600) -> DataSummary:
    used = train + validation + test
    return DataSummary(
        rows_in=used + 17,
        rows_used=used,
        rows_set_aside=17,
        labels=labels,
        train=train,
        validation=validation,
        test=test,
        exact_duplicates=12,
        near_duplicates=31,
        contradictions=3,
        notes=["17 rows were set aside: 12 exact duplicates, 5 without an answer."],
    )


def locked_set(n: int = 600) -> TestSet:
    return TestSet(
        hash="9b1f0c6ad2f1c0de5a7e1f62b0c4d7f3",
        n=n,
        groups=None,
        regime="locked",
        folds=None,
        uses=[TestUse(when="2026-10-07 09:12", run="r-20261007-0912", predictions="1c7a90f2")],
        text="They were locked away before anything was trained, so the answer holds for the very model "
        "that was tested.",
    )


def changed(verdict: Verdict, changes: dict[str, object]) -> Verdict:
    """The verdict with some fields replaced, checked again."""
    return Verdict.model_validate({**verdict.model_dump(), **changes})


def changed_pair(pair: Paired, name: str) -> Paired:
    return Paired.model_validate({**pair.model_dump(), "system": name})
