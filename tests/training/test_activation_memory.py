"""The formula for activations against the tensors that autograd keeps, and against the published vectors."""

from __future__ import annotations

from typing import Any

import peft
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from tunewright.training.activation_memory import (
    ActivationStyle,
    Adapters,
    Attention,
    checkpoint_bytes_per_token,
    korthikanti_layer_bytes,
    layer_bytes_per_token,
)
from tunewright.training.model_shapes import shape_from_config

ROWS, TOKENS = 3, 32
SIZES = {
    "vocab_size": 211,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
}
GPT2 = {"vocab_size": 211, "n_embd": 48, "n_head": 4, "n_positions": 64, "resid_pdrop": 0, "embd_pdrop": 0}


def _config(family: str, layers: int) -> Any:
    if family == "gpt2":
        return AutoConfig.for_model(family, **GPT2, attn_pdrop=0, n_layer=layers)
    return AutoConfig.for_model(family, **SIZES, num_hidden_layers=layers)


def _kept(family: str, layers: int, style: ActivationStyle, adapters: Adapters | None) -> int:
    """Bytes of the distinct tensors that a forward of the body keeps, parameters and their 2-byte copies aside."""
    dtype = torch.float32 if style.base_bytes == 4 else torch.bfloat16
    attention = "eager" if style.attention == "eager" else "sdpa"
    model = AutoModelForCausalLM.from_config(_config(family, layers), dtype=dtype, attn_implementation=attention)
    if adapters is not None:
        targets = list(adapters.targets or shape_from_config(model.config.to_dict()).linear_modules())
        lora = peft.LoraConfig(r=adapters.rank, target_modules=targets, fan_in_fan_out=family == "gpt2")
        peft.get_peft_model(model, lora, autocast_adapter_dtype=style.adapter_bytes == 4)
    ids = torch.randint(0, 200, (ROWS, TOKENS))
    mask = torch.ones_like(ids)
    mask[0, -5:] = 0
    weights = {tensor.untyped_storage().data_ptr() for tensor in [*model.parameters(), *model.buffers()]}
    weight_shapes = {tuple(w.shape) for w in model.parameters()} | {tuple(w.shape[::-1]) for w in model.parameters()}
    kept: dict[int, tuple[int, torch.Tensor]] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        store = tensor.untyped_storage()
        copy = style.autocast and tensor.dtype == torch.bfloat16 and tuple(tensor.shape) in weight_shapes
        if store.data_ptr() not in weights and not copy:
            kept.setdefault(store._cdata, (store.nbytes(), tensor))
        return tensor

    with (
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        torch.autocast("cpu", dtype=torch.bfloat16, enabled=style.autocast),
    ):
        model.base_model(input_ids=ids, attention_mask=mask if style.attention == "masked" else None, use_cache=False)
    return sum(size for size, _ in kept.values())


@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma3_text", "gpt2"])
@pytest.mark.parametrize(
    ("style", "adapters"),
    [
        (ActivationStyle(4), None),
        (ActivationStyle(2), None),
        (ActivationStyle(4, autocast=True), None),
        (ActivationStyle(4), Adapters(4)),
        (ActivationStyle(2, adapter_bytes=2), Adapters(4)),
        (ActivationStyle(2), Adapters(4)),
        (ActivationStyle(2, autocast=True), Adapters(4)),
        (ActivationStyle(4, autocast=True), Adapters(4)),
    ],
    ids=["fp32", "bf16", "autocast", "lora-fp32", "lora-bf16", "lora-mixed", "lora-autocast", "lora-fp32-autocast"],
)
def test_formula_equals_what_autograd_keeps(family: str, style: ActivationStyle, adapters: Adapters | None) -> None:
    counted = (_kept(family, 3, style, adapters) - _kept(family, 2, style, adapters)) / (ROWS * TOKENS)
    formula = layer_bytes_per_token(shape_from_config(_config(family, 2).to_dict()), style, adapters, TOKENS)
    assert formula == pytest.approx(counted, rel=0.005)


@pytest.mark.parametrize("attention", ["masked", "eager"])
@pytest.mark.parametrize("base_bytes", [2, 4])
def test_formula_for_masks_and_scores(attention: Attention, base_bytes: int) -> None:
    style = ActivationStyle(base_bytes, attention=attention)
    counted = (_kept("llama", 3, style, None) - _kept("llama", 2, style, None)) / (ROWS * TOKENS)
    formula = layer_bytes_per_token(shape_from_config(_config("llama", 2).to_dict()), style, None, TOKENS)
    assert formula == pytest.approx(counted, rel=0.005)


def test_targets_of_lora_decide_which_inputs_are_kept() -> None:
    style, adapters = ActivationStyle(2), Adapters(4, ("q_proj", "v_proj"))
    counted = (_kept("llama", 3, style, adapters) - _kept("llama", 2, style, adapters)) / (ROWS * TOKENS)
    formula = layer_bytes_per_token(shape_from_config(_config("llama", 2).to_dict()), style, adapters)
    assert formula == pytest.approx(counted, rel=0.005)


def test_korthikanti_vector_of_22_billion() -> None:
    sizes = {"tokens": 2048, "rows": 4, "hidden": 6144, "heads": 64}
    eager = korthikanti_layer_bytes(**sizes)
    assert eager / 1e9 == pytest.approx(7.080, abs=5e-4)
    assert 48 * eager / 1e9 == pytest.approx(339.8, abs=0.05)
    assert 48 * korthikanti_layer_bytes(**sizes, attention="flash") / 1e9 == pytest.approx(82.1, abs=0.05)
    config = {
        "model_type": "gpt2",
        "vocab_size": 51_200,
        "n_embd": 6144,
        "n_head": 64,
        "n_layer": 48,
        "n_positions": 2048,
    }
    stored = 48 * 2048 * 4 * checkpoint_bytes_per_token(shape_from_config(config), ActivationStyle(2))
    assert stored / 1e9 == pytest.approx(4.83, abs=5e-3)


def test_compiled_layers_keep_less() -> None:
    shape = shape_from_config(_config("llama", 2).to_dict())
    for adapters in (None, Adapters(4)):
        compiled = layer_bytes_per_token(shape, ActivationStyle(2, compiled=True), adapters)
        assert compiled < layer_bytes_per_token(shape, ActivationStyle(2), adapters)
