"""The stop set, the digest, and what is stored beside an adapter."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from chat_samples import CHATML, DATE, HEADERS, TEMPLATES, byte_level, spec_for, with_bos

from tunewright.errors import InputError
from tunewright.language.spec import RenderSpec, StoredSpec, check_same, resolve_spec, tokenizer_digest


def words(spec: RenderSpec) -> list[str]:
    return [str(token) for token in spec.tokenizer.convert_ids_to_tokens(list(spec.stop))]


@pytest.mark.parametrize(
    ("style", "stops"),
    [
        ("chatml", ["<|eos|>", "<|im_end|>"]),
        ("headers", ["<|eos|>", "<|eot|>"]),
        ("turns", ["<|eos|>", "</turn>"]),
        ("brackets", ["<|eos|>"]),
        ("thinking", ["<|eos|>", "<|im_end|>"]),
        ("opened", ["<|eos|>"]),
        ("plain", ["<|eos|>"]),
    ],
)
def test_the_stop_set_holds_the_end_of_text_and_of_a_turn(style: str, stops: list[str]) -> None:
    assert words(spec_for(style)) == stops


def test_the_models_settings_add_to_the_stop_set() -> None:
    generation, config = SimpleNamespace(eos_token_id=[407, 401]), SimpleNamespace(eos_token_id=409)
    spec = resolve_spec(byte_level(), date=DATE, generation_config=generation, model_config=config, template=CHATML)
    assert spec.stop == (401, 404, 407, 409)
    none = SimpleNamespace(eos_token_id=None)
    assert resolve_spec(byte_level(), date=DATE, generation_config=none, template="plain").stop == (401,)


def test_a_close_that_is_no_special_token_is_no_stop() -> None:
    spec = resolve_spec(byte_level(), date="", template="{% for m in messages %}{{ m.content }} END {% endfor %}")
    assert words(spec) == ["<|eos|>"]


def test_without_any_stop_token_there_is_nothing_to_learn() -> None:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    bare = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(byte_level().backend_tokenizer.to_str()))
    with pytest.raises(InputError) as caught:
        resolve_spec(bare, date=DATE)
    assert caught.value.code == "spec.no_stop_token"


def test_which_template_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer: Any = byte_level()
    assert resolve_spec(tokenizer, date=DATE).template is None
    monkeypatch.setattr(tokenizer, "chat_template", CHATML)
    assert resolve_spec(tokenizer, date=DATE).template == CHATML
    assert resolve_spec(tokenizer, date=DATE, template="plain").template is None
    monkeypatch.setattr(tokenizer, "chat_template", {"default": CHATML, "tool_use": TEMPLATES["tools"]})
    assert resolve_spec(tokenizer, date=DATE).template == CHATML
    assert resolve_spec(tokenizer, date=DATE, template="tool_use").template == TEMPLATES["tools"]
    for wrong in ("rag", "tools"):
        with pytest.raises(InputError, match="no template called"):
            resolve_spec(tokenizer, date=DATE, template=wrong)
    monkeypatch.setattr(tokenizer, "chat_template", {"tool_use": CHATML})
    with pytest.raises(InputError, match="no default"):
        resolve_spec(tokenizer, date=DATE)


def test_arguments_must_be_json() -> None:
    with pytest.raises(InputError) as caught:
        resolve_spec(byte_level(), date=DATE, arguments={"when": object()})
    assert caught.value.code == "spec.arguments"


def test_the_digest_covers_every_part_and_nothing_else() -> None:
    spec = spec_for("headers", enable_thinking=True)
    others = [
        replace(spec, tokenizer=with_bos()),
        replace(spec, template=CHATML),
        replace(spec, template=None),
        replace(spec, arguments={"enable_thinking": False}),
        replace(spec, date="2026-04-01"),
        replace(spec, stop=spec.stop[:1]),
    ]
    digests = [other.digest() for other in others]
    assert len({spec.digest(), *digests}) == len(others) + 1
    assert replace(spec, arguments=dict(spec.arguments)).digest() == spec.digest()


def test_padding_and_truncation_of_a_call_do_not_change_a_tokenizer() -> None:
    before = tokenizer_digest(byte_level())
    byte_level()(["a", "the card"], padding=True, truncation=True, max_length=2)
    assert byte_level().backend_tokenizer.padding is not None
    assert tokenizer_digest(byte_level()) == before


def test_the_stored_form_comes_back_whole() -> None:
    spec = spec_for("headers", enable_thinking=False, depth={"b": [1, 2.5], "a": None})
    stored = spec.stored()
    again = StoredSpec.from_json(stored.to_json())
    assert again == stored
    assert again.digest() == spec.digest()
    assert json.loads(stored.to_json())["stop_tokens"] == ["<|eos|>", "<|eot|>"]
    check_same(again, spec)
    assert again.with_tokenizer(spec.tokenizer).digest() == spec.digest()


@pytest.mark.parametrize("break_it", ["date", "format", "not json", "missing"])
def test_a_stored_form_that_was_changed_is_refused(break_it: str) -> None:
    value = json.loads(spec_for("headers").stored().to_json())
    changed = {
        "date": json.dumps({**value, "date": "2026-04-01"}),
        "format": json.dumps({**value, "format": 9}),
        "not json": "{",
        "missing": json.dumps({key: value[key] for key in value if key != "stop"}),
    }
    with pytest.raises(InputError) as caught:
        StoredSpec.from_json(changed[break_it])
    assert caught.value.code == "spec.broken"


def test_what_differs_is_named() -> None:
    spec = spec_for("headers", enable_thinking=True)
    cases = {
        "tokenizer": replace(spec, tokenizer=with_bos()),
        "template": replace(spec, template=HEADERS + " "),
        "arguments": replace(spec, arguments={}),
        "date": replace(spec, date="2026-04-01"),
        "stop tokens": replace(spec, stop=(404,)),
    }
    for name, now in cases.items():
        with pytest.raises(InputError) as caught:
            check_same(spec.stored(), now)
        assert caught.value.code == "spec.changed"
        told = caught.value.message
        assert [part for part in cases if f"{part} (trained with" in told] == [name]
    both = replace(spec, date="", stop=(401,))
    with pytest.raises(InputError, match=r"date \(.*stop tokens \(trained with '401 <\|eos\|>, 407 <\|eot\|>', now"):
        check_same(spec.stored(), both)


def test_a_special_token_without_a_name_is_a_stop_where_it_closes_a_turn() -> None:
    """tokenizer.json alone may say that a token is special; the gates go by that, and so does the stop set."""
    from tokenizers import AddedToken, Tokenizer
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer.from_str(byte_level().backend_tokenizer.to_str())
    backend.add_special_tokens([AddedToken("<|done|>", special=True, normalized=False)])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|eos|>", pad_token="<|pad|>")
    assert "<|done|>" not in tokenizer.all_special_tokens
    spec = resolve_spec(tokenizer, date=DATE, template=CHATML.replace("<|im_end|>", "<|done|>"))
    assert words(spec) == ["<|eos|>", "<|done|>"]
