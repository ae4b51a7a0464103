"""Which rows share a step: a seeded shuffle, rows of like length together, a cap on padded tokens.

Steps are drawn first and depend on seed, epoch and lengths alone; a step that holds too many tokens for memory is cut
into several batches whose gradients are added up. Called by whoever trains, before the loop starts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Batch = tuple[int, ...]
Step = tuple[Batch, ...]

_POOL_STEPS = 16


def plan_epoch(
    lengths: Sequence[int], *, rows_per_step: int, max_tokens: int, seed: int, epoch: int
) -> tuple[Step, ...]:
    """The steps of one epoch; every row is in exactly one batch.

    Args:
        lengths: tokens of each row.
        rows_per_step: rows that one update sees; the last step of an epoch may have fewer.
        max_tokens: padded tokens of one batch (rows times longest row); a longer row stands alone.
        seed: of the run; the epoch is mixed in.
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(sizes))
    steps: list[Step] = []
    for start in range(0, len(order), rows_per_step * _POOL_STEPS):
        window = order[start : start + rows_per_step * _POOL_STEPS]
        window = window[np.argsort(sizes[window], kind="stable")]
        rows = [window[at : at + rows_per_step] for at in range(0, len(window), rows_per_step)]
        steps += [_cut(sizes, step, max_tokens) for step in rows]
    return tuple(steps[position] for position in random.permutation(len(steps)))


def plan_epochs(
    lengths: Sequence[int], *, rows_per_step: int, max_tokens: int, seed: int, epochs: int
) -> tuple[tuple[Step, ...], ...]:
    """The steps of all epochs of a run."""
    return tuple(
        plan_epoch(lengths, rows_per_step=rows_per_step, max_tokens=max_tokens, seed=seed, epoch=epoch)
        for epoch in range(epochs)
    )


def _cut(sizes: NDArray[np.int64], rows: NDArray[np.int64], max_tokens: int) -> Step:
    batches: list[list[int]] = [[]]
    for row in rows:  # rows come in rising length, so the newest row is the longest of its batch
        if batches[-1] and (len(batches[-1]) + 1) * int(sizes[row]) > max_tokens:
            batches.append([])
        batches[-1].append(int(row))
    return tuple(tuple(batch) for batch in batches)
