"""``tunewright grade``: answers in a table, another grade, and nothing asked again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typed import document, typed

ROWS = [
    {"id": "a", "system": "one", "target": '{"city": "Ulm", "days": 3}', "answer": '{"days": 3, "city": "Ulm"}'},
    {"id": "b", "system": "one", "target": '{"city": "Bonn"}', "answer": '{"city": "Köln"}'},
    {"id": "a", "system": "two", "target": '{"city": "Ulm", "days": 3}', "answer": ""},
    {"id": "b", "system": "two", "target": '{"city": "Bonn"}', "answer": '{"city": "Bonn"}'},
]


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "answers.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)
    return path


def test_grades_by_system_with_fields(table: Path) -> None:
    value = document("grade", table, "--grader", "extraction")
    one, two = value["systems"]
    assert (one["system"], one["n"], one["score"], one["missing"]) == ("one", 2, 0.5, 0)
    assert (two["score"], two["no_usable_answer"]) == (0.5, 1)
    assert one["measures"]["micro_f1"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert {row["name"]: row["n"] for row in one["fields"]} == {"city": 2, "days": 1}


def test_options_and_another_grader(table: Path) -> None:
    exact = document("grade", table, "--grader", "extraction", "--set", "score=exact")
    assert [system["score"] for system in exact["systems"]] == [0.5, 0.5]
    words = document("grade", table, "--grader", "exact")
    assert [system["score"] for system in words["systems"]] == [0.0, 0.5]


def test_it_writes_a_line_per_row_and_never_over_a_file(table: Path) -> None:
    typed("grade", table, "--grader", "extraction", "-o", "grades.csv")
    with Path("grades.csv").open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [float(line["score"]) for line in lines] == [1.0, 0.0, 0.0, 1.0]
    assert json.loads(lines[1]["parts"]) == {"fn:city": 1.0, "fp:city": 1.0}
    error = document("grade", table, "--grader", "extraction", "-o", "grades.csv", code=2)["error"]
    assert "grades.csv" in error["where"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "grade.no_grader"),
        (("--grader", "extractoin"), "graders.unknown"),
        (("--grader", "extraction", "--set", "score"), "grade.option"),
        (("--grader", "extraction", "--set", "scores=f1"), "graders.unknown_option"),
        (("--grader", "extraction", "--answer", "reply"), "grade.no_column"),
    ],
)
def test_what_cannot_be_graded_says_so(words: tuple[str, ...], code: str, table: Path) -> None:
    assert document("grade", table, *words, code=2)["error"]["code"] == code


def test_a_project_gives_its_own_grader(table: Path) -> None:
    Path("tunewright.yaml").write_text("task: Read the mail\nkind: extract\n", encoding="utf-8")
    assert [system["score"] for system in document("grade", table)["systems"]] == [0.5, 0.5]
