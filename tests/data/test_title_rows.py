"""Titles above the header: found where they are plain to see, and never in an ordinary table."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.data.read import ColumnMap, peek, read_table
from tunewright.data.title_rows import header_index

ROWS = "id;text;label\n1;one;a\n2;two, really;b\n3;three;a\n"


@pytest.mark.parametrize("title", ["Tickets", "Tickets, March", "Tickets;;", '"Tickets\n2024";;'])
def test_a_title_above_a_csv(tmp_path: Path, title: str) -> None:
    (tmp_path / "t.csv").write_text(f"{title}\n\n{ROWS}")
    result = read_table(tmp_path / "t.csv")
    header = 4 if "2024" in title else 3
    assert result.column_names == ("id", "text", "label")
    assert [(e.text, e.source.line) for e in result.examples] == [
        ("one", header + 1),
        ("two, really", header + 2),
        ("three", header + 3),
    ]
    assert f"Line 1 is a title: the names of the columns were read from line {header}." in result.notes
    assert peek(tmp_path / "t.csv").notes[0].startswith("Line 1 is a title")


def test_named_columns_find_the_header_of_a_narrow_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Tickets\ntext,label\none,a\ntwo,b\n")
    result = read_table(tmp_path / "t.csv", columns=ColumnMap(("text",), "label"))
    assert [(e.text, e.source.line) for e in result.examples] == [("one", 3), ("two", 4)]


def test_what_is_in_doubt_keeps_its_first_row() -> None:
    # An index without a name, as data frames write it; rows wider than the header; data below a lone name.
    assert header_index([["", "text", "label"], ["0", "one", "a"], ["1", "two", "b"]]) == 0
    assert header_index([["text", "label"], ["one", "two", "a"], ["x", "y", "b"]]) == 0
    assert header_index([["text", "", ""], ["1", "2", "3"], ["4", "5", "6"]]) == 0
    assert header_index([["text"], ["one", "two", "a"], ["x", "y"], ["z"]]) == 0
    assert header_index([["Title", "", ""], ["id", "text", "label"]]) == 0


names = st.lists(st.text("abcdefgh ,;", min_size=1, max_size=8).filter(str.strip), min_size=1, max_size=6, unique=True)


@settings(deadline=None, max_examples=150)
@given(names, st.data())
def test_ordinary_tables_keep_their_header(header: list[str], data: st.DataObject) -> None:
    cells = st.lists(st.text("abc1,; ", max_size=6), min_size=len(header), max_size=len(header))
    rows = data.draw(st.lists(cells, max_size=8))
    assert header_index([header, *rows]) == 0


quiet = st.text("abcde", min_size=1, max_size=6)


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 5), st.sampled_from([",", ";", "\t", "|"]), st.data())
def test_ordinary_files_are_read_as_before(width: int, delimiter: str, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.lists(quiet, min_size=width, max_size=width), min_size=1, max_size=6))
    header = ["text", "label", "x", "y", "z"][:width]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_text("\n".join(delimiter.join(row) for row in [header, *rows]) + "\n")
        result = read_table(path, columns=ColumnMap(("text",), "label"))
        assert peek(path).column_names == tuple(header)
    assert [(e.text, e.target, e.source.line) for e in result.examples] == [
        (row[0], row[1], line) for line, row in enumerate(rows, start=2)
    ]
    assert not any("title" in note for note in result.notes)
