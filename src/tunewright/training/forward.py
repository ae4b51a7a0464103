"""The decoder's body on token trees: ids in, hidden states out, without the vocabulary.

Says which models can be run on trees that branch, and why the others cannot. The head is in ``head.py``; what ties body
and head to the training loop is ``loss.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tunewright.language.tree_support import supports_trees
from tunewright.training.layout import CostShape
from tunewright.training.parameters import count, count_all
from tunewright.training.tree_attention import TreeMask
from tunewright.training.tree_batch import TreeBatch
from tunewright.training.tree_mask import ancestor_mask

# Attention runs at a fraction of the speed of the linear layers: measured on a CPU 1.7 in bfloat16, 1.2 in float32.
_ATTENTION_SLOWNESS = 1.5
_SECONDS_PER_LAYER = 1e-3  # to start the kernels of a forward and backward pass
_BYTES_PER_WEIGHT = 16.0  # moved for one batch: cast, gradient written, added to what is there
_CPU_FLOPS, _CPU_BANDWIDTH = 1e11, 1e10  # operations and bytes a second; rough, for the choice of a layout alone
_GPU_FLOPS, _GPU_BANDWIDTH = 1e14, 1e12


__all__ = [
    "PathFlags",
    "attention_arguments",
    "bare_model",
    "can_tile",
    "cost_shape",
    "dropout_of",
    "layer_kinds",
    "mask_dtype",
    "padding_id",
    "sharing_obstacle",
    "supports_trees",
    "text_config",
    "tokens_hidden",
]


@dataclass(frozen=True, slots=True)
class PathFlags:
    """Which fast paths are on.

    ``share``: rows may become one tree; ``head``: only trained tokens meet the vocabulary; ``tiles``: attention on
    trees in tiles instead of under a dense mask; ``stack``: trees stand side by side in one padded batch (off only for
    models that are not causal enough for padding on the right).
    """

    share: bool = True
    head: bool = True
    tiles: bool = True
    stack: bool = True

    @classmethod
    def none(cls) -> PathFlags:
        """The plain path: each row alone through the whole model."""
        return cls(False, False, False, False)


def bare_model(model: nn.Module) -> Any:
    """The causal language model of transformers inside; PEFT's layers live in it, so that adapters stay on."""
    unwrap = getattr(model, "get_base_model", None)
    return unwrap() if unwrap is not None else model


def text_config(model: nn.Module) -> Any:
    """The configuration of the language part of a model."""
    return bare_model(model).config.get_text_config()


def sharing_obstacle(model: nn.Module) -> str | None:
    """Why rows of this model cannot share work; None if they can. Looks at adapters and dropout as well."""
    for adapter in getattr(model, "peft_config", {}).values():
        if getattr(adapter, "is_prompt_learning", False) or getattr(adapter, "alora_invocation_tokens", None):
            return f"its {adapter.peft_type} adapter acts on whole rows, not on tokens"
    reason = supports_trees(bare_model(model).config)
    if reason is None and dropout_of(model) > 0:
        return "dropout draws anew for every row, and a shared token could be drawn for but once"
    return reason


def dropout_of(model: nn.Module) -> float:
    """The largest dropout probability in a model, adapters included."""
    layers = [float(module.p) for module in model.modules() if isinstance(module, nn.Dropout)]
    inside = [value for module in model.modules() for name, value in vars(module).items() if "dropout" in name]
    return max([0.0, *layers, *(value for value in inside if isinstance(value, float))])


def padding_id(model: nn.Module) -> int:
    """An id to fill up with: any but the declared pad, of which transformers would warn that no mask is given."""
    return 1 if text_config(model).pad_token_id == 0 else 0


def tokens_hidden(model: nn.Module, batch: TreeBatch, tiles: bool = True) -> Tensor:
    """Hidden states ``[B, S, H]`` of a batch after the last norm, in the number format of the model's body."""
    decoder = bare_model(model).get_decoder()
    arguments = attention_arguments(model, batch, tiles)
    hidden: Tensor = decoder(input_ids=batch.ids, use_cache=False, **arguments).last_hidden_state
    return hidden


def attention_arguments(model: nn.Module, batch: TreeBatch, tiles: bool = True) -> dict[str, Any]:
    """Positions and masks as transformers takes them; nothing for chains.

    One 4-D mask where all layers are of a kind; one for each kind where a model mixes full and sliding attention.

    Args:
        tiles: use masks that PyTorch's attention computes in tiles, where that can be done.
    """
    ends, positions = batch.ends, batch.positions
    if ends is None or positions is None:
        return {}
    config, dtype = text_config(model), mask_dtype(model)
    masks: dict[str, Tensor] = {}
    for kind in sorted(layer_kinds(config)):
        window = config.sliding_window if kind == "sliding_attention" else None
        if window is not None and window > max(int(tree.positions.max(initial=0)) for tree in batch.trees):
            window = None  # no row is longer than the window
        if tiles and window is None and can_tile(model):
            masks[kind] = TreeMask.of(ends, positions, [tree.tokens for tree in batch.trees], dtype)
        else:
            masks[kind] = ancestor_mask(ends, positions, window, dtype)
    return {"position_ids": positions, "attention_mask": masks if len(masks) > 1 else next(iter(masks.values()))}


def layer_kinds(config: Any) -> set[str]:
    """The kinds of attention in a model."""
    default = "sliding_attention" if getattr(config, "sliding_window", None) else "full_attention"
    return set(getattr(config, "layer_types", None) or [default])


def can_tile(model: nn.Module) -> bool:
    """Whether attention in tiles works here: PyTorch's attention on a CPU."""
    on_cpu = bare_model(model).get_input_embeddings().weight.device.type == "cpu"
    return on_cpu and getattr(text_config(model), "_attn_implementation", None) == "sdpa"


def mask_dtype(model: nn.Module) -> torch.dtype:
    """The number format in which attention will be computed."""
    weight: Tensor = bare_model(model).get_input_embeddings().weight
    kind = weight.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype


def cost_shape(model: nn.Module, tiles: bool = True) -> CostShape:
    """What a model costs: 4 operations a parameter and token and 2 more where it is trained (Kaplan et al. 2020, arXiv
    2001.08361, section 2.1), 12 a layer, pair of tokens and unit of attention width; one more batch starts all kernels
    and moves all weights and gradients again.

    Args:
        tiles: whether attention on trees is computed in tiles, where that can be done.
    """
    inner, config = bare_model(model), text_config(model)
    table = inner.get_input_embeddings().weight
    sizes = [(count(part), part.requires_grad) for part in inner.get_decoder().parameters() if part is not table]
    work = sum(size * (6.0 if trained else 4.0) for size, trained in sizes)
    layers, heads = int(config.num_hidden_layers), int(config.num_attention_heads)
    width = heads * int(getattr(config, "head_dim", None) or config.hidden_size // heads)
    on_cpu = table.device.type == "cpu"
    rate, bandwidth = (_CPU_FLOPS, _CPU_BANDWIDTH) if on_cpu else (_GPU_FLOPS, _GPU_BANDWIDTH)
    weights = count_all(inner)
    batch_s = _SECONDS_PER_LAYER * layers + _BYTES_PER_WEIGHT * weights / bandwidth
    sparse = tiles and can_tile(model) and layer_kinds(config) == {"full_attention"}
    return CostShape(work, 12.0 * _ATTENTION_SLOWNESS * layers * width, batch_s * rate, sparse)
