"""Converting files as a person does: what is lost is said first, and rows in are rows written and rows set aside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xlsxwriter
from tests.cli.typed import document, typed

from tunewright.data.read import read_table
from tunewright.data.set_aside import read_set_aside


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def talk(n: int, **more: object) -> dict[str, object]:
    said = [{"role": "user", "content": f"question {n}"}, {"role": "assistant", "content": f"answer {n}"}]
    return {"messages": said, **more}


def with_tools(n: int) -> dict[str, object]:
    call = {"id": f"call_{n}", "type": "function", "function": {"name": "look", "arguments": '{"n": 1}'}}
    return {
        "messages": [
            {"role": "user", "content": f"question {n}"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"call_{n}", "content": "found"},
            {"role": "assistant", "content": f"answer {n}"},
        ],
        "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
    }


def lines(name: str, rows: list[dict[str, object]]) -> Path:
    path = Path(name)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("ending", ["csv", "tsv", "xlsx", "parquet", "json"])
def test_another_kind_of_file_and_back_changes_nothing(ending: str) -> None:
    source = lines("talks.jsonl", [with_tools(n) for n in range(5)])
    assert document("convert", source, f"there.{ending}")["written"] == 5
    document("convert", f"there.{ending}", "back.jsonl")
    first, last = (read_table(path, kind="generate").examples for path in (source, Path("back.jsonl")))
    assert [(e.messages, e.target, e.tools, e.tags) for e in last] == [
        (e.messages, e.target, e.tools, e.tags) for e in first
    ]


def test_a_table_keeps_every_column_and_none_need_be_named() -> None:
    Path("desk.csv").write_bytes(b'\xef\xbb\xbfa;b;c\r\n1;x,y;\r\n2;"z";q\r\n')
    assert document("convert", "desk.csv", "desk.jsonl")["written"] == 2
    rows = [json.loads(line) for line in Path("desk.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows == [{"a": "1", "b": "x,y", "c": ""}, {"a": "2", "b": "z", "c": "q"}]
    document("convert", "desk.csv", "desk.tsv")
    assert Path("desk.tsv").read_text(encoding="utf-8").startswith("a\tb\tc")


def test_what_would_be_lost_is_said_and_nothing_is_written() -> None:
    source = lines("talks.jsonl", [with_tools(n) for n in range(3)])
    error = document("convert", source, "out.jsonl", "--to", "sharegpt", code=2)["error"]
    assert error["code"] == "convert.would_lose"
    assert "ids of tool calls" in error["where"]
    assert "--lossy" in error["hint"]
    assert {path.name for path in Path().iterdir() if path.is_file()} == {"talks.jsonl"}
    made = document("convert", source, "out.jsonl", "--to", "sharegpt", "--lossy")
    assert made["lost"] == [{"what": "ids of tool calls", "rows": 3}]
    assert made["written"] == made["rows_in"] == 3


def test_rows_whose_words_do_not_fit_are_set_aside_and_never_bent() -> None:
    rows = [talk(n, note="n") for n in range(6)] + [with_tools(n) for n in range(6, 8)]
    source = lines("talks.jsonl", rows)
    with source.open("a", encoding="utf-8") as stream:
        stream.write("{broken\n")
    made = document("convert", source, "out.jsonl", "--to", "alpaca", "--lossy")
    assert (made["rows_in"], made["written"], len(made["set_aside"])) == (9, 6, 3)
    kept = read_table(Path("out.jsonl"), kind="generate").examples
    assert [(e.text, e.target) for e in kept] == [(f"question {n}", f"answer {n}") for n in range(6)]
    aside = read_set_aside(Path(made["set_aside_file"]))
    assert [row[2] for row in aside] == ["9", "7", "8"]
    assert "answer 7" in aside[2][-1]
    said = typed("convert", source, "out2.jsonl", "--to", "alpaca", "--lossy").output
    assert "9 rows in = 6 written + 3 set aside" in said


def test_rows_without_an_answer_are_rows() -> None:
    rows = [talk(n) for n in range(5)]
    rows[2] = {"messages": [{"role": "user", "content": "question 2"}]}
    made = document("convert", lines("talks.jsonl", rows), "out.jsonl", "--to", "trl messages")
    assert (made["rows_in"], made["written"], made["set_aside"]) == (5, 5, [])


def test_a_sheet_is_chosen_and_others_are_told() -> None:
    book = xlsxwriter.Workbook("book.xlsx")
    for name, count in (("Big", 4), ("Old", 2)):
        sheet = book.add_worksheet(name)
        for y, row in enumerate([["text", "label"], *([f"{name} {n}", "a"] for n in range(count))]):
            sheet.write_row(y, 0, row)
    book.close()
    assert "Not read: 'Old'. Another one: tunewright convert 'book.xlsx#Old' other.csv" in document(
        "convert", "book.xlsx", "big.csv"
    )["notes"][0]  # fmt: skip
    made = document("convert", "book.xlsx#Old", "old.csv", "--to", "table")
    assert (made["written"], [note for note in made["notes"] if "sheet" in note]) == (2, [])
    assert Path("old.csv").read_text(encoding="utf-8").splitlines()[1] == "Old 0,a"
    assert document("convert", "book.xlsx#Odl", "x.csv", code=2)["error"]["code"] == "data.no_such_sheet"


def test_places_and_names_that_are_wrong() -> None:
    source = lines("talks.jsonl", [talk(n) for n in range(5)])
    before = source.read_bytes()

    def code(*words: object) -> str:
        return str(document("convert", *words, code=2)["error"]["code"])

    Path("there.csv").write_text("mine", encoding="utf-8")
    assert code(source, source, "--force") == "convert.source"
    assert code(source, "there.csv") == "convert.exists"
    assert code(source, "out.foo") == "data.unknown_ending"
    assert code(source, "none/out.csv") == "convert.no_folder"
    assert code(source, "out.csv", "--to", "chatt") == "data.unknown_format"
    assert code("other.jsonl", "out.csv") == "data.missing_file"
    assert code(lines("empty.jsonl", [{"text": 1}, {"b": 2}]), "out.csv", "--to", "chat") in (
        "data.columns_needed", "data.mixed_shapes", "data.unknown_shape"
    )  # fmt: skip
    assert Path("there.csv").read_text(encoding="utf-8") == "mine"
    assert source.read_bytes() == before
    assert not [path.name for path in Path().iterdir() if "out" in path.name or "part" in path.name]
    typed("convert", source, "there.csv", "--force")
    assert len(read_table(Path("there.csv"), kind="generate").examples) == 5
