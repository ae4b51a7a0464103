"""Realistic verdicts for the tests of this room: one per headline, and the awkward ones.

Figures agree with each other: gains follow from fixed and broken, costs from volume and price.
"""

from __future__ import annotations

from tunewright.records.verdict import (
    CaseText,
    ClassFigures,
    Confusion,
    Cost,
    DataSummary,
    Gate,
    Interval,
    Latency,
    Paired,
    SystemResult,
    Target,
    TestSet,
    TestUse,
    TuningBudget,
    Use,
    Verdict,
)

DESKS = ["account", "billing", "cancellation", "delivery", "hardware", "login", "network", "orders", "refund", "returns"]
BASIS = "30,000 answers a month (1,000 a day); a small server at $0.05 an hour, price of 2026-09-01; no one else uses it."
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
    wrong = round(30_000 * (1 - score))
    return Cost(
        usd_per_month=usd,
        low=round(usd * 0.8, 2),
        high=round(usd * 1.3, 2),
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
            text="The router SN-4839-2210-7736 drops the line since 2026-10-07, 08:30. IBAN DE89 3704 0044 0532 0130 00",
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
        text="They were locked away before anything was trained, so the answer holds for the very model that was tested.",
    )


def ship() -> Verdict:
    tuned = "finetune:minilm"
    systems = [
        system("majority", 0.148, (0.1218, 0.1788), simplicity=0, training_seconds=0.0, latency=speed(0.01, 0.02), usd=0.0),
        system("rules.py:route", 0.872, (0.8428, 0.8964), kind="rules", usd=3.0, training_seconds=None,
               latency=speed(0.3, 0.9), budget=TuningBudget(declared=0, spent=0, exhausted=True)),
        system("tfidf", 0.905, (0.8789, 0.9259), usd=3.0, training_seconds=2.4, latency=speed(1.4, 2.2)),
        system("embedding", 0.908, (0.8823, 0.9286), usd=9.5, training_seconds=14.0, latency=speed(11.8, 17.0)),
        system(tuned, 0.9433, (0.9219, 0.9592), kind="finetune", candidate=True, simplicity=6, usd=11.0,
               training_seconds=412.0, latency=speed(12.6, 18.4), notes=("Stopped after 3 of 5 epochs: no gain.",)),
        unavailable("prompt:large", "There is no key for the model 'large'. Set OPENAI_API_KEY."),
    ]  # fmt: skip
    return Verdict(
        run="r-20261007-0912",
        created="2026-10-07 09:12",
        task=TASK,
        stage="final",
        headline="SHIP_FINE_TUNE",
        headline_text=f"Use {tuned}: it fixes 34 and breaks 13 of 600 cases against embedding, the best simpler system.",
        today_text="Yes, there is something better than what you use today: 58 cases fixed, 15 broken of 600.",
        quality="superior",
        borderline=False,
        candidate=tuned,
        incumbent="rules.py:route",
        binding="embedding",
        use=Use(system=tuned, reason="ship", text=f"Use {tuned} in place of rules.py:route."),
        baselines=[
            paired("majority", 480, 3, (0.7586, 0.8253), 0.0, saves=-11.0),
            paired("rules.py:route", 58, 15, (0.0446, 0.0992), 0.0000004, saves=-8.0),
            paired("tfidf", 37, 14, (0.0157, 0.0622), 0.0009, saves=-8.0),
            paired("embedding", 34, 13, (0.0131, 0.0586), 0.0015, saves=-1.5),
        ],
        incumbent_comparisons=[
            paired("majority", 6, 440, (-0.7577, -0.6869), 1.0, saves=3.0),
            paired("tfidf", 44, 24, (0.0064, 0.0613), 0.0104, saves=0.0),
            paired("embedding", 47, 25, (0.0087, 0.0656), 0.0063, saves=-6.5),
            paired(tuned, 58, 15, (0.0446, 0.0992), 0.0000004, saves=-8.0),
        ],
        systems=systems,
        target=Target(metric="accuracy", at_least=0.92, system=tuned, result="met",
                      text="Target 92 %: met. It is very likely between 92.2 and 95.9 %."),
        gates=[
            Gate(name="exact leaks", passed=True, text="0 of 600 test rows occur in training."),
            Gate(name="missing scores", passed=True, text="0 of 3,000 scores are missing."),
            Gate(name="equal budgets", passed=True, text="Every system had at least 12 passes or tried its whole grid."),
        ],
        test_set=locked_set(),
        min_improvement=0.02,
        min_improvement_basis="It is stated in the project.",
        smallest_provable_gain=0.031,
        needed_cases=None,
        data=data(DESKS),
        fixed_cases=cases("f"),
        broken_cases=cases("b"),
        cases_between=("rules.py:route", tuned),
        confusion=[confusion(tuned, DESKS, 60, 3)],
        not_tried=["No large prompted model was tried.", "Retrieval was not tried."],
        next_step="Put it in service beside rules.py:route for a week and compare their answers; that costs about $3.",
        review="The owner of the ticket desks, on 2027-01-07 or when a desk is added.",
        command="tunewright run --final --seed 0",
        warnings=["31 near duplicates were found; no two stand on different sides of the split."],
        seeds={"split": 0, "training": 0},
        hashes={"code": "4be1a3c09d", "data": "77ac01f3be", "weights": "0d93e6aa18"},
    )  # fmt: skip


