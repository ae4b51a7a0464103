"""Attention of many rows to one shared prefix and to their own tokens, as transformers calls it.

Two matrix products and one softmax over both; grouped queries meet their key head without copying it. The mask follows
from lengths and depths alone, so that transformers makes none. Called through ``local_reader.SharedReader``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

NAME = "tunewright_shared_prefix"

_active: list[SharedAttention] = []


@dataclass(slots=True)
class SharedAttention:
    """What one pass must know beside the rows' own keys and values.

    Attributes:
        keys, values: of the prefix, ``[heads, P, D]`` for each layer; empty for no prefix.
        before: ``[R]`` own tokens that each row has read already.
        depths: ``[R or 1, T]`` place of each new token behind them, which fixes its position.
        prefix: number of tokens ``P``.
        sees: ``[R, T, T]`` which new tokens see each other; None for causal.
        level: all rows have read equally many tokens.
    """

    keys: Sequence[Tensor]
    values: Sequence[Tensor]
    before: Tensor
    depths: Tensor
    prefix: int
    sees: Tensor | None
    level: bool
    _hidden: dict[tuple[int, int | None], tuple[Tensor | None, Tensor | None]] = field(default_factory=dict)

    @contextmanager
    def active(self) -> Iterator[None]:
        """For the duration of one pass."""
        _active.append(self)
        try:
            yield
        finally:
            _active.pop()

    def hidden(self, length: int, window: int | None) -> tuple[Tensor | None, Tensor | None]:
        """What is out of sight: of the prefix ``[R, T, P]``, and of the ``length`` own places ``[R, T, length]``; None
        where all is seen. Sliding layers see ``window`` positions back, their own included."""
        key = (length, window)
        if key not in self._hidden:
            self._hidden[key] = self._compute(length, window)
        return self._hidden[key]

    def _compute(self, length: int, window: int | None) -> tuple[Tensor | None, Tensor | None]:
        device, width = self.before.device, int(self.depths.shape[1])
        own = self._own(length, width)
        if window is None:
            return None, own
        places = torch.arange(length, device=device)[None]
        at = self.before[:, None] + self.depths  # [R, T]
        depth_of = places.expand(len(self.before), -1).clone()
        if self.sees is not None:
            spots = self.before[:, None] + torch.arange(width, device=device)
            depth_of.scatter_(1, spots, at)
        far = at[:, :, None] - depth_of[:, None, :] >= window
        own = far if own is None else own | far
        before = torch.arange(self.prefix, device=device) - self.prefix
        return at[:, :, None] - before >= window, own

    def _own(self, length: int, width: int) -> Tensor | None:
        device = self.before.device
        if self.sees is None and self.level and width == 1:
            return None
        places = torch.arange(length, device=device)
        if self.sees is None:
            last = self.before[:, None] + torch.arange(width, device=device)
            return places > last[:, :, None]
        hidden = (places >= self.before[:, None])[:, None, :].repeat(1, width, 1)
        spots = (self.before[:, None] + torch.arange(width, device=device))[:, None, :].expand(-1, width, -1)
        return hidden.scatter(2, spots, ~self.sees)


def shared_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention in transformers' own form: query ``[R, H, T, D]``, own keys and values ``[R, heads, L, D]``; output
    ``[R, T, H, D]``. Scores are made in the model's format, the softmax in float32."""
    state = _active[-1]
    scale = query.shape[3] ** -0.5 if scaling is None else scaling
    hidden_prefix, hidden_own = state.hidden(key.shape[2], sliding_window)
    if state.prefix and query.device.type == "cpu" and hidden_prefix is None and not softcap:
        return _in_two(state, module.layer_idx, query, key, value, hidden_own, scale), None
    return _in_one(state, module.layer_idx, query, key, value, (hidden_prefix, hidden_own), scale, softcap), None


def _in_one(
    state: SharedAttention,
    layer: int,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    hidden: tuple[Tensor | None, Tensor | None],
    scale: float,
    softcap: float | None,
) -> Tensor:
    """Scores with the prefix and with own tokens beside each other, and one softmax over both."""
    rows, heads, width, size = query.shape
    groups = key.shape[1]
    grouped = (query * scale).reshape(rows, groups, -1, size)  # [R, G, N, D], N = H / G * T
    parts = [_covered(_capped(grouped @ key.transpose(2, 3), softcap), hidden[1], heads // groups)]
    if state.prefix:
        together = grouped.transpose(0, 1).reshape(groups, -1, size) @ state.keys[layer].transpose(1, 2)
        scores = together.view(groups, rows, -1, state.prefix).transpose(0, 1)
        parts.insert(0, _covered(_capped(scores, softcap), hidden[0], heads // groups))
    weights = torch.cat(parts, dim=-1).softmax(dim=-1, dtype=torch.float32).to(value.dtype)
    output = weights[..., state.prefix :] @ value
    if state.prefix:
        shared = weights[..., : state.prefix].transpose(0, 1).reshape(groups, -1, state.prefix)
        made = shared @ state.values[layer]
        output = output + made.view(groups, rows, -1, value.shape[3]).transpose(0, 1)
    return output.reshape(rows, heads, width, value.shape[3]).transpose(1, 2)


def _in_two(
    state: SharedAttention, layer: int, query: Tensor, key: Tensor, value: Tensor, hidden: Tensor | None, scale: float
) -> Tensor:
    """Attention to the prefix in tiles and to own tokens, each with the logarithm of its sum of weights, by which the
    two are mixed; no score with the prefix is ever written to memory."""
    rows, heads, width, size = query.shape
    groups = key.shape[1]
    grouped = query.reshape(rows, groups, -1, size)
    together = grouped.transpose(0, 1).reshape(1, groups, -1, size)
    made, mass = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        together, state.keys[layer][None], state.values[layer][None], 0.0, False, scale=scale
    )
    shared = made.view(groups, rows, -1, value.shape[3]).transpose(0, 1)
    mass = mass.view(groups, rows, -1, 1).transpose(0, 1)
    scores = _covered((grouped * scale) @ key.transpose(2, 3), hidden, heads // groups).float()
    own_mass = scores.logsumexp(dim=-1, keepdim=True)
    own = (scores - own_mass).exp_().to(value.dtype) @ value
    share = torch.sigmoid(mass - own_mass).to(value.dtype)
    output = own.lerp_(shared, share)
    return output.reshape(rows, heads, width, value.shape[3]).transpose(1, 2)


def _capped(scores: Tensor, softcap: float | None) -> Tensor:
    return scores if not softcap else torch.tanh(scores / softcap) * softcap


def _covered(scores: Tensor, hidden: Tensor | None, repeats: int) -> Tensor:
    """Scores ``[R, G, N, L]`` with what is hidden ``[R, T, L]`` at minus infinity."""
    if hidden is None:
        return scores
    rows, groups, _, length = scores.shape
    spread = scores.reshape(rows, groups, repeats, -1, length)
    return spread.masked_fill(hidden[:, None, None], -torch.inf).view(rows, groups, -1, length)
