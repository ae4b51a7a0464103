"""The loop: same seed, same steps; stopping and going on changes nothing; the loss falls; schedules."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pretraining.config import CONFIGS
from pretraining.model import build, flops_per_token, token_losses
from pretraining.train import Run, Trainer

from pretraining import checkpoint, schedule

pytestmark = pytest.mark.nightly

TINY = CONFIGS["tiny"]


def losses_of(trainer: Trainer, steps: int) -> list[float]:
    found = []
    for _ in range(steps):
        stage = schedule.stage_at(trainer.progress(), trainer.config)
        found.append(trainer.step(trainer.stream.batch(trainer.position.step, stage)).loss)
    return found


def test_same_seed_gives_the_same_first_200_steps_and_the_loss_falls(build_folder: Path) -> None:
    micro = replace(TINY, batch_tokens=128, budget_tokens=200 * 128)
    first, second = Trainer(micro, build_folder), Trainer(micro, build_folder)
    one, two = losses_of(first, 200), losses_of(second, 200)
    assert one == two
    assert sum(one[-20:]) < 0.8 * 4 * sum(one[:5])
    for left, right in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(left, right)


def test_resuming_gives_the_loss_of_not_stopping(build_folder: Path, tmp_path: Path) -> None:
    straight = losses_of(Trainer(TINY, build_folder), 30)
    stopped = Trainer(TINY, build_folder)
    before = losses_of(stopped, 13)
    stopped.save(tmp_path)
    resumed = Trainer(replace(TINY, seed=TINY.seed), build_folder)
    assert resumed.resume(tmp_path)
    assert resumed.position.step == 13
    assert before + losses_of(resumed, 17) == straight


def test_a_half_written_checkpoint_is_never_taken(build_folder: Path, tmp_path: Path) -> None:
    trainer = Trainer(TINY, build_folder)
    assert checkpoint.find(tmp_path) is None
    assert not trainer.resume(tmp_path)
    trainer.save(tmp_path)
    (tmp_path / "checkpoint.new").mkdir()
    (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.old")
    assert Trainer(TINY, build_folder).resume(tmp_path)
    trainer.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint"]


def test_a_run_stops_on_request_with_a_checkpoint_and_finishes_later(build_folder: Path, tmp_path: Path) -> None:
    config = replace(TINY, budget_tokens=20 * 256, log_every=5)
    run = Run(Trainer(config, build_folder), tmp_path, build_folder, evaluate_s=0.0)
    run.stop()
    assert not run.go()
    assert run.trainer.position.step == 1
    again = Trainer(config, build_folder)
    assert again.resume(tmp_path)
    assert Run(again, tmp_path, build_folder, evaluate_s=1e9).go()
    assert again.position.step == 20
    stable = checkpoint.find(tmp_path / "stable")
    assert stable is not None
    assert json.loads((stable / "position.json").read_text())["step"] == 17
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    probed = next(line for line in lines if "accuracy" in line)
    assert set(probed["val_loss"]) == {"prose", "technical", "dialogues", "qa"}
    assert "new:copying.marked" in probed["accuracy"]


def test_a_budget_of_seconds_follows_the_clock(build_folder: Path) -> None:
    now = [100.0]
    trainer = Trainer(TINY.with_budget(seconds=50.0), build_folder, clock=lambda: now[0])
    now[0] = 125.0
    assert trainer.progress() == 0.5


def test_split_batches_give_the_same_update(build_folder: Path) -> None:
    whole, parts = Trainer(TINY, build_folder), Trainer(replace(TINY, micro_rows=1), build_folder)
    batch = whole.stream.batch(0, TINY.stages[0])
    whole.step(batch)
    parts.step(batch)
    for left, right in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        torch.testing.assert_close(left, right, atol=2e-3, rtol=0)


def test_schedule_warms_up_stays_and_decays() -> None:
    factors = [schedule.rate_factor(progress, TINY) for progress in (0.0, 0.01, 0.02, 0.5, 0.8, 0.9, 1.0)]
    assert factors == pytest.approx([0.02, 0.5, 1.0, 1.0, 1.0, 0.5, 0.01])
    assert [schedule.stage_at(progress, TINY).tasks for progress in (0.0, 0.79, 0.8, 1.0)] == [0.5, 0.5, 0.75, 0.75]


def test_losses_are_next_token_cross_entropy() -> None:
    model = build(TINY.shape, 3)
    with torch.no_grad():
        for layer in model.model.layers:
            layer.mlp.down_proj.weight.normal_(std=0.2)
        rows = torch.randint(0, 512, (2, 9))
        logits = model(input_ids=rows).logits.log_softmax(-1)
        expected = -logits[:, :-1].gather(-1, rows[:, 1:, None])[..., 0]
        torch.testing.assert_close(token_losses(model, rows), expected)


def test_flops_count_every_multiplied_weight() -> None:
    shape = TINY.shape
    matrices = sum(weight.numel() for weight in build(shape, 0).parameters() if weight.ndim == 2)
    assert flops_per_token(shape, 0) == 6.0 * matrices


@pytest.mark.parametrize(("name", "low", "high"), [("small", 3e6, 4e6), ("cpu", 9e6, 11e6), ("gpu", 28e6, 32e6)])
def test_sizes(name: str, low: float, high: float) -> None:
    with torch.device("meta"):
        from pretraining.model import llama_config
        from transformers import LlamaForCausalLM

        count = sum(weight.numel() for weight in LlamaForCausalLM(llama_config(CONFIGS[name].shape)).parameters())
    assert low < count < high
    assert count * 2 < 64e6
    assert CONFIGS[name].shape.context == 2048
