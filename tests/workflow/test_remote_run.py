"""A comparison whose prompt goes to a server: what is paid, what is kept, and what a lost connection does."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from desks import MAJORITY, WORDS, WORDS_ONLY, make_project, make_rows, open_state, run_project, settings_of

from misbehaving import Answer, Server, error, reply
from tunewright.errors import Cancelled, InputError
from tunewright.project.settings import SystemEntry
from tunewright.records.verdict import SystemResult, Verdict
from tunewright.workflow.contestants import contestants_of
from tunewright.workflow.opened import learnable
from tunewright.workflow.planning import plan_text
from tunewright.workflow.study import Hooks

READ, WRITTEN = 100, 2
USD = READ * 3e-6 + WRITTEN * 15e-6
ASKED: SystemEntry = {"prompt": {"use": "far", "style": "brief", "name": "asked"}}


def label_of(body: dict[str, Any]) -> str:
    """The class that most words of the last message belong to."""
    text = body["messages"][-1]["content"].split()
    return max(WORDS, key=lambda label: sum(word in WORDS[label] for word in text))


def right(_place: int, body: dict[str, Any]) -> Answer:
    return reply(label_of(body), READ, WRITTEN)


def project(folder: Path, server: Server, *systems: SystemEntry, n: int = 60, **fields: object) -> Path:
    made = make_project(
        folder,
        make_rows(n),
        systems=systems or (MAJORITY, ASKED),
        fields={"models": {"far": {"openai": "m", "base_url": server.url, "retry_s": 0}}, "folds": 3, **fields},
    )
    price = [{"model": "m", "from": "2026-01-01", "input": 3.0, "output": 15.0}]
    (made / "prices.yaml").write_text(yaml.safe_dump(price), encoding="utf-8")
    return made


def planned(folder: Path) -> str:
    """What the plan of a project says."""
    settings = settings_of(folder)
    with open_state(folder) as store:
        prepared, around = learnable(settings, folder, store)
        contestants, _ = contestants_of(settings, folder, around)
        return plan_text(prepared.study, contestants)


def asked(verdict: Verdict) -> SystemResult:
    return next(system for system in verdict.systems if system.name == "asked")


def messages(server: Server) -> Counter[str]:
    return Counter(json.dumps([body["messages"], body.get("seed")]) for body in server.bodies)


def test_the_bill_is_in_the_verdict(tmp_path: Path) -> None:
    with Server(right) as server:
        found = asked(run_project(project(tmp_path, server, volume_per_day=1000)))
    assert found.score is not None
    assert found.score > 0.8
    assert found.per_answer is not None
    assert (found.per_answer.calls, found.per_answer.input_tokens, found.per_answer.output_tokens) == (1, READ, WRITTEN)
    assert found.per_answer.usd == pytest.approx(USD)
    assert found.cost.usd_per_month == pytest.approx(USD * 1000 * 30.4, abs=0.01)


def test_an_unknown_price_is_unpriced(tmp_path: Path) -> None:
    with Server(right) as server:
        made = project(tmp_path, server)
        (made / "prices.yaml").unlink()
        found = asked(run_project(made))
    assert found.per_answer is not None
    assert found.per_answer.usd is None
    assert found.cost.usd_per_month is None


def test_a_second_run_and_another_grader_pay_nothing(tmp_path: Path) -> None:
    with Server(right) as server:
        made = project(tmp_path, server)
        first = run_project(made)
        paid = len(server.bodies)
        assert asked(run_project(made)).score == asked(first).score
        assert len(server.bodies) == paid
        content = yaml.safe_load((made / "tunewright.yaml").read_text(encoding="utf-8"))
        (made / "tunewright.yaml").write_text(yaml.safe_dump({**content, "grader": "exact"}), encoding="utf-8")
        run_project(made)
    # The texts of timed calls are the same ones each time.
    assert len(server.bodies) == paid


def test_a_kept_reply_takes_the_time_that_it_took_once(tmp_path: Path) -> None:
    def slowly(place: int, body: dict[str, Any]) -> Answer:
        answer = right(place, body)
        answer.delay_s = 0.03
        return answer

    with Server(slowly) as server:
        made = project(tmp_path, server)
        first = asked(run_project(made)).latency
        paid = len(server.bodies)
        content = yaml.safe_load((made / "tunewright.yaml").read_text(encoding="utf-8"))
        changed = {**content, "grader": "exact"}
        (made / "tunewright.yaml").write_text(yaml.safe_dump(changed), encoding="utf-8")
        second = asked(run_project(made)).latency
    assert len(server.bodies) == paid
    assert first is not None
    assert second is not None
    assert min(first.p50_ms, second.p50_ms) >= 30
    assert second.n == first.n


def test_a_server_of_garbage_has_no_latency_until_it_answers(tmp_path: Path) -> None:
    with Server(lambda _place, _body: Answer(body=b"<html>gateway</html>")) as server:
        made = project(tmp_path, server)
        broken = asked(run_project(made))
        server.behaviour = right
        well = asked(run_project(made))
    assert (broken.latency, broken.score) == (None, None)
    assert well.latency is not None
    assert well.score is not None


def test_what_was_stopped_pays_only_for_what_is_missing(tmp_path: Path) -> None:
    with Server(right) as server:
        made = project(tmp_path, server)
        stop = Hooks(cancelled=lambda: len(server.bodies) >= 30)
        with pytest.raises(Cancelled):
            run_project(made, hooks=stop)
        before = len(server.bodies)
        verdict = run_project(made)
    assert 30 <= before < len(server.bodies)
    assert asked(verdict).missing == 0
    # Requests in flight when the run was stopped are the only ones that may have been asked twice: fewer than half.
    assert sum(count - 1 for count in messages(server).values()) <= 15


def test_a_lost_connection_is_missing_and_asked_again(tmp_path: Path) -> None:
    broken: set[str] = set()

    def some_fail(place: int, body: dict[str, Any]) -> Answer:
        text = body["messages"][-1]["content"]
        if place % 7 == 3 and text not in broken:
            broken.add(text)
            return error(500)
        return right(place, body)

    with Server(some_fail) as server:
        made = project(tmp_path, server, MAJORITY, WORDS_ONLY, ASKED)
        first = asked(run_project(made))
        paid = len(server.bodies)
        server.behaviour = right
        second = asked(run_project(made))
    assert first.missing > 0
    assert second.missing == 0
    assert second.n == first.n + first.missing
    assert len(server.bodies) - paid <= len(broken)


def test_the_cap_of_a_run_stops_before_it_is_passed(tmp_path: Path) -> None:
    with Server(right) as server:
        found = asked(run_project(project(tmp_path, server, max_usd_per_run=0.02)))
        sold = sum(read * 3e-6 + written * 15e-6 for read, written in server.sold)
    assert 0 < sold <= 0.02
    assert found.missing > 0 or not found.available


def test_a_dead_server_is_missing_never_wrong(tmp_path: Path) -> None:
    with Server(lambda _place, _body: error(503)) as server:
        verdict = run_project(project(tmp_path, server))
    found = asked(verdict)
    assert (found.score, found.missing, found.cost.usd_per_month) == (None, 60, None)
    assert verdict.use.system == MAJORITY


def test_a_named_model_judges_and_its_bill_is_paid_once(tmp_path: Path) -> None:
    def judge(_place: int, body: dict[str, Any]) -> Answer:
        mark = int("invoice" in body["messages"][-1]["content"])
        return reply(json.dumps({"reason": "read", "marks": {"right": mark}}), READ, WRITTEN)

    grader = {"judge": {"model": "far", "criteria": "- right (1): says what the target says", "levels": 1}}
    with Server(judge) as server:
        made = project(tmp_path, server, MAJORITY, kind="generate", grader=grader)
        first = run_project(made)
        paid = len(server.bodies)
        again = run_project(made)
        assert len(server.bodies) == paid
    majority = first.systems[0]
    assert majority.score is not None
    assert 0 < majority.score < 1
    assert majority.parts == {"criterion:right": majority.score}
    assert again.systems[0].score == majority.score


def test_a_judge_over_the_network_is_refused_where_nothing_may_leave(tmp_path: Path) -> None:
    with Server(right) as server:
        made = project(tmp_path, server, MAJORITY, kind="generate", egress="none", grader={"judge": {"model": "away"}})
        content = yaml.safe_load((made / "tunewright.yaml").read_text(encoding="utf-8"))
        content["models"]["away"] = {"openai": "m", "base_url": "https://models.example.com/v1"}
        (made / "tunewright.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        with pytest.raises(InputError) as caught:
            run_project(made)
    assert caught.value.code == "graders.judge"


def test_the_plan_says_what_will_be_left_out_and_why(tmp_path: Path) -> None:
    with Server(right) as server:
        capped = project(tmp_path / "capped", server, max_usd_per_run=1)
        assert "Left out" not in planned(capped)
        (capped / "prices.yaml").unlink()
        said = planned(capped)
        keyless = {"far": {"openai": "m", "base_url": server.url, "key": "${env:NO_SUCH_KEY}"}}
        silent = planned(project(tmp_path / "keyless", server, models=keyless))
        found = asked(run_project(capped))
    assert "Left out: asked, for there is a dollar cap (max_usd_per_run), but no price is known for far" in said
    assert "Left out: asked, for the environment variable NO_SUCH_KEY with its key is not set" in silent
    assert not server.bodies
    assert found.reason is not None
    assert "no price is known for far" in found.reason


def test_a_cascade_that_asked_nobody_costs_nothing(tmp_path: Path) -> None:
    turn: SystemEntry = {"cascade": {"use": "words > asked > person", "name": "turn", "target": 0.4, "sure": 0.6}}
    with Server(lambda _place, _body: reply("no such label", READ, WRITTEN)) as server:
        made = project(tmp_path, server, MAJORITY, WORDS_ONLY, ASKED, turn)
        verdict = run_project(made)
    found = next(system for system in verdict.systems if system.name == "turn")
    assert found.per_answer is not None
    assert (found.per_answer.calls, found.per_answer.usd) == (0, 0)
    assert found.cost.usd_per_month is not None
    assert asked(verdict).per_answer is not None
