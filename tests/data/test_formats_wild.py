"""Defects that files have in the wild: read with a note, or set aside with line and reason, and never a traceback."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunewright.data.formats import all_formats
from tunewright.data.read import ReadResult, read_table
from tunewright.data.rows import ColumnMap, Draft, Refusal
from tunewright.errors import InputError

Row = dict[str, Any]


def turn(role: str, content: object, **more: object) -> Row:
    return {"role": role, "content": content, **more}


CHAT = {"messages": [turn("user", "q"), turn("assistant", "a")]}
ALPACA = {"instruction": "q", "output": "a"}
PAIR = {"prompt": "q", "chosen": "a", "rejected": "b"}
SHAREGPT = {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}
GEMINI = {"contents": [{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": [{"text": "a"}]}]}
LINE = json.dumps(CHAT)


def read(folder: Path, content: str | bytes, name: str = "t.jsonl", **options: Any) -> ReadResult:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    result = read_table(path, **{"kind": "generate", **options})
    assert result.rows_in == len(result.examples) + len(result.set_aside)
    return result


def read_rows(folder: Path, rows: list[Row], **options: Any) -> ReadResult:
    return read(folder, "\n".join(map(json.dumps, rows)), **options)


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        (
            [CHAT] * 9 + [ALPACA] * 3,
            ["9 conversations", "(first at t.jsonl:1)", "3 instructions", "(first at t.jsonl:10)"],
        ),
        ([CHAT] * 2 + [PAIR] * 2, ["2 conversations", "2 preference pairs of texts", "(first at t.jsonl:3)"]),
        ([GEMINI, SHAREGPT, ALPACA], ["1 conversations of Gemini", "1 conversations in the shape of ShareGPT"]),
        ([ALPACA] * 9 + [{"x": 1}], ["9 instructions", "1 rows of no known shape (first at t.jsonl:10)"]),
        (
            [{"prompt": "q", "completion": "a"}] * 3
            + [{"prompt": [turn("user", "q")], "completion": [turn("assistant", "a")]}],
            ["3 rows with prompt and completion (first at t.jsonl:1)", "1 rows with prompt and completion as messages"],
        ),
    ],
)
def test_mixed_files_are_told_with_both_populations(tmp_path: Path, rows: list[Row], parts: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        read_rows(tmp_path, rows)
    assert caught.value.code == "data.mixed_shapes"
    assert [part for part in parts if part not in caught.value.message] == []


def test_a_few_rows_of_another_shape_are_set_aside(tmp_path: Path) -> None:
    result = read_rows(tmp_path, [ALPACA] * 99 + [CHAT])
    assert [(s.source.line, s.code) for s in result.set_aside] == [(100, "data.other_shape")]
    assert "instructions with an output" in result.set_aside[0].reason


def test_unknown_roles_are_counted_with_a_suggestion(tmp_path: Path) -> None:
    rows = [CHAT] * 30 + [{"messages": [turn("human", "q"), turn("assistant", "a")]}] * 2
    rows += [{"messages": [turn("narrator", "q"), turn("assistant", "a")]}]
    result = read_rows(tmp_path, rows)
    assert "2 rows (first at line 31) have the unknown role 'human'; perhaps it is 'user'." in result.notes
    assert "1 rows (first at line 33) have the unknown role 'narrator'." in result.notes
    assert [(s.source.line, s.code) for s in result.set_aside] == [(n, "chat.unknown_role") for n in (31, 32, 33)]


def test_lists_as_python_prints_them(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    talk = [turn("user", "it's"), turn("assistant", None, tool_calls=None, ok=True), turn("assistant", "a")]
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [["messages", "n"], [str(talk), 1], [json.dumps(talk), 2], ["[{'role': broken", 3]]
        )
    result = read_table(path, kind="generate")
    assert [(e.text, e.target) for e in result.examples] == [("it's\n", "a")] * 2
    assert "1 cells hold lists the way Python prints them, not JSON; they were read as lists." in result.notes
    assert [(s.source.line, s.code) for s in result.set_aside] == [(4, "data.other_shape")]


def test_rows_as_python_prints_them_are_set_aside(tmp_path: Path) -> None:
    result = read(tmp_path, "\n".join([LINE] * 30 + [str(CHAT)]))
    assert [(s.source.line, s.code) for s in result.set_aside] == [(31, "data.bad_json")]
    assert "single quotes" in result.set_aside[0].reason


@pytest.mark.parametrize(
    "content",
    [
        f"[{LINE},\n{LINE}]",
        f"[{LINE},\n{LINE},\n]",
        LINE + LINE,
        f"{LINE},{LINE}",
        f"{LINE},\n{LINE},\n",
        f"\ufeff{LINE}\n{LINE}",
        f"\n{LINE}\r\n\r\n{LINE}\r",
        f"{LINE}\n{LINE}".encode("utf-16"),
        json.dumps([CHAT, CHAT], indent=1),
    ],
)
def test_files_that_are_not_quite_json_lines(tmp_path: Path, content: str | bytes) -> None:
    result = read(tmp_path, content)
    assert [(e.text, e.target) for e in result.examples] == [("q", "a")] * 2
    assert result.set_aside == ()


def test_a_comma_inside_an_object_costs_one_row(tmp_path: Path) -> None:
    result = read(tmp_path, "\n".join([LINE] * 30 + ['{"messages": [],}']))
    assert [(s.source.line, s.code) for s in result.set_aside] == [(31, "data.bad_json")]


def test_separators_of_lines_inside_a_text_end_no_line(tmp_path: Path) -> None:
    row = {"messages": [turn("user", "a\u2028b\x85c"), turn("assistant", "d\u2029e")]}
    result = read(tmp_path, "\n".join([json.dumps(row, ensure_ascii=False)] * 2))
    assert [(e.text, e.target) for e in result.examples] == [("a\u2028b\x85c", "d\u2029e")] * 2


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"messages": [{"role": "user", "content": NaN}, {"role": "assistant", "content": "a"}]}', "chat.content"),
        ('{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": 7}]}', "chat.content"),
        ('{"messages": [{"role": "user", "content": "q"}, {"role": null, "content": "a"}]}', "chat.unknown_role"),
        ('{"messages": [{"role": "user", "content": "q"}, 3]}', "data.other_shape"),
        ('{"messages": null}', "data.other_shape"),
        (
            '{"messages": [{"role": "user", "content": {"text": "q"}}, {"role": "assistant", "content": "a"}]}',
            "chat.content",
        ),
        (
            '{"messages": [{"role": "user", "content": [{"type": "text"}]}, {"role": "assistant", "content": "a"}]}',
            "chat.content",
        ),
    ],
)
def test_messages_that_cannot_be_read(tmp_path: Path, line: str, code: str) -> None:
    result = read(tmp_path, "\n".join([LINE] * 30 + [line]))
    assert [(s.source.line, s.code) for s in result.set_aside] == [(31, code)]


def test_texts_and_parts_in_one_column(tmp_path: Path) -> None:
    parts = {"messages": [turn("user", [{"type": "text", "text": "q"}]), turn("assistant", ["a"])]}
    result = read_rows(tmp_path, [CHAT, parts])
    assert [(e.text, e.target) for e in result.examples] == [("q", "a")] * 2


def test_calls_without_content_and_arguments_of_both_kinds(tmp_path: Path) -> None:
    rows = [
        {
            "messages": [
                turn("user", "q"),
                turn("assistant", content, tool_calls=[{"function": {"name": "f", "arguments": a}}]),
            ]
        }
        for content, a in ((None, '{"n": 1}'), ("", {"n": 1}), (None, '{"n": "1"}'))
    ]
    result = read_rows(tmp_path, rows)
    assert [e.target_calls[0].arguments for e in result.examples] == ['{"n":1}', '{"n":1}', '{"n":"1"}']


@pytest.mark.parametrize(
    ("value", "target"), [(3.0, "3"), (2.5, "2.5"), (True, "true"), (None, ""), (float("nan"), "")]
)
def test_answers_that_are_no_texts(tmp_path: Path, value: object, target: str) -> None:
    row = {"instruction": "q", "output": value}
    result = read_rows(tmp_path, [row], require_target=False)
    assert [e.target for e in result.examples] == [target]
    assert [s.code for s in read_rows(tmp_path, [row]).set_aside] == ["data.empty_target"] * (not target)


def test_damaged_bytes_cost_one_row(tmp_path: Path) -> None:
    good = json.dumps({"instruction": "één", "output": "a"}, ensure_ascii=False).encode()
    result = read(tmp_path, good + b'\n{"instruction": "br\xffken", "output": "a"}\n' + good)
    assert [s.code for s in result.set_aside] == ["data.bad_bytes"]
    half = '{"instruction": "q", "output": "x \\ud83d"}'
    assert [s.code for s in read(tmp_path, half).set_aside] == ["data.bad_bytes"]
    other = {"prompt": "q", "chosen": "a", "rejected": "\ud83d"}
    assert [s.code for s in read_rows(tmp_path, [other]).set_aside] == ["data.bad_bytes"]


@pytest.mark.parametrize("depth", [290, 500, 985, 990, 3_000])
@pytest.mark.parametrize("kind", ["classify", "generate"])
def test_lists_in_lists_cost_one_row(tmp_path: Path, depth: int, kind: str) -> None:
    deep = f'{LINE[:-1]}, "x": {"[" * depth}{"]" * depth}}}'
    result = read(tmp_path, "\n".join([LINE] * 30 + [deep]), kind=kind)
    assert [(s.source.line, s.code) for s in result.set_aside] == [(31, "data.bad_json")] * (depth > 300)


WORDS = (
    "messages",
    "role",
    "content",
    "user",
    "assistant",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "prompt",
    "completion",
    "chosen",
    "rejected",
    "conversations",
    "from",
    "value",
    "human",
    "gpt",
    "contents",
    "parts",
    "text",
    "input",
    "output",
    "instruction",
    "history",
    "system",
    "data",
    "annotations",
    "result",
    "type",
    "choices",
    "label",
    "fields",
    "responses",
    "preferred_output",
    "non_preferred_output",
    "query",
    "response",
    "completions",
    "labels",
    "tools",
    "function_call",
    "tool_call",
    "schemaVersion",
    "annotation_id",
    "annotator",
    "inputs",
    "outputs",
    "systemInstruction",
    "attributes",
    "kwargs",
    "id",
    "start",
    "end",
    "kto_tag",
    "loss",
    "rejected_messages",
)
words = st.sampled_from(WORDS)
values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-1, 9), st.floats(), words, st.sampled_from(["", "[", '[{"a": 1}]'])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=4)),
    max_leaves=12,
)


@settings(deadline=None, max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(words, values, max_size=5), st.booleans())
def test_whatever_a_row_holds_it_is_read_or_refused(row: Row, require_target: bool) -> None:
    for module in all_formats():
        for columns in (None, ColumnMap((), "label")):
            module.matches(row, columns)
            made = module.convert(row, columns, require_target)
            assert isinstance(made, Draft | Refusal)


def mutated(row: object, place: list[int], value: object) -> object:
    """The row with one part replaced, found by walking down."""
    if not place or not isinstance(row, dict | list) or not row:
        return value
    if isinstance(row, list):
        n = place[0] % len(row)
        return [mutated(item, place[1:], value) if i == n else item for i, item in enumerate(row)]
    key = list(row)[place[0] % len(row)]
    return {k: mutated(v, place[1:], value) if k == key else v for k, v in row.items()}


CALL = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
GOOD: list[Row] = [
    {"messages": [turn("user", "q"), turn("assistant", None, tool_calls=[CALL], weight=1)], "tools": [{"name": "f"}]},
    {
        "messages": [
            turn("user", "q"),
            turn("tool_call", '{"name": "f", "arguments": {}}'),
            turn("assistant", "a", loss=True),
        ]
    },
    {
        "messages": [turn("user", "q"), turn("assistant", "a")],
        "rejected_messages": [turn("user", "q"), turn("assistant", "b")],
    },
    {"system": "s", **CHAT},
    {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "s"}],
        "messages": [turn("user", [{"text": "q"}])],
    },
    {**GEMINI, "systemInstruction": {"parts": [{"text": "s"}]}, "tools": [{"functionDeclarations": [{"name": "f"}]}]},
    {
        "input": {"messages": [turn("user", "q")]},
        "preferred_output": [turn("assistant", "a")],
        "non_preferred_output": [CHAT],
    },
    {"prompt": [turn("user", "q")], "chosen": [turn("assistant", "a")], "rejected": [turn("assistant", "b")]},
    {**SHAREGPT, "chosen": {"from": "gpt", "value": "a"}, "rejected": {"from": "gpt", "value": "b"}},
    {"instruction": "i", "input": "q", "output": "a", "history": [["q", "a"]]},
    {
        "data": {"text": "abc"},
        "annotations": [{"result": [{"type": "labels", "value": {"start": 0, "end": 1, "labels": ["X"]}}]}],
    },
    {"fields": {"text": "t"}, "responses": {"q": [{"value": "a"}]}, "suggestions": []},
    {"text": "abc", "label": [[0, 1, "X"]]},
    {"text": "abc", "annotation_id": 1, "annotator": 2, "label": [{"start": 0, "end": 1, "labels": ["X"]}]},
    {
        "inputs": {"messages": [[{"id": ["HumanMessage"], "kwargs": {"content": "q"}}]]},
        "outputs": {"generations": [[{"text": "a"}]]},
    },
]


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(GOOD), st.lists(st.integers(0, 5), min_size=1, max_size=6), values)
def test_a_good_row_with_one_bad_part_is_read_or_refused(row: Row, place: list[int], value: object) -> None:
    broken = mutated(row, place, value)
    if not isinstance(broken, dict):
        return
    for module in all_formats():
        assert isinstance(module.convert(broken, None, False), Draft | Refusal)
        module.matches(broken, None)
