"""Batches are cut to what fits, and the gradient stays that of the whole step."""

from __future__ import annotations

import pytest
import torch
from families import model_of, relative_difference, sharing_rows

from tunewright.errors import WorkError
from tunewright.training.batches import Batch
from tunewright.training.fitting import Fitting, make_fitting, shape_of
from tunewright.training.layout import Trees
from tunewright.training.loss import DecoderLoss
from tunewright.training.memory_guard import MemoryGuard
from tunewright.training.methods import MethodSettings, prepare
from tunewright.training.precision import Precision

FP32 = Precision("cpu", "fp32", "for tests")


def room_for(tokens: float) -> MemoryGuard:
    return MemoryGuard(lambda batch: batch.tokens * 1e6, lambda: tokens * 1.25e6, reserve_bytes=0.0)


def test_a_batch_that_fits_stays_whole() -> None:
    rows = sharing_rows()
    batch = tuple(range(len(rows)))
    fitting = Fitting(rows, {}, room_for(10_000), cuda=False)
    assert list(fitting(batch)) == [batch]
    assert fitting.cuts == 0


@pytest.mark.parametrize("one_tree", [True, False])
def test_pieces_have_the_gradient_of_the_whole(one_tree: bool) -> None:
    rows, model = sharing_rows(), model_of("llama")
    batch: Batch = tuple(range(len(rows)))
    trees: dict[Batch, Trees] = {batch: (batch,) if one_tree else tuple((row,) for row in batch)}

    def gradients(parts: list[Batch], known: dict[Batch, Trees]) -> list[torch.Tensor]:
        loss = DecoderLoss(model, rows, trees=known)
        model.zero_grad()
        for part in parts:
            loss(part)[0].backward()
        return [value.grad.clone() for value in model.parameters() if value.grad is not None]

    whole = gradients([batch], trees)
    longest = max(row.tokens for row in rows)
    fitting = Fitting(rows, trees, room_for(longest + 2), cuda=False)
    parts = list(fitting(batch))
    assert fitting.cuts >= 1
    assert sorted(row for part in parts for row in part) == sorted(batch)
    assert relative_difference(gradients(parts, trees), whole) < 1e-5


def test_a_row_that_does_not_fit_is_an_error() -> None:
    rows = sharing_rows()
    fitting = Fitting(rows, {}, room_for(2), cuda=False)
    with pytest.raises(WorkError) as caught:
        list(fitting(tuple(range(len(rows)))))
    assert caught.value.code == "memory.row_too_long"


def test_a_real_model_has_a_guard() -> None:
    prepared = prepare(model_of("qwen3"), MethodSettings("lora", rank=4))
    assert shape_of(prepared.model) is not None
    fitting = make_fitting(prepared, sharing_rows(), {}, FP32, checkpointing=False)
    assert fitting is not None
    assert list(fitting((0, 1))) == [(0, 1)]
