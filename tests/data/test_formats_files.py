"""Formats in the files that hold them (parquet, folders of Hugging Face, csv), and what writing refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pytest

from tunewright.data.read import ColumnMap, read_table
from tunewright.data.writers import write_examples
from tunewright.errors import InputError
from tunewright.records.example import Example, Message, Source, ToolCall

Row = dict[str, Any]


def turn(role: str, content: object, **more: object) -> Row:
    return {"role": role, "content": content, **more}


def example(number: int = 1, **more: Any) -> Example:
    given: Row = {"messages": (Message("user", "q"),), "target": "a", **more}
    return Example(source=Source("tickets.csv", number), row_id=f"tickets.csv:{number}", **given)


def test_parquet_fills_keys_with_none(tmp_path: Path) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
    other = {"id": "d", "type": "function", "function": {"name": "g", "arguments": {"b": "x"}}}
    rows = [
        {"messages": [turn("user", "q"), turn("assistant", None, tool_calls=[call, other])], "meta": {"n": 1}},
        {"messages": [turn("user", "z"), turn("assistant", "a")], "meta": {"m": 2}},
    ]
    path = tmp_path / "t.parquet"
    pl.from_dicts(rows, infer_schema_length=None).write_parquet(path)
    result = read_table(path, kind="generate")
    assert result.examples[0].target_calls == (ToolCall("f", '{"a":1}', "c"), ToolCall("g", '{"b":"x"}', "d"))
    assert result.examples[1].target_calls == ()
    assert result.examples[0].tag("meta") == '{"n": 1, "m": null}'
    assert [e.target for e in read_table(path).examples] == ["a"]


def test_rows_of_a_parquet_without_messages_are_set_aside(tmp_path: Path) -> None:
    rows = [{"messages": [turn("user", "q"), turn("assistant", "a")]}] * 3 + [{"messages": None}]
    path = tmp_path / "t.parquet"
    pl.from_dicts(rows, infer_schema_length=None).write_parquet(path)
    for kind in ("classify", "generate"):
        result = read_table(path, kind=kind)
        assert [(s.source.line, s.code) for s in result.set_aside] == [(4, "data.other_shape")]


def test_a_folder_of_hugging_face(tmp_path: Path) -> None:
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    one = datasets.Dataset.from_dict({"text": ["x", "y", "z"], "label": [1, 0, -1]}, features=features)
    one.save_to_disk(str(tmp_path / "one"))
    result = read_table(tmp_path / "one", columns=ColumnMap(("text",), "label"))
    assert (result.container, [(e.text, e.target) for e in result.examples]) == (
        "hf dataset",
        [("x", "yes"), ("y", "no")],
    )
    assert [(s.source.line, s.code) for s in result.set_aside] == [(3, "data.empty_target")]
    datasets.DatasetDict({"train": one, "test": one}).save_to_disk(str(tmp_path / "two"))
    result = read_table(tmp_path / "two", columns=ColumnMap(("text",), "label"))
    assert [e.tag("split") for e in result.examples] == ["train", "train", "test", "test"]
    assert [e.source.line for e in result.examples] == [1, 2, 4, 5]


def test_conversations_in_a_folder_of_hugging_face(tmp_path: Path) -> None:
    rows = [
        {"messages": [turn("user", "q"), turn("assistant", "a", name=None)]},
        {"messages": [turn("user", "q", name="kim")]},
    ]
    datasets.Dataset.from_list(rows).save_to_disk(str(tmp_path / "d"))
    result = read_table(tmp_path / "d", kind="generate", require_target=False)
    assert result.shape == "chat"
    assert result.examples[1].messages == (Message("user", "q", name="kim"),)


@pytest.mark.parametrize(
    ("name", "content"),
    [("state.json", "{"), ("state.json", "{}"), ("state.json", '{"_data_files": [{"filename": "../x.arrow"}]}'),
     ("dataset_dict.json", '{"splits": 3}'), ("dataset_dict.json", '{"splits": ["train"]}')],
)  # fmt: skip
def test_a_damaged_folder_is_told_in_words(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError) as caught:
        read_table(tmp_path)
    assert caught.value.code == "data.broken_dataset"


def test_a_damaged_arrow_file_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"_data_files": [{"filename": "data.arrow"}]}')
    (tmp_path / "data.arrow").write_bytes(b"\xff\xff\xff\xff nothing")
    with pytest.raises(InputError) as caught:
        read_table(tmp_path)
    assert caught.value.code == "data.broken_dataset"


def test_any_other_folder_is_still_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nx,y\n")
    with pytest.raises(InputError) as caught:
        read_table(tmp_path)
    assert caught.value.code == "data.is_folder"


def test_a_named_format_is_taken_at_its_word(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({"messages": [turn("user", "q")], "n": "1"}))
    assert read_table(path, kind="generate", shape="chat").set_aside[0].code == "chat.no_answer"
    with pytest.raises(InputError, match="no format 'chatt'") as caught:
        read_table(path, kind="generate", shape="chatt")
    assert "Did you mean 'chat'?" in (caught.value.hint or "")


CALL = ToolCall("f", "{}", "c1")
SCHEMA = '{"type":"function","function":{"name":"f"}}'


@pytest.mark.parametrize(
    ("row", "format", "words"),
    [
        (example(target_calls=(CALL,)), "alpaca", "it would lose: ids of tool calls, tool calls"),
        (example(target_calls=(CALL,), target=""), "sharegpt", "ids of tool calls"),
        (example(target_calls=(CALL,)), "sharegpt", "both text and tool calls"),
        (example(tools=(SCHEMA,)), "alpaca", "tools offered"),
        (example(tools=(SCHEMA,)), "claude", "it uses tools"),
        (example(target_weight=0.5), "bedrock", "training weights"),
        (example(messages=(Message("user", "q"), Message("user", "z"))), "claude", "do not alternate"),
        (example(messages=(Message("user", "q"), Message("user", "z"))), "alpaca", "in turn"),
        (example(messages=(Message("system", "s"), Message("user", "q"))), "prompt/completion", "2 messages"),
        (example(messages=(Message("user", "q", name="kim"),)), "gemini", "names of messages"),
        (example(rejected=(Message("assistant", "b"),)), "gemini", "rejected answer"),
        (example(), "openai preference", "no rejected answer"),
        (example(), "trl stepwise", "steps"),
        (example(), "plain text", "an input and an answer"),
        (example(messages=(), target="t"), "chat", "the input is empty"),
        (example(tags=(("messages", "x"),)), "chat", "'messages' has the name of another part"),
        (example(tags=(("history", "x"),)), "alpaca", "'history'"),
        (example(target='[{"text": "x", "label": "X", "start": 0, "end": 9}]'), "doccano", "runs from 0 to 9"),
    ],
)  # fmt: skip
def test_what_would_be_lost_is_refused_by_row(tmp_path: Path, row: Example, format: str, words: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("before")
    with pytest.raises(InputError) as caught:
        write_examples([row], path, format)
    assert caught.value.code == "data.would_lose"
    assert words in (caught.value.where or "")
    assert "tickets.csv:1" in (caught.value.where or "")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("t.jsonl", "before")]


def test_losses_are_counted_and_can_be_accepted(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    rows = [example(n, target_calls=(CALL,) * (n % 2)) for n in range(1, 6)]
    with pytest.raises(InputError, match="3 of 5 rows cannot be written as 'alpaca'") as caught:
        write_examples(rows, path, "alpaca")
    assert "3 x it would lose: ids of tool calls, tool calls (tickets.csv:1, tickets.csv:3, tickets.csv:5)" in str(
        caught.value
    )
    assert "may_lose=['ids of tool calls', 'tool calls']" in (caught.value.hint or "")
    write_examples(rows, path, "alpaca", may_lose={"ids of tool calls", "tool calls"})
    assert len(path.read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("name", "format", "rows", "code"),
    [
        ("t.txt", "chat", [example()], "data.unknown_ending"),
        ("t.jsonl", "caht", [example()], "data.unknown_format"),
        ("t.jsonl", "chat", [], "data.nothing_to_write"),
        ("t.xlsx", "chat", [example(target="x" * 40_000)], "data.does_not_fit"),
        ("t.jsonl", "clinc", [example(tags=(("split", "train"),))], "data.does_not_fit"),
        ("no/such/t.jsonl", "chat", [example()], "data.cannot_write"),
        ("t.csv", "doccano", [example()], "data.would_lose"),
    ],
)
def test_files_that_cannot_be_written(tmp_path: Path, name: str, format: str, rows: list[Example], code: str) -> None:
    with pytest.raises(InputError) as caught:
        write_examples(rows, tmp_path / name, format)
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_a_table_for_a_spreadsheet_is_guarded_and_another_is_not(tmp_path: Path) -> None:
    path, rows = tmp_path / "t.csv", [example(messages=(Message("user", "=1+1"),), target="-3")]
    write_examples(rows, path, "table")
    assert path.read_text() == "input,target\n=1+1,-3\n"
    write_examples(rows, path, "table", for_spreadsheet=True)
    assert path.read_text(encoding="utf-8-sig") == "input,target\n'=1+1,-3\n"
    with pytest.raises(InputError, match="Only csv"):
        write_examples(rows, tmp_path / "t.jsonl", "table", for_spreadsheet=True)


def test_columns_of_a_table_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    row = Example((Message("user", "q"),), "a", Source("x", 1), "7", "c1", tags=(("mood", "calm"),))
    write_examples([row], path, "table", columns=ColumnMap(("question",), "answer", id="no", group="who"))
    assert path.read_text() == "question,answer,no,who,mood\nq,a,7,c1,calm\n"


def test_text_that_csv_and_parquet_make_hard(tmp_path: Path) -> None:
    hard = 'one, "two"\r\nthree;\tfour\u2028five\nNone'
    rows = [
        example(n, messages=(Message("user", hard), Message("assistant", hard), Message("user", str(n))))
        for n in (1, 2)
    ]
    for ending in (".csv", ".tsv", ".parquet", ".json", ".jsonl"):
        path = tmp_path / f"t{ending}"
        write_examples(rows, path, "chat")
        assert [e.messages for e in read_table(path, kind="generate").examples] == [row.messages for row in rows]


def test_parquet_keeps_lists_where_it_can_and_text_where_types_differ(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    plain = [example(1), example(2)]
    write_examples(plain, path, "chat")
    assert isinstance(pl.read_parquet_schema(path)["messages"], pl.List)
    calls = [ToolCall("f", arguments) for arguments in ('{"b":1,"a":[1]}', '{"a":"x","b":null}')]
    mixed = [example(n, target="", target_calls=(call,)) for n, call in enumerate(calls, start=1)]
    write_examples(mixed, path, "trl messages")
    again = read_table(path, kind="generate").examples
    assert [e.target_calls for e in again] == [e.target_calls for e in mixed]


def test_labels_can_be_read_from_any_named_format(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    turns = [{"from": "human", "value": "q"}, {"from": "gpt", "value": " cards "}]
    path.write_text("\n".join([json.dumps({"conversations": turns})] * 3))
    assert [e.target for e in read_table(path, shape="sharegpt").examples] == ["cards"] * 3
