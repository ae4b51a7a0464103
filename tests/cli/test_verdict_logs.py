"""``tunewright verdict`` on logs of other programs and on tables of scores, as a person types it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from desks import write_table
from typed import document, typed

from log_files import (
    inspect_log,
    inspect_sample,
    lm_eval_samples,
    openai_events,
    openai_items,
    promptfoo_output,
    promptfoo_result,
)
from tunewright.records.verdict import Verdict
from tunewright.workflow.recorded.verdict_details import DetailedVerdict

# 200 cases: 50 fixed, 10 broken, as in the tests of tables of answers.
OLD = [0.0 if n < 60 else 1.0 for n in range(200)]
NEW = [0.0 if 50 <= n < 70 else 1.0 for n in range(200)]


def _inspect(path: Path, right: list[float], model: str, **more: Any) -> Path:
    return inspect_log(path, [inspect_sample(n, "C" if r else "I", **more) for n, r in enumerate(right)], model)


def _pair(folder: Path, kind: str) -> list[Path]:
    old, new = folder / "old", folder / "new"
    if kind == "inspect":
        return [_inspect(folder / "old.eval", OLD, "m/old"), _inspect(folder / "new.json", NEW, "m/new")]
    if kind == "promptfoo":
        return [
            promptfoo_output(folder / f"{name}.json", [promptfoo_result(n, r, name) for n, r in enumerate(right)])
            for name, right in (("old", OLD), ("new", NEW))
        ]
    if kind == "lm-eval":
        return [lm_eval_samples(old / "samples_t.jsonl", OLD), lm_eval_samples(new / "samples_t.jsonl", NEW)]
    make = openai_events if kind == "openai" else openai_items
    return [make(folder / "old.jsonl", OLD, "old"), make(folder / "new.jsonl", NEW, "new")]


def _slower(path: Path, scores: list[float]) -> Path:
    """The same output with half the latency again in every third case."""
    value = json.loads(path.read_text())
    for number, result in enumerate(value["results"]["results"]):
        result["latencyMs"] *= 1.5 if number % 3 == 0 else 1.0
    path.write_text(json.dumps(value))
    assert len(scores) == len(value["results"]["results"])
    return path


def _scores(path: Path, scores: list[Any], **columns: list[Any]) -> Path:
    rows = [{"id": f"c{n}", "score": str(score)} for n, score in enumerate(scores)]
    for name, values in columns.items():
        rows = [row | {name: str(value)} for row, value in zip(rows, values, strict=True)]
    return write_table(path, rows)


@pytest.mark.parametrize("kind", ["inspect", "promptfoo", "lm-eval", "openai", "items"])
def test_a_better_log_ships_whatever_the_program(tmp_path: Path, kind: str) -> None:
    old, new = _pair(tmp_path, kind)
    value = document("verdict", old, new, "--gate")
    assert value["headline"] == "SHIP_FINE_TUNE"
    assert (value["incumbent"].split("/")[-1], value["candidate"].split("/")[-1]) == ("old", "new")
    (paired,) = value["baselines"]
    assert (paired["fixed"], paired["broken"], paired["n"], paired["test"]) == (50, 10, 200, "exact-mcnemar")
    back = document("verdict", new, old, "--gate", code=3)
    assert back["headline"] == "KEEP_SIMPLER"


def test_the_document_is_a_verdict_with_details(tmp_path: Path) -> None:
    old, new = _pair(tmp_path, "inspect")
    value = document("verdict", old, new, "--slice", "lang")
    verdict = DetailedVerdict.model_validate(value)
    assert set(value) - set(Verdict.model_fields) == {"details"}
    details = verdict.details
    assert (details.metric, details.formats) == ("match", ["Inspect", "Inspect"])
    assert {(one.tag, one.value, one.n, one.flag) for one in details.slices} == {
        ("lang", "de", 100, "better"),
        ("lang", "en", 100, "better"),
    }
    assert {(one.amount, one.figure) for one in details.ratios} == {
        ("seconds", "mean"),
        ("seconds", "p50"),
        ("seconds", "p95"),
        ("input tokens", "mean"),
        ("output tokens", "mean"),
    }
    assert all(one.ratio == pytest.approx(1.0) for one in details.ratios)
    assert details.any_time is None
    assert [(one.unusable, one.n) for one in details.unusable] == [(0, 200), (0, 200)]
    assert details.unusable[0].at_most == pytest.approx(3 / 200, rel=0.02)
    assert details.not_worse_p < 1e-6 < 0.5 < details.equivalent_p


def test_it_needs_no_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torch", "transformers"):
        monkeypatch.setitem(sys.modules, name, None)
    assert document("verdict", *_pair(tmp_path, "promptfoo"))["headline"] == "SHIP_FINE_TUNE"


def test_two_systems_of_one_file(tmp_path: Path) -> None:
    results = [promptfoo_result(n, r, p) for p, right in (("old", OLD), ("new", NEW)) for n, r in enumerate(right)]
    path = promptfoo_output(tmp_path / "out.json", results)
    error = document("verdict", path, path, code=2)["error"]
    assert error["code"] == "logs.several_systems"
    assert "--old-system" in error["hint"]
    value = document("verdict", path, path, "--old-system", "old", "--new-system", "new")
    assert (value["headline"], value["candidate"]) == ("SHIP_FINE_TUNE", "new")
    assert "--new-system new" in value["command"]


def test_the_same_model_twice_is_told_apart(tmp_path: Path) -> None:
    long = "2026-01-02T03-04-05-00-00_a-task-of-mine_7bXnYu3wVeS4vPNLf"
    old, new = _inspect(tmp_path / f"{long}1.eval", OLD, "m"), _inspect(tmp_path / f"{long}2.eval", NEW, "m")
    value = document("verdict", old, new)
    assert (value["incumbent"], value["candidate"]) == ("m (old)", "m (new)")
    old, new = _inspect(tmp_path / "before.json", OLD, "m"), _inspect(tmp_path / "after.json", NEW, "m")
    assert document("verdict", old, new)["candidate"] == "after"
    assert document("verdict", old, old)["candidate"] == "m (new)"


def test_missing_scores_stay_missing(tmp_path: Path) -> None:
    old, _ = _pair(tmp_path, "promptfoo")
    lost = [promptfoo_result(n, None if n >= 190 else r, "new") for n, r in enumerate(NEW)]
    value = document("verdict", old, promptfoo_output(tmp_path / "lost.json", lost))
    assert value["headline"] == "CANNOT_JUDGE"
    assert {one["name"]: (one["missing"], one["n"]) for one in value["systems"]} == {"old": (0, 200), "new": (10, 190)}


def test_logs_of_other_cases_are_refused(tmp_path: Path) -> None:
    one = lm_eval_samples(tmp_path / "a" / "samples_t.jsonl", OLD)
    shifted = tmp_path / "shifted.jsonl"
    lines = [json.loads(line) for line in one.read_text().splitlines()]
    shifted.write_text("".join(json.dumps(line | {"doc_id": line["doc_id"] + 1}) + "\n" for line in lines))
    assert document("verdict", one, shifted, code=2)["error"]["code"] == "verdict.no_common_rows"
    inspect = _inspect(tmp_path / "i.json", OLD, "m")
    other = inspect_log(tmp_path / "j.json", [inspect_sample(n, "C", target="else") for n in range(200)])
    assert document("verdict", inspect, other, code=2)["error"]["code"] == "verdict.targets_differ"
    table = write_table(tmp_path / "answers.csv", [{"id": "q0", "target": "a", "answer": "a"}])
    error = document("verdict", inspect, table, code=2)["error"]
    assert error["code"] == "verdict.mixed_files"
    assert "Inspect" in error["message"]


def test_continuous_scores_go_by_sign_flips(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    old = random.beta(3, 2, 150)
    new = np.clip(old + random.normal(0.06, 0.05, 150), 0, 1)
    files = [_scores(tmp_path / f"{name}.csv", list(v.round(4))) for name, v in (("old", old), ("new", new))]
    value = document("verdict", *files)
    (paired,) = value["baselines"]
    assert (paired["test"], paired["fixed"]) == ("sign-flip", None)
    assert paired["delta"] == pytest.approx(float(new.round(4).mean() - old.round(4).mean()), abs=1e-6)
    assert paired["interval"][0] > 0.04
    assert value["headline"] == "SHIP_FINE_TUNE"
    near = _scores(tmp_path / "near.csv", list((old + random.normal(0.002, 0.03, 150)).clip(0, 1).round(4)))
    assert document("verdict", files[0], near)["headline"] == "KEEP_SIMPLER"


def test_the_scale_of_scores_is_named(tmp_path: Path) -> None:
    old = _scores(tmp_path / "old.csv", [3] * 60 + [4] * 60)
    new = _scores(tmp_path / "new.csv", [4] * 60 + [5] * 60)
    error = document("verdict", old, new, code=2)["error"]
    assert error["code"] == "logs.score_range"
    assert "--scale 1:5" in error["hint"]
    value = document("verdict", old, new, "--scale", "1:5")
    assert value["baselines"][0]["delta"] == pytest.approx(0.25)
    assert document("verdict", old, new, "--scale", "5", code=2)["error"]["code"] == "call.value"


def test_metrics_of_which_less_is_better_are_asked_about(tmp_path: Path) -> None:
    old = lm_eval_samples(tmp_path / "old" / "samples_t.jsonl", OLD, metric="wer")
    new = lm_eval_samples(tmp_path / "new" / "samples_t.jsonl", NEW, metric="wer")
    error = document("verdict", old, new, code=2)["error"]
    assert error["code"] == "logs.which_way"
    assert "--scale 1:0" in error["hint"]
    assert document("verdict", old, new, "--scale", "0:1")["baselines"][0]["delta"] == pytest.approx(0.2)
    value = document("verdict", old, new, "--scale", "1:0")
    assert value["baselines"][0]["delta"] == pytest.approx(-0.2)
    assert value["headline"] == "KEEP_SIMPLER"


def test_nothing_ships_without_evidence(tmp_path: Path) -> None:
    """The same log twice, shuffled scores, no score at all, and a single case."""
    random = np.random.default_rng(5)
    old = _scores(tmp_path / "old.csv", OLD)
    assert document("verdict", old, old)["headline"] == "KEEP_SIMPLER"
    for seed in range(3):
        shuffled = _scores(tmp_path / f"shuffled{seed}.csv", random.permutation(OLD).tolist())
        assert document("verdict", old, shuffled, "--gate", code=3)["headline"] != "SHIP_FINE_TUNE"
    good = [promptfoo_result(n, 1, "old") for n in range(60)]
    dead = [promptfoo_result(n, None, "new") for n in range(60)]
    files = [promptfoo_output(tmp_path / f"{n}.json", r) for n, r in (("good", good), ("dead", dead))]
    value = document("verdict", *files)
    assert value["headline"] == "CANNOT_JUDGE"
    assert value["systems"][1]["score"] is None
    assert document("verdict", *files[::-1], "--also", files[1])["headline"] == "CANNOT_JUDGE"
    one = [_scores(tmp_path / f"one{score}.csv", [score]) for score in (0, 1)]
    assert document("verdict", *one)["headline"] != "SHIP_FINE_TUNE"
    blank = _scores(tmp_path / "blank.csv", [""] * 200)
    assert document("verdict", old, blank, code=2)["error"]["code"] == "logs.no_common_metric"


def test_looking_again_as_cases_come(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    came = random.permutation(200)
    files = [_scores(tmp_path / f"{name}.csv", [v[n] for n in came]) for name, v in (("old", OLD), ("new", NEW))]
    found = document("verdict", *files, "--any-time")["details"]["any_time"]
    assert found["e_value"] > 40
    assert found["interval"][0] < 0.2 < found["interval"][1]
    assert found["e_value_either"] == pytest.approx(found["e_value"] / 2, rel=0.01)
    assert found["rates"]["old"][0] < 0.7 < found["rates"]["old"][1]
    fixed = document("verdict", *files)["baselines"][0]["interval"]
    assert found["interval"][1] - found["interval"][0] > 1.3 * (fixed[1] - fixed[0])
    grouped = document("verdict", *files, "--any-time", "--slice", "none", code=2)["error"]
    assert grouped["code"] == "verdict.no_tag"
    assert "40 is proof" in " ".join(typed("verdict", *files, "--any-time").stdout.split())


def test_repetitions_count_once_by_their_mean(tmp_path: Path) -> None:
    def log(name: str, shift: int) -> Path:
        samples = [
            inspect_sample(n, "C" if (n + epoch + shift) % 3 else "I", epoch) for n in range(60) for epoch in (1, 2, 3)
        ]
        return inspect_log(tmp_path / f"{name}.eval", samples, name)

    value = document("verdict", log("old", 0), log("new", 1))
    assert value["baselines"][0]["n"] == 60
    assert value["baselines"][0]["delta"] == 0
    (figures, _) = value["details"]["repetitions"]
    # Each case has two right of three, so all of the spread is a changing mind: 2/3 x 1/3 x 3/2.
    assert (figures["repetitions"], figures["within"], figures["noise_share"]) == (3.0, pytest.approx(1 / 3), 1.0)
    assert value["systems"][0]["noise_flip_rate"] == pytest.approx(40 / 60, abs=0.02)
    assert value["details"]["gain_between"] == 0.0


def test_groups_by_a_tag(tmp_path: Path) -> None:
    def log(name: str, right: list[float]) -> Path:
        samples = [inspect_sample(n, "C" if r else "I", metadata={"page": n // 20}) for n, r in enumerate(right)]
        return inspect_log(tmp_path / f"{name}.json", samples, name)

    old, new = log("old", OLD), log("new", NEW)
    value = document("verdict", old, new, "--group", "page")
    assert (value["test_set"]["groups"], value["baselines"][0]["test"]) == (10, "sign-flip")
    assert value["headline"] != "SHIP_FINE_TUNE"
    error = document("verdict", old, new, "--group", "pages", code=2)["error"]
    assert (error["code"], "page" in error["where"]) == ("verdict.no_tag", True)
    assert document("verdict", old, new, "--slice", "pages", code=2)["error"]["code"] == "verdict.no_tag"


def test_the_best_of_several_must_win_counting_all(tmp_path: Path) -> None:
    """30 cases fixed and 15 broken: p = 0.018 alone, and not among five."""
    base = [1.0] * 100 + [0.0] * 100
    lucky = [0.0] * 15 + [1.0] * 85 + [1.0] * 30 + [0.0] * 70
    same = [[1.0] * (100 - k) + [0.0] * k + [1.0] * k + [0.0] * (100 - k) for k in (3, 5, 8, 10)]
    old, new = _scores(tmp_path / "old.csv", base), _scores(tmp_path / "new.csv", lucky)
    others = [_scores(tmp_path / f"other{k}.csv", scores) for k, scores in enumerate(same)]
    alone = document("verdict", old, new)
    assert (alone["headline"], alone["details"]["candidates"]) == ("SHIP_FINE_TUNE", [])
    value = document("verdict", old, new, *(word for path in others for word in ("--also", path)))
    assert value["headline"] == "CANNOT_JUDGE"
    assert "5 candidates" in value["headline_text"]
    first = value["details"]["candidates"][0]
    assert first["p_holm"] == pytest.approx(5 * first["p"], rel=1e-4)
    assert first["p"] <= first["p_max_t"]
    assert not first["proven"]
    narrow = alone["baselines"][0]["interval"]
    assert first["interval"][0] < narrow[0] < narrow[1] < first["interval"][1]


def test_a_judge_is_held_against_people(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    labelled = np.arange(400) < 150
    files, kind = [], []
    for name, share in (("old", 0.6), ("new", 0.75)):
        human = (random.random(400) < share).astype(int)
        judge = np.where(random.random(400) < 0.9, human, 1 - human)
        labels = [int(h) if seen else "" for h, seen in zip(human, labelled, strict=True)]
        files.append(_scores(tmp_path / f"{name}.csv", judge.tolist(), person=labels))
        kind.append(_scores(tmp_path / f"kind_{name}.csv", [1] * 400, person=labels))
    value = document("verdict", *files, "--human", "person")
    judge = value["details"]["judge"]
    assert (judge["labels"], judge["admitted"], judge["reasons"]) == (300, True, [])
    assert judge["sensitivity"] == pytest.approx(0.9, abs=0.06)
    assert judge["interval"][0] < 0.15 < judge["interval"][1]
    assert judge["worth"] > 150
    assert judge["corrected"]["new"] == pytest.approx(0.75, abs=0.08)
    assert document("verdict", *files[:1] * 2, "--human", "no", code=2)["error"]["code"] == "logs.no_column"
    logs = _pair(tmp_path, "inspect")
    assert document("verdict", *logs, "--human", "person", code=2)["error"]["code"] == "verdict.no_labels"
    # A judge that passes everything shows nothing.
    value = document("verdict", *kind, "--human", "person")
    assert value["headline"] == "CANNOT_JUDGE"
    assert not value["details"]["judge"]["admitted"]
    assert "cannot be believed" in value["headline_text"]


def test_a_judge_that_favours_the_new_system_proves_nothing(tmp_path: Path) -> None:
    """People find both alike; the judge is good, and lets a quarter of the new one's errors pass."""
    random = np.random.default_rng(3)
    files = []
    for name, lenient in (("old", 0.02), ("new", 0.25)):
        human = (random.random(600) < 0.6).astype(int)
        judge = np.where((human == 0) & (random.random(600) < lenient), 1, human)
        labels = [int(h) if n < 200 else "" for n, h in enumerate(human)]
        files.append(_scores(tmp_path / f"{name}.csv", judge.tolist(), person=labels))
    assert document("verdict", *files)["headline"] == "SHIP_FINE_TUNE"
    value = document("verdict", *files, "--human", "person")
    assert value["details"]["judge"]["admitted"]
    assert value["headline"] == "CANNOT_JUDGE"
    assert "people do not confirm" in value["headline_text"]


