"""Bytes of activations that a decoder keeps for the backward pass, by layer and token.

Counted operation by operation for the modelling code of transformers 5; the tests count the tensors that autograd
really keeps in tiny models and find the same number. Korthikanti et al. 2022 (arXiv 2205.05198) is the classic formula
for GPT with dropout and stands beside. Called by ``memory_model.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tunewright.training.model_shapes import ModelShape

Attention = Literal["flash", "masked", "eager"]
"""``flash``: key heads stay grouped and no score is kept. ``masked``: a mask makes transformers repeat the key heads.

``eager``: the scores of every pair of tokens are kept.
"""


@dataclass(frozen=True, slots=True)
class ActivationStyle:
    """How the numbers flow.

    ``base_bytes`` is one parameter of the base model as computed with (2: bf16, also for unpacked NF4; 4: fp32).
    ``autocast`` runs matrix products in 2 bytes. ``adapter_bytes`` is one number of an adapter. ``compiled`` fuses
    norms and non-linearities, which then keep their inputs alone.
    """

    base_bytes: int = 2
    autocast: bool = False
    adapter_bytes: int = 4
    attention: Attention = "flash"
    compiled: bool = False

    @property
    def compute_bytes(self) -> int:
        """One number that goes into a matrix product."""
        return 2 if self.autocast else self.base_bytes


@dataclass(frozen=True, slots=True)
class Adapters:
    """LoRA: rank and target modules (``None``: all linear layers of the body)."""

    rank: int = 16
    targets: tuple[str, ...] | None = None


def layer_bytes_per_token(
    shape: ModelShape, style: ActivationStyle, adapters: Adapters | None, row_tokens: int = 0
) -> float:
    """Bytes that one layer keeps for one token, without gradient checkpointing and without dropout.

    Args:
        shape: sizes of the model.
        style: number formats, attention and fusion.
        adapters: of LoRA; ``None`` when all weights are trained.
        row_tokens: tokens that one token may attend to; counts unless attention is ``flash``.
    """
    return float(
        _norms(shape, style, adapters is None)
        + _attention(shape, style, row_tokens)
        + _feed_forward(shape, style)
        + (_inputs_full(shape, style) if adapters is None else _inputs_lora(shape, style, adapters))
    )


def checkpoint_bytes_per_token(shape: ModelShape, style: ActivationStyle) -> float:
    """Bytes that one layer keeps for one token under full gradient checkpointing: its input."""
    return float(style.base_bytes * shape.hidden)


def korthikanti_layer_bytes(
    *, tokens: int, rows: int, hidden: int, heads: int, attention: Literal["flash", "eager"] = "eager"
) -> float:
    """``s b h (34 + 5 a s / h)``: one GPT layer in 2-byte numbers with dropout (arXiv 2205.05198, equation 1)."""
    scores = 5.0 * heads * tokens / hidden if attention == "eager" else 0.0
    return tokens * rows * hidden * (34.0 + scores)


def _norms(shape: ModelShape, style: ActivationStyle, trained: bool) -> int:
    """What the norms keep: their input (float32 in RMS norm), the normalised values where their weight is trained."""
    per_row = 8 if shape.norm == "layer" else 4

    def each(number: int) -> int:
        if shape.norm == "layer" or style.compiled:
            return number
        return 4 + ((4 if shape.norm == "gemma" else number) if trained else 0)

    total = shape.norms * (each(style.base_bytes) * shape.hidden + per_row)
    if shape.query_key_norm:
        wide, heads = shape.attention_width + shape.kv_width, shape.heads + shape.kv_heads
        total += each(style.compute_bytes) * wide + per_row * heads
    return total


def _attention(shape: ModelShape, style: ActivationStyle, row_tokens: int) -> int:
    """Queries, keys, values, result, and what the kernel keeps beside them."""
    number, wide = style.compute_bytes, shape.attention_width
    if style.attention == "flash":
        return number * (2 * wide + 2 * shape.kv_width) + 4 * shape.heads
    if style.attention == "masked":
        return number * (4 * wide + row_tokens) + 4 * shape.heads
    return number * 4 * wide + (6 if number == 2 else 4) * shape.heads * row_tokens


def _feed_forward(shape: ModelShape, style: ActivationStyle) -> int:
    """Inputs of the non-linearity and of the product of gate and value, without the input of the last matrix."""
    copies = 1 if style.compiled else shape.activation_copies
    kept = copies + 1 if shape.gated else copies - (0 if style.compiled else 1)
    return style.compute_bytes * shape.intermediate * kept


def _inputs_full(shape: ModelShape, style: ActivationStyle) -> int:
    """Inputs of the matrices, for the gradients of their weights; autocast copies the input anew for each matrix."""
    from_norm = [name for name, (width, _) in shape.linear_modules().items() if _reads_norm(name) and width]
    copies = len(from_norm) if style.autocast and style.base_bytes == 4 and not style.compiled else 2
    return style.compute_bytes * (copies * shape.hidden + shape.intermediate)


def _inputs_lora(shape: ModelShape, style: ActivationStyle, adapters: Adapters) -> int:
    """Inputs of the adapted matrices, each in a copy of its own where the adapter's numbers have another format."""
    modules = shape.lora_modules(adapters.targets)
    number = 2 if style.autocast else max(style.adapter_bytes, style.compute_bytes)
    inner = adapters.rank * number * len(modules)
    if style.adapter_bytes > style.compute_bytes and not style.compiled:
        return inner + number * sum(width for width, _ in modules.values())
    groups = {_group(name) for name in modules}
    width = {"attention": shape.hidden, "feed-forward": shape.hidden, "result": 0, "product": shape.intermediate}
    return inner + style.compute_bytes * sum(width[group] for group in groups)


def _reads_norm(name: str) -> bool:
    return _group(name) in ("attention", "feed-forward")


def _group(name: str) -> str:
    """Matrices with one group read the same tensor."""
    if name in ("q_proj", "k_proj", "v_proj", "c_attn"):
        return "attention"
    if name in ("gate_proj", "up_proj", "c_fc"):
        return "feed-forward"
    return "result" if name in ("o_proj", "attn.c_proj") else "product"
