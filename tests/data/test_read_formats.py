"""Conversations and prompt/completion rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tunewright.data.formats import all_formats
from tunewright.data.read import ColumnMap, ReadResult, read_table


def read(folder: Path, rows: list[dict[str, object]], columns: ColumnMap | None = None, **options: bool) -> ReadResult:
    path = folder / "t.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return read_table(path, columns=columns, **options)


def message(role: str, content: object) -> dict[str, object]:
    return {"role": role, "content": content}


def test_formats_are_found_by_listing_the_folder() -> None:
    tools = ["label studio", "argilla", "doccano"]
    assert [f.NAME for f in all_formats("labels")] == ["chat", "prompt/completion", *tools, "table"]
    assert {f.NAME for f in all_formats("labels")} < {f.NAME for f in all_formats()}
    assert not any(f.NAME.startswith("_") for f in all_formats())


def test_the_last_answer_is_the_target_and_the_rest_the_input(tmp_path: Path) -> None:
    talk = [message("developer", "Be short."), message("user", "Hi"), message("assistant", "Hello")]
    talk += [message("user", [{"type": "text", "text": "Lost"}, {"type": "text", "text": "card"}])]
    talk += [message("assistant", " cards ")]
    result = read(tmp_path, [{"messages": talk, "source": "mail"}])
    example = result.examples[0]
    assert result.shape == "chat"
    assert [m.role for m in example.messages] == ["system", "user", "assistant", "user"]
    assert example.text == "Hi\nHello\nLost\ncard"
    assert example.target == "cards"
    assert example.tags == (("source", "mail"),)


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        ([message("user", "q")], "chat.no_answer"),
        ([], "chat.no_answer"),
        ([message("user", "q"), message("assistant", "a"), message("user", "z")], "chat.no_final_answer"),
        ([message("bing", "q"), message("assistant", "a")], "chat.unknown_role"),
        ([message("user", [{"type": "image_url", "image_url": {}}]), message("assistant", "a")], "chat.not_text"),
        ([message("user", 7), message("assistant", "a")], "chat.content"),
        (
            [message("user", "q"), {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}],
            "chat.tool_call",
        ),
        ([message("user", "q"), message("assistant", None)], "data.empty_target"),
        ([message("system", "s"), message("assistant", "a")], "data.empty_input"),
        ([message("user", " "), message("assistant", "a")], "data.empty_input"),
    ],
)
def test_conversations_that_cannot_be_used(tmp_path: Path, talk: list[dict[str, object]], code: str) -> None:
    good = {"messages": [message("user", "q"), message("assistant", "a")]}
    result = read(tmp_path, [good] * 30 + [{"messages": talk}])
    assert len(result.examples) == 30
    assert [(s.source.line, s.code) for s in result.set_aside] == [(31, code)]


def test_a_named_target_makes_the_whole_conversation_the_input(tmp_path: Path) -> None:
    row = {"messages": [message("user", "q"), message("assistant", "a"), message("user", "z")], "desk": "cards"}
    example = read(tmp_path, [row], ColumnMap(("messages",), "desk")).examples[0]
    assert (example.text, example.target, example.tags) == ("q\na\nz", "cards", ())
    by_shape = read(tmp_path, [row], ColumnMap((), "desk")).examples[0]
    assert by_shape == example


def test_conversations_without_answers_to_be_answered(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"messages": [message("user", "q")]}]
    assert read(tmp_path, rows, require_target=False).examples[0].target == ""


def test_prompt_and_completion(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"prompt": "q ->", "completion": " a\n", "n": 1}]
    rows += [{"prompt": "", "completion": "a"}, {"prompt": ["q"], "completion": "a"}, {"prompt": "q", "completion": ""}]
    result = read(tmp_path, rows)
    assert result.shape == "prompt/completion"
    assert [(e.text, e.target, e.tags) for e in result.examples] == [("q ->", "a", (("n", "1"),))]
    assert [s.code for s in result.set_aside] == ["data.empty_input", "prompt.not_text", "data.empty_target"]


def test_prompt_and_completion_in_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("prompt,completion\nq,a\n")
    result = read_table(path)
    assert (result.shape, result.examples[0].target) == ("prompt/completion", "a")


def test_ids_and_groups_beside_conversations(tmp_path: Path) -> None:
    row = {"messages": [message("user", "q"), message("assistant", "a")], "no": 5, "who": "c1"}
    example = read(tmp_path, [row], ColumnMap((), id="no", group="who")).examples[0]
    assert (example.row_id, example.group, example.tags) == ("5", "c1", ())
