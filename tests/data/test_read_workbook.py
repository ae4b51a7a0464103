"""Excel workbooks and parquet files, made by the libraries people use and read back."""

from __future__ import annotations

import datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from tunewright.data.read import ColumnMap, peek, read_table
from tunewright.errors import InputError

COLUMNS = ColumnMap(("text",), "label")


def write_workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    book = xlsxwriter.Workbook(str(path))
    day, moment = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                if isinstance(value, datetime.datetime):
                    sheet.write_datetime(y, x, value, moment if value.hour else day)
                elif value is not None:
                    sheet.write(y, x, value)
    book.close()
    return path


def test_rows_carry_the_numbers_that_excel_shows(tmp_path: Path) -> None:
    rows: list[list[object]] = [[], [None, "text", "label"], [None, "one", "a"], [], [None, "two", "b"]]
    result = read_table(write_workbook(tmp_path / "t.xlsx", {"Sheet1": rows}), columns=COLUMNS)
    assert [(e.text, str(e.source)) for e in result.examples] == [
        ("one", "t.xlsx [Sheet1]:3"),
        ("two", "t.xlsx [Sheet1]:5"),
    ]
    assert result.rows_in == 2
    assert result.container == "xlsx"


def test_numbers_dates_and_booleans_become_plain_text(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["id", "text", "label", "when"],
        [12345678901, "one", 3, datetime.datetime(2024, 1, 31)],
        [1.5, "two", 3.0, datetime.datetime(2024, 1, 31, 14, 5)],
        ["007", True, "b", None],
    ]
    columns = ColumnMap(("text",), "label", id="id", time="when")
    result = read_table(write_workbook(tmp_path / "t.xlsx", {"s": rows}), columns=columns)
    assert [(e.row_id, e.text, e.target, e.time) for e in result.examples] == [
        ("12345678901", "one", "3", "2024-01-31"),
        ("1.5", "two", "3", "2024-01-31 14:05:00"),
        ("007", "true", "b", None),
    ]


def test_the_first_sheet_that_has_the_columns_is_read_and_named(tmp_path: Path) -> None:
    sheets: dict[str, list[list[object]]] = {
        "Read me": [["Notes about this file"], ["more"]],
        "Empty": [],
        "Tickets": [["text", "label"], ["one", "a"]],
        "Old": [["text", "label"], ["old", "b"]],
    }
    result = read_table(write_workbook(tmp_path / "t.xlsx", sheets), columns=COLUMNS)
    assert [(e.text, e.source.sheet) for e in result.examples] == [("one", "Tickets")]
    assert "The workbook has 3 sheets; 'Tickets' was read. Not read: 'Read me', 'Old'. " in result.notes[0]
    assert result.notes[0].endswith("Another one: tunewright convert 't.xlsx#Read me' other.csv")


COVER: list[list[object]] = [["Export of the help desk"], ["made in March"], ["by", "hand"]]


def test_without_named_columns_the_sheet_with_the_largest_table_is_read(tmp_path: Path) -> None:
    table: list[list[object]] = [["text", "label"], *([f"words {i}", "ab"[i % 2]] for i in range(5))]
    notes: list[list[object]] = [[f"remark {i}"] for i in range(30)]
    path = write_workbook(tmp_path / "t.xlsx", {"Cover": COVER, "Data": table, "Remarks": notes})
    result = read_table(path)
    assert [e.source.sheet for e in result.examples] == ["Data"] * 5
    note = "The workbook has 3 sheets; 'Data' was read, for its table has the most rows (5). Not read: 'Cover', "
    assert result.notes[0].startswith(f"{note}'Remarks'. ")
    assert peek(path).rows_about == 5
    assert peek(path).notes == result.notes[:1]


def test_a_sheet_is_named_behind_the_file(tmp_path: Path) -> None:
    sheets: dict[str, list[list[object]]] = {
        "Big": [["text", "label"], *([f"words {i}", "ab"[i % 2]] for i in range(5))],
        "Old #2": [["text", "label"], ["old", "b"]],
        "Empty": [],
    }
    path = write_workbook(tmp_path / "t.xlsx", sheets)
    result = read_table(tmp_path / "t.xlsx#Old #2", columns=COLUMNS)
    assert [(e.text, e.source.sheet) for e in result.examples] == [("old", "Old #2")]
    assert not any("sheets" in note for note in result.notes)
    with pytest.raises(InputError, match="no sheet 'Empty'") as caught:
        read_table(tmp_path / "t.xlsx#Empty", columns=COLUMNS)
    assert "Big, Old #2" in (caught.value.hint or "")
    (tmp_path / "t.csv").write_text("text,label\none,a\n")
    with pytest.raises(InputError, match="has no sheets"):
        read_table(tmp_path / "t.csv#Old", columns=COLUMNS)
    with pytest.raises(InputError, match="no file"):
        read_table(tmp_path / "other.xlsx#Old", columns=COLUMNS)
    path.rename(tmp_path / "a#Big.xlsx")
    assert len(read_table(tmp_path / "a#Big.xlsx", columns=COLUMNS).examples) == 5


def test_titles_above_the_header_of_a_sheet(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Tickets of 2024"],
        ["made by", "Ann"],
        [],
        ["id", "text", "label", "when"],
        ["7", "one", "a", "today"],
        ["8", "two", "b", None],
    ]
    result = read_table(write_workbook(tmp_path / "t.xlsx", {"s": rows}))
    assert result.column_names == ("id", "text", "label", "when")
    assert [(e.text, e.source.line) for e in result.examples] == [("one", 5), ("two", 6)]
    assert "Lines 1 to 2 are titles: the names of the columns were read from line 4." in result.notes