def changed(verdict: Verdict, changes: dict[str, object]) -> Verdict:
    """The verdict with some fields replaced, checked again."""
    return Verdict.model_validate({**verdict.model_dump(), **changes})


def keep_simpler() -> Verdict:
    base, tuned = ship(), "finetune:minilm"
    systems = [
        *base.systems[:2],
        system("tfidf", 0.9467, (0.9258, 0.9620), usd=3.0, training_seconds=2.4, latency=speed(1.4, 2.2)),
        system(tuned, 0.94, (0.9181, 0.9563), kind="finetune", candidate=True, simplicity=6, usd=11.0,
               training_seconds=412.0, latency=speed(12.6, 18.4)),
    ]  # fmt: skip
    return changed(
        base,
        {
            "headline": "KEEP_SIMPLER",
            "headline_text": "Don't fine-tune: tfidf does as well, for $3 a month instead of $11.",
            "today_text": "Yes, there is something better than what you use today: tfidf fixes 60 and breaks 15 of 600 cases.",
            "quality": "equivalent",
            "binding": "tfidf",
            "use": Use(system="tfidf", reason="simplest-shown", text="Use tfidf in place of rules.py:route."),
            "baselines": [
                paired("majority", 478, 3, (0.7552, 0.8222), 0.0, saves=-11.0),
                paired("rules.py:route", 57, 16, (0.0413, 0.0957), 0.000001, saves=-8.0),
                paired("tfidf", 8, 12, (-0.0227, 0.0085), 0.868, saves=-8.0),
            ],
            "incumbent_comparisons": [
                paired("majority", 6, 440, (-0.7577, -0.6869), 1.0, saves=3.0),
                paired("tfidf", 60, 15, (0.0476, 0.1029), 0.0000001, saves=0.0),
                paired(tuned, 57, 16, (0.0413, 0.0957), 0.000001, saves=-8.0),
            ],
            "systems": systems,
            "target": Target(metric="accuracy", at_least=0.95, system="tfidf", result="unprovable",
                             text="Target 95 %: cannot be shown. It is very likely between 92.6 and 96.2 %."),
            "cases_between": ("rules.py:route", "tfidf"),
            "confusion": [confusion("tfidf", DESKS, 60, 3)],
            "next_step": "Put tfidf in service; nothing else is worth money now. Save the wrong answers that people correct.",
        },
    )  # fmt: skip


def not_proven() -> Verdict:
    base, tuned = ship(), "finetune:minilm"
    return changed(
        base,
        {
            "headline": "NOT_PROVEN",
            "headline_text": "Not proven: about 1,150 more cases would decide. Until then keep embedding.",
            "today_text": "Yes, there is something better than what you use today: embedding fixes 47 and breaks 25 of 600.",
            "quality": "inconclusive",
            "use": Use(system="embedding", reason="better-than-today", text="Use embedding until then."),
            "systems": [
                *base.systems[:4],
                system(tuned, 0.925, (0.9011, 0.9435), kind="finetune", candidate=True, simplicity=6, usd=11.0,
                       training_seconds=412.0, latency=speed(12.6, 18.4)),
                base.systems[5],
            ],
            "baselines": [
                paired("majority", 470, 4, (0.7418, 0.8096), 0.0, saves=-11.0),
                paired("rules.py:route", 55, 23, (0.0247, 0.0829), 0.0002, saves=-8.0),
                paired("tfidf", 31, 19, (-0.0033, 0.0439), 0.0595, saves=-8.0),
                paired("embedding", 29, 19, (-0.0062, 0.0401), 0.0967, saves=-1.5),
            ],
            "incumbent_comparisons": [*base.incumbent_comparisons[:3], paired(tuned, 55, 23, (0.0247, 0.0829), 0.0002)],
            "target": Target(metric="accuracy", at_least=0.92, system="embedding", result="unprovable",
                             text="Target 92 %: cannot be shown with 600 cases."),
            "needed_cases": 1750,
            "cases_between": ("embedding", tuned),
            "confusion": [confusion(tuned, DESKS, 60, 4)],
            "next_step": "Label 1,150 more tickets: about 10 hours of one person.",
        },
    )  # fmt: skip


