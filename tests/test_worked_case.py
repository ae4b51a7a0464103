"""The worked case of the docs: its made-up answers are the seeded ones, and its files are read."""

from __future__ import annotations

import csv
import re
import runpy
from pathlib import Path

from tunewright.project.file import load_project
from tunewright.workflow.advising.advise_answers import read_answers
from tunewright.workflow.costing.costs import effort_of, read_own_costs

ROOT = Path(__file__).parents[1]
CASE = ROOT / "examples" / "worked-case"
TICKETS = ROOT / "examples" / "tickets" / "tickets.csv"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_script_makes_the_same_file_again(tmp_path: Path) -> None:
    script = runpy.run_path(str(CASE / "make_prompted.py"))
    script["main"](str(TICKETS), str(tmp_path / "again.csv"))
    assert (tmp_path / "again.csv").read_bytes() == (CASE / "prompted.csv").read_bytes()


def test_87_in_100_are_right_and_the_others_lie_near() -> None:
    near = runpy.run_path(str(CASE / "make_prompted.py"))["NEAR"]
    tickets, answers = _rows(TICKETS), _rows(CASE / "prompted.csv")
    assert [row["id"] for row in answers] == [row["id"] for row in tickets]
    pairs = [(ticket, answer["answer"]) for ticket, answer in zip(tickets, answers, strict=True)]
    wrong = [(ticket, answer) for ticket, answer in pairs if answer != ticket["category"]]
    assert len(wrong) == 78
    assert all(answer in near[ticket["category"]] for ticket, answer in wrong)
    assert set(near) == {ticket["category"] for ticket in tickets}
    hard = sum(ticket["case"] != "normal" for ticket, _ in wrong)
    assert hard / 240 > 2 * (78 - hard) / 360


def test_its_files_are_read_and_named_on_the_page() -> None:
    settings = load_project(CASE / "tunewright.yaml")
    assert (settings.volume_per_day, settings.min_improvement) == (2000, 0.03)
    assert effort_of(read_own_costs(CASE)).usd_per_hour == 40
    assert "job" in read_answers(CASE / "advice.yaml")
    page = (ROOT / "docs" / "worked-case.md").read_text(encoding="utf-8")
    assert [path.name for path in sorted(CASE.iterdir()) if path.is_file() and path.name not in page] == []
    assert re.search(r"made[ -]up", page, re.IGNORECASE)
