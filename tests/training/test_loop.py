"""The loop on small models: schedule, accumulation, early stop, best weights, guards, randomness."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tunewright.errors import Cancelled, WorkError
from tunewright.training.batches import Batch, Step
from tunewright.training.checkpoints import Checkpoints
from tunewright.training.loop import LoopSettings, ParameterGroup, Watch, schedule_factor, train
from tunewright.training.precision import Precision

FP32 = Precision("cpu", "fp32", "for tests")
ROWS = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, -1.0], [-1.0, 0.5], [0.5, 0.5]], dtype=torch.float32)
TARGETS = ROWS @ torch.tensor([1.5, -0.5]) + 0.25


def make_model(dropout: float = 0.0) -> nn.Sequential:
    model = nn.Sequential(nn.Dropout(dropout), nn.Linear(2, 1))
    with torch.no_grad():
        model[1].weight.copy_(torch.tensor([[0.3, -0.2]]))
        model[1].bias.zero_()
    return model


def squared(model: nn.Module) -> Callable[[Batch], tuple[Tensor, float]]:
    def loss(batch: Batch) -> tuple[Tensor, float]:
        rows = list(batch)
        return ((model(ROWS[rows]).squeeze(1) - TARGETS[rows]) ** 2).sum(), float(len(rows))

    return loss


def group(model: nn.Module, rate: float = 0.05, decay: float = 0.0) -> list[ParameterGroup]:
    return [ParameterGroup(list(model.parameters()), rate, decay)]


def whole(epochs: int) -> list[list[Step]]:
    return [[((0, 1, 2, 3, 4, 5),)]] * epochs


def settings(**changes: object) -> LoopSettings:
    values: dict[str, object] = {"seed": 3, "precision": FP32, "patience": 99}
    return LoopSettings(**{**values, **changes})  # type: ignore[arg-type]


def scores(values: list[float]) -> Callable[[], float]:
    iterator: Iterator[float] = iter(values)
    return lambda: next(iterator)


def test_one_step_is_one_adamw_step_by_hand() -> None:
    # Loshchilov and Hutter 2019, algorithm 2: first step of Adam is rate * sign(gradient) up to epsilon
    model = make_model()
    before = model[1].weight.detach().clone()
    loss_of = squared(model)
    (loss_of((0, 1, 2, 3, 4, 5))[0] / 6).backward()
    sign = model[1].weight.grad.sign()
    model.zero_grad()
    train(model, group(model, rate=0.1, decay=0.5), whole(1), loss_of, lambda: 0.0, settings(warmup_share=0.0))
    factor = schedule_factor(0, 1, settings(warmup_share=0.0))
    expected = before * (1 - 0.1 * factor * 0.5) - 0.1 * factor * sign
    torch.testing.assert_close(model[1].weight.detach(), expected, atol=1e-6, rtol=0)


def test_training_learns_the_line() -> None:
    model = make_model()
    result = train(model, group(model), whole(300), squared(model), lambda: 0.0, settings(patience=999))
    assert result.epochs[-1].train_loss < 1e-3 < 1.0 < result.epochs[0].train_loss


def test_accumulated_batches_equal_one_large_batch() -> None:
    plans: list[list[list[Step]]] = [
        [[((0, 1, 2, 3, 4, 5),)]] * 4,
        [[((0,), (1, 2, 3), (4, 5))]] * 4,
    ]
    weights = []
    for plan in plans:
        model = make_model()
        train(model, group(model), plan, squared(model), scores([1.0, 2.0, 3.0, 4.0]), settings(clip_norm=0.3))
        weights.append(model[1].weight.detach().clone())
    torch.testing.assert_close(weights[0], weights[1], atol=1e-6, rtol=0)
    assert (weights[0] - make_model()[1].weight).abs().max() > 0.01


def test_gradient_is_clipped_to_the_norm() -> None:
    seen: list[float] = []

    model = nn.Linear(2, 1)
    loss_of = squared(model)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[90.0, 90.0]]))
        model.bias.zero_()
    original = torch.optim.AdamW.step

    def step(self: torch.optim.AdamW, *arguments: object) -> object:
        seen.append(float(nn.utils.get_total_norm([p.grad for p in model.parameters()])))
        return original(self, *arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", step)
        result = train(model, group(model), whole(1), loss_of, lambda: 0.0, settings(clip_norm=1.0))
    assert seen == [pytest.approx(1.0, abs=1e-4)]
    assert result.epochs[0].gradient_norm > 10


@pytest.mark.parametrize("on_disk", [False, True])
def test_the_best_epoch_is_restored(on_disk: bool, tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "state", {}) if on_disk else None
    model = make_model()
    kept: list[Tensor] = []
    values = scores([0.1, 0.9, 0.9, 0.3])

    def measure() -> float:
        assert not model.training
        kept.append(model[1].weight.detach().clone())
        return values()

    result = train(
        model, group(model), whole(10), squared(model), measure, settings(patience=2), checkpoints=checkpoints
    )
    assert (result.best_epoch, result.best_score, result.stopped_early) == (2, 0.9, True)
    assert [log.score for log in result.epochs] == [0.1, 0.9, 0.9, 0.3]
    assert torch.equal(model[1].weight.detach(), kept[1])
    assert not torch.equal(kept[1], kept[3])
    assert not model.training


def test_same_seed_same_weights_and_global_randomness_untouched() -> None:
    def run(seed: int) -> Tensor:
        model = make_model(dropout=0.5)
        state = torch.random.get_rng_state()
        train(model, group(model), whole(5), squared(model), scores([1, 2, 3, 4, 5]), settings(seed=seed))
        assert torch.equal(torch.random.get_rng_state(), state)
        return model[1].weight.detach().clone()

    first = run(1)
    assert torch.equal(first, run(1))
    assert not torch.equal(first, run(2))


def test_a_loss_that_is_no_number_names_epoch_step_and_rows() -> None:
    model = make_model()
    plain = squared(model)
    calls: list[int] = []

    def loss(batch: Batch) -> tuple[Tensor, float]:
        calls.append(1)
        value, weight = plain(batch)
        return (value * math.nan if len(calls) == 4 else value), weight

    plan: list[list[Step]] = [[((0, 1),), ((2, 3),)]] * 3
    with pytest.raises(WorkError) as caught:
        train(model, group(model), plan, loss, lambda: 0.0, settings(), Watch(row_name=lambda row: f"T-{row}"))
    assert caught.value.code == "training.diverged"
    assert caught.value.where == "epoch 2, step 2, rows T-2, T-3"


def test_a_loss_that_runs_away_is_stopped() -> None:
    model = make_model()
    with pytest.raises(WorkError, match="run away"):
        train(model, group(model, rate=50.0), whole(60), squared(model), lambda: 0.0, settings())


def test_asked_to_stop_at_a_batch() -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 2

    model = make_model()
    with pytest.raises(Cancelled):
        train(model, group(model), whole(5), squared(model), lambda: 0.0, settings(), Watch(cancelled=cancelled))
    assert len(asked) == 3


def test_progress_reaches_one() -> None:
    seen: list[float] = []
    model = make_model()
    train(model, group(model), whole(4), squared(model), lambda: 0.0, settings(), Watch(progress=seen.append))
    assert seen == [0.25, 0.5, 0.75, 1.0]


def test_schedules_by_hand() -> None:
    linear = settings(warmup_share=0.2)
    assert [schedule_factor(step, 10, linear) for step in (0, 1, 2, 6, 9)] == pytest.approx(
        [1 / 3, 2 / 3, 1.0, 0.5, 0.125]
    )
    cosine = settings(warmup_share=0.2, schedule="cosine")
    assert schedule_factor(2, 10, cosine) == pytest.approx(1.0)
    assert schedule_factor(6, 10, cosine) == pytest.approx(0.5)
    assert schedule_factor(9, 10, cosine) == pytest.approx(0.5 * (1 - math.cos(math.pi / 8)))


def test_autocast_is_on_for_the_loss_and_weights_stay_whole() -> None:
    formats: list[torch.dtype] = []
    model = make_model()
    plain = squared(model)

    def loss(batch: Batch) -> tuple[Tensor, float]:
        formats.append(model(ROWS).dtype)
        return plain(batch)

    train(model, group(model), whole(1), loss, lambda: 0.0, settings(precision=Precision("cpu", "bf16", "")))
    assert formats == [torch.bfloat16]
    assert model[1].weight.dtype == torch.float32


def test_a_first_score_that_is_no_number_is_not_the_best_for_ever() -> None:
    model = make_model()
    measured = scores([math.nan, 0.1, math.nan, 0.05])
    result = train(model, group(model), whole(4), squared(model), measured, settings())
    assert (result.best_epoch, result.best_score) == (2, 0.1)
