"""What each method trains, how its tensors are grouped, and that it learns and comes back from disk the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tiny_decoders import FAMILIES, rows, tiny_model
from tunewright.errors import InputError
from tunewright.training import methods, peft_methods
from tunewright.training.methods import METHODS, MethodSettings, check_available, default_learning_rate, prepare
from tunewright.training.precision import Precision

LINEAR = {
    "llama": {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"},
    "gpt2": {"c_attn", "c_proj", "c_fc"},
}
SMALL: dict[str, MethodSettings] = {
    "oft": MethodSettings("oft", options={"oft_block_size": 8, "r": 0}),
    "miss": MethodSettings("miss", rank=8),
    "randlora": MethodSettings("randlora", rank=8),
    "shira": MethodSettings("shira", rank=4),
    "vera": MethodSettings("vera", rank=16),
    "top_layers": MethodSettings("top_layers", layers=1),
}
TRAINABLE_HERE = [method for method in METHODS if method != "qlora"]


def settings_of(method: str) -> MethodSettings:
    return SMALL.get(method) or MethodSettings(method, rank=None if method not in peft_methods.LORA_FAMILY else 4)


def learn(prepared: methods.Prepared, steps: int = 3) -> None:
    """A few plain steps; enough for all tensors of an adapter to move."""
    groups = [{"params": list(group.parameters), "lr": 0.02} for group in prepared.groups]
    optimizer = torch.optim.AdamW(groups)
    ids = torch.tensor(rows(2, 10))
    for _ in range(steps):
        optimizer.zero_grad()
        prepared.model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()


@pytest.mark.parametrize("method", TRAINABLE_HERE)
def test_each_method_starts_as_the_base_trains_and_comes_back_the_same(method: str, tmp_path: Path) -> None:
    ids = torch.tensor(rows(2, 10))
    base = tiny_model("llama")(ids).logits.detach()
    prepared = prepare(tiny_model("llama"), settings_of(method))
    assert prepared.trainable
    assert prepared.is_adapter == (method not in ("full", "top_layers"))
    torch.testing.assert_close(prepared.model(ids).logits, base, atol=3e-5, rtol=0)
    before = {name: value.detach().clone() for name, value in prepared.model.named_parameters()}
    learn(prepared)
    for name, value in prepared.model.named_parameters():
        assert torch.equal(value, before[name]) == (name not in prepared.trainable), name
    learned = prepared.model.eval()(ids).logits.detach()
    assert (learned - base).abs().max() > 1e-3

    prepared.model.save_pretrained(tmp_path)
    if prepared.is_adapter:
        from peft import PeftModel

        again: Any = PeftModel.from_pretrained(tiny_model("llama"), str(tmp_path)).eval()
    else:
        again = type(prepared.model).from_pretrained(tmp_path).eval()
    torch.testing.assert_close(again(ids).logits, learned, atol=1e-5, rtol=0)


@pytest.mark.parametrize("method", sorted(peft_methods.ON_CONV1D - {"qlora"}))
def test_methods_on_transposed_layers_learn_and_merge_rightly(method: str) -> None:
    """On GPT-2 a method that forgets that weights lie transposed gives another model when it merges."""
    ids = torch.tensor(rows(2, 10))
    base = tiny_model("gpt2")(ids).logits.detach()
    prepared = prepare(tiny_model("gpt2"), settings_of(method))
    torch.testing.assert_close(prepared.model(ids).logits, base, atol=3e-5, rtol=0)
    learn(prepared)
    learned = prepared.model.eval()(ids).logits.detach()
    assert (learned - base).abs().max() > 1e-3
    merged = prepared.model.merge_and_unload()
    torch.testing.assert_close(merged(ids).logits, learned, atol=1e-4, rtol=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_lora_goes_on_all_linear_layers_but_the_head(family: str) -> None:
    model = tiny_model(family)
    names = set(peft_methods.linear_layers(model))
    assert {name.rpartition(".")[2] for name in names} == LINEAR.get(family, LINEAR["llama"])
    assert len(names) == (8 if family == "gpt2" else 14)
    prepared = prepare(model, MethodSettings())
    assert len(prepared.trainable) == 2 * len(names)
    config = prepared.model.peft_config["default"]
    assert (config.r, config.lora_alpha, config.lora_dropout, config.fan_in_fan_out) == (16, 32, 0.0, family == "gpt2")
    assert set(config.target_modules) == LINEAR.get(family, LINEAR["llama"])
    assert all(parameter.dtype == torch.float32 for group in prepared.groups for parameter in group.parameters)


def test_adapters_on_the_top_layers_alone() -> None:
    prepared = prepare(tiny_model("qwen3"), MethodSettings(layers=1))
    assert len(prepared.trainable) == 14
    assert all(".layers.1." in name for name in prepared.trainable)


def test_lora_on_an_encoder_leaves_out_the_pooler(tiny_encoder: Path) -> None:
    from transformers import AutoModel

    encoder = AutoModel.from_pretrained(tiny_encoder)
    names = peft_methods.linear_layers(encoder)
    assert len(names) == 12
    assert not any("pooler" in name for name in names)
    ids = torch.tensor(rows(2, 6))
    before = encoder.eval()(input_ids=ids).last_hidden_state.detach()
    prepared = prepare(encoder, MethodSettings(rank=4))
    assert len(prepared.trainable) == 24
    output = prepared.model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    torch.testing.assert_close(output, before, atol=1e-6, rtol=0)
    output.square().sum().backward()
    reached = [p.grad is not None for group in prepared.groups for p in group.parameters]
    assert all(reached)
    assert prepared.model.config.hidden_size == 32


def test_top_layers_trains_the_last_layers_and_the_final_norm() -> None:
    for family, norm in ("llama", "model.norm.weight"), ("gpt2", "transformer.ln_f.weight"):
        prepared = prepare(tiny_model(family), MethodSettings("top_layers", layers=1))
        assert norm in prepared.trainable
        others = [name for name in prepared.trainable if ".1." not in name]
        assert all(name.startswith(norm.rpartition(".")[0]) for name in others)
        assert not any("embed" in name or "lm_head" in name for name in prepared.trainable)


def test_weight_decay_spares_biases_and_norms() -> None:
    prepared = prepare(tiny_model("gpt2"), MethodSettings("full", weight_decay=0.1))
    by_decay = {group.weight_decay: list(group.parameters) for group in prepared.groups}
    assert set(by_decay) == {0.1, 0.0}
    assert all(parameter.ndim == 2 for parameter in by_decay[0.1])
    assert all(parameter.ndim == 1 for parameter in by_decay[0.0])
    assert prepared.trained == prepared.parameters == sum(p.numel() for p in prepared.model.parameters())


def test_lora_plus_trains_b_faster() -> None:
    prepared = prepare(tiny_model("llama"), MethodSettings("lora+", rank=2, learning_rate=1e-4, plus_ratio=8.0))
    slow, fast = sorted(prepared.groups, key=lambda group: group.learning_rate)
    assert (slow.learning_rate, fast.learning_rate) == (1e-4, pytest.approx(8e-4))
    assert {parameter.shape[0] for parameter in slow.parameters} == {2}
    assert {parameter.shape[1] for parameter in fast.parameters} == {2}


def test_same_seed_same_adapter_and_the_global_state_stays() -> None:
    state = torch.random.get_rng_state()
    one, two, other = (prepare(tiny_model("llama"), MethodSettings(seed=seed)).model.state_dict() for seed in (1, 1, 2))
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(value, two[name]) for name, value in one.items())
    assert not all(torch.equal(value, other[name]) for name, value in one.items())


def test_half_precision_bases_get_full_precision_trained_weights() -> None:
    lora = prepare(tiny_model("llama").to(torch.bfloat16), MethodSettings())
    assert {p.dtype for p in lora.model.parameters() if p.requires_grad} == {torch.float32}
    assert {p.dtype for p in lora.model.parameters() if not p.requires_grad} == {torch.bfloat16}
    full = prepare(tiny_model("llama").to(torch.bfloat16), MethodSettings("full"))
    assert {p.dtype for p in full.model.parameters()} == {torch.float32}


def test_default_learning_rates() -> None:
    assert default_learning_rate("full", 135_000_000) == 2e-5
    assert default_learning_rate("lora", 8_000_000_000) == 2e-4
    for method in METHODS:
        rates = [default_learning_rate(method, size) for size in (10**5, 10**6, 10**7, 10**8, 10**9)]
        assert rates == sorted(rates, reverse=True), method
        assert rates[-1] == rates[-2]
        assert 0 < rates[-1] <= rates[0] <= 0.02
    assert default_learning_rate("lora", 10**7) == pytest.approx(10 * default_learning_rate("full", 10**7), rel=0.05)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (MethodSettings("lorra"), "method.unknown"),
        (MethodSettings("full", rank=4), "method.no_such_setting"),
        (MethodSettings("full", layers=1), "method.no_such_setting"),
        (MethodSettings("top_layers"), "method.layers"),
        (MethodSettings("top_layers", layers=3), "method.layers"),
        (MethodSettings("ia3", rank=4), "method.no_such_setting"),
        (MethodSettings("lora", options={"rnak": 4}), "method.no_such_setting"),
        (MethodSettings("lora", rank=0), "method.does_not_fit"),
    ],
)
def test_wrong_settings_are_refused(settings: MethodSettings, code: str) -> None:
    with pytest.raises(InputError) as caught:
        prepare(tiny_model("llama"), settings)
    assert caught.value.code == code


def test_olora_is_refused_where_it_would_be_wrong() -> None:
    with pytest.raises(InputError) as caught:
        prepare(tiny_model("gpt2"), MethodSettings("olora"))
    assert caught.value.code == "method.conv1d"


def test_no_adapter_on_top_of_an_adapter() -> None:
    prepared = prepare(tiny_model("llama"), MethodSettings())
    with pytest.raises(InputError) as caught:
        prepare(prepared.model, MethodSettings())
    assert caught.value.code == "method.adapter_on_adapter"


def test_qlora_says_what_to_use_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError) as caught:
        check_available(MethodSettings("qlora"))
    assert caught.value.code == "method.qlora_needs_cuda"
    assert "method lora" in str(caught.value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(methods, "find_spec", lambda name: None if name == "bitsandbytes" else object())
    with pytest.raises(InputError) as caught:
        check_available(MethodSettings("qlora"))
    assert caught.value.code == "method.qlora_needs_bitsandbytes"
    monkeypatch.setattr(methods, "find_spec", lambda _name: object())
    with pytest.raises(InputError) as caught:
        prepare(tiny_model("llama"), MethodSettings("qlora"))
    assert caught.value.code == "method.qlora_not_quantised"


def test_what_is_trained_is_said_in_a_line() -> None:
    line = prepare(tiny_model("llama"), MethodSettings(rank=2)).describe()
    assert "trains" in line
    assert "28 tensors" in line


@pytest.mark.parametrize(
    ("method", "device", "format", "dtype"),
    [
        ("lora", "cuda", "bf16", torch.bfloat16),
        ("lora", "cuda", "fp32", torch.float32),
        ("lora", "cpu", "bf16", torch.float32),
        ("full", "cuda", "bf16", torch.float32),
        ("pissa", "cuda", "bf16", torch.float32),
    ],
)
def test_the_base_is_loaded_as_small_as_it_may_be(method: str, device: Any, format: Any, dtype: torch.dtype) -> None:
    assert methods.base_dtype(MethodSettings(method), Precision(device, format, "for tests")) is dtype
