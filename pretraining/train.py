"""The training loop: from packed tokens to a checkpoint, resumable, stoppable by SIGTERM after the step in progress.

Batches are a function of seed and step (``stream.py``), the learning rate one of progress (``schedule.py``): by tokens,
or by the wall clock where a budget in seconds is given. Run as ``python -m pretraining.train``.
"""

from __future__ import annotations

import argparse
import json
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pretraining import checkpoint, schedule
from pretraining.config import CONFIGS, Config
from pretraining.model import build, flops_per_token, token_losses
from pretraining.stream import ANSWER, CORPUS, Batch, Stream, pool, weights_of

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class StepResult:
    """Losses of one step in nats a token; NaN where the batch has no such token."""

    loss: float
    corpus: float
    answer: float


class Trainer:
    """A model in training: one object so that tests can step it by hand."""

    def __init__(self, config: Config, build_folder: Path, clock: Clock = time.time) -> None:
        self.config, self.clock = config, clock
        self.stream = Stream(build_folder, config)
        model: torch.nn.Module = build(config.shape, config.seed)
        self.model: Any = model.to(config.device).train()
        self.optimizers = schedule.Optimizers(self.model, config)
        self.position = checkpoint.Position(started=clock(), by_clock=config.budget_s is not None)
        self._losses: Callable[[Any, torch.Tensor], torch.Tensor] = (
            torch.compile(token_losses, dynamic=False) if config.compile else token_losses
        )

    def progress(self) -> float:
        """How much of the budget is done, from 0 to 1."""
        if self.config.budget_s is not None:
            return (self.clock() - self.position.started) / self.config.budget_s
        return self.position.tokens / self.config.budget_tokens

    def step(self, batch: Batch) -> StepResult:
        """One update of the weights."""
        config = self.config
        factor = schedule.rate_factor(self.progress(), config)
        weights = torch.from_numpy(weights_of(batch.roles, config)).to(config.device)
        rows = torch.from_numpy(batch.rows).to(config.device)
        total = weights.sum()
        parts = []
        for start in range(0, len(rows), config.micro_rows):
            piece, weight = rows[start : start + config.micro_rows], weights[start : start + config.micro_rows]
            with torch.autocast(config.device, torch.bfloat16, enabled=config.bf16):
                losses = self._losses(self.model, piece)
            torch.autograd.backward((losses * weight).sum() / total)
            parts.append(losses.detach())
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        self.optimizers.step(factor)
        self.position.step += 1
        self.position.tokens += weights.numel()
        return _result(torch.cat(parts), weights, batch)

    def save(self, folder: Path) -> None:
        """Write a checkpoint."""
        checkpoint.save(folder, self.model, self.optimizers.state(), self.position)

    def resume(self, folder: Path) -> bool:
        """Go on from the newest checkpoint of a run folder; False where there is none."""
        path = checkpoint.find(folder)
        if path is None:
            return False
        tensors, self.position = checkpoint.load(path, self.model)
        self.optimizers.load(tensors)
        return True


def _result(losses: torch.Tensor, weights: torch.Tensor, batch: Batch) -> StepResult:
    table = losses.float().cpu().numpy()
    roles = batch.roles[:, 1:]

    def mean(role: int) -> float:
        return float(table[roles == role].mean()) if (roles == role).any() else float("nan")

    weight = weights.cpu().numpy()
    return StepResult(float((table * weight).sum() / weight.sum()), mean(CORPUS), mean(ANSWER))


