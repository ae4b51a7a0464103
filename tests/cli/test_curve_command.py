"""``tunewright curve`` as it is typed: a project, a table, slips."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows
from typed import document, typed


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("curve") / "desk", make_rows(60), systems=[MAJORITY, WORDS_ONLY])


def test_a_project_as_text_and_as_a_document(desk: Path) -> None:
    result = typed("curve", desk)
    text = result.stdout
    assert "Ahead, and never further than twice the data:" in text
    assert "passes 2 points" in text
    assert "15 trainings" in result.stderr
    report = Path(text.rstrip().splitlines()[-1].split(maxsplit=1)[1])
    assert report.name == "report.html"
    assert report.is_file()
    value = document("curve", desk, "--seeds", 3, "--against", "majority")
    assert value["trained"] == 0
    assert value["line"]["chosen"] == "named by you"
    assert value["command"].endswith("--against majority")
    assert [point["n"] for point in value["curve"]["points"]] == sorted(p["n"] for p in value["curve"]["points"])
    assert Path(value["report"]).is_file()


def test_slips_are_answered(desk: Path, tmp_path: Path) -> None:
    def code(*words: object) -> str:
        return str(document("curve", *words, code=2)["error"]["code"])

    assert code(desk, "--seeds", 1) == "curve.seeds"
    assert code(desk, "--sizes", "10,20") == "curve.few_sizes"
    said = document("curve", desk, "--sizes", "10,20,30", code=2)["error"]["message"]
    assert said.startswith("3 sizes, with all your rows 4, are too few")
    table = document("curve", desk / "tickets.csv", code=2)["error"]
    assert table["code"] == "curve.no_project"
    assert "tunewright curve" in table["hint"]
    assert "tunewright run" not in json.dumps(table)
    assert code(desk, "--sizes", "10;20") == "curve.sizes"
    assert code(desk, "--system", "wordz") == "curve.unknown_system"
    assert code(tmp_path / "nowhere") == "run.no_such_file"
    assert code(make_project(tmp_path / "few", make_rows(45), systems=[MAJORITY, WORDS_ONLY])) == "curve.too_few_rows"
