"""``tunewright diagnose`` as a person types it: the first screen, naming errors line by line, files of names."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from desks import make_project, make_rows
from rich.console import Console
from rich.progress import Progress
from typer.testing import CliRunner

from tunewright.cli import diagnose
from tunewright.cli.diagnose import command
from tunewright.cli.diagnose_dialogue import COMMANDS
from tunewright.cli.dialogue import Terminal
from tunewright.workflow.study import Hooks

app = typer.Typer()
app.command()(command)
WORDS: dict[str, Any] = {"tfidf": {"name": "words", "character_ngrams": False}}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    return make_project(folder, make_rows(60, noise=0.3), systems=["majority", WORDS], fields={"folds": 2})


def ran(*words: object, answers: str = "", code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words], input=answers)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def document(*words: object, answers: str = "") -> Any:
    return json.loads(ran(*words, "--json", answers=answers).stdout)


def test_the_first_screen_says_what_helps_what_it_breaks_and_what_is_unknown(project: Path) -> None:
    shown = ran(project).stdout
    errors = document(project)["errors"]
    assert f"words: {errors} errors in 60 cases" in shown
    assert "out-of-fold answers" in shown
    assert "the same again, from 9 rows in 10" in shown
    assert "unknown: tag 50 errors" in shown
    assert "another model: words asks no language model" in " ".join(shown.split())
    assert "prove nothing" in shown
    assert all(len(line) <= 130 for line in shown.splitlines())


def test_errors_are_named_line_by_line_undone_and_resumed(project: Path) -> None:
    result = ran(project, "--tag", "--by", "ann", answers="?\nb # too near\nzzz\ns\nu\nl\nx\nnot ours\nq\n")
    assert "0 of" in result.stderr
    assert "a fact is missing: it would have to know something" in result.stderr
    assert "Taken back:" in result.stderr
    assert "What is it?" in result.stderr
    tags = document(project)["tags"]
    assert tags["named"] == 2
    assert {one["mode"]: one["n"] for one in tags["shares"] if one["n"]} == {"labels": 1, "other": 1}
    assert tags["by"] == {"ann": 2}
    again = ran(project, "--tag", "--limit", 1, answers="b\n")
    assert f"2 of {tags['sample']} named (1 labels, 1 other)" in again.stderr
    assert document(project)["tags"]["named"] == 3


def test_a_question_shows_its_brackets_while_a_bar_of_rich_holds_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    console = Console(force_terminal=True, file=shown)
    with Progress(console=console, auto_refresh=False, redirect_stdout=False):
        assert sys.stderr is not shown
        Terminal(read=lambda: "s", timed=False).ask(COMMANDS)
        Terminal(read=lambda: "s", timed=False).say("[bold]a row[/bold] [s]")
    assert f"{COMMANDS} " in shown.getvalue()
    assert "[bold]a row[/bold] [s]" in shown.getvalue()


def test_the_bar_is_gone_when_errors_are_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work: list[bool] = []
    bars: list[bool] = []

    @contextmanager
    def watched(*, quiet: bool) -> Iterator[Hooks]:
        at_work.append(True)
        yield Hooks()
        at_work.pop()

    monkeypatch.setattr(diagnose, "watched", watched)
    monkeypatch.setattr(diagnose, "_tag", lambda *_args, **_named: bars.append(bool(at_work)))
    ran(project, "--tag")
    assert bars == [False]


def test_a_guess_can_be_hidden_and_is_compared_blind(tmp_path: Path) -> None:
    rows = make_rows(90, noise=0.15, seed=5)
    folder = make_project(tmp_path, rows, systems=["majority", WORDS], fields={"folds": 2})
    guessed = [case for case in document(folder)["cases"] if case["signals"]]
    assert guessed, "no error of this desk has a guess"
    everything = "l\n" * 90
    hidden = ran(folder, "--tag", "--hide", answers=everything)
    assert "guess: " not in hidden.stderr
    tags = document(folder)["tags"]
    assert tags["blind"] == len(guessed)
    assert tags["blind_agreed"] == sum("side with the answer" in case["signals"][0] for case in guessed)
    assert tags["blind_agreed"] > 0


def test_a_file_goes_out_and_comes_back(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "errors.csv"
    said = ran(project, "--export", file, "--sample", 4, "--seed", 7).stdout
    assert "4 errors are in" in said
    assert "purge" in said
    ran(project, "--export", file, code=2)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows({**row, "mode": "ambiguous", "note": "two desks"} for row in rows)
    tags = document(project, "--import", file, "--sample", 4, "--seed", 7, "--by", "carl")["tags"]
    assert tags["named"] == 4
    assert tags["by"] == {"carl": 4}
    assert ran(project, "--import", tmp_path / "none.csv", code=2)


def test_a_file_that_comes_back_untouched_names_nothing_and_leaves_no_folder(project: Path, tmp_path: Path) -> None:
    """Names of others stand in a column of their own: they are no second opinion."""
    ran(project, "--tag", "--by", "dora", "--limit", 1, answers="b # near\n")
    before, tags = sorted(project.glob("runs/diagnose-*")), document(project)["tags"]
    made = sorted(project.glob("runs/diagnose-*"))
    assert len(made) == len(before) + 1
    file = tmp_path / "errors.csv"
    ran(project, "--export", file)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert not [row for row in rows if row["mode"] or row["note"]]
    assert sum("behaviour (dora): near" in row["named"] for row in rows) == 1
    shown = ran(project, "--import", file, "--by", "ed").stdout
    assert f"0 names taken, {len(rows)} empty." in shown
    ran(project, "--tag", answers="q\n")
    assert sorted(project.glob("runs/diagnose-*")) == made
    again = document(project)["tags"]
    assert (again["named"], again["twice"]) == (tags["named"], tags["twice"])


def test_a_table_is_sent_to_init(project: Path) -> None:
    shown = " ".join(ran(project / "tickets.csv", code=2).output.split())
    assert "tunewright diagnose" in shown
    assert "tunewright init" in shown
    assert "tunewright run" not in shown


def test_texts_stay_out_where_nobody_wants_them(project: Path) -> None:
    made = document(project, "--no-texts")
    assert all(case["text"] is case["target"] is case["answer"] is None for case in made["cases"])
    page = max(project.glob("runs/diagnose-*/report.html")).read_text(encoding="utf-8")
    assert "kind regards" not in page
    assert "http" not in page.replace("http-equiv", "")
    with_texts = document(project)
    assert all(case["text"] for case in with_texts["cases"])


def test_mistakes_are_answered_with_what_there_is(project: Path) -> None:
    assert "Systems: majority, words" in " ".join(ran(project, "--system", "word", code=2).output.split())
    assert "no such file or folder" in ran(project / "nowhere", code=2).output
