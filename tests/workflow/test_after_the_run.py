"""Using and exporting what a run left, from a table or a file of rules that changed in the meantime."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows, run_project, write_rows

from tunewright.errors import InputError
from tunewright.workflow.erase import purge
from tunewright.workflow.export import export_scores
from tunewright.workflow.predict import predict
from tunewright.workflow.study import Hooks

ROWS = make_rows(90)
RULES = "def route(text):\n    return 'billing'\n"


def _exported(path: Path) -> dict[tuple[str, str], str]:
    """Targets of the first pass by system and row."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines = [line for line in csv.DictReader(stream) if line["repetition"] == "0"]
    return {(line["system"], line["row_id"]): line["target"] for line in lines}


def _predicted(name: str, folder: Path, output: Path) -> list[str]:
    said: list[str] = []
    predict(name, folder / "tickets.csv", output, folder, Hooks(say=said.append))
    return said


def test_scores_are_those_of_the_run_whatever_became_of_the_table(tmp_path: Path) -> None:
    folder = make_project(tmp_path, ROWS)
    run_project(folder)
    whole = export_scores(folder, tmp_path / "before.csv")
    assert whole.notes == ()
    before = _exported(tmp_path / "before.csv")
    assert before == {(system, row.id): row.category for system in ("majority", "words") for row in ROWS}

    relabelled = replace(ROWS[0], category="repair")
    write_rows(folder / "tickets.csv", [*reversed(ROWS[2:]), relabelled, *make_rows(5, seed=8, prefix="N")])
    after = export_scores(folder, tmp_path / "after.csv")
    assert after.rows == whole.rows
    gone = {ROWS[0].id, ROWS[1].id}
    assert _exported(tmp_path / "after.csv") == {(s, row): "" if row in gone else t for (s, row), t in before.items()}
    assert "2 rows have no target" in after.notes[0]

    (folder / "tickets.csv").unlink()
    assert export_scores(folder, tmp_path / "without.parquet").rows == whole.rows


def test_after_an_erasure_it_is_said_that_answers_are_missing(tmp_path: Path) -> None:
    folder = make_project(tmp_path, ROWS)
    run_project(folder)
    purge(ROWS[0].id, folder)
    done = export_scores(folder, tmp_path / "scores.csv")
    assert ROWS[0].id not in {row for _, row in _exported(tmp_path / "scores.csv")}
    assert any("are missing, as after an erasure" in note for note in done.notes)


def test_a_run_that_scored_nothing_has_nothing_to_export(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(1500), systems=(MAJORITY,))
    run_project(folder)
    with pytest.raises(InputError, match="left no score rows"):
        export_scores(folder, tmp_path / "scores.csv")


def test_a_system_that_is_made_from_a_changed_table_says_so(tmp_path: Path) -> None:
    folder = make_project(tmp_path, ROWS, systems=(MAJORITY, WORDS_ONLY))
    run_project(folder)
    ready = _predicted("words", folder, tmp_path / "words.csv")
    assert not [line for line in ready if line.startswith("Note")]
    write_rows(folder / "tickets.csv", ROWS[:-1])
    assert _predicted("words", folder, tmp_path / "words2.csv") == []
    (note,) = [line for line in _predicted("majority", folder, tmp_path / "m.csv") if line.startswith("Note")]
    assert "the table changed since" in note


def test_rules_that_changed_since_the_run_are_told(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text(RULES)
    folder = make_project(tmp_path, ROWS, systems=(MAJORITY, {"rules": "rules.py:route"}))
    run_project(folder)
    assert not [line for line in _predicted("rules", folder, tmp_path / "a.csv") if "changed" in line]
    (tmp_path / "rules.py").write_text(RULES.replace("billing", "repair"))
    assert any("the files behind rules changed" in line for line in _predicted("rules", folder, tmp_path / "b.csv"))
