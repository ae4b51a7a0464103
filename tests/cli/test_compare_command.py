"""``tunewright compare`` and ``tunewright refresh`` as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows, write_rows
from typed import document, typed


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_project(tmp_path_factory.mktemp("compare") / "desk", make_rows(60), systems=[MAJORITY, WORDS_ONLY])
    typed("run", root)
    write_rows(root / "tickets.csv", make_rows(57))
    typed("run", root, "--system", "majority")
    return root


def test_the_last_two_runs_without_a_word(desk: Path) -> None:
    text = typed("compare", "--project", desk).stdout
    assert "rows: 60 -> 57; 57 the same, 0 added, 3 removed" in text
    assert "words: not compared, " in text
    assert "This describes and proves nothing" in text


def test_the_same_as_a_document(desk: Path) -> None:
    value = document("compare", "last-1", "last", "--project", desk)
    assert (value["cases"], value["common"]) == ("out-of-fold", 57)
    assert value["rows"]["removed"] == 3
    assert [one["system"] for one in value["systems"]] == ["majority", "words"]
    changed = {one["name"] for one in value["settings"]}
    assert changed == {"systems.words"}


def test_mistakes_are_said(desk: Path, tmp_path: Path) -> None:
    assert document("compare", "last", "--project", desk, code=2)["error"]["code"] == "compare.call"
    assert document("compare", "last", "nonsense", "--project", desk, code=2)["error"]["code"] == "run.unknown"
    assert document("compare", "--project", tmp_path, code=2)["error"]["code"] == "project.no_state"
    assert document("compare", "--system", "other", "--project", desk, code=2)["error"]["code"] == "compare.system"
    assert document("compare", "--recipe", "a", "b", code=2)["error"]["code"] == "compare.call"


def test_a_recipe_is_tested(desk: Path) -> None:
    value = document("compare", "--recipe", desk, "--system", "majority", "--draws", 3)
    assert (value["by"], value["draws"], value["learnable"]) == ("audit", 3, 57)
    assert [one["system"] for one in value["systems"]] == ["majority"]


def test_a_refresh_says_what_to_change(desk: Path) -> None:
    fresh = write_rows(desk / "fresh.csv", make_rows(40, seed=33, prefix="F"))
    text = typed("refresh", desk, fresh).stdout
    assert "  test: tickets.test.csv   # was not set" in text
    value = document("refresh", desk, fresh, "--dry-run")
    # Rows of made-up templates resemble each other; the few that repeat most of an old one's words are set aside.
    assert f"{value['kept']} of 40 rows" in text
    assert value["kept"] >= 36
    assert value["files"] == {"test": None, "learn": None}
