"""What a decoder looks like: sizes of its layers, from which parameters, memory and arithmetic follow.

A shape comes from a model's own ``config.json`` or, for planning without any file, from a short table of public shapes.
No weights are read and no torch is needed. Called by the memory and time models of ``estimate.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from tunewright.errors import InputError

Norm = Literal["rms", "gemma", "layer"]
"""RMS norm; Gemma's, which multiplies by its weight in float32; LayerNorm with a bias."""

KNOWN_FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "gpt2")


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Sizes of a decoder with full or sliding attention.

    ``norms`` counts the normalisations of one layer, those of queries and keys aside (``query_key_norm``);
    ``learned_positions`` is the number of rows of a learned position table (0: rotary positions);
    ``activation_copies`` is how many tensors as wide as the feed-forward layer its non-linearity keeps for the backward
    pass, its result included (SiLU and fused GELU: 2; GPT-2's GELU written out in single operations: 5).
    """

    name: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    tied: bool
    gated: bool = True
    norm: Norm = "rms"
    norms: int = 2
    query_key_norm: bool = False
    query_bias: bool = False
    output_bias: bool = False
    feed_forward_bias: bool = False
    learned_positions: int = 0
    activation_copies: int = 2

    @property
    def attention_width(self) -> int:
        """Width of all query heads together."""
        return self.heads * self.head_dim

    @property
    def kv_width(self) -> int:
        """Width of all key heads together; as wide for the values."""
        return self.kv_heads * self.head_dim

    @property
    def embedding_parameters(self) -> int:
        """Token table, and the head where it has a matrix of its own, and the position table."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2) + self.learned_positions * self.hidden

    @property
    def head_parameters(self) -> int:
        """The matrix that turns hidden states into logits, shared or not."""
        return self.vocabulary * self.hidden

    @property
    def linear_parameters(self) -> int:
        """Weights (without biases) of the linear layers in the body: what LoRA adapts and NF4 packs."""
        return self.layers * sum(wide * high for wide, high in self.linear_modules().values())

    @property
    def layer_parameters(self) -> int:
        """Parameters of one layer."""
        biases = self.query_bias * (self.attention_width + 2 * self.kv_width) + self.output_bias * self.hidden
        biases += self.feed_forward_bias * ((2 if self.gated else 1) * self.intermediate + self.hidden)
        norms = self.norms * self.hidden * (2 if self.norm == "layer" else 1) + 2 * self.head_dim * self.query_key_norm
        return self.linear_parameters // self.layers + biases + norms

    @property
    def parameters(self) -> int:
        """All parameters; exact for the known families."""
        final_norm = self.hidden * (2 if self.norm == "layer" else 1)
        return self.layers * self.layer_parameters + self.embedding_parameters + final_norm

    def linear_modules(self) -> dict[str, tuple[int, int]]:
        """Linear layers of one layer by their name in transformers: (input width, output width)."""
        if self.learned_positions:
            return {
                "c_attn": (self.hidden, self.attention_width + 2 * self.kv_width),
                "attn.c_proj": (self.attention_width, self.hidden),
                "c_fc": (self.hidden, self.intermediate),
                "mlp.c_proj": (self.intermediate, self.hidden),
            }
        modules = {
            "q_proj": (self.hidden, self.attention_width),
            "k_proj": (self.hidden, self.kv_width),
            "v_proj": (self.hidden, self.kv_width),
            "o_proj": (self.attention_width, self.hidden),
            "up_proj": (self.hidden, self.intermediate),
            "down_proj": (self.intermediate, self.hidden),
        }
        return {**modules, "gate_proj": (self.hidden, self.intermediate)} if self.gated else modules

    def lora_modules(self, targets: tuple[str, ...] | None) -> dict[str, tuple[int, int]]:
        """The linear layers that LoRA adapts; ``None`` means all of them.

        Raises:
            InputError: no linear layer has such a name.
        """
        modules = self.linear_modules()
        if targets is None:
            return modules
        for target in targets:
            if not any(_named(name, target) for name in modules):
                raise InputError(
                    "estimate.unknown_target",
                    f"{self.name} has no linear layer called {target!r}.",
                    why="LoRA adapts linear layers by name.",
                    hint=f"Choose among {', '.join(modules)}.",
                )
        return {name: size for name, size in modules.items() if any(_named(name, target) for target in targets)}

    def lora_parameters(self, rank: int, targets: tuple[str, ...] | None = None) -> int:
        """Parameters of the adapters: the sum of ``rank * (input + output width)`` (Hu et al. 2021, section 4.1)."""
        return self.layers * sum(rank * (wide + high) for wide, high in self.lora_modules(targets).values())

    def cache_bytes_per_token(self, bytes_each: int = 2) -> int:
        """Keys and values of one token in all layers."""
        return 2 * self.layers * self.kv_width * bytes_each


def shape_from_config(config: Mapping[str, Any], name: str = "") -> ModelShape:
    """The shape that a ``config.json`` of transformers describes.

    Raises:
        InputError: the family is not known here, or a size is missing.
    """
    inner = config.get("text_config")
    if isinstance(inner, Mapping):
        tied = inner.get("tie_word_embeddings", config.get("tie_word_embeddings"))
        config = {**inner, **({} if tied is None else {"tie_word_embeddings": tied})}
    family = str(config.get("model_type", ""))
    if family not in KNOWN_FAMILIES:
        raise InputError(
            "estimate.unknown_family",
            f"No size formula for models of type {family or 'unknown'!r}.",
            why="A wrong formula would promise memory that is not there.",
            hint=f"Known types: {', '.join(KNOWN_FAMILIES)}. A timed probe of a few steps works for every model.",
        )
    try:
        return _gpt2(config, name or family) if family == "gpt2" else _rotary(family, config, name or family)
    except KeyError as missing:
        raise InputError(
            "estimate.missing_size",
            f"The model's configuration does not say {missing.args[0]!r}.",
            why="Parameters and memory are computed from it.",
            hint="Look at the config.json of the model; it may be of another kind of model.",
        ) from None


def _named(name: str, target: str) -> bool:
    return name == target or name.endswith("." + target)


def _gpt2(config: Mapping[str, Any], name: str) -> ModelShape:
    hidden, heads = int(config["n_embd"]), int(config["n_head"])
    return ModelShape(
        name,
        layers=int(config["n_layer"]),
        hidden=hidden,
        heads=heads,
        kv_heads=heads,
        head_dim=hidden // heads,
        intermediate=int(config.get("n_inner") or 4 * hidden),
        vocabulary=int(config["vocab_size"]),
        tied=bool(config.get("tie_word_embeddings", True)),
        gated=False,
        norm="layer",
        query_bias=True,
        output_bias=True,
        feed_forward_bias=True,
        learned_positions=int(config["n_positions"]),
        activation_copies=5 if config.get("activation_function", "gelu_new") == "gelu_new" else 2,
    )


def _rotary(family: str, config: Mapping[str, Any], name: str) -> ModelShape:
    hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
    gemma = family.startswith("gemma")
    bias = bool(config.get("attention_bias", False))
    return ModelShape(
        name,
        layers=int(config["num_hidden_layers"]),
        hidden=hidden,
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head_dim=int(config.get("head_dim") or hidden // heads),
        intermediate=int(config["intermediate_size"]),
        vocabulary=int(config["vocab_size"]),
        tied=bool(config.get("tie_word_embeddings", gemma)),
        norm="gemma" if gemma else "rms",
        norms=4 if family in ("gemma2", "gemma3_text") else 2,
        query_key_norm=family in ("qwen3", "gemma3_text"),
        query_bias=family == "qwen2" or bias,
        output_bias=bias and family != "qwen2",
        feed_forward_bias=bool(config.get("mlp_bias", False)),
    )


def _public(
    name: str, layers: int, hidden: int, heads: int, kv_heads: int, intermediate: int, vocabulary: int, tied: bool,
    head_dim: int = 0, query_bias: bool = False, query_key_norm: bool = False,
) -> ModelShape:  # fmt: skip
    return ModelShape(
        name,
        layers,
        hidden,
        heads,
        kv_heads,
        head_dim or hidden // heads,
        intermediate,
        vocabulary,
        tied,
        query_bias=query_bias,
        query_key_norm=query_key_norm,
    )


PUBLIC_SHAPES: Mapping[str, ModelShape] = MappingProxyType(
    {
        "135M": _public("SmolLM2-135M", 30, 576, 9, 3, 1536, 49_152, True),
        "360M": _public("SmolLM2-360M", 32, 960, 15, 5, 2560, 49_152, True),
        "0.5B": _public("Qwen2.5-0.5B", 24, 896, 14, 2, 4864, 151_936, True, query_bias=True),
        "1B": _public("Llama-3.2-1B", 16, 2048, 32, 8, 8192, 128_256, True),
        "3B": _public("Llama-3.2-3B", 28, 3072, 24, 8, 8192, 128_256, True),
        "7B": _public("Qwen2.5-7B", 28, 3584, 28, 4, 18_944, 152_064, False, query_bias=True),
        "8B": _public("Llama-3.1-8B", 32, 4096, 32, 8, 14_336, 128_256, False),
        "13B": _public("Llama-2-13B", 40, 5120, 40, 40, 13_824, 32_000, False),
        "14B": _public("Qwen2.5-14B", 48, 5120, 40, 8, 13_824, 152_064, False, query_bias=True),
        "32B": _public("Qwen2.5-32B", 64, 5120, 40, 8, 27_648, 152_064, False, query_bias=True),
        "70B": _public("Llama-3.1-70B", 80, 8192, 64, 8, 28_672, 128_256, False),
        "llama-2-7b": _public("Llama-2-7B", 32, 4096, 32, 32, 11_008, 32_000, False),
        "mistral-7b": _public("Mistral-7B-v0.1", 32, 4096, 32, 8, 14_336, 32_000, False),
        "qwen3-8b": _public("Qwen3-8B", 36, 4096, 32, 8, 12_288, 151_936, False, head_dim=128, query_key_norm=True),
        "405B": _public("Llama-3.1-405B", 126, 16_384, 128, 8, 53_248, 128_256, False),
    }
)


def public_shape(size: str) -> ModelShape:
    """A public shape by its key in ``PUBLIC_SHAPES``, such as ``8B``, or by its model's name.

    Raises:
        InputError: there is no such shape.
    """
    for key, shape in PUBLIC_SHAPES.items():
        if size.lower() in (key.lower(), shape.name.lower()):
            return shape
    raise InputError(
        "estimate.unknown_shape",
        f"There is no public shape called {size!r}.",
        why="Without the sizes of its layers nothing can be computed.",
        hint=f"Choose among {', '.join(PUBLIC_SHAPES)}, or name a folder that holds the model's config.json.",
    )