def cannot_judge() -> Verdict:
    return changed(
        ship(),
        {
            "headline": "CANNOT_JUDGE",
            "headline_text": "This cannot be judged: 41 of 600 test cases also stand in the training data.",
            "today_text": "Whether something is better than what you use today cannot be said from these cases.",
            "quality": None,
            "use": Use(system="rules.py:route", reason="incumbent", text="Keep rules.py:route until this is mended."),
            "target": None,
            "gates": [
                Gate(
                    name="exact leaks",
                    passed=False,
                    text="41 of 600 test rows (6.8 %) occur word for word in training; at most 1 % may. Take the copies "
                    "out with: tunewright audit --fix exact-leaks",
                    rows=[f"t-{number}" for number in range(104, 145)],
                ),
                Gate(name="missing scores", passed=True, text="0 of 3,000 scores are missing."),
            ],
            "fixed_cases": [],
            "broken_cases": [],
            "next_step": "Take out the 41 copies and run again; it costs nothing but the run.",
        },
    )


def explore() -> Verdict:
    base = ship()
    systems = [entry.model_dump() for entry in base.systems]
    for entry in systems:
        if entry["available"]:
            entry.update(n=300, score=entry["validation_score"], no_usable_answer=0)
    return changed(
        base,
        {
            "stage": "explore",
            "headline": None,
            "headline_text": "No verdict yet: the 600 test cases are still closed. finetune:minilm leads on validation.",
            "today_text": "On validation cases finetune:minilm is ahead of what you use today by 7.2 points.",
            "quality": None,
            "binding": None,
            "use": Use(system="rules.py:route", reason="incumbent", text="Keep rules.py:route until the test is opened."),
            "baselines": [],
            "incumbent_comparisons": [],
            "systems": systems,
            "target": None,
            "test_set": TestSet.model_validate({**locked_set().model_dump(), "uses": []}),
            "needed_cases": 1450,
            "fixed_cases": [],
            "broken_cases": [],
            "cases_between": None,
            "confusion": [],
            "next_step": "Open the test for finetune:minilm with: tunewright verdict --final",
        },
    )


def no_candidate() -> Verdict:
    base = keep_simpler()
    return changed(
        base,
        {
            "headline": None,
            "headline_text": "",
            "quality": None,
            "candidate": None,
            "incumbent": None,
            "binding": None,
            "today_text": "",
            "use": Use(system="tfidf", reason="simplest-shown", text="Use tfidf: the simplest system shown to be as good "
                       "as the best one."),
            "baselines": [],
            "incumbent_comparisons": [],
            "systems": [entry for entry in base.systems if entry.role == "baseline"],
            "target": None,
            "not_tried": ["No fine-tune was tried.", "No large prompted model was tried."],
            "fixed_cases": [],
            "broken_cases": [],
            "cases_between": None,
            "needed_cases": 840,
        },
    )  # fmt: skip


def two_files() -> Verdict:
    """Two recorded answer files: nothing is known about price, time or tuning; rows stand in groups."""
    unknown = TuningBudget(declared=None, spent=0, exhausted=False)
    rows = [
        system("old.csv", 0.8083, (0.7286, 0.8688), kind="answers", n=120, usd=None, training_seconds=None, budget=unknown),
        system("new.csv", 0.8417, (0.7661, 0.8963), kind="answers", n=120, usd=None, training_seconds=None, budget=unknown,
               candidate=True),
    ]  # fmt: skip
    rows = [
        SystemResult.model_validate(
            {**row.model_dump(), "validation_score": None, "macro_f1": None, "calibration_error": None,
             "noise_flip_rate": None, "critical_n": 0, "critical_wrong": 0, "missing": 1, "n": 119}
        )
        for row in rows
    ]  # fmt: skip
    gain = Paired(
        system="old.csv", n=119, groups=44, fixed=9, broken=5, delta=0.0336, interval=(-0.0291, 0.0963), test="sign-flip",
        p_exact=0.1718, p_mid=None, interval_method="clustered t, 43 degrees of freedom", proven_better=False,
        not_worse=False, saves_usd_per_month=None,
    )  # fmt: skip
    return changed(
        ship(),
        {
            "task": "Two files of answers",
            "headline": "NOT_PROVEN",
            "headline_text": "Not proven: 119 cases in 44 groups cannot tell new.csv from old.csv. About 700 would.",
            "today_text": "Nothing better than what you use today is shown.",
            "quality": "inconclusive",
            "candidate": "new.csv",
            "incumbent": "old.csv",
            "binding": "old.csv",
            "use": Use(system="old.csv", reason="incumbent", text="Keep old.csv."),
            "baselines": [gain],
            "incumbent_comparisons": [changed_pair(gain, "new.csv")],
            "systems": rows,
            "target": None,
            "gates": [Gate(name="missing scores", passed=True, text="1 of 120 cases (0.8 %) lacks an answer.")],
            "test_set": TestSet(hash="c0ffee12", n=119, groups=44, regime="answers", folds=None, uses=[],
                                text="The answers were recorded elsewhere; what they were made from is not known."),
            "needed_cases": 700,
            "data": data(["no", "yes"], train=0, validation=0, test=120),
            "fixed_cases": [],
            "broken_cases": [],
            "cases_between": None,
            "confusion": [confusion("new.csv", ["no", "yes"], 60, 9)],
            "not_tried": ["Nothing was run; only these two files were compared."],
            "next_step": "Record the answers of both systems for about 580 more cases.",
            "command": "tunewright verdict old.csv new.csv",
            "seeds": {"permutation": 0},
            "hashes": {"new.csv": "aa01", "old.csv": "bb02"},
        },
    )  # fmt: skip


