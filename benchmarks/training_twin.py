"""The plain twin: a training step as anyone would write it, in torch and transformers alone.

It computes what TRL's ``SFTTrainer`` computes (cross-entropy summed over the trained tokens of a step, divided by their
number, AdamW, clipping), by the model's own logits over all positions. It is the slow reference of the parity tests and
stands for the peer on machines without TRL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from training_curve import Clock, Curve, Recipe, cut

from tunewright.training.rows import TokenRow


@dataclass(frozen=True, slots=True)
class TwinSettings:
    """How a step of ``rows_per_step`` rows is cut: padded batches of ``rows_per_batch``, or rows packed behind each
    other into sequences of at most ``packed_tokens``."""

    rows_per_step: int
    rows_per_batch: int
    packed_tokens: int | None = None


class TwinPeer:
    """Trains a model on rows in the order given; may be called again and goes on with fresh optimizer state."""

    def __init__(self, model: Any, rows: Sequence[TokenRow], recipe: Recipe, settings: TwinSettings) -> None:
        self._model = model
        self._rows = rows
        self._recipe = recipe
        self._settings = settings

    def train(self, max_steps: int | None = None, keep_gradients: bool = False) -> Curve:
        """One pass over the rows, or the first ``max_steps`` steps of it."""
        curve, recipe, model = Curve(), self._recipe, self._model.train()
        steps = cut(range(len(self._rows)), self._settings.rows_per_step)[:max_steps]
        named = {name: part for name, part in model.named_parameters() if part.requires_grad}
        optimizer = torch.optim.AdamW(
            named.values(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        clock = Clock()
        for number, step in enumerate(steps):
            weight = sum(self._rows[row].weight for row in step)
            total = 0.0
            for batch in self._batches(step):
                with recipe.precision.autocast():
                    loss = batch_loss(model, [self._rows[row] for row in batch], self._settings.packed_tokens)
                torch.autograd.backward(loss / weight)
                total += float(loss.detach())
            norm = nn.utils.clip_grad_norm_(named.values(), recipe.clip_norm or float("inf"))
            if keep_gradients:
                curve.gradients = {n: p.grad.clone() for n, p in named.items() if p.grad is not None}
            for group in optimizer.param_groups:
                group["lr"] = recipe.learning_rate * recipe.factor(number, len(steps))
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            curve.losses.append(total / weight)
            curve.norms.append(float(norm))
            clock.note(curve)
        return curve

    def _batches(self, step: Sequence[int]) -> list[tuple[int, ...]]:
        if self._settings.packed_tokens is None:
            return cut(step, self._settings.rows_per_batch)
        lengths = {row: self._rows[row].tokens for row in step}
        return first_fit(lengths, self._settings.packed_tokens)


def first_fit(lengths: dict[int, int], most: int) -> list[tuple[int, ...]]:
    """Rows into bins of at most ``most`` tokens, longest first, each into the first bin with room."""
    bins: list[tuple[int, list[int]]] = []
    for row in sorted(lengths, key=lambda row: -lengths[row]):
        for place, (held, members) in enumerate(bins):
            if held + lengths[row] <= most:
                bins[place] = (held + lengths[row], [*members, row])
                break
        else:
            bins.append((lengths[row], [row]))
    return [tuple(members) for _, members in bins]


def batch_loss(model: Any, rows: Sequence[TokenRow], packed: int | None) -> Tensor:
    """The summed, weighted cross-entropy of rows by the model's own logits over every position."""
    device = next(model.parameters()).device
    ids, weights, arguments = packed_inputs(rows) if packed is not None else padded_inputs(rows)
    ids, weights = ids.to(device), weights.to(device)
    arguments = {name: value.to(device) for name, value in arguments.items()}
    logits = model(input_ids=ids, use_cache=False, **arguments).logits[:, :-1].float()
    nll = nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    return (nll * weights[:, 1:].flatten()).sum()


def padded_inputs(rows: Sequence[TokenRow]) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """``[B, T]`` ids and weights, padded on the right, with the usual attention mask."""
    size = max(row.tokens for row in rows)
    ids = np.zeros((len(rows), size), dtype=np.int64)
    weights = np.zeros((len(rows), size), dtype=np.float32)
    mask = np.zeros((len(rows), size), dtype=np.int64)
    for number, row in enumerate(rows):
        ids[number, : row.tokens], weights[number, : row.tokens] = row.ids, row.weights
        mask[number, : row.tokens] = 1
    return torch.from_numpy(ids), torch.from_numpy(weights), {"attention_mask": torch.from_numpy(mask)}


def packed_inputs(rows: Sequence[TokenRow]) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """``[1, T]`` ids and weights, one row behind the other; transformers finds the borders by the positions."""
    ids = np.concatenate([row.ids for row in rows]).astype(np.int64)
    weights = np.concatenate([row.weights for row in rows])
    positions = np.concatenate([np.arange(row.tokens) for row in rows])
    return (
        torch.from_numpy(ids)[None],
        torch.from_numpy(weights)[None],
        {"position_ids": torch.from_numpy(positions)[None]},
    )
