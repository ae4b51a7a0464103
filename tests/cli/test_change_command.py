"""``tunewright change`` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows
from typed import document, typed

FIELDS = {"folds": 2, "min_improvement": 0.05}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(
        tmp_path_factory.mktemp("change"), make_rows(60, noise=0.0), systems=[MAJORITY, WORDS_ONLY], fields=FIELDS
    )


def test_the_plan_says_the_fits_and_makes_none(desk: Path) -> None:
    value = document("change", desk, "--category", "repair", "--plan")
    assert value["fits"] == sum(one["fits"] for one in value["systems"])
    assert [one["existing"] for one in value["systems"]] == [0, 0]
    assert not (desk / "runs").exists()
    assert "time unknown until one is made" in typed("change", desk, "--category", "repair", "--plan").stdout


def test_what_a_category_takes_to_come_back(desk: Path) -> None:
    words = ("--category", "repair", "--system", "words", "--draws", 1, "--usd-per-hour-of-work", 60)
    result = typed("change", desk, *words)
    answer = "No system gets repair back with fewer than all 10 examples; words is then best"
    for part in ("repair: 20 cases, 40 others", answer, "Labelling, min", "Report: "):
        assert part in result.stdout
    assert len(list((desk / "runs").glob("change-*/report.html"))) == 1
    value = document("change", desk, *words, "--examples", 5)
    (one,) = value["changes"][0]["systems"]
    assert [point["examples"] for point in one["points"]] == [0, 5, 10]
    assert one["needed"] in (5, 10)
    assert one["effort"]["work_usd"] == pytest.approx(0.9 * one["needed"], abs=0.01)


def test_what_cannot_be_done_is_said(desk: Path) -> None:
    error = document("change", desk, "--category", "repairs", code=2)["error"]
    assert error["code"] == "change.unknown"
    assert "repair" in error["hint"]
    error = document("change", desk, "--by", "colour", code=2)["error"]
    assert error["code"] == "change.no_column"
    assert "customer" in error["hint"]