def changed_pair(pair: Paired, name: str) -> Paired:
    return Paired.model_validate({**pair.model_dump(), "system": name})


def many_labels() -> Verdict:
    """77 labels, cross-fitted."""
    labels = [f"intent_{number:02d}_{word}" for number, word in zip(range(77), DESKS * 8, strict=False)]
    base = ship()
    tuned = base.systems[4]
    systems = [
        SystemResult.model_validate({**entry.model_dump(), "classes": classes(labels, entry.score or 0.0, 13)})
        if entry.available
        else entry
        for entry in [*base.systems[:4], tuned, base.systems[5]]
    ]
    return changed(
        base,
        {
            "task": "Recognise one of 77 banking intents",
            "systems": systems,
            "data": data(labels, train=480, validation=120, test=600),
            "confusion": [confusion(tuned.name, labels, 13, 2)],
            "test_set": TestSet(
                hash="5eed77", n=600, groups=212, regime="cross-fitted", folds=5, uses=[],
                text="Every case was answered by a copy trained without it (5 parts), so the answer is about the procedure; "
                "the copy for use is trained on all cases.",
            ),
        },
    )  # fmt: skip


def hostile() -> Verdict:
    """Texts that try to break the page, the terminal or the eye."""
    script = "<script>alert('x')</script>"
    long_word = "Donaudampfschifffahrtsgesellschaftskapitän" * 12
    arabic, hebrew = "أريد استرداد أموالي من فضلك", "אני רוצה לבטל את ההזמנה"
    name = f"{script}[red]x[/red]"
    labels = ['"><img src=x onerror=alert(1)>', arabic, "退款", "🙂 emoji", long_word]
    base = ship()
    systems = [
        SystemResult.model_validate({**entry.model_dump(), "classes": []} | ({"name": name, "notes": [script]} if index == 2 else {}))
        for index, entry in enumerate(base.systems)
    ]  # fmt: skip
    systems[4] = SystemResult.model_validate({**systems[4].model_dump(), "classes": classes(labels, 0.9, 40)})
    return changed(
        base,
        {
            "task": f"{script} & 'quotes' {hebrew}",
            "headline_text": f"Use finetune:minilm: it beats {name} \x1b[31mred\x1b[0m \u202egnp.exe",
            "systems": systems,
            "baselines": [pair if pair.system != "tfidf" else changed_pair(pair, name) for pair in base.baselines],
            "incumbent_comparisons": [
                pair if pair.system != "tfidf" else changed_pair(pair, name) for pair in base.incumbent_comparisons
            ],
            "data": data(labels),
            "fixed_cases": [
                CaseText(row=script, text=f"{script} {long_word}", target=labels[0], before=arabic, after=None),
                CaseText(row="r\u0000\u0007", text=arabic + " jane@example.com", target="退款", before="", after="🙂 emoji"),
                CaseText(row="x", text="</td></table></main>{{ 7*7 }} {% raw %} &amp; \ud800", target=hebrew, before="a", after="b"),
            ],
            "confusion": [confusion("finetune:minilm", labels, 40, 4)],
            "warnings": [script, long_word],
            "not_tried": [f"{script} was not tried"],
            "hashes": {script: script},
            "command": "tunewright run '<data>.csv' && echo \"$HOME\"",
        },
    )  # fmt: skip


ALL = {
    "ship": ship,
    "keep_simpler": keep_simpler,
    "not_proven": not_proven,
    "cannot_judge": cannot_judge,
    "explore": explore,
    "no_candidate": no_candidate,
    "two_files": two_files,
    "many_labels": many_labels,
    "hostile": hostile,
}
