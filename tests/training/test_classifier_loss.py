"""The loss of a classifier and of its rows: the same weights as without a history, and exact losses of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tunewright.language.encoder import load_encoder
from tunewright.language.files import locate
from tunewright.training.batches import Batch, plan_epochs
from tunewright.training.classifier import Classifier, Targets, parameter_groups, predict
from tunewright.training.classifier_loss import SmoothedLoss, least_losses
from tunewright.training.encoder_tuning import LabelledRows, TuningSettings, tune
from tunewright.training.loop import EpochLog, LoopSettings, StepLog, Watch, train
from tunewright.training.precision import Precision
from tunewright.training.tuned_classifier import new_classifier

FP32 = Precision("cpu", "fp32", "for tests")
ROWS = [[2, 5, 6, 3], [2, 7, 3], [2, 8, 9, 10, 3], [2, 5, 9, 3], [2, 11, 3], [2, 6, 6, 7, 3]]
TARGETS = np.array([0, 1, 2, 0, 1, 2])
SETS = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]], dtype=np.bool_)
HEAD = np.random.default_rng(0).normal(size=(3, 32))
BOTH = pytest.mark.parametrize("targets", [TARGETS, SETS], ids=["one label", "several"])


def make_model(tiny_encoder: Path, targets: Targets) -> Classifier:
    several = targets.ndim == 2
    return new_classifier(load_encoder(locate(str(tiny_encoder))), HEAD, np.zeros(3), several=several).model


def plain_loss(model: Classifier, targets: Targets, smoothing: float) -> Callable[[Batch], tuple[Tensor, float]]:
    """The twin that keeps no history."""
    wanted = torch.from_numpy(targets)

    def loss(batch: Batch) -> tuple[Tensor, float]:
        logits, right = model.logits_of([ROWS[row] for row in batch]), wanted[list(batch)]
        if targets.ndim == 2:
            soft = right.float() * (1.0 - smoothing) + smoothing / 3
            return nn.functional.binary_cross_entropy_with_logits(logits, soft, reduction="sum"), float(len(batch))
        value = nn.functional.cross_entropy(logits, right, label_smoothing=smoothing, reduction="sum")
        return value, float(len(batch))

    return loss


@BOTH
def test_the_weights_are_those_of_a_run_without_history_bit_for_bit(tiny_encoder: Path, targets: Targets) -> None:
    plan = plan_epochs([len(row) for row in ROWS], rows_per_step=4, max_tokens=12, seed=0, epochs=3)
    states, logs = [], []
    for kept in (False, True):
        model = make_model(tiny_encoder, targets)
        loss = SmoothedLoss(model, ROWS, targets, 0.1) if kept else plain_loss(model, targets, 0.1)
        settings = LoopSettings(seed=0, precision=FP32, patience=9)
        result = train(model, parameter_groups(model, 1e-2, 1.0, 0.1), plan, loss, lambda: 0.0, settings)
        states.append(model.state_dict())
        logs.append(result.epochs)
    assert logs[0] == logs[1]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@BOTH
def test_the_mean_of_the_row_losses_of_a_step_is_the_loss_of_the_step(tiny_encoder: Path, targets: Targets) -> None:
    """With dropout, and with steps that are cut into several batches."""
    model = make_model(tiny_encoder, targets)
    plan = plan_epochs([len(row) for row in ROWS], rows_per_step=4, max_tokens=8, seed=0, epochs=2)
    loss = SmoothedLoss(model, ROWS, targets, 0.1)
    steps: list[StepLog] = []
    taken: list[NDArray[np.float32]] = []

    def step_done(log: StepLog) -> None:
        steps.append(log)
        taken.append(loss.take_row_losses())

    settings = LoopSettings(seed=0, precision=FP32, patience=9)
    watch = Watch(step=step_done)
    train(model, parameter_groups(model, 1e-2, 1.0, 0.1), plan, loss, lambda: 0.0, settings, watch)
    planned = [[row for batch in step for row in batch] for epoch in plan for step in epoch]
    assert len(planned) == len(steps) == 4
    assert any(len(step) > 1 for epoch in plan for step in epoch)
    for rows, log, losses in zip(planned, steps, taken, strict=True):
        assert np.flatnonzero(~np.isnan(losses)).tolist() == sorted(rows)
        assert float(losses[rows].astype(np.float64).mean()) == pytest.approx(log.loss, rel=1e-6)


def test_the_loss_of_each_row_by_hand(tiny_encoder: Path) -> None:
    model = make_model(tiny_encoder, TARGETS)
    loss = SmoothedLoss(model, ROWS, TARGETS, label_smoothing=0.3)
    loss((4, 0))
    found = loss.take_row_losses()
    logs = np.log(predict(model, ROWS).astype(np.float64))
    wanted = -((0.1 + 0.7 * np.eye(3)[TARGETS]) * logs).sum(axis=1)
    assert found[[0, 4]] == pytest.approx(wanted[[0, 4]], abs=1e-5)
    assert np.isnan(found[[1, 2, 3, 5]]).all()
    assert np.isnan(loss.take_row_losses()).all()


def test_the_least_loss_is_that_of_a_model_that_says_what_the_target_says() -> None:
    soft = np.array([0.1, 0.1, 0.8])
    assert least_losses(np.array([2, 0]), 3, 0.3) == pytest.approx([-(soft * np.log(soft)).sum()] * 2)
    assert least_losses(np.array([2, 0]), 3, 0.0).tolist() == [0.0, 0.0]
    assert least_losses(np.array([0]), 1, 0.3).tolist() == [0.0]
    logits = torch.from_numpy(np.log(soft)[None])
    reached = nn.functional.cross_entropy(logits, torch.tensor([2]), label_smoothing=0.3)
    assert float(reached) == pytest.approx(float(least_losses(np.array([2]), 3, 0.3)[0]))
    several = torch.tensor([[0.8, 0.1, 0.8]])
    entropy = nn.functional.binary_cross_entropy(several, several, reduction="sum")
    assert least_losses(np.array([[True, False, True]]), 3, 0.3)[0] == pytest.approx(float(entropy))
    assert least_losses(np.array([[True, False]]), 2, 0.0).tolist() == [0.0]


@pytest.mark.parametrize("rates", [(1e-2,), (1e-2, 5e-3)])
def test_tuning_keeps_the_losses_of_every_attempt_in_the_order_of_its_rows(
    tiny_encoder: Path, rates: Sequence[float]
) -> None:
    settings = TuningSettings(
        learning_rates=tuple(rates), epochs=3, search_epochs=1, search_rows=3, rows_per_step=2, label_smoothing=0.05,
        patience=9, head_factor=1.0, weight_decay=0.0, seed=0,
    )  # fmt: skip
    logs: list[EpochLog] = []
    rows = LabelledRows(ROWS, TARGETS)
    watch = replace(Watch(), epoch=logs.append)
    attempts = tune(make_model(tiny_encoder, TARGETS), rows, rows, lambda _: 0.0, settings, FP32, watch)
    searched = len(rates) if len(rates) > 1 else 0
    assert [np.shape(one.row_losses) for one in attempts] == [(1, 3)] * searched + [(3, 6)]
    for log, losses in zip(logs, (epoch for one in attempts for epoch in one.row_losses), strict=True):
        assert not np.isnan(losses).any()
        assert float(losses.astype(np.float64).mean()) == pytest.approx(log.train_loss, rel=1e-6)
