"""Instruction rows, plain texts, and the exports of labelling tools."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tunewright.data.peek import peek
from tunewright.data.read import ReadResult, read_table
from tunewright.data.writers import write_examples
from tunewright.records.example import Message

Row = dict[str, Any]


def read(folder: Path, rows: list[Row], **options: Any) -> ReadResult:
    path = folder / "t.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    result = read_table(path, **{"kind": "generate", **options})
    assert result.rows_in == len(result.examples) + len(result.set_aside)
    return result


def written(folder: Path, result: ReadResult) -> list[Row]:
    path = folder / "again.jsonl"
    write_examples(result.examples, path, result.shape)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_alpaca(tmp_path: Path) -> None:
    rows = [
        {"instruction": "Sum up.", "input": "A long\nstory", "output": "Short."},
        {"instruction": "Say hi.", "input": "", "output": "Hi.", "system": "S", "history": [["q", "a"], ["z", "b"]]},
    ]
    result = read(tmp_path, rows)
    first, second = result.examples
    assert result.shape == "alpaca"
    assert (first.text, first.target) == ("Sum up.\nA long\nstory", "Short.")
    assert [m.content for m in second.messages] == ["S", "q", "a", "z", "b", "Say hi."]
    assert written(tmp_path, result) == rows


def test_an_edited_instruction_is_parted_where_it_still_can_be(tmp_path: Path) -> None:
    rows = [{"instruction": "Sum up.", "input": "x", "output": "y"}]
    result = read(tmp_path, rows)
    path = tmp_path / "again.jsonl"
    edited = replace(result.examples[0], messages=(Message("user", "Sum it all up.\nx"),))
    write_examples([edited], path, "alpaca", may_lose={"column 'instruction_chars'"})
    assert json.loads(path.read_text())["instruction"] == "Sum it all up.\nx"


@pytest.mark.parametrize("row", [{"history": "q"}, {"history": [["q"]]}, {"system": ["s"]}])
def test_alpaca_rows_that_cannot_be_used(tmp_path: Path, row: Row) -> None:
    good = {"instruction": "q", "output": "a"}
    result = read(tmp_path, [good] * 30 + [{**good, **row}])
    assert [s.source.line for s in result.set_aside] == [31]


def test_alpaca_in_a_csv_is_a_table_of_labels(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("instruction,input,output\nWhich desk?,lost card,cards\nWhich desk?,no money,transfers\n")
    labels = read_table(path)
    assert (labels.shape, labels.examples[0].text, labels.examples[0].tags) == (
        "table",
        "lost card",
        (("instruction", "Which desk?"),),
    )
    assert read_table(path, kind="generate").examples[0].text == "Which desk?\nlost card"


def test_data_juicer(tmp_path: Path) -> None:
    rows = [
        {"query": "q", "response": "a", "instruction": "Be short.", "system": "S", "history": [["x", "y"]]},
        {"query": "q", "response": "a"},
    ]
    result = read(tmp_path, rows)
    assert result.shape == "data-juicer"
    assert [m.content for m in result.examples[0].messages] == ["S", "x", "y", "Be short.\nq"]
    assert written(tmp_path, result) == rows


def test_plain_text_is_learned_and_not_asked(tmp_path: Path) -> None:
    rows = [{"text": " Once upon a time", "source": "book"}]
    result = read(tmp_path, rows)
    assert result.shape == "plain text"
    assert (result.examples[0].messages, result.examples[0].target) == ((), " Once upon a time")
    assert written(tmp_path, result) == rows
    asked = read(tmp_path, [{"text": "q"}], require_target=False)
    assert (asked.shape, asked.examples[0].text, asked.examples[0].target) == ("table", "q", "")


def task(*results: Row, **more: Any) -> Row:
    return {
        "id": 7,
        "data": {"text": "Lost my card", "src": "mail"},
        "annotations": [{"result": list(results), **more}],
    }


def part(kind: str, value: Row) -> Row:
    return {"from_name": "x", "to_name": "text", "type": kind, "value": value}


SPAN = [{"text": "card", "label": "ITEM", "start": 8, "end": 12}]
TARGETS: dict[str, tuple[Row, str]] = {
    "a choice": (task(part("choices", {"choices": ["cards"]})), "cards"),
    "choices": (task(part("choices", {"choices": ["a", "b"]})), '["a", "b"]'),
    "a text": (task(part("textarea", {"text": ["We block it."]})), "We block it."),
    "marks": (task(part("labels", {"start": 8, "end": 12, "labels": ["ITEM"]})), json.dumps(SPAN)),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_label_studio(tmp_path: Path, kind: str) -> None:
    row, target = TARGETS[kind]
    result = read(tmp_path, [row])
    assert result.shape == "label studio"
    assert (result.examples[0].text, result.examples[0].target) == ("Lost my card", target)
    assert written(tmp_path, result) == [{**row, "id": "7"}]


def test_label_studio_labels_are_labels_too(tmp_path: Path) -> None:
    rows = [task(part("choices", {"choices": [name]})) for name in ("cards", "cards ", "fees")]
    result = read(tmp_path, rows, kind="classify")
    assert [e.target for e in result.examples] == ["cards", "cards", "fees"]
    assert peek(tmp_path / "t.jsonl").shape == "label studio"


def test_the_annotation_that_counts(tmp_path: Path) -> None:
    def one(name: str, **more: Any) -> Row:
        return {"result": [part("choices", {"choices": [name]})], **more}

    row = {"data": {"text": "t"}, "annotations": [one("no", was_cancelled=True), one("first"), one("truth")]}
    assert read(tmp_path, [row]).examples[0].target == "first"
    row["annotations"][2]["ground_truth"] = True
    assert read(tmp_path, [row]).examples[0].target == "truth"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (task(part("labels", {"start": 8, "end": 99, "labels": ["ITEM"]})), "spans.outside"),
        (task(part("labels", {"start": 8, "end": 12})), "spans.unreadable"),
        (task(part("pairwise", {"selected": "left"})), "labels.pairwise"),
        (task(part("rectanglelabels", {"x": 1})), "labels.kind"),
        (task(), "data.empty_target"),
        ({**task(), "data": {"image": 3}}, "labels.no_text"),
    ],
)
def test_tasks_that_cannot_be_used(tmp_path: Path, row: Row, code: str) -> None:
    result = read(tmp_path, [TARGETS["a choice"][0]] * 30 + [row])
    assert [s.code for s in result.set_aside] == [code]


def test_a_changed_label_replaces_the_annotation(tmp_path: Path) -> None:
    result = read(tmp_path, [TARGETS["a choice"][0]])
    path = tmp_path / "again.jsonl"
    write_examples([e.with_target("fees") for e in result.examples], path, "label studio")
    again = json.loads(path.read_text())["annotations"]
    assert again == [{"result": [{**part("choices", {"choices": ["fees"]}), "from_name": "label"}]}]


MIN = {"id": 1, "review": "Lost card", "annotator": 3, "annotation_id": 9, "lead_time": 2.5}


@pytest.mark.parametrize(
    ("row", "target"),
    [
        ({**MIN, "desk": "cards"}, "cards"),
        ({**MIN, "desk": {"choices": ["a", "b"]}}, '["a", "b"]'),
        ({**MIN, "label": [{"start": 0, "end": 4, "text": "Lost", "labels": ["X"]}]},
         '[{"text": "Lost", "label": "X", "start": 0, "end": 4}]'),
    ],
)  # fmt: skip
def test_label_studio_min(tmp_path: Path, row: Row, target: str) -> None:
    result = read(tmp_path, [row])
    assert result.shape == "label studio min"
    assert (result.examples[0].text, result.examples[0].target) == ("Lost card", target)
    again = written(tmp_path, result)[0]
    assert set(again) == set(row)
    assert again["review"] == "Lost card"


def test_label_studio_min_asks_which_field_is_the_answer(tmp_path: Path) -> None:
    result = read(tmp_path, [{**MIN, "desk": "cards", "mood": "angry"}])
    assert [s.code for s in result.set_aside] == ["labels.which"]
    assert "(desk, mood)" in result.set_aside[0].reason


ARGILLA = {"id": "r1", "fields": {"text": "Lost card", "lang": "en"}, "status": "completed", "metadata": {"n": 1}}


@pytest.mark.parametrize(
    "responses",
    [
        {"desk": [{"value": "cards", "user_id": "u"}]},
        [{"values": {"desk": {"value": "cards"}}, "status": "submitted", "user_id": "u"}],
        [{"values": {"desk": {"value": "no"}}, "status": "discarded"}, {"values": {"desk": {"value": "cards"}}}],
    ],
)
def test_argilla(tmp_path: Path, responses: object) -> None:
    row = {**ARGILLA, "responses": responses, "suggestions": {"desk": {"value": "fees"}}}
    result = read(tmp_path, [row])
    assert result.shape == "argilla"
    assert (result.examples[0].text, result.examples[0].target) == ("Lost card", "cards")
    assert result.examples[0].tag("fields.lang") == "en"
    assert written(tmp_path, result) == [row]
    assert read(tmp_path, [row], kind="classify").examples[0].target == "cards"


def test_argilla_without_an_answer(tmp_path: Path) -> None:
    result = read(tmp_path, [{**ARGILLA, "responses": {}, "suggestions": {"desk": {"value": "fees"}}}])
    assert [s.code for s in result.set_aside] == ["data.empty_target"]


@pytest.mark.parametrize(
    ("row", "target"),
    [
        ({"id": 1, "text": "Lost my card", "label": ["cards"]}, "cards"),
        ({"id": 1, "data": "Lost my card", "labels": ["a", "b"]}, '["a", "b"]'),
        ({"id": 1, "text": "Lost my card", "label": [[8, 12, "ITEM"]]}, json.dumps(SPAN)),
        ({"text": "Lost my card", "entities": [{"label": "ITEM", "start_offset": 8, "end_offset": 12}]},
         json.dumps(SPAN)),
    ],
)  # fmt: skip
def test_doccano(tmp_path: Path, row: Row, target: str) -> None:
    result = read(tmp_path, [row] * 2)
    assert result.shape == "doccano"
    assert (result.examples[0].text, result.examples[0].target) == ("Lost my card", target)
    assert written(tmp_path, result)[0] == {**row, **({"id": "1"} if "id" in row else {})}


def test_doccano_rows_that_cannot_be_used(tmp_path: Path) -> None:
    good = {"text": "Lost my card", "label": ["cards"]}
    bad = [{**good, "label": [[8, 99, "X"]]}, {**good, "label": [3]}, {**good, "label": []}]
    result = read(tmp_path, [good] * 30 + bad)
    assert [s.code for s in result.set_aside] == ["spans.outside", "labels.kind", "data.empty_target"]


def test_doccano_labels(tmp_path: Path) -> None:
    rows = [{"text": "t", "label": ["a"]}] * 20 + [{"text": "t", "label": ["a", "b"]}]
    result = read(tmp_path, rows, kind="classify")
    assert [s.code for s in result.set_aside] == ["data.target_not_text"]
    assert {e.target for e in result.examples} == {"a"}


def test_clinc(tmp_path: Path) -> None:
    path, again = tmp_path / "t.json", tmp_path / "again.json"
    document = {"train": [["q1", "a"], ["q2", "b"]], "oos_test": [["q3", "oos"]]}
    path.write_text(json.dumps(document))
    result = read_table(path)
    assert [(e.text, e.target, e.tag("split")) for e in result.examples][2] == ("q3", "oos", "oos_test")
    mixed = [result.examples[n] for n in (0, 2, 1)]
    write_examples(mixed, again, "clinc")
    assert json.loads(again.read_text()) == document
