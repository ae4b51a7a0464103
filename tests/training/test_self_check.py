"""The check of gradients: sound models pass, hybrids, strange heads and peeking models are found out."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from families import FAMILIES, gradients_of, model_of, row_of, sharing_rows, with_lora
from torch import Tensor, nn

from tunewright.training.forward import PathFlags
from tunewright.training.loss import DecoderLoss
from tunewright.training.precision import Precision
from tunewright.training.self_check import check_fast_path, probe_rows, relative_error
from tunewright.training.tree import merge

ROWS = sharing_rows()
BF16 = Precision("cpu", "bf16", "for the test")


class RunningMean(nn.Module):
    """A mixing layer as hybrids have it: every token sees the mean of all before it in the sequence."""

    def __init__(self, inner: nn.Module, share: float) -> None:
        super().__init__()
        self.inner = inner
        self.share = share

    def forward(self, states: Tensor) -> Tensor:
        count = torch.arange(1, states.shape[1] + 1, device=states.device)[None, :, None]
        result: Tensor = self.inner(states) + self.share * states.cumsum(dim=1) / count
        return result


class Peeking(nn.Module):
    """Looks at the whole sequence, padding included."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, states: Tensor) -> Tensor:
        result: Tensor = self.inner(states) + states.mean(dim=1, keepdim=True)
        return result


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("adapted", [False, True], ids=["full", "lora"])
def test_sound_models_pass(family: str, adapted: bool) -> None:
    model = with_lora(model_of(family)) if adapted else model_of(family)
    report = check_fast_path(model, ROWS, BF16 if family in ("llama", "gpt2") else None)
    assert report.flags == PathFlags()
    assert report.reasons == ()
    assert max(report.errors[name] for name in ("stack", "head", "share", "tiles")) < 1e-5


@pytest.mark.parametrize("positions", [12, 32, 64])
def test_models_with_few_learned_positions_pass(positions: int) -> None:
    report = check_fast_path(model_of("gpt2", n_positions=positions), ROWS)
    assert report.flags == PathFlags()
    assert report.reasons == ()


@pytest.mark.parametrize("kind", [None, torch.bfloat16])
def test_a_model_that_cannot_be_run_on_the_probe_is_trained_the_plain_way(kind: torch.dtype | None) -> None:
    report = check_fast_path(model_of("gpt2", n_positions=4).to(kind or torch.float32), ROWS, BF16)
    assert report.flags == PathFlags.none()
    assert "cannot be run on a probe (IndexError" in report.reasons[0]


def test_fast_paths_that_fail_under_autocast_are_given_up() -> None:
    model = model_of("llama")
    inner = model.model.layers[0].mlp.forward

    def broken(states: Tensor) -> Tensor:
        if torch.is_autocast_enabled("cpu") and states.shape[0] > 1:
            raise RuntimeError("no such kernel")
        found: Tensor = inner(states)
        return found

    model.model.layers[0].mlp.forward = broken
    report = check_fast_path(model, ROWS, BF16)
    assert report.flags == PathFlags.none()
    assert "no such kernel" in report.reasons[0]


@pytest.mark.parametrize("share", [1.0, 1e-2])
def test_a_hybrid_that_calls_itself_a_transformer_is_found_out(share: float) -> None:
    model = model_of("llama")
    model.model.layers[0].mlp = RunningMean(model.model.layers[0].mlp, share)
    report = check_fast_path(model, ROWS)
    assert report.flags == PathFlags(share=False, tiles=False)
    assert report.errors["head"] < 1e-5
    assert "Rows do not share work: the gradient would be off by" in report.reasons[0]


