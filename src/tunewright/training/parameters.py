"""How many values a model has, whatever form its weights are kept in. Rates, costs and messages go by it."""

from __future__ import annotations

import math

from torch import nn


def count(parameter: nn.Parameter) -> int:
    """Values of one tensor; weights in four bits (bitsandbytes) are packed bytes that remember their shape."""
    state = getattr(parameter, "quant_state", None)
    shape = getattr(state, "shape", None)
    return parameter.numel() if shape is None else math.prod(shape)


def count_all(module: nn.Module) -> int:
    """Values of all tensors of a module, shared ones once."""
    return sum(count(parameter) for parameter in module.parameters())
