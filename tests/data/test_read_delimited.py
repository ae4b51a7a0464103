"""Text tables: delimiters, quotes, broken rows, headers, encodings, and files that are not what their name says."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from tunewright.data.read import ColumnMap, ReadResult, read_table
from tunewright.errors import InputError

COLUMNS = ColumnMap(("text",), "label")


def write(folder: Path, content: str | bytes, name: str = "t.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def read(folder: Path, content: str | bytes, columns: ColumnMap | None = COLUMNS, **options: str) -> ReadResult:
    result = read_table(write(folder, content, **options), columns=columns)
    assert result.rows_in == len(result.examples) + len(result.set_aside)
    return result


def pairs(result: ReadResult) -> list[tuple[str, str]]:
    return [(e.text, e.target) for e in result.examples]


def problems(result: ReadResult) -> list[tuple[int, str]]:
    return [(row.source.line, row.code) for row in result.set_aside]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    rows = [["id", "text", "label"], ["1", "hello there", "a"], ["2", "good bye", "b"]]
    result = read(tmp_path, "".join(delimiter.join(row) + "\n" for row in rows))
    assert result.delimiter == delimiter
    assert pairs(result) == [("hello there", "a"), ("good bye", "b")]
    assert result.column_names == ("id", "text", "label")


def test_semicolons_win_although_texts_hold_commas(tmp_path: Path) -> None:
    result = read(tmp_path, "text;label\nyes, no, maybe;a\nwell, then;b\nplain;a\n")
    assert result.delimiter == ";"
    assert pairs(result)[0] == ("yes, no, maybe", "a")


def test_the_line_that_tells_excel_the_delimiter_is_no_header(tmp_path: Path) -> None:
    result = read(tmp_path, "sep=;\r\ntext;label\r\na, b, c;x\r\n")
    assert result.delimiter == ";"
    assert [(e.text, e.source.line) for e in result.examples] == [("a, b, c", 3)]


def test_quotes_hold_delimiters_line_breaks_and_quotes(tmp_path: Path) -> None:
    result = read(tmp_path, 'text,label\n"a, ""b""\nsecond line",x\nnext,y\n')
    assert pairs(result) == [('a, "b"\nsecond line', "x"), ("next", "y")]
    assert [e.source.line for e in result.examples] == [2, 4]


def test_sources_and_ids_name_file_and_line(tmp_path: Path) -> None:
    result = read(tmp_path, "text,label\na b,x\n")
    assert result.examples[0].row_id == "t.csv:2"
    named = read_table(tmp_path / "t.csv", columns=COLUMNS, display_name="tickets.csv")
    assert str(named.examples[0].source) == "tickets.csv:2"


def test_ragged_rows_are_set_aside_with_both_counts(tmp_path: Path) -> None:
    result = read(tmp_path, "text,label\ngood,a\nfew\none,two,three\nlast,b\n")
    assert pairs(result) == [("good", "a"), ("last", "b")]
    assert problems(result) == [(3, "data.ragged_row"), (4, "data.ragged_row")]
    assert result.set_aside[0].reason == "1 cells where the header has 2"
    assert result.set_aside[1].reason == "3 cells where the header has 2"
    assert result.set_aside[1].raw == "one,two,three"


def test_a_quote_that_never_closes_costs_its_own_row_only(tmp_path: Path) -> None:
    result = read(tmp_path, 'text,label\none,a\n"two,b\nthree,a\nfour,b\n')
    assert pairs(result) == [("one", "a"), ("three", "a"), ("four", "b")]
    assert problems(result) == [(3, "data.open_quote")]
    assert "line 3" in result.set_aside[0].reason


def test_a_stray_quote_closed_by_a_later_row_swallows_nothing(tmp_path: Path) -> None:
    result = read(tmp_path, 'text,label\n"two,b\nthree,a\n"quoted, well",b\nfive,a\n')
    assert pairs(result) == [("three", "a"), ("quoted, well", "b"), ("five", "a")]
    assert problems(result) == [(2, "data.open_quote")]


def test_text_after_a_closing_quote_is_set_aside(tmp_path: Path) -> None:
    result = read(tmp_path, 'text,label\n"He said "no" twice",a\nfine,b\n')
    assert problems(result) == [(2, "data.bad_quote")]
    assert pairs(result) == [("fine", "b")]


def test_the_rest_of_a_broken_row_does_not_pass_as_a_row(tmp_path: Path) -> None:
    result = read(tmp_path, 'text,label\n"She said "hi\nand left",a\nfine,b\n')
    assert problems(result) == [(2, "data.bad_quote"), (3, "data.open_quote")]
    assert pairs(result) == [("fine", "b")]


def test_cells_that_look_like_swallowed_rows_are_told(tmp_path: Path) -> None:
    result = read(tmp_path, 'text,label\n"one,a\ntwo,b\nthree,a\nfour",b\nfive,a\n')
    assert any("line 2 (4 lines)" in note for note in result.notes)


def test_one_inner_line_with_as_many_commas_as_a_row_is_no_alarm(tmp_path: Path) -> None:
    result = read(tmp_path, 'text,label\n"Hello\nI paid, twice\nBye",b\nfive,a\n')
    assert result.notes == ()
    assert pairs(result) == [("Hello\nI paid, twice\nBye", "b"), ("five", "a")]


def test_nul_characters_are_set_aside(tmp_path: Path) -> None:
    result = read(tmp_path, b"text,label\nfine words,a\nbro\x00ken,b\nfine again,b\n")
    assert problems(result) == [(3, "data.nul_byte")]


def test_empty_rows_are_no_rows(tmp_path: Path) -> None:
    result = read(tmp_path, "\n\ntext,label\n\none,a\n,\n  , \ntwo,b\n\n")
    assert result.rows_in == 2
    assert [e.source.line for e in result.examples] == [5, 8]
    assert "4 empty rows were passed over." in result.notes


def test_missing_input_or_target_is_set_aside(tmp_path: Path) -> None:
    result = read(tmp_path, 'text,label\n,a\nx,\n"  ",b\n y ,b\n')
    assert problems(result) == [(2, "data.empty_input"), (3, "data.empty_target"), (4, "data.empty_input")]
    assert pairs(result) == [(" y ", "b")]


def test_without_required_targets_an_empty_one_is_kept(tmp_path: Path) -> None:
    path = write(tmp_path, "text,label\nx,\ny,b\n")
    assert pairs(read_table(path, columns=COLUMNS, require_target=False)) == [("x", ""), ("y", "b")]
    no_target = read_table(path, columns=ColumnMap(("text",)), require_target=False)
    assert pairs(no_target) == [("x", ""), ("y", "")]
    assert no_target.examples[1].tags == (("label", "b"),)


def test_huge_cells_are_set_aside(tmp_path: Path) -> None:
    result = read(tmp_path, f"text,label\n{'x' * 1_000_001},a\n{'y' * 1_000_000},b\n")
    assert problems(result) == [(2, "data.huge_cell")]
    assert len(result.examples[0].text) == 1_000_000


def test_all_roles_of_columns(tmp_path: Path) -> None:
    content = "no,subject,body,desk,who,when,urgent,channel\n"
    content += "7,Card,Lost it,cards,c1,2024-01-31,yes,mail\n8,,No card,cards,,,0,\n"
    columns = ColumnMap(("subject", "body"), "desk", id="no", group="who", time="when", critical="urgent")
    first, second = read(tmp_path, content, columns).examples
    assert first.text == "subject: Card\nbody: Lost it"
    assert (first.row_id, first.group, first.time, first.critical) == ("7", "c1", "2024-01-31", True)
    assert first.tags == (("channel", "mail"),)
    assert second.text == "body: No card"
    assert (second.row_id, second.group, second.time, second.critical, second.tags) == ("8", None, None, False, ())


def test_missing_markers_are_no_group_and_no_id(tmp_path: Path) -> None:
    columns = ColumnMap(("text",), "label", id="id", group="who")
    result = read(tmp_path, "id,text,label,who\nnan,x,a,NULL\n2,y,b,none\n", columns)
    assert [(e.row_id, e.group) for e in result.examples] == [("t.csv:2", None), ("2", "none")]


def test_critical_must_be_yes_or_no(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'high' is neither yes nor no") as caught:
        read(tmp_path, "text,label,urgent\nx,a,high\n", ColumnMap(("text",), "label", critical="urgent"))
    assert caught.value.where == "t.csv:2"


def test_repeated_ids_are_noted(tmp_path: Path) -> None:
    result = read(tmp_path, "id,text,label\n1,x,a\n1,y,b\n2,z,a\n", ColumnMap(("text",), "label", id="id"))
    assert "1 ids occur more than once, such as '1'." in result.notes


def test_unknown_column_names_the_nearest_and_lists_all(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, "Ticket Text,Category\nx,a\n", ColumnMap(("Ticket Text",), "categorie"))
    assert caught.value.code == "data.unknown_column"
    assert caught.value.hint == "Did you mean 'Category'? The columns are: Ticket Text, Category."


def test_repeated_and_missing_header_names(tmp_path: Path) -> None:
    result = read(tmp_path, "text,label,text,,\nx,a,y,z,\n", ColumnMap(("column 4",), "label"))
    assert result.column_names == ("text", "label", "text (2)", "column 4", "column 5")
    assert pairs(result) == [("z", "a")]
    assert "The column name 'text' occurs 2 times." in result.notes
    with pytest.raises(InputError, match="more than once") as caught:
        read(tmp_path, "text,label,text\nx,a,y\n")
    assert caught.value.code == "data.repeated_column"


def test_utf8_with_byte_order_mark(tmp_path: Path) -> None:
    result = read(tmp_path, "\ufefftext,label\nça va,a\n")
    assert pairs(result) == [("ça va", "a")]
    assert any("byte order mark" in note for note in result.notes)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf16_with_and_without_mark(tmp_path: Path, encoding: str) -> None:
    result = read(tmp_path, "text,label\nça va bien,a\nПривет,b\n", encoding=encoding)
    assert pairs(result) == [("ça va bien", "a"), ("Привет", "b")]
    assert any("UTF-" in note for note in result.notes)


@pytest.mark.parametrize(("encoding", "text"), [("cp1252", "l’été à 3 €"), ("latin-1", "l\x81été")])
def test_old_code_pages_are_read_and_said(tmp_path: Path, encoding: str, text: str) -> None:
    result = read(tmp_path, f"text,label\n{text},a\nplain,b\n", encoding=encoding)
    assert pairs(result)[0] == (text, "a")
    assert result.encoding == encoding
    assert any("not UTF-8" in note for note in result.notes)


def test_a_damaged_row_in_a_utf8_file_does_not_change_the_others(tmp_path: Path) -> None:
    result = read(tmp_path, "text,label\nécole été,a\nvoilà,b\n".encode() + b"bro\xffken,b\n")
    assert result.encoding == "utf-8"
    assert pairs(result) == [("école été", "a"), ("voilà", "b")]
    assert problems(result) == [(4, "data.bad_bytes")]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path: Path, newline: str) -> None:
    result = read(tmp_path, newline.join(["text,label", "one,a", "two,b", ""]))
    assert pairs(result) == [("one", "a"), ("two", "b")]
    assert [e.source.line for e in result.examples] == [2, 3]


def test_line_separator_characters_do_not_end_a_row(tmp_path: Path) -> None:
    result = read(tmp_path, "text,label\none\u2028two\x85three,a\n")
    assert pairs(result) == [("one\u2028two\x85three", "a")]


def test_gzip(tmp_path: Path) -> None:
    result = read(tmp_path, gzip.compress(b"text,label\none,a\n"), name="t.csv.gz")
    assert pairs(result) == [("one", "a")]
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path, gzip.compress(b"text,label\none,a\n" * 100)[:-12], name="cut.csv.gz")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "data.empty_file"),
        (b" \n\n  \n", "data.empty_file"),
        (b"text,label\n", "data.no_rows"),
        (b"text,label\n,\n", "data.no_rows"),
        (bytes(range(256)) * 20, "data.not_text"),
    ],
)
def test_files_without_a_row(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)
    assert caught.value.code == code


def test_folder_and_missing_file(tmp_path: Path) -> None:
    write(tmp_path, "text,label\nx,a\n", name="tickets.csv")
    with pytest.raises(InputError, match="is a folder") as caught:
        read_table(tmp_path)
    assert "tickets.csv" in (caught.value.hint or "")
    with pytest.raises(InputError, match="There is no file") as caught:
        read_table(tmp_path / "ticket.csv")
    assert "tickets.csv" in (caught.value.hint or "")


def test_a_zip_archive_named_csv_is_refused_with_its_contents(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inside.csv", "text,label\n")
    with pytest.raises(InputError, match="zip archive") as caught:
        read(tmp_path, buffer.getvalue())
    assert "inside.csv" in (caught.value.hint or "")


def test_columns_are_guessed_where_names_leave_no_doubt(tmp_path: Path) -> None:
    result = read(tmp_path, "message,customer_id,category\nhello there,1,a\nbye,1,b\n", None)
    assert pairs(result) == [("hello there", "a"), ("bye", "b")]
    assert result.columns == ColumnMap(("message",), "category")
    assert any("'message' was taken as the input" in note for note in result.notes)


def test_columns_are_asked_for_where_names_do_not_tell(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, "a,b,c\nsome words here,x,1\nmore words there,y,2\n", None)
    assert caught.value.code == "data.columns_needed"
    assert "--input" in (caught.value.hint or "")
