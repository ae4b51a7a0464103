"""A run whose judge is a language model: nothing ships on its word alone, and people's judgements correct it."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from desks import run_project, write_table
from judged_desks import (
    YES_OR_NO,
    Referee,
    Says,
    coin,
    desk_of,
    honest,
    likes_its_style,
    make_judged_project,
    moody,
    people_judge,
)

from tunewright.decision.rectified import rectified
from tunewright.errors import InputError
from tunewright.project.file import FILE_NAME
from tunewright.records.judging import Judging
from tunewright.records.verdict import Gate, Verdict
from tunewright.statistics.gains import effective_counts, gain_intervals
from tunewright.statistics.prediction_powered import prediction_powered_mean
from tunewright.store import Store
from tunewright.systems import registry
from tunewright.workflow import models, run, run_folder
from tunewright.workflow.judging.people import People, share_of_level
from tunewright.workflow.judging.sheet import read_sheet, write_sheet
from tunewright.workflow.run import RunOptions
from tunewright.workflow.runs import STATE

Judge = Callable[[Says], Referee]


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Puts a referee in the place of the server, and adds the kind ``told``."""
    own = registry.kinds()
    monkeypatch.setattr(registry, "kinds", lambda: {**own, "told": "told_kind"})
    # Reports and overfitting have tests of their own, and take longer than everything here.
    monkeypatch.setattr(run_folder, "render_report", lambda *_, **__: "")
    monkeypatch.setattr(run, "learned_of", lambda *_, **__: {})

    def put(says: Says) -> Referee:
        referee = Referee(says)
        monkeypatch.setattr(models, "_open", lambda *_: referee)
        return referee

    return put


def gate_of(verdict: Verdict) -> Gate:
    return next(gate for gate in verdict.gates if gate.name == "judge")


def judging_of(verdict: Verdict) -> Judging:
    assert verdict.judging is not None
    return verdict.judging


def test_an_unchecked_judge_decides_nothing_and_a_checked_one_does(tmp_path: Path, judge: Judge) -> None:
    referee = judge(honest)
    first = run_project(make_judged_project(tmp_path, 122, tuned=0.95, simple=0.4))
    assert first.headline == "CANNOT_JUDGE"
    assert not gate_of(first).passed
    assert f"tunewright label {tmp_path} --judgements" in first.headline_text
    assert (judging_of(first).tested, judging_of(first).admitted, judging_of(first).gain) == (False, False, None)
    assert not any(paired.proven_better for paired in first.baselines)

    # One case short of a hundred is no test, and a judge that cannot be tested is not asked again either.
    asked = len(referee.asked)
    with Store.open(tmp_path / STATE) as store:
        desk = desk_of(tmp_path, store)
        items = [item for item in desk.items if item.case < 100]
        desk.judge_all([(item, {"helps": int("fine" in item.answer.text)}) for item in items])
    short = run_project(tmp_path)
    assert short.headline == "CANNOT_JUDGE"
    assert judging_of(short).cases == 99
    assert "99 of at least 100" in short.headline_text
    assert len(referee.asked) == asked

    assert people_judge(tmp_path, cases=120) == 42
    second = run_project(tmp_path)
    judging = judging_of(second)
    assert second.headline == "SHIP_FINE_TUNE"
    assert gate_of(second).passed
    assert (judging.admitted, judging.cases, judging.labelled, judging.looks) == (True, 120, 240, 1)
    assert judging.sensitivity == pytest.approx(0.9, abs=0.06)
    assert judging.interval == second.baselines[0].interval
    assert judging.gain == second.baselines[0].delta == pytest.approx(0.55, abs=0.12)
    # An honest judge that errs in one case of ten shrinks the gain: by its own word it is a fifth smaller.
    assert judging.gains[0].judged < judging.gain
    assert {one.system: one.people for one in judging.systems} == {"today": 120, "tuned": 120}
    assert all(one.corrected is not None for one in judging.systems)


@pytest.mark.parametrize(("says", "reason"), [(coin, "sensitivity"), (moody, "changes its mind")])
def test_a_judge_that_fails_is_not_admitted(tmp_path: Path, judge: Judge, says: Says, reason: str) -> None:
    judge(says)
    run_project(make_judged_project(tmp_path, 101, tuned=0.9, simple=0.4))
    people_judge(tmp_path)
    verdict = run_project(tmp_path)
    assert verdict.headline == "CANNOT_JUDGE"
    assert any(reason in text for text in judging_of(verdict).reasons)
    assert reason in gate_of(verdict).text
    assert all(one.corrected is None for one in judging_of(verdict).systems)


