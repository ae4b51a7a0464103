"""No cell of a csv table for people is run by a spreadsheet, and reading the table again gives what was written."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.data.own_tables import ANSWERS, SET_ASIDE, guard, is_own, unguard, write_rows
from tunewright.data.read import SetAside, write_set_aside
from tunewright.data.recorded import RecordedColumns, read_recorded
from tunewright.records.example import Source

FORMULAS = ("=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", '=HYPERLINK("http://x","y")', "+49 30 1")


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_would_run_gets_an_apostrophe(cell: str) -> None:
    assert guard(cell) == "'" + cell


@pytest.mark.parametrize(
    "cell", ["", "billing", "-1.5", "+3", "-.5", "1e-7", "-2E+3", "a=b", "'quoted'", "e-mail", "'-1"]
)
def test_words_and_numbers_stay(cell: str) -> None:
    assert guard(cell) == cell


@given(st.text(alphabet="'=+-@\t\r\n1.ea ", max_size=8))
def test_taking_the_guard_off_gives_the_cell_back(cell: str) -> None:
    assert unguard(guard(cell)) == cell
    if guard(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        float(cell)


def test_numbers_and_nothing_are_written_as_they_are() -> None:
    stream = io.StringIO()
    write_rows(stream, ["a", "b", "c"], [[-1.5, None, "=x"]])
    assert stream.getvalue() == "a,b,c\r\n-1.5,,'=x\r\n"


def test_a_table_of_answers_is_read_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    rows = [(n, f"-{n}x", "text", answer, None, "ok", "") for n, answer in enumerate([*FORMULAS, "plain"], start=2)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        write_rows(stream, ANSWERS, rows)
    recorded = read_recorded(path, RecordedColumns(), needs_target=False)
    assert {name: row.answer for name, row in recorded.rows.items()} == {row[1]: row[3].strip() for row in rows}


def test_a_table_of_somebody_else_keeps_its_apostrophes(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("id,answer\n'-a,'=b\n")
    recorded = read_recorded(path, RecordedColumns(), needs_target=False)
    assert {name: row.answer for name, row in recorded.rows.items()} == {"'-a": "'=b"}


def test_own_tables_are_known_by_their_columns() -> None:
    assert is_own(ANSWERS)
    assert is_own([*ANSWERS, "my remark"])
    assert not is_own(["id", "answer"])


def test_rows_set_aside_do_not_run(tmp_path: Path) -> None:
    path = tmp_path / "set_aside.csv"
    write_set_aside(path, [SetAside(Source("=t.csv", 2), "data.empty_target", "no target", "=cmd|'/c calc'!A0")])
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, row = csv.reader(stream)
    assert tuple(header) == SET_ASIDE
    assert row == ["'=t.csv", "", "2", "data.empty_target", "no target", "'=cmd|'/c calc'!A0"]
