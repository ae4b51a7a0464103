"""The steps of a run on token rows: drawn first, seeded, whatever path computes them; then laid out for speed.

Which rows share an update hangs on seed, epoch and rows alone. How the rows of a step become trees and batches
(``layout.py``) changes time and memory only. Called by whoever trains a decoder, before the loop starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.training.batches import Batch, Step
from tunewright.training.layout import CostShape, Trees, plan_layout
from tunewright.training.rows import TokenRow


@dataclass(frozen=True, slots=True)
class StepSettings:
    """How much one update sees.

    Attributes:
        seed: of the run; the epoch is mixed in.
        epochs: how often every row is seen.
        max_tokens: padded tokens of one batch; a longer row stands alone.
        trained_tokens_per_step: a step is full when it holds at least so many trained tokens.
        rows_per_step: with it a step is full at so many rows instead; the last step of an epoch may have fewer.
    """

    seed: int
    epochs: int
    max_tokens: int
    trained_tokens_per_step: int = 4096
    rows_per_step: int | None = None


@dataclass(frozen=True, slots=True)
class StepPlan:
    """The steps of each epoch, and for each batch the trees that its rows form."""

    epochs: tuple[tuple[Step, ...], ...]
    trees: Mapping[Batch, Trees]


def plan_steps(rows: Sequence[TokenRow], settings: StepSettings, *, shape: CostShape, share: bool) -> StepPlan:
    """Draw the steps of a run and lay each of them out.

    Args:
        rows: all rows of the run.
        settings: what a step holds.
        shape: the costs of the model, for the layout.
        share: whether rows that begin alike may become one tree.
    """
    epochs: list[tuple[Step, ...]] = []
    trees: dict[Batch, Trees] = {}
    for epoch in range(settings.epochs):
        steps: list[Step] = []
        for drawn in draw_steps(rows, settings, epoch):
            laid_out = lay_out(rows, drawn, shape, max_tokens=settings.max_tokens, share=share)
            trees |= laid_out
            steps.append(tuple(laid_out))
        epochs.append(tuple(steps))
    return StepPlan(tuple(epochs), trees)


def lay_out(
    rows: Sequence[TokenRow], chosen: Sequence[int], shape: CostShape, *, max_tokens: int, share: bool
) -> dict[Batch, Trees]:
    """The batches of some rows, in their order, each with the trees that its rows form; all by the rows' numbers."""
    layout = plan_layout([rows[row] for row in chosen], shape, max_tokens=max_tokens, share=share)
    stacks = [tuple(tuple(chosen[place] for place in tree) for tree in stack) for stack in layout.batches]
    return {tuple(row for tree in stack for row in tree): stack for stack in stacks}


def draw_steps(rows: Sequence[TokenRow], settings: StepSettings, epoch: int) -> Iterator[tuple[int, ...]]:
    """The rows of each step of an epoch, shuffled; every row is in exactly one step."""
    order = np.random.default_rng([settings.seed, epoch]).permutation(len(rows))
    step: list[int] = []
    held = 0
    for row in order.tolist():
        step.append(row)
        held += rows[row].trained
        if (
            (len(step) >= settings.rows_per_step)
            if settings.rows_per_step
            else held >= settings.trained_tokens_per_step
        ):
            yield tuple(step)
            step, held = [], 0
    if step:
        yield tuple(step)
