"""Parameters from sizes alone: published counts, and tiny models counted one tensor at a time."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from tunewright.errors import InputError
from tunewright.training.model_shapes import PUBLIC_SHAPES, public_shape, shape_from_config

TINY: dict[str, dict[str, Any]] = {
    family: {
        "vocab_size": 211,
        "hidden_size": 48,
        "intermediate_size": 80,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
    }
    for family in ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text")
}
TINY["gpt2"] = {"vocab_size": 211, "n_embd": 48, "n_layer": 2, "n_head": 4, "n_positions": 64}
TINY["qwen2"].pop("head_dim")  # Qwen2 divides the hidden width by the heads


@pytest.mark.parametrize("family", TINY)
@pytest.mark.parametrize("tied", [True, False])
def test_parameters_equal_the_sum_over_the_tensors_of_a_model(family: str, tied: bool) -> None:
    config = AutoConfig.for_model(family, **TINY[family], tie_word_embeddings=tied)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    shape = shape_from_config(config.to_dict())
    assert shape.parameters == sum(parameter.numel() for parameter in model.parameters())
    linear = {name: module for name, module in model.named_modules() if type(module).__name__ in ("Linear", "Conv1D")}
    inside = [module.weight.numel() for name, module in linear.items() if not name.endswith("lm_head")]
    assert shape.linear_parameters == sum(inside)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_biases_are_counted(family: str) -> None:
    extra = {"attention_bias": True, "mlp_bias": True} if family == "llama" else {"n_inner": 100}
    config = AutoConfig.for_model(family, **TINY[family], **extra)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    counted = sum(parameter.numel() for parameter in model.parameters())
    assert shape_from_config(config.to_dict()).parameters == counted


@pytest.mark.parametrize(
    ("key", "parameters"),
    [  # counts as the model cards and the safetensors indexes state them
        ("135M", 134_515_008),
        ("360M", 361_821_120),
        ("0.5B", 494_032_768),
        ("1B", 1_235_814_400),
        ("3B", 3_212_749_824),
        ("7B", 7_615_616_512),
        ("8B", 8_030_261_248),
        ("13B", 13_015_864_320),
        ("14B", 14_770_033_664),
        ("32B", 32_763_876_352),
        ("70B", 70_553_706_496),
        ("llama-2-7b", 6_738_415_616),
        ("mistral-7b", 7_241_732_096),
        ("qwen3-8b", 8_190_735_360),
        ("405B", 405_853_388_800),
    ],
)
def test_published_parameter_counts(key: str, parameters: int) -> None:
    assert public_shape(key).parameters == parameters


def test_gpt2_small() -> None:
    config = {"model_type": "gpt2", "vocab_size": 50_257, "n_embd": 768, "n_layer": 12, "n_head": 12}
    assert shape_from_config({**config, "n_positions": 1024}).parameters == 124_439_808


@pytest.mark.parametrize(
    ("key", "rank", "targets", "parameters"),
    [  # PEFT logs exactly these for Llama-3.2-3B; the last is in its table of methods
        ("3B", 32, ("q_proj", "v_proj"), 9_175_040),
        ("3B", 64, ("q_proj", "v_proj"), 18_350_080),
        ("3B", 10, ("gate_proj", "up_proj", "down_proj"), 9_461_760),
        ("llama-2-7b", 8, ("q_proj", "v_proj"), 4_194_304),
        ("llama-2-7b", 8, None, 19_988_480),
    ],
)
def test_lora_parameters(key: str, rank: int, targets: tuple[str, ...] | None, parameters: int) -> None:
    assert public_shape(key).lora_parameters(rank, targets) == parameters


def test_cache_bytes_per_token() -> None:
    assert public_shape("llama-2-7b").cache_bytes_per_token() == 524_288
    assert public_shape("8B").cache_bytes_per_token() == 131_072
    assert public_shape("70B").cache_bytes_per_token() == 327_680


def test_gpt2_targets_go_by_the_end_of_a_name() -> None:
    shape = shape_from_config({"model_type": "gpt2", **TINY["gpt2"]})
    assert set(shape.lora_modules(("c_proj",))) == {"attn.c_proj", "mlp.c_proj"}


def test_a_nested_text_config_is_found() -> None:
    inner = {"model_type": "gemma3_text", **TINY["gemma3_text"]}
    assert shape_from_config({"model_type": "gemma3", "text_config": inner}).layers == 2


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(InputError, match="'mamba'"):
        shape_from_config({"model_type": "mamba"})
    with pytest.raises(InputError, match="hidden_size"):
        shape_from_config({"model_type": "llama"})
    with pytest.raises(InputError, match="9B"):
        public_shape("9B")
    with pytest.raises(InputError, match="q_projection"):
        public_shape("8B").lora_modules(("q_projection",))
    assert public_shape("llama-3.1-8b") is PUBLIC_SHAPES["8B"]
