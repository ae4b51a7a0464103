"""Streaming against ``generate``: the same tokens and text, also with what was read for an earlier answer."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from tiny_decoders import FAMILIES, STOP, rows, tiny_model, tiny_tokenizer, write_chat_decoder
from tunewright.errors import InputError
from tunewright.language.decoder import load_decoder, locate_decoder
from tunewright.language.decoder_tokenizer import load_tokenizer
from tunewright.language.generate import Decoding, generate
from tunewright.language.preview import decode_pieces
from tunewright.language.spec import decoded
from tunewright.language.stream import StreamCache, TextPieces, stream

PROMPTS = [*rows(2, 9, seed=1), *rows(1, 40, seed=4), *rows(1, 1, seed=6)]
SENTENCE = "Grüße, 東京 is 5 € away 👩‍💻.\n"


@pytest.fixture(scope="module")
def byte_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load_tokenizer(write_chat_decoder(tmp_path_factory.mktemp("bytes")))[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_is_that_of_generate_token_by_token(family: str) -> None:
    model, tokenizer = tiny_model(family), tiny_tokenizer()
    free = generate(model, None, PROMPTS, Decoding(20, ()))
    stop = Counter(token for answer in free for token in set(answer.ids[1:-1])).most_common()[-1][0]
    decoding = Decoding(20, (stop, STOP))
    expected = generate(model, tokenizer, PROMPTS, decoding)
    assert {answer.finish for answer in expected} == {"stop", "length"}
    for prompt, answer in zip(PROMPTS, expected, strict=True):
        pieces = list(stream(model, tokenizer, prompt, decoding))
        assert tuple(piece.token for piece in pieces) == answer.ids
        assert "".join(piece.text for piece in pieces) == answer.text


@pytest.mark.parametrize("family", FAMILIES)
def test_turns_with_a_cache_are_those_of_generate_on_whole_prompts(family: str) -> None:
    """Gemma 3 slides 8 tokens wide, so that the later turns read behind a full window."""
    model = tiny_model(family)
    cache, prompt = StreamCache(), rows(1, 7, seed=8)[0]
    decoding = Decoding(9, (STOP,))
    for turn in range(3):
        known = len(cache.ids)
        ids = [piece.token for piece in stream(model, None, prompt, decoding, cache)]
        assert tuple(ids) == generate(model, None, [prompt], decoding)[0].ids
        assert cache.ids == [*prompt, *ids[:-1]]
        assert known == 0 if turn == 0 else known > 7
        prompt = [*prompt, *ids, *rows(1, 5, seed=20 + turn)[0]]


def test_with_a_cache_only_what_is_new_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("llama")
    widths: list[int] = []
    read = StreamCache.read
    monkeypatch.setattr(StreamCache, "read", lambda self, model, ids: widths.append(len(ids)) or read(self, model, ids))
    cache, decoding = StreamCache(), Decoding(4, ())
    ids = [piece.token for piece in stream(model, None, PROMPTS[0], decoding, cache)]
    list(stream(model, None, [*PROMPTS[0], *ids, 7, 8], decoding, cache))
    assert widths == [9, 1, 1, 1, 3, 1, 1, 1]


@pytest.mark.parametrize("change", ["another", "shorter", "the same", "one token differs"])
def test_a_cache_that_does_not_fit_is_emptied(change: str) -> None:
    model, decoding = tiny_model("qwen3"), Decoding(6, ())
    cache, prompt = StreamCache(), PROMPTS[0]
    ids = [piece.token for piece in stream(model, None, prompt, decoding, cache)]
    whole = [*prompt, *ids]
    following = {
        "another": PROMPTS[2],
        "shorter": prompt[:5],
        "the same": whole[:-1],
        "one token differs": [whole[0], (whole[1] + 1) % 90, *whole[2:], 9],
    }[change]
    got = [piece.token for piece in stream(model, None, following, decoding, cache)]
    assert tuple(got) == generate(model, None, [following], decoding)[0].ids
    assert cache.ids == [*following, *got[:-1]]


def test_an_answer_left_half_way_leaves_a_cache_that_fits() -> None:
    model, decoding = tiny_model("llama"), Decoding(12, ())
    cache = StreamCache()
    answer = stream(model, None, PROMPTS[0], decoding, cache)
    ids = [next(answer).token for _ in range(3)]
    answer.close()
    assert cache.ids == [*PROMPTS[0], *ids[:2]]
    following = [*PROMPTS[0], *ids, 9, 10]
    got = [piece.token for piece in stream(model, None, following, decoding, cache)]
    assert tuple(got) == generate(model, None, [following], decoding)[0].ids


def test_a_forward_pass_that_is_interrupted_leaves_no_half_read_cache() -> None:
    model, decoding = tiny_model("llama"), Decoding(12, ())
    cache = StreamCache()
    answer = stream(model, None, PROMPTS[0], decoding, cache)
    next(answer)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    hook = model.model.layers[1].register_forward_pre_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        next(answer)
    hook.remove()
    assert (cache.ids, cache.state) == ([], None)


@pytest.mark.parametrize("options", [{"temperature": 1.3, "top_p": 0.9}, {"temperature": 0.8, "top_k": 5}])
def test_sampling_is_that_of_generate_and_hangs_on_the_seed(options: dict[str, float]) -> None:
    model, prompt = tiny_model("llama"), PROMPTS[0]
    seen = set()
    for seed in range(4):
        decoding = Decoding(12, (STOP,), seed=seed, **options)
        ids = tuple(piece.token for piece in stream(model, None, prompt, decoding))
        assert ids == generate(model, None, [prompt], decoding)[0].ids
        seen.add(ids)
    assert len(seen) > 1


def test_pieces_are_whole_characters_and_those_of_the_preview(byte_tokenizer: Any) -> None:
    ids = byte_tokenizer(SENTENCE, add_special_tokens=False)["input_ids"]
    pieces = TextPieces(byte_tokenizer)
    texts = [pieces.add(token) for token in ids]
    assert [text for text in texts if text] == list(SENTENCE)
    assert [text for text in texts if text] == [text for _, text in decode_pieces(ids, byte_tokenizer)]
    assert pieces.flush() == ""


def test_bytes_that_are_no_characters_come_as_in_the_whole_text(byte_tokenizer: Any) -> None:
    for ids in rows(20, 60, seed=3):
        wild = [3 + (7 * token * place) % 256 for place, token in enumerate(ids, start=1)]
        pieces = TextPieces(byte_tokenizer)
        texts = [pieces.add(token) for token in wild]
        assert not any(text.endswith("\N{REPLACEMENT CHARACTER}") for text in texts)
        assert "".join(texts) + pieces.flush() == decoded(wild, byte_tokenizer)


def test_an_unfinished_character_is_held_back_until_the_answer_ends(byte_tokenizer: Any) -> None:
    ids = byte_tokenizer("5€", add_special_tokens=False)["input_ids"][:-1]
    pieces = TextPieces(byte_tokenizer)
    assert [pieces.add(token) for token in ids] == ["5", "", ""]
    assert pieces.flush() == "\N{REPLACEMENT CHARACTER}"


def test_the_text_of_an_answer_cut_within_a_character_is_that_of_generate(tmp_path: Path) -> None:
    decoder = load_decoder(locate_decoder(str(write_chat_decoder(tmp_path))))
    unfinished = 0
    for length in range(1, 12):
        decoding = Decoding(length, (2,))
        pieces = list(stream(decoder.model, decoder.tokenizer, [7, 8, 9], decoding))
        text = "".join(piece.text for piece in pieces)
        assert text == generate(decoder.model, decoder.tokenizer, [[7, 8, 9]], decoding)[0].text
        unfinished += text.endswith("\N{REPLACEMENT CHARACTER}")
    assert unfinished > 0


def test_it_ends_where_the_model_has_no_more_positions() -> None:
    model = tiny_model("gpt2")
    for length in (60, 63):
        assert len(list(stream(model, None, rows(1, length)[0], Decoding(20, ())))) == 64 - length


def test_modes_of_the_caller_are_his_own() -> None:
    model = tiny_model("llama").train()
    answer = stream(model, None, PROMPTS[0], Decoding(3, ()))
    next(answer)
    assert not model.training
    assert not torch.is_inference_mode_enabled()
    answer.close()
    assert model.training


def test_wrong_prompts_are_said() -> None:
    model = tiny_model("llama")
    for prompt, code in ([], "generate.empty_prompt"), (rows(1, 64)[0], "generate.prompt_too_long"):
        with pytest.raises(InputError) as caught:
            next(stream(model, None, prompt, Decoding(1, ())))
        assert caught.value.code == code
