"""Peak memory of training, by part, from formulas alone.

Parameters and moments live for long; activations grow during the forward pass and shrink during the backward pass
while gradients appear. The peak is the larger of two moments: the end of the forward pass (all activations, hardly a
gradient) and the end of the backward pass (all gradients, one layer's activations). Adding all of them up, as the usual
calculators do, overstates full fine-tuning by the smaller of the two. For ``estimate.py`` and ``memory_guard.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from tunewright.training.activation_memory import (
    ActivationStyle,
    Adapters,
    Attention,
    checkpoint_bytes_per_token,
    layer_bytes_per_token,
)
from tunewright.training.model_shapes import ModelShape

Method = Literal["full", "lora", "qlora"]
StateRule = Literal[
    "bf16", "bf16_8bit", "bf16_paged", "bf16_fp32_moments", "mixed", "mixed_fp32_gradients", "fp32", "fp32_8bit"
]
Moment = Literal["end of the forward pass", "end of the backward pass"]

NF4_BITS = 4.127
"""NF4 with double quantisation, blocks of 64 and 256: 4 + 8/64 + 32/(64*256) bits (Dettmers et al. 2023, section 3)."""
NF4_BITS_SINGLE = 4.5
"""NF4 with one float32 constant for each block of 64."""


@dataclass(frozen=True, slots=True)
class StateBytes:
    """Bytes that one trained parameter takes."""

    weights: int
    gradients: int
    optimiser: int

    @property
    def total(self) -> int:
        """All three."""
        return self.weights + self.gradients + self.optimiser


STATE_RULES: Mapping[StateRule, StateBytes] = MappingProxyType(
    {
        "bf16": StateBytes(2, 2, 4),  # 8: AdamW wholly in bf16
        "bf16_8bit": StateBytes(2, 2, 2),  # 6: two moments of a byte each
        "bf16_paged": StateBytes(2, 2, 0),  # moments in the host's memory
        "bf16_fp32_moments": StateBytes(2, 2, 8),  # 12
        "mixed": StateBytes(2, 2, 12),  # 16: float32 master weights and moments (ZeRO, arXiv 1910.02054, section 3.1)
        "mixed_fp32_gradients": StateBytes(2, 4, 12),  # 18
        "fp32": StateBytes(4, 4, 8),  # 16; under autocast 2 more for the copies
        "fp32_8bit": StateBytes(4, 4, 2),
    }
)

_FRAGMENTATION = {"low": 0.0, "likely": 0.05, "high": 0.15}
_ACTIVATION_ERROR = 0.15
_UNSEEN = 0.05  # of all: buffers of kernels, rounding of allocations; the best known estimator errs by as much
_CONTEXT_BYTES = {  # the driver's own memory and cuBLAS; Python and torch
    "cuda": {"low": 0.15e9, "likely": 0.45e9, "high": 0.9e9},
    "cpu": {"low": 0.25e9, "likely": 0.4e9, "high": 0.8e9},
}


@dataclass(frozen=True, slots=True)
class MemorySetup:
    """How training is done, as far as memory sees it.

    ``batch_tokens`` are the padded tokens of the largest batch on one card, ``trained_tokens`` those of them that are
    predicted (``None``: all), ``row_tokens`` the longest row. ``states`` counts trained parameters; ``base_bytes`` the
    frozen ones (QLoRA packs the linear layers into NF4 and leaves the rest at ``base_bytes``). ``head`` is ``trained``
    when only trained tokens meet the vocabulary, ``head_chunk`` at a time, and ``all`` when every token has its logits
    at once. ``accumulate``: a step is cut into several batches, so that gradients are there from the second on.
    ``update_in_backward`` frees each gradient as it comes. With several cards ``shard_weights`` tells ZeRO-3 and FSDP
    from ZeRO-2. ``context`` adds what the driver or the interpreter takes; allocator figures are without it.
    """

    method: Method = "lora"
    batch_tokens: int = 2048
    trained_tokens: int | None = None
    row_tokens: int = 0
    adapters: Adapters = field(default_factory=Adapters)
    states: StateRule = "fp32"
    base_bytes: int = 2
    autocast: bool = True
    attention: Attention = "flash"
    compiled: bool = False
    checkpointing: bool = False
    head: Literal["trained", "all"] = "trained"
    head_chunk: int = 1024
    accumulate: bool = False
    update_in_backward: bool = False
    cards: int = 1
    shard_weights: bool = True
    device: Literal["cuda", "cpu"] = "cuda"
    context: bool = True

    @property
    def style(self) -> ActivationStyle:
        """How numbers flow through a layer."""
        rule = STATE_RULES[self.states]
        base = rule.weights if self.method == "full" else self.base_bytes
        return ActivationStyle(base, self.autocast, rule.weights, self.attention, self.compiled)


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes on one card at the worst moment; the parts sum to ``likely``, and the truth should lie in low to high."""

    parts: Mapping[str, float]
    low: float
    likely: float
    high: float
    moment: Moment


