"""Llama-shaped models with random weights, their cost in operations, and what the machine can do."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tunewright.training.methods import MethodSettings, Prepared, prepare
from tunewright.training.rows import TokenRow
from tunewright.training.sft import recompute_activations


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a model; ``tied``: one matrix serves as embedding and head."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    inner: int
    vocabulary: int
    tied: bool = True


SHAPES = {
    "tiny": Shape(64, 2, 4, 2, 128, 512),
    "embedded": Shape(384, 6, 6, 2, 1024, 8192),
    "135m": Shape(576, 30, 9, 3, 1536, 49152),
    "1b": Shape(2048, 16, 32, 8, 8192, 128256),
    "8b": Shape(4096, 32, 32, 8, 14336, 128256, tied=False),
}


def build(name: str, method: str, device: str, learning_rate: float, half: bool, checkpointing: bool) -> Prepared:
    """A model of a shape, prepared for ``full`` or ``lora`` (rank 16, all linear layers, no dropout).

    Weights are float32; with ``half`` frozen ones on a GPU are bfloat16, as anyone would hold them there.
    """
    import transformers

    family: Any = transformers.AutoModelForCausalLM

    shape = SHAPES[name]
    config = transformers.LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        max_position_embeddings=4096,
        tie_word_embeddings=shape.tied,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    dtype = torch.bfloat16 if half and device == "cuda" and method != "full" else torch.float32
    with torch.random.fork_rng(), torch.device(device):
        torch.manual_seed(0)
        model: Any = family.from_config(config, dtype=dtype)
    lora: dict[str, Any] = {} if method == "full" else {"rank": 16, "alpha": 32.0, "dropout": 0.0}
    prepared = prepare(model.train(), MethodSettings(method=method, learning_rate=learning_rate, **lora))
    if checkpointing:
        recompute_activations(prepared.model)
        prepared.model.enable_input_require_grads()
    return prepared


def useful_operations(name: str, method: str, rows: Sequence[TokenRow]) -> float:
    """Operations that one pass over rows needs without any sharing: 2 a parameter and token forward and as many for
    each gradient (Kaplan et al. 2020, arXiv 2001.08361, section 2.1), of the vocabulary matrix for trained tokens only.

    Frozen weights need no gradient of their own: 4 instead of 6. Attention: 12 a layer, unit of width and pair of
    tokens, of which causality leaves half (PaLM, Chowdhery et al. 2022, arXiv 2204.02311, appendix B).
    """
    shape = SHAPES[name]
    head_width = shape.hidden // shape.heads
    attention = 2 * shape.hidden**2 + 2 * shape.hidden * shape.kv_heads * head_width
    body = shape.layers * (attention + 3 * shape.hidden * shape.inner)
    each = 6.0 if method == "full" else 4.0
    tokens = sum(row.tokens for row in rows)
    trained = sum(row.trained for row in rows)
    pairs = sum(row.tokens**2 for row in rows) / 2.0
    head = shape.hidden * shape.vocabulary * trained
    return each * (body * tokens + head) + 12.0 * shape.layers * shape.hidden * pairs


@functools.cache
def measured_peak_flops(device: str) -> float:
    """Operations a second of a large bfloat16 matrix product here: what utilisation is measured against."""
    size = 8192 if device == "cuda" else 2048
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    best = float("inf")
    for _ in range(10 if device == "cuda" else 4):
        _wait(device)
        began = time.perf_counter()
        left @ right
        _wait(device)
        best = min(best, time.perf_counter() - began)
    return 2.0 * size**3 / best


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