class Run:
    """A whole run in a folder: steps, log, checkpoints, task accuracy now and then, a clean stop."""

    def __init__(self, trainer: Trainer, folder: Path, build_folder: Path, evaluate_s: float) -> None:
        self.trainer, self.folder, self.build_folder = trainer, folder, build_folder
        self.evaluate_s = evaluate_s
        self.stopped = False
        self._logged = (time.monotonic(), trainer.position.tokens)
        folder.mkdir(parents=True, exist_ok=True)

    def stop(self, *_: object) -> None:
        """Ask for a stop after the step in progress."""
        self.stopped = True

    def go(self, workers: int = 0, limit_s: float | None = None) -> bool:
        """Train until the budget is done (True), or until a stop or ``limit_s`` seconds of this call (False)."""
        trainer, config = self.trainer, self.trainer.config
        begin = saved = evaluated = before = time.monotonic()
        results: list[StepResult] = []
        for batch in self._batches(workers):
            results.append(trainer.step(batch))
            now = time.monotonic()
            trainer.position.train_s += now - before
            if len(results) == config.log_every:
                self._log(results, now)
                results = []
            if now - evaluated > self.evaluate_s:
                self._evaluate()
                evaluated = time.monotonic()
            if trainer.progress() > 1.0 - config.decay and checkpoint.find(self.folder / "stable") is None:
                trainer.save(self.folder / "stable")  # the place from which a longer run goes on
            done = trainer.progress() >= 1.0
            if done or self.stopped or now - saved > config.checkpoint_s or (limit_s and now - begin > limit_s):
                trainer.save(self.folder)
                trainer.stream.reopen()
                saved = time.monotonic()
                if done or self.stopped or (limit_s and now - begin > limit_s):
                    return done
            before = time.monotonic()
        raise AssertionError("batches never end")

    def _batches(self, workers: int) -> Iterator[Batch]:
        trainer, config = self.trainer, self.trainer.config
        if not workers:
            while True:
                yield trainer.stream.batch(trainer.position.step, schedule.stage_at(trainer.progress(), config))
        with pool(self.build_folder, config, workers) as processes:
            from pretraining.stream import worker_batch

            ahead: list[Future[Batch]] = []
            following = trainer.position.step
            while True:
                while len(ahead) < 3 * workers:
                    # Asked ahead: by the tokens that will have been seen when the step comes.
                    by_tokens = following * config.batch_tokens / config.budget_tokens
                    progress = by_tokens if config.budget_s is None else trainer.progress()
                    ahead.append(processes.submit(worker_batch, following, schedule.stage_at(progress, config)))
                    following += 1
                try:
                    yield ahead.pop(0).result()
                except GeneratorExit:
                    for future in ahead:
                        future.cancel()
                    raise

    def _log(self, results: list[StepResult], now: float) -> None:
        trainer = self.trainer
        position = trainer.position
        rate = (position.tokens - self._logged[1]) / (now - self._logged[0])
        self._logged = (now, position.tokens)
        line = {
            "step": position.step,
            "tokens": position.tokens,
            "progress": round(trainer.progress(), 4),
            "loss": _mean([result.loss for result in results]),
            "corpus": _mean([result.corpus for result in results]),
            "answer": _mean([result.answer for result in results]),
            "tokens_per_s": round(rate),
        }
        self._write(line)

    def _evaluate(self) -> None:
        from pretraining.probe import probe

        trainer = self.trainer
        line = {"step": trainer.position.step, "tokens": trainer.position.tokens, **probe(trainer, self.build_folder)}
        trainer.position.curve.append(line)
        self._write(line)

    def _write(self, line: dict[str, Any]) -> None:
        text = json.dumps(line)
        print(text, flush=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(text + "\n")


def _mean(values: list[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return round(float(np.mean(known)), 4) if known else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train, going on from the run folder's checkpoint where there is one.")
    parser.add_argument("--build", type=Path, required=True, help="folder with packed tokens")
    parser.add_argument("--run", type=Path, required=True, help="folder for checkpoint and log")
    parser.add_argument("--config", choices=sorted(CONFIGS), default="cpu")
    parser.add_argument("--budget-tokens", type=int)
    parser.add_argument("--budget-s", type=float, help="train for so many seconds of wall clock in place of tokens")
    parser.add_argument("--limit-s", type=float, help="stop with a checkpoint after so many seconds of this command")
    parser.add_argument("--from", type=Path, dest="weights", help="begin a new run from this checkpoint's weights")
    parser.add_argument("--seed", type=int, help="another seed, and so other batches, for a run that goes on --from")
    parser.add_argument("--evaluate-s", type=float, default=300.0)
    parser.add_argument("--workers", type=int, default=0, help="processes that make batches ahead")
    arguments = parser.parse_args()
    config = CONFIGS[arguments.config].with_budget(arguments.budget_tokens, arguments.budget_s)
    config = replace(config, seed=arguments.seed or config.seed)
    torch.set_float32_matmul_precision("high")
    trainer = Trainer(config, arguments.build)
    went_on = trainer.resume(arguments.run)
    if not went_on and arguments.weights:
        checkpoint.load_weights(arguments.weights, trainer.model)
    flops = flops_per_token(config.shape, config.length)
    print(f"{'going on' if went_on else 'new run'}: {config.name}, {flops / 1e6:.1f} MFLOP a token", flush=True)
    run = Run(trainer, arguments.run, arguments.build, arguments.evaluate_s)
    signal.signal(signal.SIGTERM, run.stop)
    done = run.go(arguments.workers, arguments.limit_s)
    print("done" if done else "stopped", trainer.position.step, "steps", trainer.position.tokens, "tokens", flush=True)


if __name__ == "__main__":
    main()
