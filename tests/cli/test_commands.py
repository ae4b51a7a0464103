"""Every command as it is typed: what it prints, how it ends, what its errors say."""

from __future__ import annotations

import csv
import io
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import polars as pl
import pytest
import yaml
from desks import MAJORITY, make_project, make_rows, run_folders, write_rows, write_table
from typed import document, typed
from volatile import volatile_patterns, without_volatile

from tunewright.cli.main import COMMANDS, app
from tunewright.project.file import FILE_NAME
from tunewright.records.verdict import Verdict

ROWS = make_rows(90)
FLAGS = ("--input", "text", "--target", "category", "--system", "majority")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "desk", ROWS)


@pytest.fixture
def finished(project: Path) -> Path:
    """A project with a finished run in which a case was fixed."""
    make_project(project, ROWS, fields={"incumbent": MAJORITY})
    typed("run", project)
    return project


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table without a project file, in the folder where one works."""
    monkeypatch.chdir(tmp_path)
    return write_rows(tmp_path / "tickets.csv", ROWS)


# Help


def test_help_names_every_command_and_every_command_has_help() -> None:
    text = typed("--help").stdout
    for _, name in COMMANDS:
        assert name in text
        assert "--debug" in typed(name, "--help").stdout
    assert typed("--version").stdout.startswith("tunewright ")


# run


def test_run_on_a_folder(project: Path) -> None:
    shown = typed("run", project)
    assert "majority" in shown.stdout
    assert "words" in shown.stdout
    assert "report.html" in shown.stdout
    (run,) = run_folders(project)
    assert {path.name for path in run.iterdir()} == {"manifest.json", "verdict.json", "report.html", "log.txt"}


def test_run_prints_one_json_document(project: Path) -> None:
    verdict = Verdict.model_validate(document("run", project))
    assert verdict.command == f"tunewright run {project}"
    assert verdict.test_set.n == 90


def test_run_on_a_table_with_flags(table: Path) -> None:
    value = document("run", "tickets.csv", *FLAGS, "--id", "id", "--task", "Send it to its desk", "--seed", 3)
    assert value["task"] == "Send it to its desk"
    assert value["seeds"] == {"seed": 3}
    assert value["command"] == (
        "tunewright run tickets.csv --input text --target category --id id --task 'Send it to its desk' "
        "--system majority --seed 3"
    )
    again = document(*value["command"].replace("'Send it to its desk'", "X").split()[1:])
    assert again["systems"][0]["score"] == value["systems"][0]["score"]
    assert (table.parent / "runs").is_dir()


def test_run_without_flags_and_without_a_terminal_names_them(table: Path) -> None:
    error = document("run", "tickets.csv", code=2)["error"]
    assert error["code"] == "run.columns"
    assert "text, category" in error["where"]
    assert "tunewright run tickets.csv --input text --target category" in error["hint"]


def test_gate_ends_with_three_unless_the_answer_is_to_ship(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed("run", project, "--gate", code=3)
    assert document("run", project, "--gate", code=3)["headline"] is None
    from tunewright.systems import registry

    own = registry.kinds()
    monkeypatch.setattr(registry, "kinds", lambda: {**own, "keywords": "keywords_kind"})
    make_project(project, make_rows(150, noise=0.05), systems=(MAJORITY, "keywords"))
    assert document("run", project, "--gate")["headline"] == "SHIP_FINE_TUNE"


def test_no_texts_keeps_cases_out_of_the_files(finished: Path) -> None:
    typed("run", finished, "--no-texts")
    shown, hidden = (run / "report.html" for run in run_folders(finished))
    fixed = Verdict.model_validate_json((shown.parent / "verdict.json").read_text(encoding="utf-8")).fixed_cases[0]
    assert fixed.text in shown.read_text(encoding="utf-8")
    assert fixed.text not in hidden.read_text(encoding="utf-8")
    assert fixed.text not in (hidden.parent / "verdict.json").read_text(encoding="utf-8")


# Errors


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "nowhere.csv"), 2, ("nowhere.csv",)),
        (("run", "."), 2, ("There is no project file here", "tunewright.yaml", "tunewright init FILE")),
        (("run", "tickets.csv", "--input", "txet", "--target", "category"), 2, ("txet", "text")),
        (("run", "tickets.csv", *FLAGS[:4], "--system", "tfifd"), 2, ("tfifd", "Did you mean 'tfidf'?")),
        (("run", "tickets.csv", *FLAGS, "--seed", "-1"), 2, ("seed",)),
        (("run", "tickets.csv", *FLAGS, "--allow-set-aside", "7"), 2, ("allow",)),
        (("verdict", "old.csv", "new.csv"), 2, ("old.csv",)),
        (("verdict", "tickets.csv", "tickets.csv", "--min-improvement", "3"), 2, ("--min-improvement",)),
        (("predict", "best", "tickets.csv"), 2, ("No run was made in this folder", "--project")),
        (("report",), 2, ("No run of this project has a verdict", "tunewright run")),
        (("report", "2020-01-01"), 2, ("2020-01-01",)),
        (("where", "T0001"), 2, ("No run was made in this folder", "--project")),
        (("purge", "T0001"), 2, ("Nothing was erased", "--yes")),
        (("purge", "T0001", "--yes"), 2, ("No run was made in this folder", "--project")),
        (("gc",), 2, ("No run was made in this folder", "--project")),
        (("predict", "best", "tickets.csv", "--output", "a.txt"), 2, (".csv or .xlsx",)),
        (("export-scores", "scores.txt"), 2, (".csv or .parquet", "scores.txt")),
        (("export-scores", "scores.csv"), 2, ("No run was made in this folder",)),
        (("selftest", "nowhere.csv"), 2, ("nowhere.csv",)),
        (("init", "nowhere.csv"), 2, ("nowhere.csv",)),
        (("plan", "nowhere.csv"), 2, ("nowhere.csv",)),
        (("run", "--no-such-flag"), 2, ("--no-such-flag",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_errors_say_what_where_and_what_to_do(
    table: Path, words: tuple[str, ...], code: int, said: tuple[str, ...]
) -> None:
    shown = " ".join(typed(*words, code=code).output.split())
    for text in said:
        assert text in shown


def test_errors_in_json_are_one_document_too(table: Path) -> None:
    error = document("run", "nowhere.csv", code=2)["error"]
    assert set(error) == {"code", "message", "where", "why", "hint"}
    assert error["where"] == "nowhere.csv"


def test_a_wrong_field_names_file_line_and_the_right_one(project: Path) -> None:
    path = project / FILE_NAME
    path.write_text(path.read_text(encoding="utf-8") + "min_improvment: 0.1\n", encoding="utf-8")
    error = document("run", project, code=2)["error"]
    lines = path.read_text(encoding="utf-8").count("\n")
    assert error["where"] == f"{path}:{lines}"
    assert error["hint"] == "Did you mean 'min_improvement'?"


def test_a_defect_of_the_program_is_no_traceback_either(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("it fell over")

    monkeypatch.setattr("tunewright.workflow.run.learnable", broken)
    error = document("run", project, code=1)["error"]
    assert error["code"] == "program.defect"
    assert "RuntimeError: it fell over" in error["message"]
    assert "--debug" in error["hint"]


# plan, init, selftest


def test_plan_says_what_the_cases_can_show_and_leaves_no_trace(project: Path) -> None:
    text = typed("plan", project).stdout
    assert "90 rows read, 0 set aside, 3 categories" in text
    assert "nothing leaves this machine" in text
    value = document("plan", project)
    assert (value["regime"], value["cases"]) == ("cross-fitted", 90)
    assert {path.name for path in project.iterdir()} == {"tickets.csv", FILE_NAME}


def test_init_then_run(table: Path) -> None:
    words = (
        "init",
        "tickets.csv",
        "--input",
        "text",
        "--target",
        "category",
        "--task",
        "Route it",
        "--group",
        "customer",
    )
    assert FILE_NAME in typed(*words).stdout
    written = yaml.safe_load((table.parent / FILE_NAME).read_text(encoding="utf-8"))
    assert written["data"] == {"path": "tickets.csv", "input": ["text"], "target": "category", "group": "customer"}
    typed(*words, code=2)
    by_file = document("run", "--system", "majority")
    by_flags = document("run", "tickets.csv", *FLAGS, "--group", "customer")
    assert by_file["task"] == "Route it"
    assert by_file["test_set"]["hash"] == by_flags["test_set"]["hash"]
    assert by_file["systems"][0]["score"] == by_flags["systems"][0]["score"]


class Terminal(io.StringIO):
    """A screen and a keyboard with somebody at it."""

    def isatty(self) -> bool:
        return True


def _at_a_terminal(monkeypatch: pytest.MonkeyPatch, lines: Sequence[str], *words: str) -> str:
    """Type a command, then these lines; what was asked."""
    asked = Terminal()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", Terminal("".join(f"{line}\n" for line in lines)))
        patched.setattr(sys, "stderr", asked)
        app(list(words), standalone_mode=False)
        assert sys.stdin.read() == ""
    return asked.getvalue()


def test_answers_at_a_terminal_do_what_flags_do(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A wrong column is asked for again; then Enter takes the guess.
    asked = _at_a_terminal(monkeypatch, ["txt", "text", "", "", "customer", "", "Route it"], "init", "tickets.csv")
    assert "There is no column 'txt'" in asked
    assert "Which column holds the right answer? [category]" in asked
    written = (table.parent / FILE_NAME).read_text(encoding="utf-8")
    (table.parent / FILE_NAME).unlink()
    columns = ("--input", "text", "--target", "category", "--group", "customer", "--id", "id")
    typed("init", "tickets.csv", *columns, "--task", "Route it")
    assert (table.parent / FILE_NAME).read_text(encoding="utf-8") == written


def test_run_at_a_terminal_repeats_without_questions(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _at_a_terminal(monkeypatch, [""] * 6 + ["n"], "run", "tickets.csv", "--system", "majority")
    first = document("report")
    again = document(*shlex.split(first["command"])[1:])
    assert again["command"] == first["command"]
    assert without_volatile(again, volatile_patterns()) == without_volatile(first, volatile_patterns())


def test_selftest_holds(project: Path) -> None:
    value = document("selftest", project)
    assert value["held"]
    assert len(value["tricks"]) == 5
    assert not (project / "runs").exists()


# predict


def _answers(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("with_id", [True, False])
def test_predict_on_a_workbook(finished: Path, tmp_path: Path, with_id: bool) -> None:
    new = make_rows(30, seed=8, prefix="N")
    frame = pl.DataFrame([asdict(row) for row in new]).drop("category")
    (frame if with_id else frame.drop("id")).write_excel(tmp_path / "new.xlsx")
    value = document("predict", "best", tmp_path / "new.xlsx", "--output", tmp_path / "a.csv", "--project", finished)
    assert (value["system"], value["answered"], value["unusable"], value["set_aside"]) == ("words", 30, 0, 0)
    lines = _answers(tmp_path / "a.csv")
    assert [line["line"] for line in lines] == [str(number) for number in range(2, 32)]
    if with_id:
        assert [line["id"] for line in lines] == [row.id for row in new]
    else:
        assert lines[0]["id"] == "new.xlsx:2" or lines[0]["id"].endswith(":2")
    right = sum(line["answer"] == row.category for line, row in zip(lines, new, strict=True))
    assert right > 18


def test_predict_accounts_for_every_row(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"text": row.text, "customer": row.customer} for row in make_rows(6, seed=8)]
    rows[2]["text"] = "  "
    write_table(tmp_path / "new.csv", rows)
    shown = typed("predict", "majority", "new.csv", "--project", finished).stdout
    assert "answered 5 rows" in shown
    assert "1 set aside" in shown
    lines = _answers(tmp_path / "new.answers.csv")
    assert [line["status"] for line in lines] == ["ok", "ok", "set_aside", "ok", "ok", "ok"]
    assert lines[2]["detail"] == "the input is empty"
    error = document("predict", "majority", "new.csv", "--project", finished, code=2)["error"]
    assert (error["code"], "--output" in error["hint"]) == ("output.exists", True)
    assert "answered 5 rows" in typed("predict", "majority", "new.csv", "-o", "b.csv", "--project", finished).stdout
    assert _answers(tmp_path / "b.csv") == lines


def test_predict_refuses_what_it_does_not_know(finished: Path, tmp_path: Path) -> None:
    new = write_table(tmp_path / "new.csv", [{"message": "where is my parcel"}])
    error = document("predict", "words", new, "--project", finished, "--output", tmp_path / "a.csv", code=2)["error"]
    assert "text" in error["message"]
    error = document("predict", "wrods", new, "--project", finished, "--output", tmp_path / "a.csv", code=2)["error"]
    assert error["code"] == "predict.unknown"
    assert "words" in error["hint"]


# report, where, purge, gc, export-scores


def test_report_shows_the_last_run_again(finished: Path, tmp_path: Path) -> None:
    assert "words" in typed("report", "--project", finished).stdout
    value = document("report", "--project", finished, "--output", tmp_path / "report.html", "--no-texts")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    error = document("report", "--project", finished, "--output", tmp_path / "report.html", code=2)["error"]
    assert error["code"] == "output.exists"
    assert page.startswith("<!")
    assert value["fixed_cases"][0]["text"] not in page
    (run,) = run_folders(finished)
    assert document("report", run.name, "--project", finished) == value


def test_what_was_never_seen_is_not_known(finished: Path) -> None:
    assert "Nothing is known" in typed("where", "T9999", "--project", finished).stdout
    error = document("purge", "T9999", "--yes", "--project", finished, code=2)["error"]
    assert "FILE:LINE" in error["hint"]


def test_where_and_purge(finished: Path) -> None:
    value = document("where", "T0007", "--project", finished)
    assert [placement["row_id"] for placement in value["placements"]] == ["T0007"]
    assert "fits learned from it" in typed("where", "T0007", "--project", finished).stdout
    done = document("purge", "T0007", "--yes", "--project", finished)
    assert done["rows"] == 1
    assert done["answers"] > 0
    assert "words" in done["refit"]
    assert "Nothing is known" in typed("where", "T0007", "--project", finished).stdout


def test_gc_keeps_what_the_last_run_used(finished: Path) -> None:
    before = document("gc", "--project", finished, "--max-gb", 0)
    assert before["removed"] == 0
    assert before["bytes_kept"] > 0
    assert "are left" in typed("gc", "--project", finished).stdout
    make_project(finished, ROWS, systems=(MAJORITY,))
    typed("run", finished)
    assert document("gc", "--project", finished, "--max-gb", 0)["removed"] > 0
    typed("predict", "majority", finished / "tickets.csv", "--project", finished, "--output", finished / "a.csv")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_export_scores(finished: Path, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"scores.{ending}"
    assert str(path) in typed("export-scores", path, "--project", finished).stdout
    frame = pl.read_csv(path) if ending == "csv" else pl.read_parquet(path)
    first = frame.filter((pl.col("repetition") == 0) & (pl.col("system") == "words"))
    assert sorted(first["row_id"].to_list()) == [row.id for row in ROWS]
    (run,) = run_folders(finished)
    verdict = Verdict.model_validate_json((run / "verdict.json").read_text(encoding="utf-8"))
    assert first["score"].mean() == pytest.approx(verdict.systems[1].score, abs=1e-6)
    typed("export-scores", path, "--project", finished, code=2)
