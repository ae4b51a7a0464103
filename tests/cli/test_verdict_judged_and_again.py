"""``tunewright verdict`` with a judge's scores, with cases still coming, and what it cannot know of other programs."""

from __future__ import annotations

import re
from html import unescape
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


def table(path: Path, scores: list[Any], **columns: list[Any]) -> Path:
    rows = [{"id": f"c{n}", "score": str(score)} for n, score in enumerate(scores)]
    for name, values in columns.items():
        rows = [row | {name: str(value)} for row, value in zip(rows, values, strict=True)]
    return write_table(path, rows)


def judged(folder: Path, right: float) -> list[Path]:
    """Two files of 400 answers by a judge that is right so often, 150 of each labelled by people."""
    random = np.random.default_rng(1)
    files = []
    for name, share in (("old", 0.6), ("new", 0.75)):
        human = (random.random(400) < share).astype(int)
        judge = np.where(random.random(400) < right, human, 1 - human)
        labels = [int(h) if n < 150 else "" for n, h in enumerate(human)]
        files.append(table(folder / f"{name}.csv", judge.tolist(), human=labels))
    return files


def change(folder: Path, fixed: int, broken: int, n: int = 200) -> list[Path]:
    """Right or wrong, so many fixed and broken, in an order by chance."""
    order = np.random.default_rng(4).permutation(n)
    old = np.where(order < fixed, 0, 1)
    new = np.where((order >= fixed) & (order < fixed + broken), 0, 1)
    return [table(folder / f"{name}.csv", scores.tolist()) for name, scores in (("old", old), ("new", new))]


def said(text: str) -> str:
    return " ".join(text.split())


