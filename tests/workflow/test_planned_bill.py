"""What a run may cost is said before it starts, also where the server that bills is this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows, settings_of

from tunewright.project.settings import SystemEntry
from tunewright.workflow.plan import plan

HERE = {"openai": "m", "base_url": "http://127.0.0.1:9/v1"}
ASKED: SystemEntry = {"prompt": {"use": "far", "name": "asked", "max_tokens": 16}}
JUDGE = {"judge": {"model": "far", "criteria": "- right (1): says what the target says", "levels": 1}}
BILLED = "Billed by whoever runs the server: far"


def told(
    folder: Path, systems: Sequence[SystemEntry], price: Mapping[str, float] | None = None, **fields: object
) -> str:
    made = make_project(folder, make_rows(60), systems=systems, fields={"models": {"far": HERE}, **fields})
    if price is not None:
        entry = {"model": "m", "from": "2026-01-01", **price}
        (made / "prices.yaml").write_text(yaml.safe_dump([entry]), encoding="utf-8")
    return plan(settings_of(made), made).text


def test_without_a_model_behind_a_server_calls_cost_nothing(tmp_path: Path) -> None:
    text = told(tmp_path, [MAJORITY, WORDS_ONLY])
    assert "nothing leaves this machine, $0 for calls." in text
    assert "Billed" not in text


@pytest.mark.parametrize(
    "systems",
    [[MAJORITY, ASKED], [WORDS_ONLY, ASKED, {"cascade": {"use": "words > asked", "name": "turn"}}]],
    ids=["prompt", "cascade"],
)
def test_a_billed_model_on_this_machine_is_named_and_never_said_to_be_free(
    tmp_path: Path, systems: list[SystemEntry]
) -> None:
    text = told(tmp_path, systems)
    assert "nothing leaves this machine." in text
    assert "$0" not in text
    assert f"{BILLED} (asked by {', '.join(['asked', 'turn'][: len(systems) - 1])}), price unknown" in text
    assert "prices.yaml" in text


def test_the_worst_bill_of_the_answers_is_told_where_the_price_is_known(tmp_path: Path) -> None:
    text = told(tmp_path, [MAJORITY, ASKED], {"input": 3.0, "output": 15.0})
    read = sum(4_000 + len(row.text) for row in make_rows(60))
    usd = read * 3e-6 + 60 * 16 * 15e-6
    assert f"{BILLED} (asked by asked), up to ${usd:.2f} for its answers" in text
    assert usd > 0.5


def test_a_stated_zero_is_zero_and_a_cap_is_told(tmp_path: Path) -> None:
    free = told(tmp_path, [MAJORITY, ASKED], {"input": 0, "output": 0}, max_usd_per_run=2.5)
    assert f"{BILLED} (asked by asked), $0 by its stated price. The run stops before $2.5 are passed" in free


def test_a_judge_is_billed_too_and_a_distant_one_is_over_the_network(tmp_path: Path) -> None:
    here = told(tmp_path / "here", [MAJORITY], kind="generate", grader=JUDGE)
    assert f"{BILLED} (asked by the grader), price unknown" in here
    assert "nothing leaves this machine." in here
    away = {"far": {"openai": "m", "base_url": "https://models.example.com/v1"}}
    there = told(tmp_path / "there", [MAJORITY], kind="generate", grader=JUDGE, models=away)
    assert "over the network: the grader." in there
    assert "nothing leaves" not in there


def test_a_teacher_is_billed_though_nobody_asks_it_afterwards(tmp_path: Path) -> None:
    text = told(tmp_path, [MAJORITY, {"distil": {"use": "far -> tfidf", "name": "taught"}}])
    assert f"{BILLED} (asked by taught)" in text


def test_a_table_of_prices_that_cannot_be_read_is_an_unknown_price(tmp_path: Path) -> None:
    made = make_project(tmp_path, make_rows(60), systems=[MAJORITY, ASKED], fields={"models": {"far": HERE}})
    (made / "prices.yaml").write_text("far: 3\n", encoding="utf-8")
    assert f"{BILLED} (asked by asked), price unknown" in plan(settings_of(made), made).text