def test_preferences_are_wins_ties_and_losses(tmp_path: Path) -> None:
    old = _scores(tmp_path / "old.csv", [0.5] * 100)
    new = _scores(tmp_path / "new.csv", [1.0] * 40 + [0.0] * 15 + [0.5] * 45)
    value = document("verdict", old, new)
    (_, share) = value["details"]["preference"]
    assert (share["wins"], share["ties"], share["losses"]) == (40, 45, 15)
    assert share["p"] < 0.001
    assert share["share"] == pytest.approx(0.625)
    assert share["flip_rate"] is None


def test_a_judge_asked_in_both_orders(tmp_path: Path) -> None:
    """30 wins and 10 losses in both orders; in 20 cases the answer shown first won."""
    both = [(1, 1)] * 30 + [(0, 0)] * 10 + [(1, 0)] * 20
    rows = [
        {"id": f"c{n}", "score": str(score), "repetition": str(place), "shown_first": "yes" if place == 0 else "no"}
        for n, scores in enumerate(both)
        for place, score in enumerate(scores)
    ]
    new = write_table(tmp_path / "new.csv", rows)
    value = document("verdict", _scores(tmp_path / "old.csv", [0.5] * 60), new)
    (share,) = [one for one in value["details"]["preference"] if one["system"] == "new"]
    assert (share["wins"], share["ties"], share["losses"]) == (30, 20, 10)
    assert share["flip_rate"] == pytest.approx(20 / 60, abs=1e-6)
    # Decided verdicts: shown first it won 50 of 60; shown second the other one, first then, won 30 of 60.
    assert share["first_place_share"] == pytest.approx((50 + 30) / 120)
    assert value["baselines"][0]["delta"] == pytest.approx(40 / 60 - 0.5, abs=1e-6)


