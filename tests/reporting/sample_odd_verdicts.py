"""Awkward verdicts: no candidate, recorded answers, 77 labels, hostile texts. ``ALL`` lists every sample."""

from __future__ import annotations

from sample_parts import DESKS, changed, changed_pair, classes, confusion, data, system
from sample_verdicts import cannot_judge, explore, keep_simpler, not_proven, ship

from tunewright.records.verdict import CaseText, Gate, Paired, SystemResult, TestSet, TuningBudget, Use, Verdict


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
            "use": Use(
                system="tfidf",
                reason="simplest-shown",
                text="Use tfidf: the simplest system shown to be as good as the best one.",
            ),
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
    )


def two_files() -> Verdict:
    """Two recorded answer files: nothing is known about price, time or tuning; rows stand in groups."""
    unknown = TuningBudget(declared=None, spent=0, exhausted=False)
    rows = [
        system(
            "old.csv", 0.8083, (0.7286, 0.8688), kind="answers", n=120, usd=None, training_seconds=None, budget=unknown
        ),
        system(
            "new.csv",
            0.8417,
            (0.7661, 0.8963),
            kind="answers",
            n=120,
            usd=None,
            training_seconds=None,
            budget=unknown,
            candidate=True,
        ),
    ]
    rows = [
        SystemResult.model_validate(
            {
                **row.model_dump(),
                "validation_score": None,
                "macro_f1": None,
                "calibration_error": None,
                "noise_flip_rate": None,
                "critical_n": 0,
                "critical_wrong": 0,
                "missing": 1,
                "n": 119,
            }
        )
        for row in rows
    ]
    gain = Paired(
        system="old.csv",
        n=119,
        groups=44,
        fixed=9,
        broken=5,
        delta=0.0336,
        interval=(-0.0291, 0.0963),
        test="sign-flip",
        p_exact=0.1718,
        p_mid=None,
        interval_method="clustered t, 43 degrees of freedom",
        proven_better=False,
        not_worse=False,
        saves_usd_per_month=None,
    )
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
            "test_set": TestSet(
                hash="c0ffee12",
                n=119,
                groups=44,
                regime="answers",
                folds=None,
                uses=[],
                text="The answers were recorded elsewhere; what they were made from is not known.",
            ),
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
    )


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
                hash="5eed77",
                n=600,
                groups=212,
                regime="cross-fitted",
                folds=5,
                uses=[],
                text="Every case was answered by a copy trained without it (5 parts), so the answer is about the "
                "procedure; the copy for use is trained on all cases.",
            ),
        },
    )


def hostile() -> Verdict:
    """Texts that try to break the page, the terminal or the eye."""
    script = "<script>alert('x')</script>"
    long_word = "Donaudampfschifffahrtsgesellschaftskapitän" * 12
    arabic, hebrew = "أريد استرداد أموالي من فضلك", "אני רוצה לבטל את ההזמנה"
    name = f"{script}[red]x[/red]"
    renamed: dict[str, object] = {"name": name, "notes": [script]}
    labels = ['"><img src=x onerror=alert(1)>', arabic, "退款", "🙂 emoji", long_word]
    base = ship()
    systems = [
        SystemResult.model_validate({**entry.model_dump(), "classes": [], **(renamed if index == 2 else {})})
        for index, entry in enumerate(base.systems)
    ]
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
                CaseText(row="r\u0000\u0007", text=f"{arabic} jane@example.com", target="退款", before="", after="🙂"),
                CaseText(
                    row="x", text="</td></table></main>{{ 7*7 }} {% raw %} \ud800", target=hebrew, before="a", after="b"
                ),
            ],
            "confusion": [confusion("finetune:minilm", labels, 40, 4)],
            "warnings": [script, long_word],
            "not_tried": [f"{script} was not tried"],
            "hashes": {script: script},
            "command": "tunewright run '<data>.csv' && echo \"$HOME\"",
        },
    )


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
