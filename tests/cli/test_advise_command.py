"""``tunewright advise`` as people use it: impatient, from a pipe, with nonsense, twice, with files and flags."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows
from typed import document, typed
from typer.testing import CliRunner

from tunewright.cli.main import app
from tunewright.decision.advice_questions import QUESTIONS

JOB = "Sort each support ticket into one of 12 desks, for the night shift"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def told(lines: list[str], *words: object, code: int = 0) -> Result:
    """The command with lines typed into it."""
    result = CliRunner().invoke(app, ["advise", *map(str, words)], input="\n".join(lines) + "\n" if lines else "")
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def test_someone_who_answers_nothing_gets_an_answer_and_leaves_no_file(here: Path) -> None:
    for lines in ([], ["q"], [""] * len(QUESTIONS)):
        result = told(lines)
        assert "Do not fine-tune yet." in result.stdout
        assert "Not known" in result.stdout
        assert list(here.iterdir()) == []


def test_a_whole_conversation_is_kept_and_not_asked_again(here: Path) -> None:
    answers = [JOB, "nothing", "", "no", "sorting", "yearly", "2000, 2 s", "yes", "95 %", "600", "500", "Anna"]
    assert len(answers) == len(QUESTIONS)
    first = told(answers)
    assert "No prompt was tried" not in first.stderr
    assert "A written-out prompt" in first.stdout
    assert "prompt_first" in first.stdout
    assert "you said, advice.yaml" in first.stdout
    assert (here / "advice.yaml").exists()
    again = told([])
    assert "1 of 12" not in again.stderr
    assert again.stdout == first.stdout


def test_a_vague_job_is_sent_back_and_may_be_insisted_on(here: Path) -> None:
    result = told(["help customers", JOB, "q"])
    assert result.stderr.count("It does not say") == 1
    assert document("advise")["answers"]["job"] == JOB
    (here / "advice.yaml").unlink()
    kept = told(["help customers", "", "q"])
    assert "It stays vague" in kept.stderr
    assert "The job is vague, and so is this advice. It does not say what is done" in kept.stdout
    found = document("advise")
    assert found["answers"]["job"] == "help customers"
    assert "job_unclear" in [entry["rule"] for entry in found["advice"]]
    assert "what goes out" in found["notes"][0]
    # Enter on a vague job of another day is asked once more as well, and then goes on.
    again = told(["", "", "nothing", "q"], "--ask")
    assert again.stderr.count("It does not say") == 1
    assert document("advise")["answers"] == {"job": "help customers", "tried": "nothing"}
    assert "It does not say" not in told(["", "q"], "--ask", "--job", JOB).stderr


def test_a_vague_job_on_the_command_line_is_told_what_it_lacks() -> None:
    shown = told([], "--job", "better AI", "--no-ask").stdout
    for missing in ("what is done", "what comes in", "what goes out", "who uses it", "what counts as right"):
        assert missing in shown
    counted = told([], "--job", "better AI", "--answer", "target=95 %", "--no-ask").stdout
    assert "what counts as right" not in counted


def test_a_clear_job_and_a_volume_get_a_beginning() -> None:
    found = document("advise", "--job", JOB, "--answer", "volume=2000")
    assert [entry["rule"] for entry in found["advice"]] == ["measure_first", "prompt_to_begin", "otherwise"]


def test_nonsense_is_asked_again_and_undo_and_forgetting_work(here: Path) -> None:
    lines = ["u", "", "magic", "prompt", "u", "rules", "?", "fire", "form", "u", "-", "q"]
    result = told(lines)
    assert "This is the first question." in result.stderr
    assert result.stderr.count("One of: prompt") == 1
    assert document("advise")["answers"] == {"tried": "rules"}


def test_asking_again_shows_what_is_known(here: Path) -> None:
    told([], "--answer", "tried=prompt")
    result = told(["", "", "q"], "--ask")
    assert "[prompt]" in result.stderr
    assert document("advise")["answers"] == {"tried": "prompt"}


def test_flags_and_files_answer_without_questions(here: Path) -> None:
    found = document("advise", "--job", JOB, "--answer", "examples=30", "--answer", "work=lookup")
    assert found["fine_tune"] in ("hold", "no")
    assert found["facts"]["labelled"] == {"value": 30.0, "from": "answer", "where": "you said, advice.yaml"}
    assert json.loads(json.dumps(found)) == found
    Path("mine.yaml").write_text("work: calculation\n")
    (here / "advice.yaml").unlink()
    other = document("advise", "--answers", "mine.yaml")
    assert other["advice"][0]["lever"] == "tools"
    assert not (here / "advice.yaml").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--answer", "volume"),
        ("--answer", "voume=3"),
        ("--answer", "volume=many"),
        ("--answers", "none.yaml"),
        ("nowhere",),
    ],
)
def test_mistakes_are_named(words: tuple[str, ...]) -> None:
    error = document("advise", *words, code=2)["error"]
    assert error["message"]
    assert error["where"]
    typed("advise", *words, code=2)


def test_a_broken_project_file_is_the_usual_error(here: Path) -> None:
    (here / "tunewright.yaml").write_text("tsak: x\n")
    assert document("advise", code=2)["error"]["code"] == "project.unknown_key"


def test_json_never_asks() -> None:
    result = CliRunner().invoke(app, ["advise", "--json"], input="a\nb\n")
    assert result.exit_code == 0
    assert "1 of 12" not in result.output


def test_a_project_without_data_takes_its_sentence_as_the_job(here: Path) -> None:
    (here / "tunewright.yaml").write_text(f"task: {JOB}\n")
    result = told(["", "q"])
    assert f"[{JOB}]" in result.stderr
    assert f"Job: {JOB}" in result.stdout
    assert not (here / "advice.yaml").exists()


def test_control_characters_of_a_job_do_not_reach_the_terminal(here: Path) -> None:
    result = told([], "--job", "Sort each ticket \x1b[2J into one of 12 desks")
    assert "\x1b" not in result.output


def test_after_a_real_run_the_evidence_answers(here: Path) -> None:
    project = make_project(here, make_rows(90), systems=(MAJORITY, WORDS_ONLY))
    typed("run", project, "--json")
    found: Any = document("advise", project)
    assert any(source.startswith("runs/") for source in found["sources"])
    assert found["facts"]["labelled"]["from"] == "run"
    assert found["facts"]["simple_score"]["where"].endswith(("words", "majority"))
    shown = told([], project)
    assert "1 of 12" not in shown.stderr
    assert "Tell more about the job" in shown.stdout
    plan = typed("plan", project)
    assert "rule few_rows" not in plan.output


def test_the_plan_says_from_the_same_table_that_rows_are_too_few(here: Path) -> None:
    project = make_project(here, make_rows(40), systems=(MAJORITY, WORDS_ONLY, {"finetune": "minilm"}))
    said = typed("plan", project).output
    assert "On the fine-tune: Too few cases to see a difference. (rule few_test_cases, docs/decision.md)" in said
    (project / "thresholds.yaml").write_text("advice: {least_test_cases: 10, fewest_rows: 10, class_rows: 1}\n")
    assert "On the fine-tune" not in typed("plan", project).output


JOB = "Sort each support ticket into one of 12 desks, for the night shift"


def test_what_to_add_to_the_project_is_what_a_run_would_compare_and_is_not_there(here: Path) -> None:
    pages = here / "pages"
    pages.mkdir()
    (pages / "one.md").write_text("The desk opens at nine.", encoding="utf-8")
    project = make_project(here, make_rows(90), systems=(MAJORITY, WORDS_ONLY))
    said = " ".join(typed("advise", project, "--no-ask", "--job", JOB, "--answer", "facts=weekly").stdout.split())
    assert "Facts that change every 7 days never belong into weights." in said
    assert "- retrieval: {documents: FOLDER}" in said
    assert '- "YOUR' not in said
    known = make_project(here, make_rows(90), systems=(MAJORITY, {"retrieval": {"documents": "pages"}}))
    assert "- retrieval" not in typed("advise", known, "--no-ask").stdout
