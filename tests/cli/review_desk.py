"""A small table under review, checks that find something in it, and commands typed with their answers."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from tunewright.audit.findings import CheckResult, Finding, Fix, Item, Span
from tunewright.audit.view import View
from tunewright.cli import approve, label, review, versions

APP = typer.Typer(pretty_exceptions_enable=False)
for _name, _module in (("review", review), ("label", label), ("approve", approve), ("versions", versions)):
    APP.command(name=_name)(_module.command)

ROWS = [
    ("T-1", "card is lost", "lost"),
    ("T-2", "mail a@x.org", "lost"),
    ("T-3", "where is my card", "arrival"),
    ("T-4", "where is my card", "arrival"),
    ("T-5", "pay back \x1b[31m", "lost"),
]


def labels(view: View, _limits: object) -> CheckResult:
    rows = [n for n, e in enumerate(view.examples) if e.text.startswith("pay") and e.target != "refund"]
    items = tuple(Item((n, 0), "others like it are not", 0.9, fix=Fix("relabel", "refund")) for n in rows)
    finding = Finding("label_errors.slips", "warning", f"{len(items)} labels look like slips", "", "", items)
    return CheckResult((finding,) if items else ())


def emails(view: View, _limits: object) -> CheckResult:
    rows = [(n, e.text.index("a@x.org")) for n, e in enumerate(view.examples) if "a@x.org" in e.text]
    items = tuple(
        Item((n,), "an address", 1.0, (Span("input", at, at + 7, n, "email"),), Fix("mask")) for n, at in rows
    )
    return CheckResult((Finding("pii.email", "error", "1 address", "", "", items),) if items else ())


def copies(view: View, _limits: object) -> CheckResult:
    seen: dict[str, int] = {}
    pairs = [(n, seen.setdefault(e.text, n)) for n, e in enumerate(view.examples)]
    items = tuple(Item((n, first), "a copy", 0.5, fix=Fix("drop", safe=True)) for n, first in pairs if n != first)
    return CheckResult((Finding("copies.exact", "warning", "1 copy", "", "", items),) if items else ())


CHECKS = [
    SimpleNamespace(NAME=n, TITLE=n, QUALITY=q, COST="seconds", VERSION=1, LIMITS={}, run=run)
    for n, q, run in (
        ("label_errors", "correct", labels),
        ("pii", "privacy-reviewed", emails),
        ("copies", "diverse", copies),
    )
]


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tunewright.audit.run.all_checks", lambda: CHECKS)
    with Path("tickets.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("id", "text", "label"), *ROWS])


def typed(*words: object, answers: str = "", code: int = 0) -> Result:
    result = CliRunner().invoke(APP, [str(word) for word in words], input=answers)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


REVIEW = ("review", "tickets.csv", "--input", "text", "--target", "label", "--id", "id", "--by", "ann")
LABEL = ("label", "inputs.csv", "--input", "text", "--by", "ann")


def document(*words: object, answers: str = "", code: int = 0) -> Any:
    return json.loads(typed(*words, "--json", answers=answers, code=code).stdout)


def cells(name: str) -> list[list[str]]:
    with Path(name).open(newline="") as stream:
        return list(csv.reader(stream))
