"""One realistic verdict per headline, and one of the explore stage. Odd ones are in ``sample_odd_verdicts``."""

from __future__ import annotations

from sample_parts import DESKS, TASK, cases, changed, confusion, data, locked_set, paired, speed, system, unavailable

from tunewright.records.verdict import Gate, Target, TestSet, TuningBudget, Use, Verdict


def ship() -> Verdict:
    tuned = "finetune:minilm"
    systems = [
        system(
            "majority", 0.148, (0.1218, 0.1788), simplicity=0, training_seconds=0.0, latency=speed(0.01, 0.02), usd=0.0
        ),
        system(
            "rules.py:route",
            0.872,
            (0.8428, 0.8964),
            kind="rules",
            usd=3.0,
            training_seconds=None,
            latency=speed(0.3, 0.9),
            budget=TuningBudget(declared=0, spent=0, exhausted=True),
        ),
        system("tfidf", 0.905, (0.8789, 0.9259), usd=3.0, training_seconds=2.4, latency=speed(1.4, 2.2)),
        system("embedding", 0.908, (0.8823, 0.9286), usd=9.5, training_seconds=14.0, latency=speed(11.8, 17.0)),
        system(
            tuned,
            0.9433,
            (0.9219, 0.9592),
            kind="finetune",
            candidate=True,
            simplicity=6,
            usd=11.0,
            training_seconds=412.0,
            latency=speed(12.6, 18.4),
            notes=("Stopped after 3 of 5 epochs: no gain.",),
        ),
        unavailable("prompt:large", "There is no key for the model 'large'. Set OPENAI_API_KEY."),
    ]
    return Verdict(
        run="r-20261007-0912",
        created="2026-10-07 09:12",
        task=TASK,
        stage="final",
        headline="SHIP_FINE_TUNE",
        headline_text=f"Use {tuned}: it fixes 34 and breaks 13 of 600 cases against embedding, the best simpler "
        "system.",
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
        target=Target(
            metric="accuracy",
            at_least=0.92,
            system=tuned,
            result="met",
            text="Target 92 %: met. It is very likely between 92.2 and 95.9 %.",
        ),
        gates=[
            Gate(name="exact leaks", passed=True, text="0 of 600 test rows occur in training."),
            Gate(name="missing scores", passed=True, text="0 of 3,000 scores are missing."),
            Gate(name="equal budgets", passed=True, text="Each had at least 12 passes or tried its whole grid."),
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
    )


def keep_simpler() -> Verdict:
    base, tuned = ship(), "finetune:minilm"
    systems = [
        *base.systems[:2],
        system("tfidf", 0.9467, (0.9258, 0.9620), usd=3.0, training_seconds=2.4, latency=speed(1.4, 2.2)),
        system(
            tuned,
            0.94,
            (0.9181, 0.9563),
            kind="finetune",
            candidate=True,
            simplicity=6,
            usd=11.0,
            training_seconds=412.0,
            latency=speed(12.6, 18.4),
        ),
    ]
    return changed(
        base,
        {
            "headline": "KEEP_SIMPLER",
            "headline_text": "Don't fine-tune: tfidf does as well, for $3 a month instead of $11.",
            "today_text": "Yes, something is better than what you use today: tfidf fixes 60 and breaks 15 of 600.",
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
            "target": Target(
                metric="accuracy",
                at_least=0.95,
                system="tfidf",
                result="unprovable",
                text="Target 95 %: cannot be shown. It is very likely between 92.6 and 96.2 %.",
            ),
            "cases_between": ("rules.py:route", "tfidf"),
            "confusion": [confusion("tfidf", DESKS, 60, 3)],
            "next_step": "Put tfidf in service; nothing else is worth money now. Save what people correct.",
        },
    )


def not_proven() -> Verdict:
    base, tuned = ship(), "finetune:minilm"
    return changed(
        base,
        {
            "headline": "NOT_PROVEN",
            "headline_text": "Not proven: about 1,150 more cases would decide. Until then keep embedding.",
            "today_text": "Yes, something is better than what you use today: embedding fixes 47 and breaks 25 of 600.",
            "quality": "inconclusive",
            "use": Use(system="embedding", reason="better-than-today", text="Use embedding until then."),
            "systems": [
                *base.systems[:4],
                system(
                    tuned,
                    0.925,
                    (0.9011, 0.9435),
                    kind="finetune",
                    candidate=True,
                    simplicity=6,
                    usd=11.0,
                    training_seconds=412.0,
                    latency=speed(12.6, 18.4),
                ),
                base.systems[5],
            ],
            "baselines": [
                paired("majority", 470, 4, (0.7418, 0.8096), 0.0, saves=-11.0),
                paired("rules.py:route", 55, 23, (0.0247, 0.0829), 0.0002, saves=-8.0),
                paired("tfidf", 31, 19, (-0.0033, 0.0439), 0.0595, saves=-8.0),
                paired("embedding", 29, 19, (-0.0062, 0.0401), 0.0967, saves=-1.5),
            ],
            "incumbent_comparisons": [*base.incumbent_comparisons[:3], paired(tuned, 55, 23, (0.0247, 0.0829), 0.0002)],
            "target": Target(
                metric="accuracy",
                at_least=0.92,
                system="embedding",
                result="unprovable",
                text="Target 92 %: cannot be shown with 600 cases.",
            ),
            "needed_cases": 1750,
            "cases_between": ("embedding", tuned),
            "confusion": [confusion(tuned, DESKS, 60, 4)],
            "next_step": "Label 1,150 more tickets: about 10 hours of one person.",
        },
    )


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
                    text="41 of 600 test rows (6.8 %) occur word for word in training; at most 1 % may. Take the "
                    "copies out with: tunewright audit --fix exact-leaks",
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
            "headline_text": "No verdict yet: the 600 test cases are closed. finetune:minilm leads on validation.",
            "today_text": "On validation cases finetune:minilm is ahead of what you use today by 7.2 points.",
            "quality": None,
            "binding": None,
            "use": Use(
                system="rules.py:route", reason="incumbent", text="Keep rules.py:route until the test is opened."
            ),
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
