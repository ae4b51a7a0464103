from types import SimpleNamespace

import torch
from torch import nn

from tunewright.training.parameters import count, count_all


def test_shared_tensors_count_once() -> None:
    model = nn.ModuleList([nn.Linear(3, 5), nn.Linear(3, 5)])
    model[1].weight = model[0].weight
    assert count_all(model) == 15 + 5 + 5


def test_weights_in_four_bits_count_as_what_they_stand_for() -> None:
    """bitsandbytes keeps two values in a byte and the shape beside them (`Params4bit.quant_state`)."""
    packed = nn.Parameter(torch.zeros(8, 1, dtype=torch.uint8), requires_grad=False)
    assert count(packed) == 8
    packed.quant_state = SimpleNamespace(shape=torch.Size((4, 4)))  # type: ignore[attr-defined]
    assert count(packed) == 16
