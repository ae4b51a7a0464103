"""Decoders on token trees against the rows one by one: loss and gradient, families, adapters, checkpointing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from families import (
    FAMILIES,
    config_of,
    gradients_of,
    model_of,
    plain_gradients,
    plain_loss,
    relative_difference,
    row_of,
    sharing_rows,
    with_lora,
)
from hypothesis import HealthCheck, given, settings
from test_tree import token_rows

from tunewright.training.batches import Batch
from tunewright.training.forward import (
    PathFlags,
    cost_shape,
    sharing_obstacle,
    supports_trees,
    tokens_hidden,
)
from tunewright.training.layout import Trees
from tunewright.training.loss import DecoderLoss
from tunewright.training.rows import TokenRow
from tunewright.training.sft import recompute_activations
from tunewright.training.tree_batch import stack_rows

ROWS = sharing_rows()
ALL: Batch = tuple(range(len(ROWS)))
LAYOUTS: dict[str, Trees] = {
    "chains": tuple((row,) for row in ALL),
    "trees": ((0, 1, 2, 3, 4, 6), (5,)),
    "forest": (ALL,),
}
CPU = torch.device("cpu")


def by_tree(model: Any, layout: str, flags: PathFlags | None = None) -> tuple[float, list[torch.Tensor]]:
    loss, weight = DecoderLoss(model, ROWS, flags, {ALL: LAYOUTS[layout]})(ALL)
    assert weight == pytest.approx(sum(row.weight for row in ROWS))
    return gradients_of(model, loss)


@pytest.mark.parametrize("checkpointing", [False, True], ids=["kept", "checkpointed"])
@pytest.mark.parametrize("adapted", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_are_those_of_single_rows(family: str, adapted: bool, checkpointing: bool) -> None:
    model = with_lora(model_of(family)) if adapted else model_of(family)
    wanted_loss, wanted = plain_gradients(model, ROWS)
    if checkpointing:
        recompute_activations(model)
        assert any(getattr(module, "gradient_checkpointing", False) for module in model.modules())
    assert sharing_obstacle(model) is None
    for layout in LAYOUTS:
        loss, found = by_tree(model, layout)
        assert loss == pytest.approx(wanted_loss, rel=1e-6)
        assert relative_difference(found, wanted) < 1e-5, layout


@pytest.mark.parametrize(
    "flags", [PathFlags(head=False), PathFlags(stack=False), PathFlags(tiles=False), PathFlags.none()]
)
def test_every_combination_of_paths_gives_the_same(flags: PathFlags) -> None:
    model = with_lora(model_of("gemma3"))
    wanted_loss, wanted = plain_gradients(model, ROWS)
    loss, found = by_tree(model, "trees", flags)
    assert loss == pytest.approx(wanted_loss, rel=1e-6)
    assert relative_difference(found, wanted) < 1e-5


@pytest.mark.parametrize("family", ["llama", "gemma2"])
def test_eager_attention(family: str) -> None:
    model = model_of(family, attn_implementation="eager")
    assert model.config._attn_implementation == "eager"
    wanted_loss, wanted = plain_gradients(model, ROWS)
    loss, found = by_tree(model, "trees")
    assert loss == pytest.approx(wanted_loss, rel=1e-6)
    assert relative_difference(found, wanted) < 1e-5


@pytest.mark.parametrize("family", ["mistral", "gemma3"])
def test_the_window_of_the_test_models_matters(family: str) -> None:
    """Else the tests above would pass without any window in the mask."""
    wide = model_of(family, sliding_window=200)
    wide.load_state_dict(model_of(family).state_dict())
    assert relative_difference(by_tree(wide, "trees")[1], by_tree(model_of(family), "trees")[1]) > 1e-3


LLAMA = model_of("llama")
GEMMA = model_of("gemma3")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=token_rows(most=6, longest=14))
def test_random_tries(rows: list[TokenRow]) -> None:
    every = tuple(range(len(rows)))
    for model in (LLAMA, GEMMA):
        wanted_loss, wanted = plain_gradients(model, rows)
        loss, _ = DecoderLoss(model, rows, None, {every: (every,)})(every)
        found_loss, found = gradients_of(model, loss)
        assert found_loss == pytest.approx(wanted_loss, rel=1e-5)
        assert relative_difference(found, wanted) < 1e-5


def test_one_row_does_not_move_another() -> None:
    """Packed into one tree, stacked, or behind the same beginning: another row's tokens change nothing."""
    for family in ("qwen3", "gemma3", "gpt2"):
        model = model_of(family).eval()
        base = [row_of([5, 6, 7, 20, 21, 22, 23], {6: 1.0}), row_of([5, 6, 7, 9, 10, 11], {5: 1.0})]
        moved = [row_of([5, 6, 7, 30, 31, 32, 33], {6: 1.0}), base[1]]
        alone = [base[0], row_of([50, 51, 52, 53, 54], {4: 1.0})]
        alone_moved = [row_of([30, 31, 32, 33, 34, 35, 36], {6: 1.0}), alone[1]]
        for one, other, place in ((base, moved, slice(3, 5)), (alone_moved, alone, None)):
            first = stack_rows([one], 0, CPU)
            second = stack_rows([other], 0, CPU)
            with torch.no_grad():
                left, right = tokens_hidden(model, first)[0], tokens_hidden(model, second)[0]
            if place is not None:  # the branch of the second row stands before that of the first: 9 < 20
                assert first.ids[0, place].tolist() == [9, 10]
                torch.testing.assert_close(left[place], right[place], rtol=0, atol=1e-6)
                assert float((left[5:] - right[5:]).abs().max()) > 1e-2, "the row that changed must move"
            else:  # 30 < 50 in one, 5 < 50 in the other: the stranger is the last tree of both
                torch.testing.assert_close(left[-4:], right[-4:], rtol=0, atol=1e-6)
        with torch.no_grad():
            stacked = [
                tokens_hidden(model, stack_rows([[rows[0]], [rows[1]]], 0, CPU))[1, :5] for rows in (base, moved)
            ]
        torch.testing.assert_close(*stacked, rtol=0, atol=1e-6)