def estimate_memory(shape: ModelShape, setup: MemorySetup) -> MemoryEstimate:
    """Peak bytes of one card.

    The range: 15 % fewer activations and logits and no fragmentation, to 15 % more and 15 % fragmentation of all that
    comes and goes (``likely``: 5 %; what stays, weights and moments, leaves no gaps), and 5 % of all on either side.
    """
    lasting = _lasting(shape, setup)
    forward, backward = _forward_end(shape, setup), _backward_end(shape, setup)
    ends_forward = sum(forward.values()) >= sum(backward.values())
    parts = {**lasting, **(forward if ends_forward else backward)}
    total = sum(parts.values())
    error = _ACTIVATION_ERROR * sum(parts[name] for name in ("activations", "logits", "workspace"))
    staying = sum(parts[name] for name in ("weights", "adapters", "optimiser"))
    moving = total - staying
    context = _CONTEXT_BYTES[setup.device] if setup.context else dict.fromkeys(_FRAGMENTATION, 0.0)
    parts["fragmentation"] = _FRAGMENTATION["likely"] * moving
    parts["context"] = context["likely"]
    return MemoryEstimate(
        MappingProxyType(parts),
        low=max(staying, total - error - _UNSEEN * total + _FRAGMENTATION["low"] * moving) + context["low"],
        likely=sum(parts.values()),
        high=total + error + _UNSEEN * total + _FRAGMENTATION["high"] * (moving + error) + context["high"],
        moment="end of the forward pass" if ends_forward else "end of the backward pass",
    )


def passing_bytes(shape: ModelShape, setup: MemorySetup) -> float:
    """Bytes that the first batch of a step takes on top of what lasts, at its worse moment."""
    first = replace(setup, accumulate=False)
    return max(sum(_forward_end(shape, first).values()), sum(_backward_end(shape, first).values()))


def trained_parameters(shape: ModelShape, setup: MemorySetup) -> int:
    """Parameters that the optimiser updates."""
    if setup.method == "full":
        return shape.parameters
    return shape.lora_parameters(setup.adapters.rank, setup.adapters.targets)


def weight_bytes(shape: ModelShape, setup: MemorySetup) -> float:
    """Bytes of the base model's weights on all cards together."""
    if setup.method == "full":
        return float(shape.parameters * STATE_RULES[setup.states].weights)
    if setup.method == "lora":
        return float(shape.parameters * setup.base_bytes)
    rest = shape.parameters - shape.linear_parameters
    return shape.linear_parameters * NF4_BITS / 8 + rest * setup.base_bytes


def activation_bytes_per_token(shape: ModelShape, setup: MemorySetup) -> float:
    """Bytes that one token keeps for the backward pass in all layers."""
    if setup.checkpointing:
        return shape.layers * checkpoint_bytes_per_token(shape, setup.style)
    return shape.layers * _live_layer(shape, setup)


def logits_bytes(shape: ModelShape, setup: MemorySetup) -> float:
    """Bytes from the head at their worst moment.

    Going forward ``V (2 + 4 + 4)`` a token: logits, their float32 copy, log-probabilities (12 where all is float32);
    with all tokens at once the backward pass begins with 4 more, the gradient beside them.
    """
    each = 12.0 if setup.style.compute_bytes == 4 else 10.0
    if setup.head == "all":
        return (each + 4.0) * setup.batch_tokens * shape.vocabulary
    trained = setup.batch_tokens if setup.trained_tokens is None else setup.trained_tokens
    hidden = 2.0 * trained * shape.hidden * setup.style.base_bytes
    return each * min(setup.head_chunk, trained) * shape.vocabulary + hidden


