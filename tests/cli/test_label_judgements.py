"""``tunewright label PROJECT --judgements`` as a person types it: blind, resumable, on paper too."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from desks import run_project, write_table
from judged_desks import Referee, honest, make_judged_project
from typed import document, typed
from typer.testing import CliRunner

from tunewright.cli.main import app
from tunewright.systems import registry
from tunewright.workflow import models

Answering = Callable[[str], str]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of 110 cases whose answers are judged, after its first run."""
    own = registry.kinds()
    monkeypatch.setattr(registry, "kinds", lambda: {**own, "told": "told_kind"})
    monkeypatch.setattr(models, "_open", lambda *_: Referee(honest))
    made = make_judged_project(tmp_path / "desk", 110, tuned=0.95, simple=0.4)
    run_project(made)
    return made


def says(project: Path, lines: list[str], *words: object) -> tuple[str, str]:
    """What the command wrote on stdout and on stderr when these lines were typed."""
    result = CliRunner().invoke(
        app, ["label", str(project), "--judgements", *map(str, words)], input="\n".join([*lines, ""])
    )
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def test_a_person_judges_blind_stops_and_goes_on(project: Path) -> None:
    out, asked = says(project, ["maybe", "yes", "0", ":u", "1", ":s", "y", ":q"], "--by", "ann")
    assert "You do not see which system an answer is from" in asked
    assert "Case 1 of 110" in asked
    assert "A mark, please: 0 no, 1 yes." in asked
    assert "Taken back:" in asked
    assert not any(word in asked for word in ("tuned", "today", "referee"))
    assert "3 of 220 answers are judged" in out
    assert "At least 100 cases are needed" in out
    again = document("label", project, "--judgements", "--limit", 1, "--by", "ann")
    assert (again["judged"], again["items"], again["enough"]) == (3, 220, False)


def test_a_table_goes_out_and_its_marks_decide(project: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    told = document("label", project, "--judgements", "--export", sheet)
    assert told["export"] == {"path": str(sheet), "answers": 220}
    with sheet.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    mark = next(name for name in rows[0] if name.startswith("helps"))
    filled = write_table(tmp_path / "f.csv", [{**r, mark: str(int("fine" in r["answer"]))} for r in rows])
    read = document("label", project, "--judgements", "--import", filled, "--by", "ann")
    assert read["import"] == {"taken": 220, "empty": 0, "unknown": 0}
    assert read["enough"]
    verdict = document("run", project)
    assert verdict["headline"] == "SHIP_FINE_TUNE"
    assert verdict["judging"]["admitted"]
    shown = typed("run", project).output
    assert "the judge's rate, %" in shown
    assert "right answers" not in shown.lower()
    assert "with its errors taken out" in " ".join(shown.split())


def test_what_cannot_be_done_is_said(project: Path, tmp_path: Path) -> None:
    assert document("label", tmp_path, "--judgements", code=2)["error"]["code"] == "judgements.no_project"
    few = document("label", project, "--judgements", "--cases", 20, code=2)["error"]
    assert (few["code"], "at least 100" in few["message"]) == ("judgements.few", True)
    empty = write_table(tmp_path / "no.csv", [{"a": "b"}])
    wrong = document("label", project, "--judgements", "--import", empty, code=2)["error"]
    assert wrong["code"] == "judgements.columns"
