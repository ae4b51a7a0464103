"""The checks after training, each on a model where it must pass and on one where it must not."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tiny_decoders import rows, tiny_model
from tunewright.errors import WorkError
from tunewright.training.after_training import (
    check_after_training,
    check_live,
    check_merged,
    check_moved,
    check_reloaded,
    difference,
    fingerprint,
    probe_outputs,
    remember,
)
from tunewright.training.methods import MethodSettings, Prepared, prepare

PROBE = [*rows(2, 9, seed=1), *rows(1, 5, seed=2)]


def shaken(prepared: Prepared) -> Prepared:
    """As if trained: every trained tensor moves a little."""
    random = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for name, parameter in prepared.model.named_parameters():
            if name in prepared.trainable:
                parameter += 0.05 * torch.randn(parameter.shape, generator=random)
    return prepared


def refused(check: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(WorkError) as caught:
        check(*arguments, **options)
    return caught.value.code


@pytest.mark.parametrize(
    ("family", "method"), [("gemma3", "lora"), ("gpt2", "dora"), ("qwen3", "pissa"), ("qwen2", "vera")]
)
def test_a_trained_adapter_passes(family: str, method: str) -> None:
    base = tiny_model(family)
    before = probe_outputs(base, PROBE)
    prepared = prepare(base, MethodSettings(method, rank=4))
    start = remember(prepared.model)
    found = check_after_training(shaken(prepared).model, start, PROBE, first_weights=prepared.start)
    on = probe_outputs(prepared.model, PROBE)
    assert found.effect == pytest.approx(difference(on, before), rel=1e-2)
    assert found.still == ()
    assert found.moved == len(prepared.trainable)
    assert found.merged_difference is not None
    assert found.merged_difference < 1e-4
    torch.testing.assert_close(probe_outputs(prepared.model, PROBE), on, atol=0, rtol=0)  # the checks leave no trace


@pytest.mark.parametrize("method", ["lora", "pissa", "dora"])
def test_an_adapter_as_it_began_is_dead(method: str) -> None:
    prepared = prepare(tiny_model("llama"), MethodSettings(method, rank=4))
    assert refused(check_live, prepared.model, PROBE, prepared.start) == "training.dead_adapter"
    start = remember(prepared.model)
    assert refused(check_after_training, prepared.model, start, PROBE) == "training.nothing_moved"


def test_an_adapter_that_is_not_asked_is_dead() -> None:
    """B is not zero, and yet nothing happens: the adapter is not the active one."""
    prepared = shaken(prepare(tiny_model("llama"), MethodSettings(rank=4)))
    prepared.model.add_adapter("other", prepared.model.peft_config["default"])
    prepared.model.set_adapter("other")
    assert refused(check_live, prepared.model, PROBE) == "training.dead_adapter"


def test_tensors_that_stand_still_are_named() -> None:
    prepared = prepare(tiny_model("llama"), MethodSettings("full"))
    start = remember(prepared.model)
    with torch.no_grad():
        prepared.model.model.norm.weight[3] += 1e-6
    still = check_moved(prepared.model, start)
    assert set(prepared.trainable) - set(still) == {"model.norm.weight"}
    found = check_after_training(prepared.model, start, PROBE)
    assert (found.effect, found.moved, found.merged_difference) == (None, 1, None)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.uint8])
def test_a_fingerprint_sees_one_bit_and_a_swap(kind: torch.dtype) -> None:
    values = torch.arange(1, 100).to(kind)
    changed, swapped = values.clone(), values.clone()
    changed[40] += 1
    swapped[[7, 8]] = swapped[[8, 7]]
    assert len({fingerprint(values), fingerprint(changed), fingerprint(swapped)}) == 3
    assert fingerprint(values.clone()) == fingerprint(values)


def test_a_merge_that_changes_the_answers_is_refused() -> None:
    prepared = shaken(prepare(tiny_model("llama"), MethodSettings(rank=4)))
    assert check_merged(prepared.model, PROBE) < 1e-4
    assert refused(check_merged, prepared.model, PROBE, tolerance=1e-12) == "training.answers_changed"


def test_reloading_finds_other_weights_and_lost_ties() -> None:
    model = tiny_model("gemma3")
    expected = probe_outputs(model, PROBE)
    assert check_reloaded(expected, lambda: tiny_model("gemma3"), PROBE) == 0.0
    assert refused(check_reloaded, expected, lambda: tiny_model("gemma3", seed=1), PROBE) == "training.answers_changed"
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    assert refused(check_reloaded, expected, lambda: model, PROBE) == "training.untied"


def test_no_number_is_no_equality() -> None:
    model = tiny_model("llama")
    expected = probe_outputs(model, PROBE)
    with torch.no_grad():
        model.model.norm.weight.fill_(float("nan"))
    assert refused(check_reloaded, expected, lambda: model, PROBE) == "training.answers_changed"
    assert difference(expected, expected[:, :-1]) == float("inf")
