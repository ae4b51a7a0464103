"""The table that ``predict`` writes: guarded as csv, as it is in a workbook, and read again without loss."""

from __future__ import annotations

from pathlib import Path

from tunewright.data.containers import open_table
from tunewright.data.recorded import RecordedColumns, read_recorded
from tunewright.data.rows import RawRow
from tunewright.records.answers import Answer
from tunewright.records.example import Example, Message, Source
from tunewright.workflow.recorded.answer_table import AnswerTable

FORMULA = '=HYPERLINK("http://example.org","open me")'


def _table() -> AnswerTable:
    example = Example((Message("user", FORMULA),), "", Source("t.csv", 2), "-a1")
    return AnswerTable.of([example], [Answer("@billing", confidence=0.5)], [])


def test_the_csv_file_runs_nothing_and_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    _table().write(path)
    line = path.read_text(encoding="utf-8-sig").splitlines()[1]
    assert line == """2,'-a1,"'=HYPERLINK(""http://example.org"",""open me"")",'@billing,0.5,ok,,"""
    (row,) = read_recorded(path, RecordedColumns(), needs_target=False).rows.items()
    assert row[0] == "-a1"
    assert (row[1].answer, row[1].text) == ("@billing", FORMULA)


def test_a_workbook_holds_the_text_itself(tmp_path: Path) -> None:
    path = tmp_path / "answers.xlsx"
    _table().write(path)
    (row,) = open_table(path).rows([])
    assert isinstance(row, RawRow)
    assert (row.cells["id"], row.cells["text"], row.cells["answer"]) == ("-a1", FORMULA, "@billing")
