"""The network: a Llama decoder by transformers' own class, and its weighted next-token loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

from pretraining.config import Shape
from pretraining.tokenizer import BOS, END, PAD

if TYPE_CHECKING:
    from torch import Tensor


def llama_config(shape: Shape) -> LlamaConfig:
    """The transformers configuration of a shape."""
    return LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.mlp_width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        max_position_embeddings=shape.context,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        initializer_range=0.02,
        bos_token_id=BOS,
        eos_token_id=END,
        pad_token_id=PAD,
        use_cache=False,
    )


def build(shape: Shape, seed: int) -> LlamaForCausalLM:
    """Random weights, the same for the same seed; what writes into the residual stream starts at zero."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(llama_config(shape))
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
    return model


def token_losses(model: Any, rows: Tensor) -> Tensor:
    """Loss in nats of ``rows[:, 1:]``, each given what stands before it; rows ``[B, L+1]``, answer ``[B, L]``."""
    hidden = model.model(input_ids=rows[:, :-1], use_cache=False).last_hidden_state
    logits = model.lm_head(hidden).float()
    losses = functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="none")
    return losses.view(rows.shape[0], -1)


def flops_per_token(shape: Shape, length: int) -> float:
    """Forward and backward FLOPs of one token: 6 a weight that is multiplied, and causal attention.

    Kaplan et al. 2020 (arXiv 2001.08361), section 2.1; the attention term halved because of the causal mask.
    """
    head = shape.width // shape.heads
    layer = shape.width * (2 * shape.width + 2 * shape.kv_heads * head + 3 * shape.mlp_width)
    weights = shape.layers * layer + shape.vocabulary * shape.width
    return 6.0 * weights + 6.0 * shape.layers * length * shape.width