def test_a_workbook_named_csv_is_a_workbook(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "t.csv", {"s": [["text", "label"], ["one", "a"]]})
    assert read_table(path, columns=COLUMNS).container == "xlsx"


def test_a_csv_named_xlsx_is_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_text("text,label\none,a\n")
    assert read_table(path, columns=COLUMNS).container == "csv"


def test_broken_and_empty_workbooks(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "t.xlsx", {"s": [["text", "label"], ["one", "a"]]})
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="not a readable Excel workbook"):
        read_table(path, columns=COLUMNS)
    with pytest.raises(InputError, match="none of its sheets holds a row"):
        read_table(write_workbook(tmp_path / "e.xlsx", {"s": []}), columns=COLUMNS)
    with pytest.raises(InputError, match="no rows"):
        read_table(write_workbook(tmp_path / "h.xlsx", {"s": [["text", "label"]]}), columns=COLUMNS)


def test_a_wrong_column_of_a_workbook(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "t.xlsx", {"s": [["text", "label"], ["one", "a"]]})
    with pytest.raises(InputError, match="no column 'texts'") as caught:
        read_table(path, columns=ColumnMap(("texts",), "label"))
    assert "Did you mean 'text'?" in (caught.value.hint or "")


def test_parquet_types(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "text": ["one", "two", None],
            "label": [3.0, None, 1.0],
            "when": [datetime.date(2024, 1, 31), None, None],
        }
    )
    frame.write_parquet(tmp_path / "t.parquet")
    result = read_table(tmp_path / "t.parquet", columns=ColumnMap(("text",), "label", time="when"))
    assert [(e.text, e.target, e.time, e.source.line) for e in result.examples] == [("one", "3", "2024-01-31", 1)]
    assert [(s.source.line, s.code) for s in result.set_aside] == [(2, "data.empty_target"), (3, "data.empty_input")]


def test_conversations_in_parquet(tmp_path: Path) -> None:
    talk = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    pl.DataFrame({"messages": [talk, talk]}).write_parquet(tmp_path / "t.parquet")
    result = read_table(tmp_path / "t.parquet")
    assert result.shape == "chat"
    assert [(e.text, e.target) for e in result.examples] == [("q", "a")] * 2


def test_a_cut_parquet_file(tmp_path: Path) -> None:
    pl.DataFrame({"text": ["one"], "label": ["a"]}).write_parquet(tmp_path / "t.parquet")
    content = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(content[:-20])
    with pytest.raises(InputError, match="not a readable parquet file"):
        read_table(tmp_path / "t.parquet", columns=COLUMNS)


def test_damaged_bytes_never_end_in_a_traceback(tmp_path: Path) -> None:
    pl.DataFrame({"text": ["one", "two"], "label": ["a", "b"]}).write_parquet(tmp_path / "t.parquet")
    book = write_workbook(tmp_path / "t.xlsx", {"s": [["text", "label"], ["one", "a"]]})
    refused = 0
    for content in ((tmp_path / "t.parquet").read_bytes(), book.read_bytes()):
        for place in range(4, len(content), len(content) // 40):
            damaged = bytearray(content)
            damaged[place] ^= 0xFF
            (tmp_path / "damaged").write_bytes(damaged)
            try:
                result = read_table(tmp_path / "damaged", columns=COLUMNS)
            except InputError:
                refused += 1
            else:
                assert result.rows_in == len(result.examples) + len(result.set_aside)
    assert refused > 20


def test_day_numbers_without_a_date_format_become_dates(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["text", "label", "received_at", "closedAt", "Amount", "date"],
        ["one", "a", 45322, 45323.604166667, 45322, "soon"],
        ["two", "b", 45322.5, None, 45400, 45322],
    ]
    path = write_workbook(tmp_path / "t.xlsx", {"s": rows})
    result = read_table(path, columns=ColumnMap(("text",), "label", time="received_at"))
    assert [e.time for e in result.examples] == ["2024-01-31", "2024-01-31 12:00:00"]
    # A number that is no date stays one, and so does a column that also holds words.
    assert dict(result.examples[0].tags) == {"closedAt": "2024-02-01 14:30:00", "Amount": "45322", "date": "soon"}
    assert dict(result.examples[1].tags) == {"Amount": "45400", "date": "45322"}
    assert "The column 'received_at' holds day numbers of Excel; they are read as dates." in result.notes
    shown = peek(path)
    assert shown.first_rows[0]["received_at"] == "2024-01-31"
    assert shown.guesses.time is not None
    assert shown.guesses.time.column == "received_at"


def test_a_time_of_day_has_no_date(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("s")
    for y, row in enumerate([["text", "label", "clock"], ["one", "a", datetime.time(14, 30)]]):
        for x, value in enumerate(row):
            if isinstance(value, str):
                sheet.write(y, x, value)
            else:
                sheet.write_datetime(y, x, value, book.add_format({"num_format": "hh:mm"}))
    book.close()
    (example,) = read_table(path, columns=COLUMNS).examples
    assert dict(example.tags) == {"clock": "14:30:00"}


@pytest.mark.parametrize("wanted", [None, COLUMNS])
def test_the_sheet_that_is_shown_is_the_sheet_that_is_read(tmp_path: Path, wanted: ColumnMap | None) -> None:
    def year(n: int) -> list[list[object]]:
        return [["text", "label"], *([f"words {i}", "ab"[i % 2]] for i in range(n))]

    path = write_workbook(tmp_path / "t.xlsx", {"2022": year(3), "2023": year(7), "2024": year(5)})
    result = read_table(path, columns=wanted)
    assert {e.source.sheet for e in result.examples} == {"2023"}
    assert len(result.examples) == 7
    assert "'2023' was read, for its table has the most rows (7)." in result.notes[0]
    assert peek(path).notes == result.notes[:1]
