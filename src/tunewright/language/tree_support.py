"""Which models can be run on trees of tokens, or on rows that share what stands before them, and why others cannot.

A model qualifies when a token sees the tokens before it through attention alone. Read from the configuration; nothing
is computed here. Called by ``training/forward.py`` and ``backends/local_reader.py``.
"""

from __future__ import annotations

from typing import Any

_ATTENTION_LAYERS = {"full_attention", "sliding_attention"}
# Configurations that do not list their layers' kinds; all layers attend to all earlier tokens, or all slide.
_PLAIN_FAMILIES = {
    "apertus", "cohere", "ernie4_5", "gemma", "glm4", "gpt2", "gpt_neox", "granite", "helium", "hunyuan_v1_dense",
    "llama", "mistral", "mixtral", "nanochat", "nemotron", "olmo", "olmo2", "phi", "phi3", "qwen2", "qwen3",
    "qwen3_moe", "seed_oss", "stablelm", "starcoder2",
}  # fmt: skip
_ROPE_BY_LENGTH = {"dynamic", "longrope"}


def supports_trees(config: Any) -> str | None:
    """Why a model of this configuration cannot be run on trees that branch; None if it can."""
    config = config.get_text_config()
    kinds = getattr(config, "layer_types", None)
    if kinds is None and config.model_type not in _PLAIN_FAMILIES:
        return f"it is not known how the layers of {config.model_type} models pass information between tokens"
    strange = sorted(set(kinds or ()) - _ATTENTION_LAYERS)
    if strange:
        return f"it has layers of kind {', '.join(strange)}, which carry over what stands before in the sequence"
    if not getattr(config, "is_causal", True) or getattr(config, "use_bidirectional_attention", False):
        return "its attention is not causal"
    if "sliding_attention" in (kinds or ()) and not getattr(config, "sliding_window", None):
        return "its layers slide over a window of unknown size"
    attention = getattr(config, "_attn_implementation", None) or "eager"
    if attention not in ("sdpa", "eager"):
        return f"its attention is computed by {attention}, which takes no mask of one's own (sdpa and eager do)"
    if _rope_kinds(config) & _ROPE_BY_LENGTH:
        return "its rotary frequencies depend on the longest row of a batch"
    return None


def _rope_kinds(config: Any) -> set[str]:
    """Kinds of rotary scaling; where layer kinds differ, transformers keeps one set of parameters for each."""
    scaling = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    nested = [value for value in scaling.values() if isinstance(value, dict)]
    return {str(part.get("rope_type", part.get("type", "default"))) for part in nested or [scaling]}
