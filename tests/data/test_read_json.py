"""JSON documents and JSON lines, in the states in which people have them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tunewright.data.read import ColumnMap, ReadResult, read_table
from tunewright.errors import InputError

ROWS = [{"text": "one two", "label": "a"}, {"text": "three", "label": "b"}]


def read(folder: Path, content: str | bytes, columns: ColumnMap | None = None, name: str = "t.jsonl") -> ReadResult:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    result = read_table(path, columns=columns)
    assert result.rows_in == len(result.examples) + len(result.set_aside)
    return result


def pairs(result: ReadResult) -> list[tuple[str, str]]:
    return [(e.text, e.target) for e in result.examples]


EXPECTED = [("one two", "a"), ("three", "b")]
FORMS = {
    "lines": "\n".join(json.dumps(row) for row in ROWS),
    "array": json.dumps(ROWS),
    "indented array": json.dumps(ROWS, indent=2),
    "object of arrays": json.dumps({"version": 1, "train": ROWS[:1], "test": ROWS[1:]}),
    "pairs": json.dumps({"train": [["one two", "a"]], "test": [["three", "b"]]}),
    "columns": json.dumps({"text": ["one two", "three"], "label": ["a", "b"]}),
    "indented objects": "\n".join(json.dumps(row, indent=2) for row in ROWS),
    "one line": "".join(json.dumps(row) for row in ROWS),
    "trailing comma": '[{"text": "one two", "label": "a"},\n {"text": "three", "label": "b"},\n]',
    "byte order mark": "\ufeff" + json.dumps(ROWS),
    "blank lines": "\n\n" + "\r\n\r\n".join(json.dumps(row) for row in ROWS) + "\n\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["t.jsonl", "t.json", "t.csv"])
def test_every_form_gives_the_same_rows_whatever_the_name(tmp_path: Path, form: str, name: str) -> None:
    assert pairs(read(tmp_path, FORMS[form], name=name)) == EXPECTED


def test_lines_are_counted(tmp_path: Path) -> None:
    assert [e.source.line for e in read(tmp_path, FORMS["lines"]).examples] == [1, 2]
    # Elements of one document are counted themselves: a whole array may stand on one line.
    for form in ("indented array", "array"):
        found = [e.source for e in read(tmp_path, FORMS[form]).examples]
        assert [source.line for source in found] == [1, 2]
        assert [str(source).rpartition("#")[2] for source in found] == ["1", "2"]
    assert [e.source.line for e in read(tmp_path, FORMS["indented objects"]).examples] == [1, 5]


def test_splits_of_an_object_become_tags(tmp_path: Path) -> None:
    result = read(tmp_path, FORMS["object of arrays"])
    assert [e.tag("split") for e in result.examples] == ["train", "test"]
    assert "Not rows, passed over: version." in result.notes


def test_bad_lines_are_set_aside_with_line_and_column(tmp_path: Path) -> None:
    lines = [json.dumps(ROWS[0]), '{"text": "x", "label": }', "[1, 2]", "7", json.dumps(ROWS[1]), "{'text': 'x'}"]
    result = read(tmp_path, "\n".join(lines))
    assert pairs(result) == EXPECTED
    assert [(s.source.line, s.code) for s in result.set_aside] == [
        (2, "data.bad_json"),
        (3, "data.not_an_object"),
        (4, "data.not_an_object"),
        (6, "data.bad_json"),
    ]
    assert "column 24" in result.set_aside[0].reason
    assert result.set_aside[0].raw.strip() == lines[1]
    assert "single quotes" in result.set_aside[3].reason


def test_a_damaged_line_does_not_change_the_others(tmp_path: Path) -> None:
    good = json.dumps({"text": "één", "label": "a"}, ensure_ascii=False).encode()
    result = read(tmp_path, good + b'\n{"text": "br\xffken", "label": "a"}\n' + good + b"\n")
    assert pairs(result) == [("één", "a")] * 2
    assert [s.code for s in result.set_aside] == ["data.bad_bytes"]


def test_half_of_a_character_pair_is_set_aside(tmp_path: Path) -> None:
    result = read(tmp_path, '{"text": "x \\ud83d", "label": "a"}\n{"text": "\\ud83d\\ude00", "label": "b"}')
    assert pairs(result) == [("😀", "b")]
    assert [s.code for s in result.set_aside] == ["data.bad_bytes"]


def test_line_separator_characters_do_not_end_a_line(tmp_path: Path) -> None:
    rows = [{"text": "one\u2028two\u2029three\x85four", "label": "a"}] * 2
    result = read(tmp_path, "\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    assert [text for text, _ in pairs(result)] == ["one\u2028two\u2029three\x85four"] * 2


def test_deep_nesting_and_huge_numbers_cost_one_row(tmp_path: Path) -> None:
    deep, digits = "[" * 100_000, "9" * 10_000
    result = read(tmp_path, f'{json.dumps(ROWS[0])}\n{{"text": {deep}\n{{"text": {digits}}}\n{json.dumps(ROWS[1])}')
    assert pairs(result) == EXPECTED
    assert [s.code for s in result.set_aside] == ["data.bad_json"] * 2


def test_values_of_other_types_become_text(tmp_path: Path) -> None:
    rows = [
        {"text": 12, "label": 3, "id": 7.0, "group": True},
        {"text": 1.5, "label": 4.0, "id": None, "group": float("nan")},
        {"text": "x", "label": ["a"], "id": 1, "group": ""},
        {"text": "y", "label": None, "id": 2, "group": ""},
    ]
    result = read(tmp_path, "\n".join(map(json.dumps, rows)), ColumnMap(("text",), "label", id="id", group="group"))
    assert [(e.text, e.target, e.row_id, e.group) for e in result.examples] == [
        ("12", "3", "7", "true"),
        ("1.5", "4", "t.jsonl:2", None),
    ]
    assert [s.code for s in result.set_aside] == ["data.target_not_text", "data.empty_target"]


def test_a_broken_document_says_where(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, '[\n {"text": "a", "label": "b"},\n {"text": "c" "label": "d"}\n]')
    assert caught.value.code == "data.broken_json"
    assert caught.value.where == "t.jsonl:3, column 15"


def test_mixed_shapes_are_refused_with_both_populations(tmp_path: Path) -> None:
    chat = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    rows = [chat] * 9 + [{"prompt": "p", "completion": "c"}] * 3
    with pytest.raises(InputError) as caught:
        read(tmp_path, "\n".join(map(json.dumps, rows)))
    assert caught.value.code == "data.mixed_shapes"
    assert "9 conversations (messages with role and content) (first at t.jsonl:1)" in caught.value.message
    assert "3 rows with prompt and completion (first at t.jsonl:10)" in caught.value.message


def test_a_few_rows_of_another_shape_are_set_aside(tmp_path: Path) -> None:
    rows = [{"prompt": f"p{i}", "completion": "c"} for i in range(99)] + [{"question": "x"}]
    result = read(tmp_path, "\n".join(map(json.dumps, rows)))
    assert len(result.examples) == 99
    assert [(s.source.line, s.code) for s in result.set_aside] == [(100, "data.other_shape")]


def test_columns_may_appear_late_but_must_exist(tmp_path: Path) -> None:
    rows = [{"text": "x", "label": "a"}] * 300 + [{"text": "y", "label": "b", "who": "c1"}]
    content = "\n".join(map(json.dumps, rows))
    assert read(tmp_path, content, ColumnMap(("text",), "label", group="who")).examples[-1].group == "c1"
    with pytest.raises(InputError, match="no column 'lable'") as caught:
        read(tmp_path, content, ColumnMap(("text",), "lable"))
    assert "Did you mean 'label'?" in (caught.value.hint or "")


def test_wrong_input_column_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, FORMS["lines"], ColumnMap(("txt",), "label"))
    assert caught.value.code == "data.unknown_column"
    assert "Did you mean 'text'?" in (caught.value.hint or "")


def test_rows_of_no_known_shape_ask_for_columns(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, '{"x1": "a", "x2": 1, "x3": 2}\n' * 3)
    assert caught.value.code == "data.columns_needed"
