"""``tunewright cost`` as it is typed: without a project, with one that has run, with one that has not."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows
from typed import document, typed

from tunewright.reporting.cost_section import _told_apart

FIELDS = {"systems": [MAJORITY, WORDS_ONLY], "error_cost": 4.0, "volume_per_day": 2000}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_project(tmp_path_factory.mktemp("cost") / "desk", make_rows(60), fields=FIELDS)
    typed("run", root)
    return root


def test_what_would_it_cost_me_for_2000_tickets_a_day(tmp_path: Path) -> None:
    text = typed("cost", tmp_path, "--volume", 2000, "--examples", 600, "--usd-per-hour-of-work", 50).stdout
    assert "then 2,000 answers a day" in text
    assert "In short: " in text
    assert "6 to 12 hours of a person, $300 to $600 at $50 an hour" in text
    for model in ("gpt-4o-2024-08-06", "Llama-3.1-8B, LoRA", "Llama-3.1-70B, QLoRA", "gpt-6-luna"):
        assert model in text
    assert "not offered" in text
    assert "https://fireworks.ai/pricing (2026-10-07)" in text


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    error = document("cost", tmp_path / "nope", code=2)["error"]
    assert error["code"] == "cost.no_such_folder"


def test_two_sums_that_read_alike_get_the_digits_that_tell_them_apart() -> None:
    amounts = {"a": 13_841.2, "b": 13_812.6, "c": 13_841.2, "d": 70.0, "e": None}
    assert [_told_apart(amounts, name) for name in amounts] == ["$13,840", "$13,810", "$13,840", "$70", "unpriced"]


def test_the_same_as_a_document(tmp_path: Path) -> None:
    value = document("cost", tmp_path, "--volume", 2000)
    assert value["question"]["billed_tokens"] == 990_000
    assert {answer["for"] for answer in value["answers"]} >= {"gpt-4o", "llama-8b", "llama-70b", "not-tunable"}
    ori = next(answer for answer in value["answers"] if answer["where"] == "Ori")
    assert ori["usd_per_month"] is None
    assert all(answer["sources"] for answer in value["answers"] if answer["train_usd"])


def test_a_folders_own_prices_and_volume_count(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text(
        "- {model: gpt-4o-2024-08-06, from: 2026-01-01, input: 0, output: 0, train: 100}\n"
    )
    (tmp_path / "costs.yaml").write_text("work: {label_hours_per_1000: 3}\n")
    value = document("cost", tmp_path)
    hosted = next(answer for answer in value["answers"] if answer["model"] == "gpt-4o-2024-08-06")
    assert hosted["train_usd"] == [99.0, 99.0]
    assert hosted["usd_per_month"] == [0.0, 0.0]
    assert value["labelling"]["hours"] == 3.0


def test_a_project_that_has_run(desk: Path) -> None:
    text = typed("cost", desk).stdout
    assert "about 60,800 answers a month" in text
    assert "At equal quality: " in text
    assert "volume x 10" in text
    value = document("cost", desk, "--volume", 10, "--usd-per-hour-of-work", 50, "--months", 24)
    assert (value["calls_per_month"], value["usd_per_hour_of_work"], value["months"]) == (304.0, 50.0, 24.0)
    pair = document("cost", desk, "--between", "words", "--between", "majority")
    assert [one["system"] for one in pair["systems"]] == ["majority", "words"]
    assert "Fine-tuning on" in typed("cost", desk, "--offers").stdout


def test_slips_are_answered(desk: Path, tmp_path: Path) -> None:
    error = document("cost", desk, "--between", "words", "--between", "majorty", code=2)["error"]
    assert (error["code"], error["hint"]) == ("cost.unknown_system", "Did you mean 'majority'?")
    assert document("cost", desk, "--run", "nobody", code=2)["error"]["code"] == "run.unknown"
    assert document("cost", tmp_path, "--volume", 0, code=2)["error"]["code"] == "cost.volume"
    (tmp_path / "costs.yaml").write_text("moths: 3\n")
    assert document("cost", tmp_path, code=2)["error"]["hint"] == "Did you mean 'months'?"