def page(path: Path) -> str:
    return said(unescape(re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8"))))


def test_a_judge_that_is_not_admitted_is_not_shown_as_accuracy(tmp_path: Path) -> None:
    files = judged(tmp_path, right=0.55)
    report = tmp_path / "report.html"
    text = said(typed("verdict", *files, "--score", "score", "--human", "human", "--report", report).stdout)
    assert "the judge's rate, %" in text
    assert "right answers" not in text
    assert "Rogan" not in text
    assert "judge's rate" in page(report)
    assert "ight answers" not in page(report)
    value = document("verdict", *files, "--score", "score", "--human", "human")
    assert value["headline"] == "CANNOT_JUDGE"
    judging = value["judging"]
    assert (judging["admitted"], judging["labelled"], judging["cases"]) == (False, 300, 150)
    assert [one["corrected"] for one in judging["systems"]] == [None, None]
    assert [one["reachable"] for one in value["systems"]] == [None, None]


def test_an_admitted_judge_has_rates_without_its_errors_beside_its_own(tmp_path: Path) -> None:
    files = judged(tmp_path, right=0.92)
    value = document("verdict", *files, "--score", "score", "--human", "human")
    judging = value["judging"]
    assert (judging["admitted"], judging["judge"]) == (True, "score")
    for one, truth in zip(judging["systems"], (0.6, 0.75), strict=True):
        assert one["corrected_interval"][0] < truth < one["corrected_interval"][1]
        # Rogan and Gladen, by hand.
        youden = one["sensitivity"] + one["specificity"] - 1
        assert one["corrected"] == pytest.approx((one["passed"] + one["specificity"] - 1) / youden, abs=1e-4)
    text = said(typed("verdict", *files, "--score", "score", "--human", "human").stdout)
    assert "the judge's rate, %" in text
    shown = f"{100 * judging['systems'][1]['corrected']:.1f} %"
    assert re.search(rf"Without the judge's errors \(Rogan and Gladen, 95 %\): old .*; new {shown}", text)
    assert "right answers, %" in said(typed("verdict", *files, "--score", "score").stdout)


def test_a_target_is_met_by_what_people_say_and_never_by_the_judge(tmp_path: Path) -> None:
    files = judged(tmp_path, right=0.92)
    lenient = [table(p, [1] * 400, human=[int(n % 2 == 0) if n < 150 else "" for n in range(400)]) for p in files]
    asked = ("--score", "score", "--at-least", 0.9)
    assert document("verdict", *lenient, *asked)["target"]["result"] == "met"
    target = document("verdict", *lenient, *asked, "--human", "human")["target"]
    assert target["result"] == "missed"
    assert "50 % on 150 cases judged by people" in target["text"]


def test_with_any_time_a_win_at_a_single_look_is_not_enough(tmp_path: Path) -> None:
    """20 fixed and 7 broken: p = 0.010 at a single look, an e-value of 11 at any."""
    files = change(tmp_path, 20, 7)
    assert document("verdict", *files)["headline"] == "SHIP_FINE_TUNE"
    value = document("verdict", *files, "--any-time", "--gate", code=3)
    assert (value["headline"], value["quality"]) == ("NOT_PROVEN", "non-inferior")
    assert (value["use"]["system"], value["needed_cases"]) == ("old", None)
    seen = value["details"]["any_time"]
    assert 5 < seen["e_value"] < seen["proof"] == 40
    assert value["baselines"][0]["interval"] == seen["interval"]
    assert not value["baselines"][0]["proven_better"]
    for words in ("fixes 20 and breaks 7 of 200", "40 is proof", "without spending anything"):
        assert words in value["headline_text"]
    assert "spends nothing" in value["next_step"]
    assert "not shown to be better" in value["today_text"]
    assert [one["reachable"] for one in value["systems"]] == [None, None]


def test_with_any_time_a_clear_gain_ships_and_a_clear_loss_is_dropped(tmp_path: Path) -> None:
    old, new = change(tmp_path, 50, 10)
    value = document("verdict", old, new, "--any-time", "--gate")
    assert (value["headline"], value["use"]["reason"]) == ("SHIP_FINE_TUNE", "ship")
    assert value["details"]["any_time"]["interval"][0] > 0
    assert value["details"]["any_time"]["e_value"] > 40
    back = document("verdict", new, old, "--any-time")
    assert (back["headline"], back["quality"], back["use"]["system"]) == ("KEEP_SIMPLER", "inferior", "new")
    # Too few cases to rule a gain of 2 points out, however often one looks.
    same = document("verdict", *change(tmp_path, 3, 3), "--any-time")
    assert same["headline"] == "NOT_PROVEN"


def test_scores_that_are_not_right_or_wrong_go_by_the_interval_alone(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    base = random.beta(3, 2, 150)
    for gain, headline in ((0.15, "SHIP_FINE_TUNE"), (0.03, "NOT_PROVEN")):
        new = np.clip(base + random.normal(gain, 0.1, 150), 0, 1)
        files = [table(tmp_path / f"{n}.csv", v.round(4).tolist()) for n, v in (("old", base), ("new", new))]
        assert document("verdict", *files)["headline"] == "SHIP_FINE_TUNE"
        value = document("verdict", *files, "--any-time")
        assert value["details"]["any_time"]["e_value"] is None
        assert (value["headline"], value["details"]["any_time"]["interval"][0] > 0) == (headline, gain > 0.1)


def test_looking_again_at_more_cases_spends_nothing_and_at_other_answers_it_does(tmp_path: Path) -> None:
    old, new = change(tmp_path, 60, 12, n=300)
    for cases in (100, 200, 300):
        part = []
        for path in (old, new):
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            part.append(tmp_path / f"{cases}" / path.name)
            part[-1].parent.mkdir(exist_ok=True)
            part[-1].write_text("".join(lines[: cases + 1]), encoding="utf-8")
        value = document("verdict", *part, "--any-time")
        assert value["details"]["any_time"]["proof"] == 40
        assert not any("look" in line for line in value["warnings"])
    assert value["headline"] == "SHIP_FINE_TUNE"
    another = table(tmp_path / "another.csv", [1] * 300)
    assert document("verdict", old, another, "--any-time")["details"]["any_time"]["proof"] == 240


def test_groups_and_failed_checks_prove_nothing_at_any_time(tmp_path: Path) -> None:
    old, new = change(tmp_path, 60, 5)
    scores = [[line.split(",")[1] for line in path.read_text().splitlines()[1:]] for path in (old, new)]
    pages = [n // 2 for n in range(200)]
    files = [table(p, s, page=pages) for p, s in zip((old, new), scores, strict=True)]
    assert document("verdict", *files, "--group", "page")["headline"] == "SHIP_FINE_TUNE"
    value = document("verdict", *files, "--group", "page", "--any-time")
    assert (value["headline"], value["details"]["any_time"]) == ("NOT_PROVEN", None)
    assert "without --any-time" in value["headline_text"]
    lost = table(new, ["" if n < 20 else score for n, score in enumerate(scores[1])])
    assert document("verdict", old, lost, "--any-time")["headline"] == "CANNOT_JUDGE"


RIGHT = {"old": [float(n >= 30) for n in range(100)], "new": [float(n >= 10) for n in range(100)]}


def made(folder: Path, kind: str, name: str) -> Path:
    right = RIGHT[name]
    if kind == "inspect":
        return inspect_log(folder / f"{name}.json", [inspect_sample(n, "CI"[not r]) for n, r in enumerate(right)], name)
    if kind == "promptfoo":
        return promptfoo_output(folder / f"{name}.json", [promptfoo_result(n, r, name) for n, r in enumerate(right)])
    if kind == "lm-eval":
        return lm_eval_samples(folder / name / "samples_t.jsonl", right)
    if kind == "scores":
        return table(folder / f"{name}.csv", right)
    if kind == "answers":
        rows = [{"id": str(n), "target": "a" if n % 2 else "b", "answer": ""} for n in range(100)]
        rows = [row | {"answer": row["target"] if r else "c"} for row, r in zip(rows, right, strict=True)]
        return write_table(folder / f"{name}.csv", rows)
    return (openai_events if kind == "openai" else openai_items)(folder / f"{name}.jsonl", right, name)


@pytest.mark.parametrize("kind", ["inspect", "promptfoo", "lm-eval", "openai", "items", "scores", "answers"])
def test_what_ran_elsewhere_has_no_invented_zero(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    files = [made(tmp_path, kind, name) for name in ("old", "new")]
    value = document("verdict", *files)
    for system in value["systems"]:
        assert (system["training_seconds"], system["latency"]) == (None, None)
        assert (system["cost"]["usd_per_month"], system["per_answer"]) == (None, None)
    assert [system["reachable"] for system in value["systems"]] == [0.0, 1.0]
    lines = typed("verdict", *files).stdout.splitlines()
    for share, mark in (("0", "  "), ("100", "> ")):
        (row,) = [line for line in lines if line.startswith(f" {mark}") and f" {share}   unpriced" in line]
        assert row.split()[-3:] == ["unpriced", "-", "-"]


def test_every_candidate_stands_in_the_table_with_its_share(tmp_path: Path) -> None:
    scores = {"old": 50, "new": 80, "third": 95}
    files = [table(tmp_path / f"{n}.csv", [int(k < right) for k in range(120)]) for n, right in scores.items()]
    value = document("verdict", *files[:2], "--also", files[2])
    assert [(one["name"], one["reachable"]) for one in value["systems"]] == [
        ("old", 0.0),
        ("new", pytest.approx(30 / 45, abs=1e-4)),
        ("third", 1.0),
    ]
    assert (value["reachable_from"], value["candidate"]) == ("old", "new")
    text = typed("verdict", *files[:2], "--also", files[2], "--report", tmp_path / "report.html").stdout
    assert "to third (100, the best here)" in said(text)
    assert "third" in page(tmp_path / "report.html")
