"""An erasure that was interrupted is completed by the next command that writes into the state, whatever it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from desks import MAJORITY, make_project, make_rows, run_project, write_rows
from typer.testing import CliRunner

from tunewright.cli.main import app
from tunewright.errors import WorkError
from tunewright.workflow.erase import purge
from tunewright.workflow.runs import find_run, open_state, verdict_of

ROWS = make_rows(90)


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which the erasure of a row could not delete a report; now it could."""
    folder = make_project(tmp_path_factory.mktemp("made") / "desk", ROWS, fields={"incumbent": MAJORITY})
    verdict = run_project(folder)
    report = find_run(folder, None) / "report.html"
    report.unlink()
    report.mkdir()
    with pytest.raises(WorkError, match="could not be deleted"):
        purge(verdict.fixed_cases[0].row, folder)
    report.rmdir()
    write_rows(folder / "answers.csv", ROWS)
    assert verdict_of(find_run(folder, None)).run == verdict.run
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ("approve", "--project", "."),
        ("label", "tickets.csv", "--input", "text", "--label", "billing"),
        ("label", ".", "--judgements"),
        ("grade", "answers.csv", "--answer", "category", "--target", "category", "--id", "id", "--grader", "exact"),
        ("refresh", ".", "answers.csv", "--dry-run"),
        ("predict", "best", "answers.csv", "-o", "new.csv"),
        ("audit", "tickets.csv", "--no-vectors", "--check", "empty_targets"),
    ],
    ids=lambda words: " ".join(words[:1] + words[-1:]),
)
def test_a_command_that_writes_completes_it(
    interrupted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    folder = tmp_path / "desk"
    shutil.copytree(interrupted, folder)
    monkeypatch.chdir(folder)
    with open_state(folder) as store:
        assert store.unfinished_purges()
    result = CliRunner().invoke(app, list(words))
    assert "Traceback" not in result.output
    assert "Note: An erasure was interrupted and is completed now: 1 rows." in " ".join(result.stderr.split())
    with open_state(folder) as store:
        assert store.unfinished_purges() == []