def test_a_head_with_a_scale_of_its_own_is_found_out() -> None:
    model = model_of("qwen3")
    inner = type(model).forward

    def scaled(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = inner(self, *args, **kwargs)
        found.logits = found.logits * 1.01
        return found

    model.forward = scaled.__get__(model)
    report = check_fast_path(model, ROWS)
    assert report.flags == PathFlags(head=False)
    assert report.reasons[0].startswith("All tokens meet the vocabulary: the gradient would be off")


def test_a_model_that_peeks_is_computed_row_by_row() -> None:
    model = model_of("llama")
    model.model.layers[0].mlp = Peeking(model.model.layers[0].mlp)
    report = check_fast_path(model, ROWS)
    assert not report.flags.stack
    assert not report.flags.share
    assert report.reasons[0].startswith("Rows are computed one by one")


def test_declared_obstacles_are_told_without_trying() -> None:
    model = model_of("llama", attention_dropout=0.1)
    report = check_fast_path(model, ROWS)
    assert report.flags == PathFlags(share=False, tiles=False)
    assert "share" not in report.errors
    assert "dropout" in report.reasons[0]
    assert check_fast_path(model_of("llama"), ROWS, wanted=PathFlags(share=False)).reasons == ()


def test_a_body_that_cannot_be_had_is_no_crash() -> None:
    model = model_of("llama")
    model.get_decoder = lambda: model  # as some models answer, whose output has logits instead of hidden states
    report = check_fast_path(model, ROWS)
    assert report.flags == PathFlags(head=False)
    assert "AttributeError" in report.reasons[0]


def test_prompt_tuning_goes_the_plain_way() -> None:
    """Its own tokens stand before the row, in front of what the body is given."""
    import peft

    config = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)
    model = peft.get_peft_model(model_of("llama"), config)
    report = check_fast_path(model, ROWS)
    assert not report.flags.share
    assert not report.flags.head
    row = ROWS[0]
    loss, _ = DecoderLoss(model, ROWS, report.flags)((0,))
    logits = model(input_ids=torch.from_numpy(row.ids.astype("int64"))[None]).logits[0, 3:-1]
    nll = nn.functional.cross_entropy(logits, torch.from_numpy(row.ids[1:].astype("int64")), reduction="none")
    assert float(loss.detach()) == pytest.approx(
        float((nll * torch.from_numpy(row.weights[1:])).sum().detach()), rel=1e-5
    )


def test_a_narrow_base_under_wide_adapters_is_measured_against_its_noise() -> None:
    model = with_lora(model_of("qwen3").to(torch.bfloat16))
    assert {parameter.dtype for parameter in model.parameters() if parameter.requires_grad} == {torch.float32}
    report = check_fast_path(model, ROWS, BF16)
    assert report.flags == PathFlags()
    assert report.noise > 0.0


def test_broken_bfloat16_is_found_out() -> None:
    model = model_of("llama")
    inner = model.model.layers[0].mlp.forward

    def broken(states: Tensor) -> Tensor:
        found: Tensor = inner(states)
        both = torch.is_autocast_enabled("cpu") and states.shape[0] > 1
        return found * 1.5 if both else found

    model.model.layers[0].mlp.forward = broken
    report = check_fast_path(model, ROWS, BF16)
    assert report.flags == PathFlags.none()
    assert "bfloat16" in report.reasons[0]
    assert check_fast_path(model, ROWS).flags == PathFlags()


def test_the_model_is_as_before() -> None:
    model = with_lora(model_of("gemma3"))
    model.get_base_model().model.layers[1].eval()
    modes = [module.training for module in model.modules()]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    DecoderLoss(model, ROWS)((0,))[0].backward()
    gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    assert gradients
    state = torch.random.get_rng_state()
    check_fast_path(model, ROWS, BF16)
    assert torch.equal(state, torch.random.get_rng_state())
    assert modes == [module.training for module in model.modules()]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    after = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert after.keys() == gradients.keys()
    assert all(torch.equal(after[name], gradients[name]) for name in gradients)


def test_nothing_to_train() -> None:
    model = model_of("llama").requires_grad_(False)
    report = check_fast_path(model, ROWS)
    assert report.flags == PathFlags.none()
    assert "nothing is trained" in report.reasons[0]


def test_bfloat16_weights_are_measured_against_their_own_noise() -> None:
    report = check_fast_path(model_of("llama").to(torch.bfloat16), ROWS)
    assert report.flags == PathFlags()
    assert 0.0 < report.noise < 0.1


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], [row_of([7], {})], [row_of([7, 8], {1: 1.0})] * 3])
def test_probes_branch_and_train_inner_tokens(rows: list[Any]) -> None:
    probe = probe_rows(rows, 30)
    tree = merge(probe[:3])
    assert not tree.is_chain or len(rows) == 3 or rows[0].tokens < 3
    assert len({row.tokens for row in probe}) >= 3
    assert any(row.weights[: row.tokens // 2].any() for row in probe)
    assert all(row.trained for row in probe)


def test_relative_error() -> None:
    wanted = [torch.tensor([3.0, 4.0]), torch.tensor([1e-9])]
    assert relative_error(wanted, wanted) == 0.0
    assert relative_error([torch.tensor([3.0, 4.5]), torch.tensor([0.0])], wanted) == pytest.approx(0.1)
    assert relative_error([torch.tensor([3.0, float("nan")]), wanted[1]], wanted) == float("inf")
    assert relative_error([torch.zeros(2)], [torch.zeros(2)]) == float("inf")


def test_gradients_of_probe_do_not_leak() -> None:
    model = model_of("llama")
    check_fast_path(model, ROWS)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert gradients_of(model, DecoderLoss(model, ROWS)((0,))[0])[0] > 0
