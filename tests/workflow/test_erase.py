"""Finding a row and erasing it: afterwards no file of the project holds its text, and everything still works."""

from __future__ import annotations

import csv
import os
import signal
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from desks import MAJORITY, WORDS_ONLY, Row, make_project, make_rows, run_folders, run_project
from forks import fork, reap

from tunewright.errors import InputError
from tunewright.workflow.erase import purge, where
from tunewright.workflow.export import export_scores
from tunewright.workflow.predict import predict
from tunewright.workflow.run import STATE
from tunewright.workflow.runs import find_run, verdict_of
from tunewright.workflow.study import Hooks


def _holding(folder: Path, word: str) -> list[Path]:
    """Files below a folder that hold a word."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if word.encode() in path.read_bytes()]


def _project(folder: Path, rows: list[Row]) -> Path:
    # What is used today is wrong about a third of the rows, so that the reports quote cases.
    return make_project(folder, rows, systems=(MAJORITY, WORDS_ONLY), fields={"incumbent": MAJORITY})


def _own_word(row: Row, rows: list[Row]) -> str:
    """A word that this text has and no other."""
    others = {word for other in rows if other is not row for word in other.text.split()}
    (word,) = set(row.text.split()) - others
    return word


def _shown_row(folder: Path, rows: list[Row]) -> Row:
    verdict = verdict_of(find_run(folder, None))
    return next(row for row in rows if row.id == verdict.fixed_cases[0].row)


@pytest.mark.parametrize("named_by", ["id", "place", "text"])
def test_after_a_purge_no_file_holds_the_text(tmp_path: Path, named_by: str) -> None:
    rows = make_rows(90)
    folder = _project(tmp_path / "project", rows)
    run_project(folder)
    row = _shown_row(folder, rows)
    word = _own_word(row, rows)
    query = {"id": row.id, "place": f"tickets.csv:{rows.index(row) + 2}", "text": row.text}[named_by]

    found = where(query, folder)
    assert [placement.row_id for placement in found.placements] == [row.id]
    assert {file.path for file in found.files} == {"verdict.json", "report.html"}
    assert found.scores != ()
    assert _holding(folder / STATE, word) != []
    assert _holding(folder / "runs", word) != []

    erased = purge(query, folder)
    assert sum(report.n_scores for report in erased.reports) > 0
    assert _holding(folder / STATE, word) == []
    assert _holding(folder / "runs", word) == []
    known = where(query, folder)
    assert (known.placements, known.scores, known.artifacts, known.files) == ((), (), (), ())


def test_after_a_purge_everything_still_works(tmp_path: Path) -> None:
    rows = make_rows(90)
    folder = _project(tmp_path / "project", rows)
    before = run_project(folder)
    row = _shown_row(folder, rows)
    word = _own_word(row, rows)
    purge(row.id, folder)

    predict("best", folder / "tickets.csv", tmp_path / "answers.csv", folder, Hooks())
    after = run_project(folder)
    assert (before.data.rows_set_aside, after.data.rows_set_aside) == (0, 1)
    assert after.test_set.n == 89
    assert after.use.system == before.use.system
    listed = (run_folders(folder)[-1] / "set_aside.csv").read_text(encoding="utf-8-sig")
    assert "erased" in listed
    assert _holding(folder / STATE, word) == []
    assert _holding(folder / "runs", word) == []
    export_scores(folder, tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open(encoding="utf-8", newline="") as stream:
        exported = {line["row_id"] for line in csv.DictReader(stream)}
    assert exported == {other.id for other in rows} - {row.id}
    # The row stays in the person's own table.
    assert word in (folder / "tickets.csv").read_text(encoding="utf-8")


def test_a_row_that_was_set_aside_can_be_erased_by_its_place(tmp_path: Path) -> None:
    rows = make_rows(120)
    rows[30] = replace(rows[30], category="")
    folder = _project(tmp_path / "project", rows)
    run_project(folder)
    word = _own_word(rows[30], rows)
    assert [path.name for path in _holding(folder / "runs", word)] == ["set_aside.csv"]
    purge("tickets.csv:32", folder)
    assert _holding(folder, word) == [folder / "tickets.csv"]


def test_a_run_that_was_killed_in_a_fit_leaves_nothing_outside_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    rows = make_rows(90)
    folder = _project(tmp_path / "project", rows)
    word = _own_word(rows[0], rows)

    def die_while_saving() -> None:
        from tunewright.systems.tfidf import FittedTfidf

        save = FittedTfidf.save

        def save_and_die(fitted: FittedTfidf, where_to: Path) -> None:
            save(fitted, where_to)
            if word in "".join(path.read_text(encoding="utf-8") for path in where_to.glob("*.json")):
                os.kill(os.getpid(), signal.SIGKILL)

        FittedTfidf.save = save_and_die  # type: ignore[method-assign]
        run_project(folder)

    assert reap(fork(die_while_saving)) == -signal.SIGKILL
    assert _holding(scratch, word) == []
    assert _holding(folder / STATE, word) != []
    purge(rows[0].id, folder)
    assert _holding(folder / STATE, word) == []


def test_what_nobody_knows_is_said(tmp_path: Path) -> None:
    folder = _project(tmp_path / "project", make_rows(90))
    run_project(folder)
    assert where("T9999", folder).row_keys == ()
    with pytest.raises(InputError, match="Nothing is known") as caught:
        purge("T9999", folder)
    assert caught.value.hint is not None
    assert "FILE:LINE" in caught.value.hint
