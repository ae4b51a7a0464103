"""``tunewright grade``: answers in a table, another grade, and nothing asked again."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest
from typed import document, typed

from tunewright.language import carrier
from tunewright.language.carrier import _Failure

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


@pytest.mark.parametrize(("egress", "ways"), [("none", set()), ("allow", {"fetched"})])
def test_a_grader_fetches_its_encoder_only_where_the_project_allows_it(
    table: Path, monkeypatch: pytest.MonkeyPatch, egress: str, ways: set[str]
) -> None:
    tried: set[str] = set()

    def fetch(*_: object) -> None:
        tried.add("fetched")
        raise _Failure("no network in tests")

    monkeypatch.setenv("TUNEWRIGHT_CACHE", str(table.parent / "cache"))
    monkeypatch.delenv("TUNEWRIGHT_OFFLINE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(carrier, "_minilm_from_hub", fetch)
    monkeypatch.setattr(carrier, "_minilm_from_wheel", fetch)
    carrier.minilm.cache_clear()
    Path("tunewright.yaml").write_text(f"kind: extract\negress: {egress}\ngrader: similarity\n", encoding="utf-8")
    assert document("grade", table, code=1)["error"]["code"] == "encoder.unavailable"
    assert tried == ways
    assert "TUNEWRIGHT_OFFLINE" not in os.environ


def scores(path: Path, lines: list[dict[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


def case(n: int, **more: object) -> dict[str, object]:
    return {"system": "one", "row_id": f"r{n}", "target": "yes", "answer": "yes" if n % 3 else "no", **more}


def test_a_case_that_was_answered_twice_counts_once(tmp_path: Path) -> None:
    once = scores(tmp_path / "once.csv", [case(n) for n in range(30)])
    again = [case(n, repetition=1) | {"answer": "no"} for n in range(20)]
    twice = scores(tmp_path / "twice.csv", [*(case(n, repetition=0) for n in range(30)), *again])
    (plain,) = document("grade", once, "--grader", "exact")["systems"]
    (found,) = document("grade", twice, "--grader", "exact", "-o", tmp_path / "out.csv")["systems"]
    assert (plain["n"], plain["repeated"], found["repeated"]) == (30, 0, 20)
    assert {**found, "repeated": 0} == plain
    assert "on 30 rows, 20 lines of further repetitions left out" in typed("grade", twice, "--grader", "exact").stdout
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert [line["id"] for line in csv.DictReader(stream)] == [f"r{n}" for n in range(30)]


def test_rows_of_one_group_and_of_one_name_are_not_independent(tmp_path: Path) -> None:
    alone = [case(n) for n in range(60)]
    copies = [case(n // 4) for n in range(60)]
    grouped = [case(n // 4) | {"row_id": f"own{n}", "group": f"g{n // 4}"} for n in range(60)]
    values = [
        document("grade", scores(tmp_path / f"{name}.csv", lines), "--grader", "exact")["systems"][0]
        for name, lines in (("alone", alone), ("copies", copies), ("grouped", grouped))
    ]
    assert [value["clusters"] for value in values] == [None, 15, 15]
    widths = [value["interval"][1] - value["interval"][0] for value in values]
    assert widths[1] == widths[2] > 1.5 * widths[0]
    assert "on 60 rows in 15 groups" in typed("grade", tmp_path / "copies.csv", "--grader", "exact").stdout


def test_a_column_of_that_name_without_numbers_leaves_nothing_out(tmp_path: Path) -> None:
    lines = [case(n, repetition="yes" if n % 2 else "") for n in range(6)]
    (value,) = document("grade", scores(tmp_path / "own.csv", lines), "--grader", "exact")["systems"]
    assert (value["n"], value["repeated"]) == (6, 0)
