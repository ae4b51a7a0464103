"""A killed run goes on from its checkpoint and ends with the same weights, bit for bit."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tunewright.errors import Cancelled, InputError, WorkError
from tunewright.training import checkpoints as module
from tunewright.training.batches import Batch, Step
from tunewright.training.checkpoints import Checkpoints
from tunewright.training.loop import LoopResult, LoopSettings, ParameterGroup, StepLog, Watch, train
from tunewright.training.precision import Precision

ROWS = torch.linspace(-1.0, 1.0, 24).reshape(12, 2)
TARGETS = ROWS @ torch.tensor([1.5, -0.5]) + 0.25
PLAN: list[list[Step]] = [
    [((0, 1), (2, 3)), ((4, 5, 6, 7),), ((8, 9, 10, 11),)],
    [((11, 3, 5), (7,)), ((0, 2, 4, 6),), ((1, 8, 9, 10),)],
    [((2, 7, 1, 8),), ((0, 3, 9, 5),), ((4, 11), (6, 10))],
]
SETTINGS = LoopSettings(seed=5, precision=Precision("cpu", "fp32", "for tests"), schedule="cosine", patience=9)


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the program catches it."""


def make_model() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.3), nn.Tanh(), nn.Linear(8, 1))


def run(
    folder: Path,
    *,
    die_at: int | None = None,
    cancel_at: int | None = None,
    every: float = 0.0,
    fingerprint: dict[str, str] | None = None,
) -> tuple[nn.Sequential, LoopResult, list[StepLog]]:
    model, seen = make_model(), list[StepLog]()

    def loss(batch: Batch) -> tuple[Tensor, float]:
        rows = list(batch)
        return ((model(ROWS[rows]).squeeze(1) - TARGETS[rows]) ** 2).sum(), float(len(rows))

    def step(log: StepLog) -> None:
        seen.append(log)
        if log.step == die_at:
            raise Killed

    def measure() -> float:
        return math.sin(1e3 * float(model[3].bias))  # goes up and down, and hangs on the weights alone

    groups = [ParameterGroup(list(model.parameters()), 0.02, 0.1)]
    watch = Watch(step=step, cancelled=lambda: cancel_at is not None and len(seen) >= cancel_at)
    kept = Checkpoints(folder, fingerprint or {"data": "abc"}, every_seconds=every)
    result = train(model, groups, PLAN, loss, measure, SETTINGS, watch, kept)
    return model, result, seen


def weights(model: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in model.parameters()]


def assert_same(one: nn.Module, other: nn.Module) -> None:
    for left, right in zip(weights(one), weights(other), strict=True):
        assert torch.equal(left, right)


@pytest.mark.parametrize("die_at", range(1, 10))
def test_killed_at_any_step_ends_with_the_same_weights(die_at: int, tmp_path: Path) -> None:
    whole, expected, all_steps = run(tmp_path / "whole")
    assert expected.best_epoch < 3, "the best weights must come from a file for this test to mean anything"
    with pytest.raises(Killed):
        run(tmp_path / "killed", die_at=die_at)
    again, result, steps = run(tmp_path / "killed")
    assert_same(whole, again)
    assert result == expected
    assert steps[0].step == die_at  # the killed step had not been kept; every step before it was
    assert [(s.step, s.loss, s.gradient_norm) for s in steps] == [
        (s.step, s.loss, s.gradient_norm) for s in all_steps[die_at - 1 :]
    ]


@pytest.mark.parametrize("cancel_at", [1, 4, 8])
def test_a_clean_stop_in_the_middle_of_a_step_keeps_all_steps_before_it(cancel_at: int, tmp_path: Path) -> None:
    whole, expected, _ = run(tmp_path / "whole")
    with pytest.raises(Cancelled):
        run(tmp_path / "stopped", cancel_at=cancel_at, every=1e9)
    again, result, steps = run(tmp_path / "stopped", every=1e9)
    assert_same(whole, again)
    assert (result, steps[0].step) == (expected, cancel_at + 1)


def test_checkpoints_change_nothing_and_a_finished_run_only_hands_back_its_result(tmp_path: Path) -> None:
    whole, expected, _ = run(tmp_path / "a", every=1e9)
    often, result, _ = run(tmp_path / "b")
    assert_same(whole, often)
    finished, once_more, steps = run(tmp_path / "b")
    assert_same(whole, finished)
    assert (result, once_more, steps) == (expected, expected, [])


def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(tmp_path: Path) -> None:
    whole, expected, _ = run(tmp_path / "whole")
    with pytest.raises(Killed):
        run(tmp_path / "killed", die_at=6)
    newest = sorted(tmp_path.glob("killed/step-*"))[-1]
    (newest / "weights.safetensors").write_bytes(b"half a file")
    again, result, steps = run(tmp_path / "killed")
    assert_same(whole, again)
    assert (result, steps[0].step) == (expected, 5)


def test_another_run_is_refused_and_names_what_differs(tmp_path: Path) -> None:
    run(tmp_path / "state", fingerprint={"data": "abc", "base": "x"})
    with pytest.raises(InputError) as caught:
        run(tmp_path / "state", fingerprint={"data": "def", "base": "x", "seed": "1"})
    assert caught.value.code == "training.other_run"
    assert caught.value.why == "these are not the same: data, seed"


def test_a_full_disk_is_said_and_the_checkpoint_before_still_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, expected, _ = run(tmp_path / "whole")
    writes = [0]
    original: Callable[..., None] = module.save_file

    def full(*arguments: object) -> None:
        writes[0] += 1
        if writes[0] > 7:
            raise OSError(28, os.strerror(28))
        original(*arguments)

    monkeypatch.setattr(module, "save_file", full)
    with pytest.raises(WorkError) as caught:
        run(tmp_path / "full")
    assert caught.value.code == "training.cannot_save"
    assert "No space left" in str(caught.value)
    monkeypatch.setattr(module, "save_file", original)
    again, result, _ = run(tmp_path / "full")
    assert_same(whole, again)
    assert result == expected


def test_few_files_are_left(tmp_path: Path) -> None:
    run(tmp_path / "state")
    assert len(list(tmp_path.glob("state/step-*"))) == 2
    assert len(list(tmp_path.glob("state/best-*"))) == 1
    assert not list(tmp_path.glob("state/.*"))