def zero_bytes(parameters: float, cards: int, stage: Literal[0, 1, 2, 3]) -> float:
    """Bytes of states on one card under ZeRO, mixed precision (arXiv 1910.02054, figure 1)."""
    rule = STATE_RULES["mixed"]
    weights = rule.weights / (cards if stage >= 3 else 1)
    gradients = rule.gradients / (cards if stage >= 2 else 1)
    optimiser = rule.optimiser / (cards if stage >= 1 else 1)
    return parameters * (weights + gradients + optimiser)


def _lasting(shape: ModelShape, setup: MemorySetup) -> dict[str, float]:
    rule, trained = STATE_RULES[setup.states], trained_parameters(shape, setup)
    weight_cards = setup.cards if setup.shard_weights else 1
    adapters = 0.0 if setup.method == "full" else float(trained * rule.weights)
    return {
        "weights": weight_bytes(shape, setup) / weight_cards,
        "adapters": adapters / weight_cards,
        "optimiser": trained * rule.optimiser / setup.cards,
        "gathered": _gathered(shape, setup),
    }


def _gathered(shape: ModelShape, setup: MemorySetup) -> float:
    """Weights that sharding brings together: two layers (one is fetched ahead), the head, a layer's gradients."""
    if setup.cards == 1 or not setup.shard_weights:
        return 0.0
    number = setup.style.compute_bytes
    linear = shape.linear_parameters / shape.layers
    layer = linear * (NF4_BITS / 8 if setup.method == "qlora" else number)
    gradients = layer if setup.method == "full" else 0.0
    return 2 * layer + gradients + number * shape.head_parameters


def _forward_end(shape: ModelShape, setup: MemorySetup) -> dict[str, float]:
    """All activations; the backward pass begins with the head's gradient, then one layer's."""
    full = setup.method == "full"
    each = STATE_RULES[setup.states].gradients
    so_far = trained_parameters(shape, setup) if setup.accumulate else shape.head_parameters * full
    live = setup.batch_tokens * _live_layer(shape, setup) if setup.checkpointing else 0.0
    logits = logits_bytes(shape, setup)
    return {
        "activations": setup.batch_tokens * activation_bytes_per_token(shape, setup),
        "gradients": each * so_far / (setup.cards if setup.accumulate else 1),
        "autocast copies": _autocast_copies(shape, setup),
        "logits": logits,
        "workspace": max(0.0, live + _workspace(shape, setup) - logits),
    }


def _backward_end(shape: ModelShape, setup: MemorySetup) -> dict[str, float]:
    """All gradients but the first layer's, which is at work; of an update in the backward pass, the table's alone."""
    trained = trained_parameters(shape, setup)
    if setup.method == "full":
        trained = shape.head_parameters if setup.update_in_backward else trained - shape.layer_parameters
    return {
        "activations": setup.batch_tokens * _live_layer(shape, setup),
        "gradients": STATE_RULES[setup.states].gradients * trained / setup.cards,
        "autocast copies": _autocast_copies(shape, setup) if setup.method == "full" else 0.0,
        "logits": 0.0,
        "workspace": _workspace(shape, setup),
    }


def _live_layer(shape: ModelShape, setup: MemorySetup) -> float:
    adapters = None if setup.method == "full" else setup.adapters
    return layer_bytes_per_token(shape, setup.style, adapters, setup.row_tokens)


def _workspace(shape: ModelShape, setup: MemorySetup) -> float:
    """Gradients of one layer's activations while it is gone through backward; QLoRA's largest matrix unpacked."""
    each = setup.style.compute_bytes * (3 * shape.intermediate + 2 * shape.hidden) + 4 * shape.hidden
    unpacked = 2 * max(wide * high for wide, high in shape.linear_modules().values())
    return float(setup.batch_tokens * each + (unpacked if setup.method == "qlora" else 0))


def _autocast_copies(shape: ModelShape, setup: MemorySetup) -> float:
    """Autocast keeps a 2-byte copy of every float32 matrix; of frozen ones, under checkpointing, of one layer alone."""
    if not (setup.autocast and setup.style.base_bytes == 4):
        return 0.0
    body = shape.linear_parameters
    if setup.checkpointing and setup.method != "full":
        body //= shape.layers
    return 2.0 * (body + shape.head_parameters)
