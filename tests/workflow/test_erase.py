"""Finding a row and erasing it: afterwards no file of the project holds its text, and everything still works."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from desks import MAJORITY, WORDS_ONLY, Row, make_project, make_rows, run_folders, run_project

from forks import fork, killed_at, reap
from tunewright.errors import InputError, WorkError
from tunewright.workflow.erase import interrupted, purge, where
from tunewright.workflow.export import export_scores
from tunewright.workflow.predict import predict
from tunewright.workflow.runs import STATE, find_run, finish_purges, open_state, verdict_of
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


def test_a_row_set_aside_that_a_spreadsheet_would_run_is_found_by_its_place_and_goes(tmp_path: Path) -> None:
    rows = make_rows(90)
    folder = make_project(tmp_path / "project", rows, data={"path": "=tickets.csv", "allow_set_aside": 0.1})
    table = (folder / "tickets.csv").rename(folder / "=tickets.csv")
    with table.open("a", encoding="utf-8") as stream:
        stream.write("T999,=1+1 without an answer,,,\n")
    run_project(folder)
    (path,) = folder.glob("runs/*/set_aside.csv")
    assert "'=tickets.csv" in path.read_text(encoding="utf-8-sig")
    place = f"=tickets.csv:{len(rows) + 2}"
    purge(place, folder)
    assert "without an answer" not in path.read_text(encoding="utf-8-sig")


def _killed_in_a_purge(made: Path, copy: Path, query: str, step: int) -> bool:
    """A copy of a project in which a purge was killed at its n-th statement; False when it ended before."""
    shutil.copytree(made, copy)

    def erase() -> Callable[[], None]:
        def work() -> None:
            purge(query, copy)

        return work

    return killed_at(step, erase)


def test_a_purge_that_was_killed_is_completed_by_whatever_writes_next(in_memory: Path) -> None:
    rows = make_rows(90)
    made = _project(in_memory / "made", rows)
    run_project(made)
    row = _shown_row(made, rows)
    word = _own_word(row, rows)
    (made / "runs" / "quoting").mkdir()
    (made / "runs" / "quoting" / "notes.html").write_text(row.text)
    step, begun = 0, 0
    while _killed_in_a_purge(made, copy := in_memory / f"p{step}", row.text, step):
        with open_state(copy) as store:
            open_keys = store.unfinished_purges()
            said = finish_purges(store, copy)
            assert store.unfinished_purges() == []
        held = _holding(copy / STATE, word) + _holding(copy / "runs", word)
        if open_keys:
            begun += 1
            assert said == ("An erasure was interrupted and is completed now: 1 rows.",)
            assert held == []
        else:
            # Nothing was begun, or everything was done and only the last word was missing.
            assert said == ()
            assert held == [] or copy / STATE in held[0].parents
        shutil.rmtree(copy)
        step += 4
    assert begun > 3


def test_the_next_run_says_that_it_completed_an_erasure(in_memory: Path) -> None:
    rows = make_rows(90)
    made = _project(in_memory / "made", rows)
    run_project(made)
    row = rows[0]
    step = next(step for step in range(0, 200, 5) if _begun_at(made, in_memory / f"p{step}", row.id, step))
    copy = in_memory / f"p{step}"
    assert "Its erasure was interrupted: repeat it, or the next run completes it." in interrupted(
        where(row.id, copy), copy
    )
    said: list[str] = []
    run_project(copy, hooks=Hooks(say=said.append))
    assert "Note: An erasure was interrupted and is completed now: 1 rows." in said
    assert _holding(copy / STATE, _own_word(row, rows)) == []


def _begun_at(made: Path, copy: Path, query: str, step: int) -> bool:
    assert _killed_in_a_purge(made, copy, query, step), "it ended before an erasure was begun"
    with open_state(copy) as store:
        return bool(store.unfinished_purges())


def test_what_cannot_be_completed_yet_is_said_and_stops_nothing(tmp_path: Path) -> None:
    rows = make_rows(90)
    folder = _project(tmp_path / "project", rows)
    run_project(folder)
    report = find_run(folder, None) / "report.html"
    report.unlink()
    report.mkdir()
    with pytest.raises(WorkError, match="could not be deleted"):
        purge(_shown_row(folder, rows).id, folder)
    with open_state(folder) as store:
        (sentence,) = finish_purges(store, folder)
        assert "cannot be completed yet" in sentence
        assert str(report) in sentence
    report.rmdir()
    with open_state(folder) as store:
        assert "is completed now" in finish_purges(store, folder)[0]


def test_a_run_that_was_stopped_by_force_is_told(tmp_path: Path) -> None:
    rows = make_rows(90)
    folder = _project(tmp_path / "project", rows)

    def die_in_a_fit() -> None:
        def progress(_system: str, stage: str, _fraction: float) -> None:
            if "strength" in stage:
                os.kill(os.getpid(), signal.SIGKILL)

        run_project(folder, hooks=Hooks(progress=progress))

    assert reap(fork(die_in_a_fit)) == -signal.SIGKILL
    (name,) = [path.name for path in run_folders(folder)]
    assert interrupted(where(rows[0].id, folder), folder) == [f"{name} was stopped before its end."]
