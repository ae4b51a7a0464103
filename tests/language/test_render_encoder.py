"""Tokenising by stretches gives the ids of whole texts; where it could not, it is not done."""

from __future__ import annotations

from typing import Any

import pytest
from chat_samples import NOT_SPECIAL, SPECIAL, byte_level, metaspace, renamed, spec_for, with_bos
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken

from tunewright.language.render_encoder import Encoder, _Stretches, encode

parts = st.one_of(
    st.sampled_from([*SPECIAL, *NOT_SPECIAL, " ", "\n", "user\n", "<|im_", "end|>", "é🙂"]), st.text(max_size=6)
)
texts = st.lists(st.lists(parts, max_size=8).map("".join), min_size=6, max_size=12, unique=True)


@pytest.mark.parametrize("tokenizer", [byte_level, with_bos, metaspace])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(some=texts)
def test_stretches_give_the_ids_of_whole_texts(tokenizer: Any, some: list[str]) -> None:
    made = tokenizer()
    stretches = _Stretches(made)
    assert stretches.holds(some)
    assert stretches.encode(some) == encode(made, some)
    stretches.forget()
    assert stretches.encode(some[::-1]) == encode(made, some[::-1])


@pytest.mark.parametrize("flag", ["lstrip", "rstrip", "single_word"])
def test_tokens_that_reach_into_their_neighbours_need_whole_texts(flag: str) -> None:
    tokenizer = renamed()
    tokenizer.add_tokens([AddedToken("<wide>", normalized=False, **{flag: True})])
    some = [f"a <wide> b{n}<|im_end|> <wide>" for n in range(9)]
    assert not _Stretches(tokenizer).holds(some)
    spec = spec_for("chatml", tokenizer)
    encoder = Encoder(spec)
    encoder.prepare(some)
    assert [encoder.of(text) for text in some] == encode(tokenizer, some)


def test_a_shortcut_that_gives_other_ids_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [f"<|im_start|>user\n{n}<|im_end|>\n" for n in range(9)]
    stretches = _Stretches(byte_level())
    monkeypatch.setattr(stretches, "_joined", lambda pieces: (1,))
    assert not stretches.holds(some)


def test_many_texts_are_tokenised_by_stretches_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from tunewright.language import render_encoder

    seen: list[int] = []

    def counting(tokenizer: Any, given: list[str]) -> list[tuple[int, ...]]:
        seen.append(sum(map(len, given)))
        return encode(tokenizer, given)

    monkeypatch.setattr(render_encoder, "encode", counting)
    system = "<|im_start|>system\n" + "The card was stolen. " * 20 + "<|im_end|>\n"
    some = [f"{system}<|im_start|>user\n{n}<|im_end|>\n" for n in range(50)]
    encoder = Encoder(spec_for("chatml"))
    encoder.prepare(some)
    assert sum(seen) < sum(map(len, some)) / 4
    encoder.forget()
    assert encoder.of(some[7]) == encode(byte_level(), [some[7]])[0]


@pytest.mark.parametrize("text", ["Two", " Two", "\n\nTwo", "<|im_end|>", ""])
def test_text_behind_a_prompt_gets_no_space_of_its_own(text: str) -> None:
    for tokenizer in (byte_level(), metaspace()):
        encoder = Encoder(spec_for("chatml", tokenizer))
        behind = tokenizer.decode([*encoder.of("fee"), *encoder.after_a_prompt(text)])
        assert behind == "fee" + text
