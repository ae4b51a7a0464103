"""Preference pairs and single judged answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tunewright.data.read import ReadResult, read_table
from tunewright.data.writers import write_examples
from tunewright.errors import InputError
from tunewright.records.example import Message

Row = dict[str, Any]


def read(folder: Path, rows: list[Row], **options: Any) -> ReadResult:
    path = folder / "t.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    result = read_table(path, **{"kind": "generate", **options})
    assert result.rows_in == len(result.examples) + len(result.set_aside)
    return result


def turn(role: str, content: object, **more: object) -> Row:
    return {"role": role, "content": content, **more}


Q, A, B = turn("user", "q"), turn("assistant", "good"), turn("assistant", "bad")
PAIRS: dict[str, tuple[str, Row]] = {
    "openai": ("openai preference", {"input": {"messages": [Q]}, "preferred_output": [A], "non_preferred_output": [B]}),
    "openai, older names": (
        "openai preference",
        {"input": {"messages": [Q]}, "preferred_completion": [A], "non_preferred_completion": [B]},
    ),
    "trl": ("trl preference", {"prompt": [Q], "chosen": [A], "rejected": [B]}),
    "trl, implicit prompt": ("trl preference", {"chosen": [Q, A], "rejected": [Q, B]}),
    "trl, prompt given twice": ("trl preference", {"prompt": "q", "chosen": [Q, A], "rejected": [Q, B]}),
    "trl, texts": ("trl preference text", {"prompt": "q", "chosen": "good", "rejected": "bad"}),
    "sharegpt": (
        "sharegpt",
        {
            "conversations": [{"from": "human", "value": "q"}],
            "chosen": {"from": "gpt", "value": "good"},
            "rejected": {"from": "gpt", "value": "bad"},
        },
    ),
    "ms-swift": ("ms-swift", {"messages": [Q, A], "rejected_response": "bad"}),
    "ms-swift, whole conversation": ("ms-swift", {"messages": [Q, A], "rejected_messages": [Q, B]}),
    "alpaca": ("alpaca", {"instruction": "q", "input": "", "chosen": "good", "rejected": "bad"}),
}


@pytest.mark.parametrize("kind", PAIRS)
def test_pairs(tmp_path: Path, kind: str) -> None:
    shape, row = PAIRS[kind]
    result = read(tmp_path, [row])
    assert result.shape == shape
    example = result.examples[0]
    assert (example.messages, example.target) == ((Message("user", "q"),), "good")
    assert example.rejected == (Message("assistant", "bad"),)
    assert example.tags == ()


def test_an_implicit_prompt_of_texts_ends_with_a_word(tmp_path: Path) -> None:
    row = {"chosen": "Human: Hi Assistant: Hello", "rejected": "Human: Hi Assistant: Help"}
    example = read(tmp_path, [row]).examples[0]
    assert (example.text, example.target, example.rejected[0].content) == ("Human: Hi Assistant: ", "Hello", "Help")


def test_openai_pairs_keep_what_stands_beside(tmp_path: Path) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    row = {
        "input": {"messages": [turn("developer", "S"), Q], "tools": [tool], "parallel_tool_calls": True},
        "preferred_output": [turn("assistant", "good", refusal="r")],
        "non_preferred_output": [B],
        "who": "me",
    }
    result = read(tmp_path, [row])
    path = tmp_path / "again.jsonl"
    write_examples(result.examples, path, result.shape)
    assert json.loads(path.read_text()) == row


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"prompt": [Q], "chosen": [A, Q, A], "rejected": [B]}, "preference.not_one_answer"),
        ({"prompt": [Q], "chosen": [Q], "rejected": [B]}, "preference.not_an_answer"),
        ({"prompt": [Q], "chosen": [A], "rejected": []}, "preference.no_other"),
        ({"prompt": [Q], "chosen": [A], "rejected": [turn("bot", "x")]}, "chat.unknown_role"),
        ({"prompt": [Q], "chosen": [A], "rejected": [Q]}, "preference.no_other"),
    ],
)
def test_what_is_no_pair(tmp_path: Path, bad: Row, code: str) -> None:
    result = read(tmp_path, [PAIRS["trl"][1]] * 30 + [bad])
    assert [(s.source.line, s.code) for s in result.set_aside] == [(31, code)]


def test_rejected_conversations_must_share_the_prompt(tmp_path: Path) -> None:
    other = {"messages": [Q, A], "rejected_messages": [turn("user", "z"), B]}
    several = {"messages": [Q, A], "rejected_response": ["bad", "worse"]}
    result = read(tmp_path, [other, several])
    assert [s.code for s in result.set_aside] == ["preference.other_prompt", "preference.several_others"]


JUDGED = {
    "trl unpaired": {"prompt": "q", "completion": "a", "label": True},
    "sharegpt": {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}], "kto_tag": True},
    "ms-swift": {"messages": [Q, turn("assistant", "a")], "label": True},
}


@pytest.mark.parametrize("shape", JUDGED)
def test_a_bad_answer_alone_is_set_aside(tmp_path: Path, shape: str) -> None:
    good = JUDGED[shape]
    key = "kto_tag" if shape == "sharegpt" else "label"
    result = read(tmp_path, [good, {**good, key: False}])
    assert result.shape == shape
    assert [(e.target, e.tag(key)) for e in result.examples] == [("a", "true")]
    assert [s.code for s in result.set_aside] == ["preference.unpaired"]
    path = tmp_path / "again.jsonl"
    write_examples(result.examples, path, shape)
    assert json.loads(path.read_text()) == good


def test_messages_judged_alone_stay_messages(tmp_path: Path) -> None:
    row = {"prompt": [Q], "completion": [A], "label": True}
    result = read(tmp_path, [row])
    path = tmp_path / "again.jsonl"
    write_examples(result.examples, path, "trl unpaired")
    assert json.loads(path.read_text()) == row


def test_marks_for_steps_are_told_apart(tmp_path: Path) -> None:
    result = read(tmp_path, [{"prompt": "q", "completions": ["a", "b"], "labels": [True, False]}])
    assert result.shape == "trl stepwise"
    assert [s.code for s in result.set_aside] == ["trl.stepwise"]


def test_pairs_are_no_labels(tmp_path: Path) -> None:
    result = read(tmp_path, [PAIRS["openai"][1]] * 3, kind="classify")
    assert result.examples == ()
    assert {s.code for s in result.set_aside} == {"data.target_not_text"}


def test_a_format_without_pairs_refuses_them(tmp_path: Path) -> None:
    examples = read(tmp_path, [PAIRS["trl"][1]]).examples
    with pytest.raises(InputError, match="cannot be written as 'chat'") as caught:
        write_examples(examples, tmp_path / "x.jsonl", "chat")
    assert "rejected answer" in (caught.value.where or "")
    write_examples(examples, tmp_path / "x.jsonl", "chat", may_lose={"rejected answer"})
    assert json.loads((tmp_path / "x.jsonl").read_text()) == {"messages": [Q, A]}
