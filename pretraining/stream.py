"""Batches: rows of the corpus and rows of generated tasks, as a pure function of seed and step.

Nothing is remembered between steps, so that going on after a stop gives the batches that would have come. Task shards
that appear in the folder are seen when a ``Stream`` is opened or ``reopen`` is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pretraining.config import Config, Stage
from pretraining.tokenizer import ASSISTANT, BOS, END, PAD, SPECIAL, USER

CORPUS, PROMPT, ANSWER, PADDING = 0, 1, 2, 3
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Batch:
    """Token rows ``[B, L+1]`` and what each token is (``CORPUS``, ``PROMPT``, ``ANSWER``, ``PADDING``)."""

    rows: NDArray[np.int64]
    roles: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shard:
    """Generated tasks: tokens and answer mask ``[T]``, and the bounds ``[N+1]`` of the tasks."""

    tokens: NDArray[np.uint16]
    mask: NDArray[np.uint8]
    bounds: NDArray[np.int64]


class Stream:
    """Draws batches from the packed corpus and the task shards of a build folder."""

    def __init__(self, folder: Path, config: Config) -> None:
        self._folder, self._config = folder, config
        names = [name for name, _ in config.corpus_weights]
        self._parts = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in names]
        weights = np.array([weight for _, weight in config.corpus_weights])
        self._weights = weights / weights.sum()
        self._shards: list[Shard] = []
        self.shard_names: list[str] = []
        self.reopen()

    def reopen(self) -> None:
        """Look for task shards again."""
        paths = sorted(self._folder.glob("tasks-*.npz"))
        if [path.name for path in paths] == self.shard_names:
            return
        self._shards = [_read_shard(path) for path in paths]
        self.shard_names = [path.name for path in paths]

    def batch(self, step: int, stage: Stage) -> Batch:
        """The batch of one step; every ``long_every``-th step has rows of ``long_length`` tokens."""
        config = self._config
        length = config.long_length if step % config.long_every == config.long_every - 1 else config.length
        count = max(1, config.batch_tokens // length)
        rng = np.random.default_rng([config.seed, step])
        tasks = _rounded(rng, stage.tasks * count)
        copies = _rounded(rng, stage.copies * count) if stage.copies else 0
        rows = np.empty((count, length + 1), np.int64)
        roles = np.full((count, length + 1), CORPUS, np.uint8)
        for at in range(count):
            if at < tasks:
                rows[at], roles[at] = self._task_row(rng, length + 1)
            elif at < tasks + copies:
                rows[at], roles[at] = copy_row(rng, length + 1, self._parts[0], config.shape.vocabulary)
            else:
                part = self._parts[rng.choice(len(self._parts), p=self._weights)]
                start = int(rng.integers(0, max(1, len(part) - length - 1)))
                rows[at] = part[start : start + length + 1]
        return Batch(rows, roles)

    def _task_row(self, rng: np.random.Generator, length: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        row = np.full(length, PAD, np.int64)
        roles = np.full(length, PADDING, np.uint8)
        filled, misses = 0, 0
        while filled < length and misses < _TRIES:
            shard = self._shards[int(rng.integers(len(self._shards)))]
            task = int(rng.integers(len(shard.bounds) - 1))
            start, end = int(shard.bounds[task]), int(shard.bounds[task + 1])
            if filled + end - start > length and filled > 0:
                misses += 1
                continue
            end = min(end, start + length - filled)
            row[filled : filled + end - start] = shard.tokens[start:end]
            roles[filled : filled + end - start] = PROMPT + shard.mask[start:end]
            filled += end - start
        return row, roles


def copy_row(
    rng: np.random.Generator, length: int, source: NDArray[np.uint16], vocabulary: int
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Random tokens that come again, plainly or as a user's text and the assistant's answer; only the copy is trained.

    Most rows draw tokens as often as they occur in ``source``, so that the first to be copied are well-known ones.

    Whatever takes words from its prompt needs to find what followed a token before; random tokens, which nothing else
    predicts, teach it soonest (induction heads: Olsson et al. 2022, arXiv 2209.11895).
    """
    row = np.full(length, PAD, np.int64)
    roles = np.full(length, PADDING, np.uint8)
    row[0], filled = BOS, 1
    as_chat, frequent = rng.random() < 0.5, rng.random() < 0.7
    while filled < length:
        some = rng.integers(len(SPECIAL), vocabulary, int(rng.integers(2, 40)))
        if frequent:
            drawn = source[rng.integers(0, len(source), len(some))]
            some = np.where(drawn >= len(SPECIAL), drawn, some)
        before, after = ([USER], [END, ASSISTANT]) if as_chat else ([], [])
        piece = np.concatenate([before, some, after, some, [END]]).astype(np.int64)
        trained = np.concatenate([np.zeros(len(before) + len(some) + len(after)), np.ones(len(some) + 1)])
        end = min(length, filled + len(piece))
        row[filled:end] = piece[: end - filled]
        roles[filled:end] = np.where(trained[: end - filled] == 1, CORPUS, PADDING)
        filled = end
    return row, roles


def _rounded(rng: np.random.Generator, wanted: float) -> int:
    return int(wanted) + int(rng.random() < wanted - int(wanted))


def _read_shard(path: Path) -> Shard:
    with np.load(path) as loaded:
        tokens = loaded["tokens"]
        return Shard(tokens, loaded["mask"], np.append(loaded["starts"], len(tokens)))


def weights_of(roles: NDArray[np.uint8], config: Config) -> NDArray[np.float32]:
    """Loss weight of each predicted token: roles ``[B, L+1]``, answer ``[B, L]``."""
    table = np.array([1.0, config.prompt_weight, config.answer_weight, 0.0], np.float32)
    return table[roles[:, 1:]]


_STREAM: Stream | None = None


def open_worker(folder: Path, config: Config) -> None:
    """Open the stream of a worker process."""
    global _STREAM
    _STREAM = Stream(folder, config)


def worker_batch(step: int, stage: Stage) -> Batch:
    """The batch of one step, in a worker process."""
    assert _STREAM is not None
    return _STREAM.batch(step, stage)


def pool(folder: Path, config: Config, workers: int) -> Any:
    """Processes that make batches ahead of the steps."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(workers, get_context("spawn"), open_worker, (folder, config))
