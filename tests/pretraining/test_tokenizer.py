"""The tokenizer folder, the chat template and the mask of what the assistant says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pretraining.tokenizer import ASSISTANT, BOS, END, PAD, ChatRenderer, load, spoken
from transformers import AutoTokenizer

TOOL = {
    "name": "find_hotel",
    "description": "find",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
CALL = {"name": "find_hotel", "arguments": {"city": "Zürich", "nights": 2}}
CHATS: list[list[dict[str, Any]]] = [
    [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi there"}],
    [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "one\ntwo"},
        {"role": "assistant", "content": "3"},
        {"role": "user", "content": "and?"},
        {"role": "assistant", "content": "4 {}"},
    ],
    [
        {"role": "user", "content": "A room"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": '{"free": true}'},
        {"role": "assistant", "content": "Yes."},
    ],
]


@pytest.fixture(scope="module")
def plain(build_folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(build_folder / "tokenizer")


@pytest.mark.parametrize("chat", CHATS)
@pytest.mark.parametrize("tools", [(), (TOOL,), ({"type": "function", "function": TOOL},)])
def test_our_renderer_and_transformers_agree(plain: Any, chat: list[dict[str, Any]], tools: tuple[Any, ...]) -> None:
    expected = plain.apply_chat_template(chat, tools=list(tools) or None, tokenize=False)
    assert ChatRenderer()(chat, tools) == expected
    assert plain.decode(plain(expected).input_ids) == expected


@pytest.mark.parametrize("chat", CHATS)
def test_every_prompt_is_a_prefix_of_what_follows(plain: Any, chat: list[dict[str, Any]]) -> None:
    whole = plain.apply_chat_template(chat, tokenize=True, return_dict=False)
    for turn, message in enumerate(chat):
        if message["role"] != "assistant":
            continue
        prompt = plain.apply_chat_template(chat[:turn], add_generation_prompt=True, tokenize=True, return_dict=False)
        assert whole[: len(prompt)] == prompt
        so_far = plain.apply_chat_template(chat[: turn + 1], tokenize=True, return_dict=False)
        assert whole[: len(so_far)] == so_far
        assert so_far[-1] == END


def test_tool_calls_stand_between_their_tokens_as_json() -> None:
    text = ChatRenderer()(CHATS[2], (TOOL,))
    assert '<|call|>{"name": "find_hotel", "arguments": {"city": "Zürich", "nights": 2}}<|call_end|><|end|>' in text
    assert text.startswith('<|bos|><|system|><|tools|>{"name": "find_hotel"')
    assert '<|tool|>{"free": true}<|end|>' in text


def test_openai_form_of_calls_renders_the_same() -> None:
    nested = [dict(message) for message in CHATS[2]]
    nested[1] = {"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": CALL}]}
    assert ChatRenderer()(nested) == ChatRenderer()(CHATS[2])


def test_special_tokens_and_limits(plain: Any) -> None:
    assert (plain.pad_token_id, plain.bos_token_id, plain.eos_token_id) == (PAD, BOS, END)
    assert plain.model_max_length == 2048
    assert plain("a b").input_ids[0] != BOS


def test_digits_stand_alone(plain: Any) -> None:
    pieces = plain.convert_ids_to_tokens(plain("4711 12").input_ids)
    assert [piece for piece in pieces if any(letter.isdigit() for letter in piece)] == list("471112")


def test_spoken_marks_answers_with_their_stop_token(build_folder: Path) -> None:
    tokenizer = load(build_folder / "tokenizer")
    ids = np.array(tokenizer.encode(ChatRenderer()(CHATS[1])).ids, np.uint16)
    mask = spoken(ids)
    said = tokenizer.decode([int(token) for token in ids[mask == 1]], skip_special_tokens=False)
    assert said == "3<|end|>4 {}<|end|>"
    assert not mask[ids == ASSISTANT].any()