def test_a_liking_for_the_fine_tunes_style_is_taken_out(tmp_path: Path, judge: Judge) -> None:
    """Both are equally good; the judge alone would ship the fine-tune."""
    judge(likes_its_style)
    run_project(make_judged_project(tmp_path, 420, tuned=0.6, simple=0.6))
    people_judge(tmp_path, cases=150)
    verdict = run_project(tmp_path)
    judging = judging_of(verdict)
    assert judging.admitted
    assert judging.gains[0].judged > 0.1
    assert judging.gain is not None
    assert judging.interval is not None
    assert judging.interval[0] <= 0 <= judging.interval[1]
    assert verdict.headline != "SHIP_FINE_TUNE"
    assert judging.length_interval is not None
    assert judging.length_interval[0] > 0
    assert any("long answers" in note for note in judging.notes)


def test_only_a_random_sample_without_gaps_counts(tmp_path: Path, judge: Judge) -> None:
    judge(honest)
    run_project(make_judged_project(tmp_path, 120, tuned=0.6, simple=0.6))
    with Store.open(tmp_path / STATE) as store:
        desk = desk_of(tmp_path, store, cases=120)
        # Everything but what the two systems agree on, as somebody would do who reads the disagreements alone.
        word = {item.case: set[str]() for item in desk.items}
        for item in desk.items:
            word[item.case].add(item.answer.text.split()[0])
        chosen = [item for item in desk.items if len(word[item.case]) == 2]
        assert len(chosen) > 60
        desk.judge_all([(item, {"helps": int("fine" in item.answer.text)}) for item in chosen])
        gaps = desk.progress().cases
    judging = judging_of(run_project(tmp_path))
    assert not judging.tested
    assert judging.cases == gaps < 20


