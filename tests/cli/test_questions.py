"""The questions about a table, as a person at a terminal answers them."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from typed import document, typed

from tunewright.cli.main import app
from tunewright.cli.questions import find_column
from tunewright.project.file import FILE_NAME

NAMES = ("ticket id", "subject", "message", "category", "today", "3")


class Keyboard(io.StringIO):
    """A screen and a keyboard with somebody at it."""

    def isatty(self) -> bool:
        return True


def answered(monkeypatch: pytest.MonkeyPatch, lines: Sequence[str], *words: str) -> str:
    """Type a command, then these lines, all of which must be asked for; what was asked."""
    asked = Keyboard()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", Keyboard("".join(f"{line}\n" for line in lines)))
        patched.setattr(sys, "stderr", asked)
        app(list(words), standalone_mode=False)
        assert sys.stdin.read() == ""
    return asked.getvalue()


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    kinds = [("where is my parcel", "Delivery"), ("charged again", "billing"), ("refund my money", "Billing")]
    lines = ["title,message,category,today"]
    for i in range(90):
        text, kind = kinds[i % 3]
        lines.append(f"T {i},{text} number {i},{kind},{'Delivery' if i % 4 else 'Billing'}")
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "t.csv"


def settings(folder: Path) -> dict[str, object]:
    value = yaml.safe_load((folder / FILE_NAME).read_text(encoding="utf-8"))
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize(
    ("answer", "column"),
    [
        ("message", "message"),
        ("2", "subject"),
        ("3", "3"),
        ("MESS", "message"),
        ("id", "ticket id"),
        ("Category", "category"),
        ("t", None),
        ("9", None),
        ("", None),
    ],
)
def test_a_column_by_number_name_or_part(answer: str, column: str | None) -> None:
    assert find_column(answer, NAMES) == column


def test_the_answers_become_settings(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["e", "title, mess", "2", "cat", "4", "", "250", "Route it", "y"]
    asked = answered(monkeypatch, lines, "init", "t.csv")
    assert "'e' fits several columns: title, message, category." in asked
    assert "'message' cannot be both the text and the right answer." in asked
    assert " 2  message   where is my parcel numb...  charged again number 1" in asked
    assert "3 categories, of which 2 differ from another only in case, such as 'Billing' / 'billing'" in asked
    written = settings(table.parent)
    assert written["data"] == {
        "path": "t.csv",
        "input": ["title", "message"],
        "target": "category",
        "merge_case": True,
    }
    assert written["volume_per_day"] == 250
    assert written["incumbent"] == {"answers": {"column": "today", "id": ""}}


def test_the_same_column_twice_is_refused(table: Path) -> None:
    error = document("run", "t.csv", "--input", "message", "--target", "message", code=2)["error"]
    assert error["code"] == "run.same_column"
    words = ("--input", "message", "--target", "category", "--today", "category")
    assert document("run", "t.csv", *words, code=2)["error"]["code"] == "run.same_column"


def test_answers_of_today_stand_in_the_comparison(table: Path) -> None:
    words = ("t.csv", "--input", "message", "--target", "category", "--today", "today", "--system", "majority")
    verdict = document("run", *words, "--merge-case")
    # Right are Delivery rows whose number is no multiple of 4, and Billing rows whose number is: of the 30 and 60
    # rows, 22 and 15.
    scores = {system["name"]: system["score"] for system in verdict["systems"]}
    assert scores["answers"] == pytest.approx(37 / 90, abs=1e-6)
    assert "--today today --merge-case" in verdict["command"]


def test_a_run_offers_to_save_and_then_repeats(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["message", "category", "", "", "", "", "y", ""]
    asked = answered(monkeypatch, lines, "run", "t.csv", "--system", "majority")
    assert "Save these answers as tunewright.yaml" in asked
    assert settings(table.parent)["systems"] == ["majority"]
    first = document("report")
    again = document("run")
    assert again["test_set"]["hash"] == first["test_set"]["hash"]


def test_unusable_rows_are_left_out_when_a_person_says_so(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with table.open("a", encoding="utf-8") as stream:
        stream.write("T,  ,billing,Billing\n" * 5)
    words = ("run", "t.csv", "--input", "message", "--target", "category", "--system", "majority")
    assert document(*words, code=2)["error"]["code"] == "data.too_many_set_aside"
    asked = answered(monkeypatch, ["y"], *words)
    assert "5 of 95 rows (5.3%) cannot be used" in asked
    assert "Leave these rows out? [y/N]" in asked
    assert "--allow-set-aside 0.053" in document("report")["command"]
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", Keyboard("\n"))
        patched.setattr(sys, "stderr", Keyboard())
        with pytest.raises(SystemExit, match="2"):
            app(list(words))


def test_without_a_terminal_nothing_is_asked(table: Path) -> None:
    assert "Perhaps:" in typed("run", "t.csv", code=2).output
    assert not (table.parent / FILE_NAME).exists()