def test_accumulation_is_one_large_batch() -> None:
    model = with_lora(model_of("qwen2"))
    rows = sharing_rows() + sharing_rows(3)[:1]
    assert len(rows) == 8
    loss = DecoderLoss(model, rows)
    whole, weight = loss(tuple(range(8)))
    _, once = gradients_of(model, whole)
    model.zero_grad(set_to_none=True)
    total = 0.0
    for row in range(8):
        part, own = loss((row,))
        part.backward()
        total += own
    eight = [parameter.grad for parameter in model.parameters() if parameter.requires_grad]
    assert total == pytest.approx(weight)
    assert relative_difference(eight, once) < 1e-6


def test_losses_of_rows() -> None:
    model = model_of("llama")
    loss = DecoderLoss(model, ROWS, None, {ALL[:4]: ((0, 1, 2, 3),)})
    with torch.no_grad():
        loss(ALL[:4])
        loss(ALL[4:6])
        wanted = [float(plain_loss(model, row)) for row in ROWS]
    found = loss.take_row_losses()
    np.testing.assert_allclose(found[:6], wanted[:6], rtol=1e-5)
    assert np.isnan(found[6])
    assert np.isnan(loss.take_row_losses()).all()


def test_bfloat16_weights_and_autocast() -> None:
    model = model_of("gemma3")
    wanted_loss, wanted = plain_gradients(model, ROWS)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss, _ = DecoderLoss(model, ROWS, None, {ALL: LAYOUTS["trees"]})(ALL)
    value, found = gradients_of(model, loss)
    assert value == pytest.approx(wanted_loss, rel=2e-2)
    assert relative_difference(found, wanted) < 0.1
    narrow = model.to(torch.bfloat16)
    assert by_tree(narrow, "trees")[0] == pytest.approx(wanted_loss, rel=2e-2)


@pytest.mark.parametrize("family", FAMILIES)
def test_families_support_trees(family: str) -> None:
    config = config_of(family)
    config._attn_implementation = "sdpa"
    assert supports_trees(config) is None


def test_what_does_not_support_trees() -> None:
    import transformers

    config = config_of("llama")
    config._attn_implementation = "flash_attention_2"
    assert "flash_attention_2" in str(supports_trees(config))
    config = config_of("qwen3", layer_types=["linear_attention", "full_attention"])
    assert "linear_attention" in str(supports_trees(config))
    assert "bloom" in str(supports_trees(transformers.BloomConfig()))
    config = config_of("gemma3")
    config.use_bidirectional_attention = True
    assert "causal" in str(supports_trees(config))
    long = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}
    assert "longest row" in str(supports_trees(config_of("llama", rope_parameters=long)))


def test_dropout_and_whole_row_adapters_stand_in_the_way() -> None:
    import peft

    assert "dropout" in str(sharing_obstacle(model_of("gpt2", resid_pdrop=0.1)))
    assert "dropout" in str(sharing_obstacle(model_of("llama", attention_dropout=0.1)))
    assert "dropout" in str(sharing_obstacle(with_lora(model_of("llama"), dropout=0.05)))
    functional = model_of("llama")
    functional.model.layers[0].mlp.residual_dropout = 0.1
    assert "dropout" in str(sharing_obstacle(functional))
    prompt = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=2)
    assert "whole rows" in str(sharing_obstacle(peft.get_peft_model(model_of("llama"), prompt)))


def test_cost_shape() -> None:
    model = model_of("llama")
    body = sum(p.numel() for name, p in model.named_parameters() if "embed" not in name and "lm_head" not in name)
    shape = cost_shape(model)
    assert shape.per_token == 6.0 * body
    adapted = with_lora(model)
    own = sum(p.numel() for p in adapted.get_base_model().model.parameters() if p.requires_grad)
    assert cost_shape(adapted).per_token == 4.0 * body + 6.0 * own