def test_judgements_go_by_the_content_of_case_and_answer(tmp_path: Path, judge: Judge) -> None:
    judge(honest)
    run_project(make_judged_project(tmp_path, 104, tuned=0.95, simple=0.4))
    people_judge(tmp_path)
    content = yaml.safe_load((tmp_path / FILE_NAME).read_text(encoding="utf-8"))
    content["grader"] = {"judge": {**YES_OR_NO["judge"], "criteria": "- helps (1): it does what the case asks for"}}
    (tmp_path / FILE_NAME).write_text(yaml.safe_dump(content), encoding="utf-8")
    again = judging_of(run_project(tmp_path))
    assert (again.cases, again.other_rubric) == (104, 208)
    assert any("another rubric" in note for note in again.notes)

    with (tmp_path / "told.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    write_table(tmp_path / "told.csv", [{**row, "answer": row["answer"] + " anew"} for row in rows])
    changed = run_project(tmp_path)
    assert changed.headline == "CANNOT_JUDGE"
    assert judging_of(changed).cases == 0
    assert {one.system: one.people for one in judging_of(changed).systems} == {"today": 104, "tuned": 0}
    assert people_judge(tmp_path) == 104


def test_other_systems_need_judgements_too(tmp_path: Path, judge: Judge) -> None:
    """The judge thinks little of the third system, which in truth is as good as the fine-tune."""

    def dislikes(text: str, again: int) -> int:
        return 0 if "terse" in text else honest(text, again)

    judge(dislikes)
    make_judged_project(tmp_path, 122, tuned=0.9, simple=0.4)
    with (tmp_path / "told.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    write_table(
        tmp_path / "short.csv", [{**r, "answer": r["answer"].replace("flowery long words", "terse")} for r in rows]
    )
    content = yaml.safe_load((tmp_path / FILE_NAME).read_text(encoding="utf-8"))
    content["systems"].insert(0, {"answers": {"file": "short.csv", "name": "short"}})
    (tmp_path / FILE_NAME).write_text(yaml.safe_dump(content), encoding="utf-8")
    run_project(tmp_path)
    # 120 cases of the two that the decision seems to be about, 50 of the third.
    assert people_judge(tmp_path, cases=120) == 290
    verdict = run_project(tmp_path)
    judging = judging_of(verdict)
    assert judging.admitted
    assert {one.system: one.people for one in judging.gains} == {"short": 50, "today": 120}
    assert verdict.headline != "SHIP_FINE_TUNE"
    assert verdict.binding == "short"
    raw = next(one for one in judging.gains if one.system == "short")
    assert raw.judged > 0.5
    assert raw.gain == pytest.approx(0.0, abs=0.1)


def test_two_people_show_how_far_people_agree(tmp_path: Path, judge: Judge) -> None:
    judge(honest)
    run_project(make_judged_project(tmp_path, 104, tuned=0.8, simple=0.4))
    people_judge(tmp_path)
    strict = [0]

    def second(text: str, _again: int) -> int:
        strict[0] += 1
        return int("fine" in text and strict[0] % 10 != 0)

    assert people_judge(tmp_path, who="ben", says=second, second=True) == 100
    judging = judging_of(run_project(tmp_path))
    assert judging.ceiling_cases == 100
    assert judging.ceiling == pytest.approx(0.88, abs=0.08)
    assert judging.judged_by == ["ann", "ben"]
    # The first word on an answer stays the one that counts.
    assert judging.labelled == 208


def test_a_sheet_goes_out_blind_and_comes_back(tmp_path: Path, judge: Judge) -> None:
    judge(honest)
    run_project(make_judged_project(tmp_path, 40, tuned=0.95, simple=0.4))
    sheet = tmp_path / "sheet.csv"
    with Store.open(tmp_path / STATE) as store:
        desk = desk_of(tmp_path, store)
        assert write_sheet(desk, sheet) == 80
        text = sheet.read_text(encoding="utf-8-sig")
        assert not any(word in text for word in ("tuned", "today", "referee", "told"))
        with pytest.raises(InputError) as caught:
            write_sheet(desk, sheet)
        assert caught.value.code == "write.exists"
        with sheet.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        mark = next(name for name in rows[0] if name.startswith("helps"))
        filled = [{**row, mark: "yes" if "fine" in row["answer"] else "0"} for row in rows]
        wrong = write_table(tmp_path / "wrong.csv", [*filled[:10], {**filled[10], mark: "perhaps"}])
        with pytest.raises(InputError, match="perhaps"):
            read_sheet(desk, wrong)
        assert desk.progress().judged == 0
        stranger = {**filled[0], "item": "f" * 32}
        found = read_sheet(desk, write_table(tmp_path / "back.csv", [*filled[:60], {**filled[60], mark: ""}, stranger]))
        assert (found.taken, found.empty, found.unknown) == (60, 1, 1)
        assert desk.progress().judged == 60
        assert write_sheet(desk, tmp_path / "rest.csv") == 20


def test_growing_judgements_until_they_please_has_its_price(tmp_path: Path, judge: Judge) -> None:
    judge(honest)
    project, widths = tmp_path / "first", []
    project.mkdir()
    run_project(make_judged_project(project, 110, tuned=0.7, simple=0.5))
    for cases, look in ((100, 1), (100, 1), (110, 2)):
        # Each look in a fresh copy of the folder, as it was before: the user's ledger counts them all the same.
        people_judge(project, cases=cases)
        copy = shutil.copytree(project, tmp_path / f"copy{len(widths)}")
        judging = judging_of(run_project(copy))
        assert judging.looks == look
        assert judging.interval is not None
        widths.append(judging.interval[1] - judging.interval[0])
    assert any("2 times" in note and "0.42 % instead of 2.5 %" in note for note in judging.notes)
    assert widths[0] == widths[1] < widths[2]


def test_the_levels_of_all_looks_at_judgements_add_up() -> None:
    assert [share_of_level(look) for look in (0, 1, 2, 3)] == pytest.approx([1, 1, 1 / 6, 1 / 12])
    assert sum(share_of_level(look) for look in range(1, 2000)) < 1.5


def test_thirty_peeks_at_growing_judgements_seldom_find_a_winner() -> None:
    """No system is better, and the judge favours one; people judge 10 cases more until the fine-tune wins."""
    random, sets, won = np.random.default_rng(5), 300, 0
    for _ in range(sets):
        people = random.choice([-1.0, 0.0, 1.0], 400, p=[0.15, 0.7, 0.15])
        judge = np.where(random.random(400) < 0.12, np.minimum(people + 1, 1), people)
        peeks = enumerate(range(100, 400, 10), 1)
        won += any(wins(judge, people, seen, 0.025 * share_of_level(k)) for k, seen in peeks)
    # 2.5 % for the first look and 1.25 % for all others; three standard errors of a simulation of this size.
    assert won / sets <= 0.0375 + 3 * (0.0375 / sets) ** 0.5


def wins(judge: np.ndarray, people: np.ndarray, seen: int, alpha: float) -> bool:
    found = prediction_powered_mean(people[:seen], judge[:seen], judge[seen:], alpha=alpha)
    if found.interval[0] <= 0:
        # The real interval is the wider of this one and another.
        return False

    def bounds_of(values: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
        return gain_intervals([effective_counts(values[mask], None, alpha)], alpha)[0]

    known = np.where(np.arange(len(people)) < seen, people, np.nan)
    result = rectified(judge, known, None, alpha, bounds_of)
    return result.low > 0 and result.p <= alpha


def test_a_judge_of_the_candidates_family_is_named(tmp_path: Path, judge: Judge) -> None:
    judge(honest)
    verdict = run_project(
        make_judged_project(
            tmp_path,
            40,
            tuned=0.9,
            simple=0.4,
            models={
                "referee": {"openai": "acme/Llama-3.1-70B", "base_url": "http://127.0.0.1:9/v1"},
                "small": {"openai": "llama-8b", "base_url": "http://127.0.0.1:9/v1"},
                "other": {"openai": "qwen-7b", "base_url": "http://127.0.0.1:9/v1"},
            },
            systems=[
                {"prompt": {"use": "small", "style": "brief", "name": "kin"}},
                {"prompt": {"use": "other", "style": "brief", "name": "stranger"}},
                {"answers": {"file": "today.csv", "name": "today"}},
            ],
        )
    )
    assert judging_of(verdict).same_family == ["kin"]


def test_pairs_are_judged_against_the_other_answer(tmp_path: Path, judge: Judge) -> None:
    def prefers(text: str, _again: int) -> int:
        return 2 if "fine" in text else 1 if text.startswith("do ") else 0

    judge(prefers)
    grader = {"pairwise": {"model": "referee", "better": "Which answer solves the case?"}}
    run_project(make_judged_project(tmp_path, 104, tuned=0.9, simple=0.4, grader=grader))
    with Store.open(tmp_path / STATE) as store:
        desk = desk_of(tmp_path, store)
        assert [name for name, _ in desk.beside(desk.items[0])] == ["task", "other answer"]
        assert desk.scale.marks[0].words == ("worse", "as good", "better")
    people_judge(tmp_path)
    verdict = run_project(tmp_path)
    judging = judging_of(verdict)
    assert judging.admitted
    assert judging.order_flip_rate == 0.0
    assert verdict.headline == "SHIP_FINE_TUNE"


def test_the_target_is_met_by_people_alone(tmp_path: Path, judge: Judge) -> None:
    """The judge passes everything that is flowery; people do not."""

    def easy(text: str, again: int) -> int:
        return 1 if "poor" in text and luck_of(text) < 0.3 else int("fine" in text)

    def luck_of(text: str) -> float:
        return (hash_of(text) % 1000) / 1000

    def hash_of(text: str) -> int:
        return sum(ord(c) * (n + 7) for n, c in enumerate(text))

    judge(easy)
    target = {"metric": "accuracy", "at_least": 0.7}
    first = run_project(make_judged_project(tmp_path, 180, tuned=0.72, simple=0.1, target=target))
    assert first.target is not None
    assert first.target.result == "unprovable"
    people_judge(tmp_path, cases=120)
    verdict = run_project(tmp_path)
    assert verdict.target is not None
    assert verdict.target.result != "met"
    assert "120 cases judged by people" in verdict.target.text


def test_locked_cases_are_judged_after_they_are_opened(tmp_path: Path, judge: Judge) -> None:
    judge(honest)
    make_judged_project(tmp_path, 300, tuned=0.95, simple=0.4)
    with (tmp_path / "cases.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    write_table(tmp_path / "cases.csv", rows[:150])
    write_table(tmp_path / "test.csv", rows[150:])
    content = yaml.safe_load((tmp_path / FILE_NAME).read_text(encoding="utf-8"))
    content["data"]["test"] = "test.csv"
    (tmp_path / FILE_NAME).write_text(yaml.safe_dump(content), encoding="utf-8")
    look = run_project(tmp_path)
    assert look.headline is None
    assert "passed by the judge" in look.headline_text
    assert not judging_of(look).tested
    with Store.open(tmp_path / STATE) as store, pytest.raises(InputError) as caught:
        desk_of(tmp_path, store)
    assert caught.value.code == "judgements.no_answers"
    assert "--final" in str(caught.value.hint)
    assert run_project(tmp_path, RunOptions(final=True)).headline == "CANNOT_JUDGE"
    people_judge(tmp_path)
    verdict = run_project(tmp_path, RunOptions(final=True))
    assert verdict.headline == "SHIP_FINE_TUNE"
    assert len(verdict.test_set.uses) == 1


def test_other_graders_are_left_alone(tmp_path: Path, judge: Judge) -> None:
    judge(honest)
    verdict = run_project(make_judged_project(tmp_path, 40, tuned=0.9, simple=0.4, grader="exact"))
    assert verdict.judging is None
    assert all(gate.name != "judge" for gate in verdict.gates)
    with Store.open(tmp_path / STATE) as store, pytest.raises(InputError) as caught:
        desk_of(tmp_path, store)
    assert caught.value.code == "judgements.no_judge"


def test_erased_rows_take_their_judgements_along(tmp_path: Path, judge: Judge) -> None:
    judge(honest)
    run_project(make_judged_project(tmp_path, 40, tuned=0.95, simple=0.4))
    people_judge(tmp_path)
    with Store.open(tmp_path / STATE) as store:
        desk = desk_of(tmp_path, store)
        item = desk.items[0]
        assert len(desk.people.of(item.answer)) == 1
        store.purge(item.answer.example, tmp_path / "runs")
        people = People(store, desk._grader)
        assert people.of(item.answer) == []
        assert json.dumps([one.row for one in store.decisions.standing()]).count(item.answer.text) == 0
