"""The trained-token head against the full logits: value and gradient."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from families import VOCABULARY, gradients_of, model_of, relative_difference, row_of
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tunewright.training import head as head_module
from tunewright.training.forward import PathFlags
from tunewright.training.head import HeadSpec, head_spec, linear_cross_entropy, trained_token_loss
from tunewright.training.loss import DecoderLoss

SPECS = (HeadSpec(), HeadSpec(scale=0.3), HeadSpec(softcap=3.0), HeadSpec(scale=2.0, softcap=1.5))


def slow(
    hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, weights: Tensor, spec: HeadSpec
) -> Tensor:
    logits = nn.functional.linear(hidden, weight, bias) * spec.scale
    if spec.softcap:
        logits = spec.softcap * torch.tanh(logits / spec.softcap)
    nll = nn.functional.cross_entropy(logits, targets, reduction="none")
    return (nll * weights).sum()


def numbers(rows: int, hidden: int = 12, vocabulary: int = 37, seed: int = 0) -> tuple[Tensor, ...]:
    random = torch.Generator().manual_seed(seed)
    return (
        torch.randn(rows, hidden, generator=random).requires_grad_(),
        (torch.randn(vocabulary, hidden, generator=random) * 0.7).requires_grad_(),
        torch.randn(vocabulary, generator=random).requires_grad_(),
        torch.randint(vocabulary, (rows,), generator=random),
        torch.rand(rows, generator=random) * 2,
    )


def compare(ours: Tensor, theirs: Tensor, leaves: list[Tensor], tolerance: float) -> None:
    found = torch.autograd.grad(ours * 1.7, leaves)
    wanted = torch.autograd.grad(theirs * 1.7, leaves)
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=0.0)
    for one, other in zip(found, wanted, strict=True):
        assert float((one - other).norm() / other.norm()) < tolerance


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("chunk_rows", [1, 7, 1000])
def test_equal_to_full_logits(
    spec: HeadSpec, with_bias: bool, chunk_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_module, "_FEWEST_ROWS", 1)
    monkeypatch.setitem(head_module._CHUNK_BYTES, "cpu", chunk_rows * 4 * 37)
    hidden, weight, bias, targets, weights = numbers(23)
    used = bias if with_bias else None
    ours, nll = linear_cross_entropy(hidden, weight, used, targets, weights, spec)
    assert not nll.requires_grad
    torch.testing.assert_close((nll * weights).sum(), ours.detach())
    leaves = [hidden, weight, bias] if with_bias else [hidden, weight]
    compare(ours, slow(hidden, weight, used, targets, weights, spec), leaves, 1e-6)


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(1, 90), vocabulary=st.integers(2, 60), seed=st.integers(0, 99), spec=st.sampled_from(SPECS))
def test_random_shapes(rows: int, vocabulary: int, seed: int, spec: HeadSpec) -> None:
    hidden, weight, bias, targets, weights = numbers(rows, 5, vocabulary, seed)
    ours, _ = linear_cross_entropy(hidden, weight, bias, targets, weights, spec)
    wanted = slow(*(part.double() for part in (hidden, weight, bias)), targets, weights.double(), spec)
    compare(ours, wanted.float(), [hidden, weight, bias], 2e-5)


def test_only_the_gradients_that_are_needed() -> None:
    hidden, weight, bias, targets, weights = numbers(9)
    ours, _ = linear_cross_entropy(hidden, weight.detach(), bias.detach(), targets, weights, HeadSpec())
    (found,) = torch.autograd.grad(ours, [hidden])
    (wanted,) = torch.autograd.grad(slow(hidden, weight, bias, targets, weights, HeadSpec()), [hidden])
    torch.testing.assert_close(found, wanted)
    with torch.no_grad():
        value, _ = linear_cross_entropy(hidden, weight, bias, targets, weights, HeadSpec())
    assert not value.requires_grad
    torch.testing.assert_close(value, ours.detach())


def test_a_second_backward_pass_is_refused() -> None:
    hidden, weight, _, targets, weights = numbers(4)
    loss, _ = linear_cross_entropy(hidden, weight, None, targets, weights, HeadSpec())
    loss.backward(retain_graph=True)  # type: ignore[no-untyped-call]
    with pytest.raises(RuntimeError, match="but once"):
        loss.backward()  # type: ignore[no-untyped-call]


def test_bfloat16_products_stay_near() -> None:
    hidden, weight, bias, targets, weights = numbers(64, 32, 101)
    exact = slow(hidden, weight, bias, targets, weights, HeadSpec())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours, nll = linear_cross_entropy(hidden, weight, bias, targets, weights, HeadSpec())
    assert nll.dtype == torch.float32
    compare(ours, exact, [hidden, weight, bias], 1e-2)


def test_nothing_to_predict_gives_a_connected_zero() -> None:
    model = model_of("llama")
    loss, weight = DecoderLoss(model, [row_of([5, 6, 7], {})])((0,))
    assert (float(loss.detach()), weight) == (0.0, 0.0)
    value, gradients = gradients_of(model, loss)
    assert value == 0.0
    assert all(float(gradient.abs().sum()) == 0.0 for gradient in gradients)
    plain, _ = DecoderLoss(model, [row_of([5, 6, 7], {})], PathFlags.none())((0,))
    assert float(plain.detach()) == 0.0
    assert plain.requires_grad


@pytest.mark.parametrize("keep", [{"modules_to_save": ["lm_head"]}, {"head": True}])
def test_an_adapted_head_computes_its_own_gradients(keep: dict[str, Any]) -> None:
    import peft

    model = model_of("llama")
    targets = ["q_proj", "lm_head"] if "head" in keep else ["q_proj"]
    saved = keep.get("modules_to_save")
    adapted = peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules=targets, modules_to_save=saved))
    spec = head_spec(adapted)
    assert isinstance(spec, HeadSpec)
    random = torch.Generator().manual_seed(0)
    hidden = torch.randn(11, 32, generator=random).requires_grad_()
    targets_of = torch.randint(VOCABULARY, (11,), generator=random)
    weights = torch.rand(11, generator=random)
    ours, nll = trained_token_loss(adapted, spec, hidden, targets_of, weights)
    logits = adapted.get_base_model().lm_head(hidden)
    theirs = (nn.functional.cross_entropy(logits, targets_of, reduction="none") * weights).sum()
    assert len(nll) == 11
    _, found = gradients_of(adapted, ours)
    _, wanted = gradients_of(adapted, theirs)
    assert sum(float(part.abs().sum()) for part in wanted) > 0
    assert relative_difference(found, wanted) < 1e-6


def test_head_specs() -> None:
    from transformers import CohereConfig, CohereForCausalLM, GraniteConfig, GraniteForCausalLM

    sizes: dict[str, Any] = {"vocab_size": 50, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    sizes |= {
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    assert head_spec(model_of("llama")) == HeadSpec()
    assert head_spec(model_of("gemma2")) == HeadSpec(softcap=2.0)
    granite = GraniteForCausalLM(GraniteConfig(**sizes, logits_scaling=8.0))
    assert head_spec(granite) == HeadSpec(scale=0.125)
    assert head_spec(CohereForCausalLM(CohereConfig(**sizes, logit_scale=0.25))) == HeadSpec(scale=0.25)
    stranger = model_of("llama")
    stranger.config.logits_scaling = 4.0
    assert "llama scales" in str(head_spec(stranger))
