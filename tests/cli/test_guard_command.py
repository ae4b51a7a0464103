"""``tunewright guard`` as it is typed: on logs alone, on a project, and what it says when it is asked for nonsense."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import MAJORITY, make_project, make_rows
from typed import document, typed

from log_files import lm_eval_samples

RIGHT = [1.0] * 300 + [0.0] * 100
LOST = [1.0] * 250 + [0.0] * 150


@pytest.fixture
def logs(tmp_path: Path) -> dict[str, Path]:
    return {
        name: lm_eval_samples(tmp_path / name / "samples_t.jsonl", right)
        for name, right in (("before", RIGHT), ("after", RIGHT), ("lost", LOST))
    }


def test_two_logs_need_no_project(logs: dict[str, Path], tmp_path: Path) -> None:
    text = typed("guard", tmp_path, "--before", logs["before"], "--after", logs["after"]).stdout
    assert "Whatever could be checked for" in text
    assert "75.0 % before, 75.0 % after, on 400 cases of a lm-eval log." in " ".join(text.split())
    value = document("guard", tmp_path, "--before", logs["before"], "--after", logs["lost"])
    assert [one["result"] for one in value["guards"]] == ["broken"]
    assert value["guards"][0]["interval"][1] < 0
    assert not (tmp_path / "runs").exists()


def test_the_gate_ends_with_three_where_something_is_broken(logs: dict[str, Path], tmp_path: Path) -> None:
    assert (
        "Do not ship"
        in typed("guard", tmp_path, "--before", logs["before"], "--after", logs["lost"], "--gate", code=3).stdout
    )
    typed("guard", tmp_path, "--before", logs["before"], "--after", logs["after"], "--gate")


def test_a_wider_margin_forgives(logs: dict[str, Path], tmp_path: Path) -> None:
    words = ("guard", tmp_path, "--before", logs["before"], "--after", logs["lost"], "--margin", 0.2)
    assert [one["result"] for one in document(*words)["guards"]] == ["holds"]


def test_slips_are_answered(logs: dict[str, Path], tmp_path: Path) -> None:
    def code(*words: object) -> str:
        return str(document("guard", *words, code=2)["error"]["code"])

    assert code(tmp_path, "--before", logs["before"]) == "guard.one_log"
    assert code(tmp_path, "--before", logs["before"], "--after", tmp_path / "none") == "guard.no_log"
    assert code(tmp_path, "--before", logs["before"], "--after", logs["after"], "--margin", 2) == "call.value"
    assert code(tmp_path, "--before", logs["before"], "--after", logs["after"], "--scale", "1:1") == "call.value"
    folder = make_project(tmp_path / "desk", make_rows(45), systems=[MAJORITY])
    assert code(folder) == "guard.no_candidate"
    folder = make_project(tmp_path / "two", make_rows(45), systems=[MAJORITY, {"finetune": "minilm"}])
    assert code(folder, "--system", "nobody") == "guard.no_system"


def test_a_project_is_measured_and_written_down(tmp_path: Path, tiny_encoder: Path) -> None:
    systems = [MAJORITY, {"finetune": {"use": str(tiny_encoder), "epochs": 1, "name": "tuned"}}]
    folder = make_project(tmp_path / "desk", make_rows(60), systems=systems, fields={"folds": 2})
    text = " ".join(typed("guard", folder).stdout.split())
    assert "Held against what it is made from:" in text
    assert "Not checked: a classifier cannot write" in text
    assert "guards.json; the next run with " in text
    value = document("guard", folder, "--system", "tuned")
    assert value["system"] == "tuned"
    assert {one["system"] for one in value["guards"]} == {"tuned"}
    assert len(list((folder / "runs").glob("guard-*/guards.json"))) == 2
    advice = document("advise", folder)
    assert any(str(source).endswith("guards.json") for source in advice["sources"])
