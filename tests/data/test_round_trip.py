"""What is read is written, and what is written is read: the same examples, in every format and kind of file."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunewright.data.formats import all_formats
from tunewright.data.read import ColumnMap, ReadResult, read_table
from tunewright.data.tool_calls import canonical_json
from tunewright.data.writers import write_examples
from tunewright.records.example import Example, Message, Source, ToolCall

quick = settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])

CONTROL = "".join(chr(code) for code in range(32) if code not in (9, 10, 13))
plain = st.text(st.characters(codec="utf-8", exclude_characters=CONTROL), min_size=1, max_size=25)
texts = plain.filter(lambda text: bool(text.strip()))
stripped = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=12)
names = st.sampled_from(["search", "look_up"])
arguments = st.dictionaries(
    st.sampled_from(["b", "a", "é"]), st.one_of(texts, st.integers(0, 9), st.none()), max_size=3
)
SCHEMA = {"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {"q": {}}}}}
tools = st.sampled_from([(), (canonical_json(SCHEMA),)])
weights = st.sampled_from([None, None, 0.0, 1.0, 0.5])
tags = st.dictionaries(st.sampled_from(["topic", "made_by"]), stripped, max_size=2).map(lambda d: tuple(d.items()))
NOWHERE = Source("made", 1)


@st.composite
def calls(draw: st.DrawFn, with_ids: bool, most: int = 2) -> tuple[ToolCall, ...]:
    made = draw(st.lists(st.tuples(names, arguments), min_size=1, max_size=most))
    return tuple(
        ToolCall(name, canonical_json(given), f"call{n}" if with_ids else None) for n, (name, given) in enumerate(made)
    )


@st.composite
def examples(
    draw: st.DrawFn,
    *,
    turns: int = 2,
    system: bool = True,
    calling: bool = False,
    ids: bool = True,
    most_calls: int = 2,
    weighted: bool = False,
    pair: bool = False,
    one_rejected: bool = True,
    target: st.SearchStrategy[str] = texts,
    text: st.SearchStrategy[str] = texts,
) -> Example:
    """A case with what a format can hold."""
    messages = [Message("system", draw(text))] if system and draw(st.booleans()) else []
    for n in range(draw(st.integers(0, turns - 1))):
        messages.append(Message("user", draw(text)))
        if calling and draw(st.booleans()):
            made = draw(calls(ids, most_calls))
            messages.append(Message("assistant", "", made))
            messages += [Message("tool", draw(text), tool_call_id=call.id) for call in made]
        messages.append(Message("assistant", draw(text), weight=draw(weights) if weighted else None))
        del n
    messages.append(Message("user", draw(text)))
    by_call = calling and draw(st.booleans())
    rejected: tuple[Message, ...] = ()
    if pair:
        rejected = (Message("assistant", draw(text)),)
        if not one_rejected and draw(st.booleans()):
            rejected = (*rejected, Message("user", draw(text)), Message("assistant", draw(text)))
    return Example(
        messages=tuple(messages),
        target="" if by_call else draw(target),
        source=NOWHERE,
        row_id=str(NOWHERE),
        tags=draw(tags),
        tools=draw(tools) if calling else (),
        target_calls=draw(calls(ids, most_calls)) if by_call else (),
        target_weight=draw(weights) if weighted else None,
        rejected=rejected,
    )


def content(example: Example) -> Example:
    """The example without what its place says, its further columns in the order of their names."""
    own = example.row_id if example.row_id != str(example.source) else ""
    return replace(example, source=NOWHERE, row_id=own, tags=tuple(sorted(example.tags)))


ONE: dict[str, Any] = {"turns": 1, "system": False}
PLAIN_DIALOGUE: dict[str, Any] = {}
FULL: dict[str, Any] = {"calling": True, "weighted": True}
# label names and answers of labelling tools
labels = st.sampled_from(
    ["card lost", "Störung", "3", '["a", "b"]', '[{"text": "a", "label": "X", "start": 0, "end": 1}]']
)
CAN_HOLD: dict[str, dict[str, Any]] = {
    "openai preference": {**FULL, "pair": True, "one_rejected": False},
    "bedrock": PLAIN_DIALOGUE,
    "claude": PLAIN_DIALOGUE,
    "gemini": {"calling": True},
    "rft": {"calling": True},
    "chat": FULL,
    "trl messages": FULL,
    "trl completion": FULL,
    "trl preference": {**FULL, "pair": True, "one_rejected": False},
    "trl preference text": {**ONE, "pair": True},
    "trl unpaired": ONE,
    "sharegpt": {"calling": True, "weighted": True, "ids": False},
    "ms-swift": {"calling": True, "weighted": True, "ids": False},
    "alpaca": PLAIN_DIALOGUE,
    "data-juicer": PLAIN_DIALOGUE,
    "prompt/completion": ONE,
    "table": ONE,
    "clinc": {**ONE},
    "label studio": {**ONE, "target": labels, "text": texts.map(lambda t: "a" + t)},
    "label studio min": {**ONE, "target": labels, "text": texts.map(lambda t: "a" + t)},
    "argilla": {**ONE, "target": labels},
    "doccano": {**ONE, "target": labels, "text": texts.map(lambda t: "a" + t)},
    "logs": FULL,
    "plain text": ONE,
}
# Rows of these look like another format when nothing special stands in them.
KNOWN_BY_NAME = {"claude", "trl messages", "ms-swift", "rft", "clinc", "table", "trl unpaired", "plain text"}
NO_WRITING = {"trl stepwise"}


def fitted(name: str, example: Example) -> Example:
    """The example with what only this format needs."""
    if name == "clinc":
        return replace(example, tags=(("split", "train"),))
    if name == "plain text":
        return replace(example, messages=())
    if name == "trl unpaired":
        return replace(example, tags=(*example.tags, ("label", "true")))
    if name == "label studio min":
        return replace(example, tags=(*example.tags, ("annotation_id", "7"), ("annotator", "1")))
    if name in ("sharegpt", "ms-swift"):
        others = [replace(m, tool_call_id=None) for m in example.messages]
        return replace(example, messages=tuple(others))
    return example


def write_and_read(rows: list[Example], name: str, ending: str, shape: str | None) -> ReadResult:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"rows{ending}"
        write_examples(rows, path, name)
        assert [p.name for p in Path(folder).iterdir()] == [path.name]
        target = {"rft": "reference_answer", "table": "target"}.get(name)
        columns = ColumnMap(("input",) if name == "table" else (), target)
        labelled = name not in ("rft", "table") or any(e.target for e in rows)
        return read_table(
            path, columns=columns if labelled else None, kind="generate", require_target=False, shape=shape
        )


def without_kept_annotations(example: Example) -> Example:
    """Exports of labelling tools gain the annotation itself as a tag."""
    return replace(example, tags=tuple(t for t in example.tags if t[0] not in ("annotations", "responses")))


def test_every_format_is_here() -> None:
    assert set(CAN_HOLD) | NO_WRITING == {f.NAME for f in all_formats()}


@pytest.mark.parametrize("name", CAN_HOLD)
def test_what_is_written_is_read(name: str) -> None:
    @quick
    @given(st.lists(examples(**CAN_HOLD[name]), min_size=1, max_size=4), st.sampled_from([".jsonl", ".json"]))
    def check(rows: list[Example], ending: str) -> None:
        rows = [fitted(name, row) for row in rows]
        if name == "rft":
            rows = [replace(row, target=row.target or "x", target_calls=()) for row in rows]
        if name == "clinc":
            ending = ".json"
        shape = name if name in KNOWN_BY_NAME else None
        result = write_and_read(rows, name, ending, shape)
        assert result.set_aside == ()
        assert result.shape == name
        expected = [content(row) for row in rows]
        assert [content(without_kept_annotations(e)) for e in result.examples] == expected
        again = write_and_read(list(result.examples), name, ending, shape)
        assert [content(e) for e in again.examples] == [content(e) for e in result.examples]

    check()


NESTED = {"label studio", "label studio min", "argilla", "doccano", "clinc"}


@pytest.mark.parametrize("name", sorted(set(CAN_HOLD) - NESTED))
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet", ".xlsx"])
def test_tables_hold_them_too(name: str, ending: str) -> None:
    one = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=9)
    words = one.map(lambda text: f"so {text} it is")

    @settings(quick, max_examples=4)
    @given(st.lists(examples(**{**CAN_HOLD[name], "text": words, "target": words}), min_size=1, max_size=3))
    def check(rows: list[Example]) -> None:
        rows = [fitted(name, row) for row in rows]
        if name == "rft":
            rows = [replace(row, target=row.target or "x", target_calls=()) for row in rows]
        result = write_and_read(rows, name, ending, name)
        assert [content(e) for e in result.examples] == [content(row) for row in rows]

    check()


SIMPLE = [n for n in CAN_HOLD if n not in {"plain text", "clinc"} and not CAN_HOLD[n].get("pair")]


@quick
@given(
    st.lists(examples(turns=1, system=False, text=texts.map(lambda t: "a" + t)), min_size=1, max_size=3),
    st.sampled_from(SIMPLE),
    st.sampled_from(SIMPLE),
)
def test_from_one_format_to_another(rows: list[Example], first: str, second: str) -> None:
    one = write_and_read(rows, first, ".jsonl", first)
    two = write_and_read([own_columns(e) for e in one.examples], second, ".jsonl", second)
    assert [content(own_columns(e)) for e in two.examples] == [content(row) for row in rows]


def own_columns(example: Example) -> Example:
    """The example without the tags that a format made."""
    return replace(example, tags=tuple(tag for tag in example.tags if tag[0] in ("topic", "made_by")))


PAIRS = [n for n in CAN_HOLD if CAN_HOLD[n].get("pair")] + ["sharegpt", "ms-swift", "alpaca"]


@quick
@given(st.lists(examples(**ONE, pair=True), min_size=1, max_size=3), st.sampled_from(PAIRS), st.sampled_from(PAIRS))
def test_pairs_from_one_format_to_another(rows: list[Example], first: str, second: str) -> None:
    one = write_and_read(rows, first, ".jsonl", first)
    two = write_and_read(list(one.examples), second, ".jsonl", None)
    assert two.shape == second
    assert [content(e) for e in two.examples] == [content(row) for row in rows]


def test_names_groups_and_times_come_back(tmp_path: Path) -> None:
    row = Example((Message("user", "q"),), "a", NOWHERE, "r7", "c1", "2024-01-02", True, (("topic", '{"a": 1}'),))
    path = tmp_path / "t.jsonl"
    write_examples([row], path, "chat")
    assert json.loads(path.read_text())["topic"] == {"a": 1}
    columns = ColumnMap((), id="id", group="group", time="time", critical="critical")
    assert content(read_table(path, columns=columns, kind="generate").examples[0]) == content(row)
