"""Opening, identity, adapters, tool calls, closing: what a local backend is beside its replies."""

from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch

from backends.local_backends import TOOL_TEMPLATE, ask, local, replies
from tiny_decoders import write_chat_decoder
from tunewright.backends.local import LocalBackend
from tunewright.backends.local_calls import CallForm, call_form
from tunewright.errors import InputError, WorkError
from tunewright.language.decoder import load_decoder, locate_decoder
from tunewright.language.spec import resolve_spec
from tunewright.records.answers import Status
from tunewright.records.example import ToolCall

TOOL = json.dumps({"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chat_decoder(tmp_path_factory.mktemp("local") / "model", max_position_embeddings=128)


def test_identity_follows_from_content(folder: Path, tmp_path: Path) -> None:
    one = LocalBackend.open(str(folder), device="cpu")
    same = LocalBackend.open(folder.name, device="cpu", root=folder.parent)
    assert one.identity() == same.identity()
    assert (one.network, one.note) == (False, "")
    other = LocalBackend.open(
        str(write_chat_decoder(tmp_path / "m", seed=1, max_position_embeddings=128)), device="cpu"
    )
    changed = {key for key, value in one.identity().items() if other.identity()[key] != value}
    assert changed == {"weights"}
    half = LocalBackend.open(str(folder), device="cpu", dtype=torch.bfloat16)
    assert {k for k, v in one.identity().items() if half.identity()[k] != v} == {"dtype"}
    assert half.note == ""
    assert replies(half, ask("hello", system="a long enough instruction " * 3))[0].usage.output > 0


def test_an_adapter_counts_and_is_named(folder: Path, tmp_path: Path) -> None:
    adapter = _adapter(folder, tmp_path / "adapter")
    base = LocalBackend.open(str(folder), device="cpu")
    one = LocalBackend.open(str(folder), str(adapter), device="cpu")
    two = LocalBackend.open(str(adapter), device="cpu")
    assert one.identity() == two.identity()
    assert (one.note, base.note) == ("", "")
    assert {k for k, v in base.identity().items() if one.identity()[k] != v} == {"adapter"}
    requests = ask("hello", "and you?", system="an instruction that is shared by all " * 2, max_tokens=20)
    texts = [reply.text for reply in replies(one, requests)]
    assert texts == [reply.text for reply in replies(two, requests)]
    assert texts != [reply.text for reply in replies(base, requests)]
    for wrong in ((str(adapter), str(adapter)), (str(folder), str(tmp_path / "none"))):
        with pytest.raises(InputError) as caught:
            LocalBackend.open(*wrong, device="cpu")
        assert caught.value.code in ("local.two_adapters", "local.no_adapter")


def test_no_stop_token_is_said(tmp_path: Path) -> None:
    folder = write_chat_decoder(tmp_path / "model", eos_token_id=None)
    for name in ("tokenizer_config.json", "generation_config.json", "config.json"):
        settings = json.loads((folder / name).read_text())
        settings.pop("eos_token", None)
        settings["eos_token_id"] = None
        (folder / name).write_text(json.dumps(settings))
    for path in folder.glob("chat_template*"):
        path.unlink()
    with pytest.raises(InputError) as caught:
        LocalBackend.open(str(folder), device="cpu")
    assert caught.value.code == "spec.no_stop_token"


def test_a_closed_backend_says_so(folder: Path) -> None:
    backend = LocalBackend.open(str(folder), device="cpu")
    identity, weights = backend.identity(), weakref.ref(backend.model.weights)
    replies(backend, ask("a", "b", system="an instruction that is shared by both of them" * 2))
    backend.close()
    gc.collect()
    assert weights() is None
    backend.close()
    assert backend.identity() == identity
    with pytest.raises(WorkError) as caught:
        backend.complete(ask("a"))
    assert caught.value.code == "local.closed"


def test_the_embedded_model_answers_and_writes_calls_in_its_own_form() -> None:
    backend = LocalBackend.open("wren", device="cpu")
    assert backend.note == ""
    form = call_form(backend.model.spec)
    assert form == CallForm("<|call|>", "<|call_end|>", "arguments")
    said = 'Yes.<|call|>{"name": "find", "arguments": {"city": "Köln", "n": 2}}<|call_end|>'
    assert form.read(said) == ("Yes.", (ToolCall("find", '{"city":"Köln","n":2}'),))
    (reply,) = replies(backend, ask("Where is my order?", max_tokens=8))
    assert reply.text


def test_an_expression_of_nothing_gives_the_empty_reply() -> None:
    for reply in (*replies(local(), ask("a", "b", regex="")), *replies(local(), ask("a", regex="x?", max_tokens=1))):
        assert (reply.status, reply.text in ("", "x")) == (Status.OK, True)


def test_calls_are_read_back_and_broken_ones_stay_text() -> None:
    form = CallForm("<tool_call>", "</tool_call>", "arguments")
    two = '<tool_call>\n{"name": "a", "arguments": {}}\n</tool_call>\n<tool_call>{"name": "b", "arguments": {"x": [1]}}'
    assert form.read(two) == ("", (ToolCall("a", "{}"), ToolCall("b", '{"x":[1]}')))
    for broken in ('<tool_call>{"name": "a", "argum', '<tool_call>{"name": 3}', "<tool_call>", "plain { text }"):
        assert form.read(broken) == (broken, ())
    assert form.read('a {"name": "x", "arguments": {}}') == ('a {"name": "x", "arguments": {}}', ())


def test_a_reply_with_a_call_asks_for_tools() -> None:
    backend = local(template=TOOL_TEMPLATE)
    pattern = r'<tool_call>\n\{"name": "find", "arguments": \{"n": [1-9]\}\}\n</tool_call>'
    with_tools, without = replies(
        backend,
        [*ask("a", regex=pattern, max_tokens=90, tools=(TOOL,)), *ask("a", regex=pattern, max_tokens=90)],
    )
    (call,) = with_tools.tool_calls
    assert (with_tools.finish, with_tools.text, call.name) == ("tool_calls", "", "find")
    assert 1 <= json.loads(call.arguments)["n"] <= 9
    assert (without.finish, without.tool_calls) == ("stop", ())
    assert str(without.text).startswith("<tool_call>")
    assert with_tools.usage.input + with_tools.usage.cached > without.usage.input + without.usage.cached


def test_a_template_without_calls_has_no_form() -> None:
    assert call_form(local().model.spec) is None


def _adapter(folder: Path, target: Path) -> Path:
    from peft import LoraConfig, get_peft_model

    decoder = load_decoder(locate_decoder(str(folder)))
    settings: Any = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = get_peft_model(decoder.model, settings)
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(parameter, std=0.5)
    model.peft_config["default"].base_model_name_or_path = str(folder)
    model.save_pretrained(str(target))
    assert resolve_spec(decoder.tokenizer, date="").stop
    return target