def test_other_scores_of_the_same_cases_are_another_use(tmp_path: Path) -> None:
    old, new = _scores(tmp_path / "old.csv", OLD), _scores(tmp_path / "new.csv", NEW)
    document("verdict", old, new)
    assert len(document("verdict", old, new)["test_set"]["uses"]) == 1
    other = _scores(tmp_path / "new.csv", [1.0] * 200)
    assert len(document("verdict", old, other)["test_set"]["uses"]) == 2


def test_what_a_person_reads(tmp_path: Path) -> None:
    old, new = _pair(tmp_path, "promptfoo")
    _slower(new, NEW)
    report = tmp_path / "report.html"
    shown = typed("verdict", old, new, "--slice", "tier", "--report", report).stdout
    for words in ("Metric: pass (promptfoo).", "tier = gold", "Seconds: 1.17 times the old"):
        assert words in " ".join(shown.split())
    assert "Question number 1" in report.read_text(encoding="utf-8")
    assert "(--slice NAME): tier." in " ".join(typed("verdict", old, new).stdout.split())


def test_details_of_tables_of_answers(tmp_path: Path) -> None:
    targets = ["yes" if n % 2 else "no" for n in range(200)]
    other = {"yes": "no", "no": "yes"}
    files = []
    for name, right in (("old", OLD), ("new", NEW)):
        answers = [t if r else other[t] for t, r in zip(targets, right, strict=True)]
        rows = [{"id": str(n), "target": t, "answer": a} for n, (t, a) in enumerate(zip(targets, answers, strict=True))]
        files.append(write_table(tmp_path / f"{name}.csv", rows))
    assert "details" not in document("verdict", *files)
    value = document("verdict", *files, "--details")
    (measure,) = value["measure_gains"]
    by_system = {one["name"]: one["macro_f1"] for one in value["systems"]}
    assert (measure["reference"], measure["score"]) == (
        pytest.approx(by_system["old"]),
        pytest.approx(by_system["new"]),
    )
    assert measure["interval"][0] > 0.1
    assert measure["p"] < 0.01
    error = document("verdict", *files, "--metric", "x", code=2)["error"]
    assert error["code"] == "call.only_for_scores"
