"""Keys and values of rows in fixed places of a buffer: written in place, so that a token costs no copy of the others.

Stands where transformers expects the layer of a cache. Called by ``local_reader``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class OwnLayer:
    """One layer of a cache; ``rows`` and ``room`` (tokens a row) grow where they must."""

    is_compileable = False
    is_sliding = False

    def __init__(self, rows: int, room: int) -> None:
        self._rows, self._room = rows, room
        self._keys: Tensor | None = None
        self._values: Tensor | None = None
        self._start, self._width = 0, 0
        self._bases: list[int] = []

    def aim(self, start: int, bases: list[int], width: int) -> None:
        """Say where the next tokens belong: rows from ``start`` on, each behind its own ``bases``."""
        self._start, self._bases, self._width = start, bases, width

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Write what a pass computed, ``[R, heads, T, D]``; all that its rows have now, ``[R, heads, L, D]``."""
        stop, end = self._start + len(self._bases), max(self._bases) + self._width
        keys, values = self._reserved(key_states, value_states, stop, end)
        rows = slice(self._start, stop)
        if len(set(self._bases)) == 1:
            keys[rows, :, self._bases[0] : end] = key_states
            values[rows, :, self._bases[0] : end] = value_states
        else:
            device = key_states.device
            places = torch.tensor(self._bases, device=device)[:, None] + torch.arange(self._width, device=device)
            numbers = torch.arange(self._start, stop, device=device)[:, None]
            keys[numbers, :, places] = key_states.transpose(1, 2)
            values[numbers, :, places] = value_states.transpose(1, 2)
        return keys[rows, :, :end], values[rows, :, :end]

    def move(self, source: int, target: int, length: int) -> None:
        """Copy a row to another place."""
        for part in (self._keys, self._values):
            if part is not None:
                part[target, :, :length] = part[source, :, :length]

    def get_seq_length(self) -> int:
        """Positions are given with every pass; nobody has to count."""
        return 0

    def _reserved(self, key: Tensor, value: Tensor, rows: int, length: int) -> tuple[Tensor, Tensor]:
        keys, values = self._keys, self._values
        if keys is None or values is None or rows > self._rows or length > self._room:
            grown = max(length, self._room + self._room // 2) if length > self._room else self._room
            self._rows, self._room = max(self._rows, rows), grown if keys is not None else max(self._room, length)
            keys, values = self._empty(key, keys), self._empty(value, values)
            self._keys, self._values = keys, values
        return keys, values

    def _empty(self, like: Tensor, old: Tensor | None) -> Tensor:
        """Room for all rows, with what was there; zeros, because a weight of 0 times NaN would be NaN."""
        new = like.new_zeros((self._rows, like.shape[1], self._room, like.shape[3]))
        if old is not None:
            new[: old.shape[0], :, : old.shape[2]] = old
        return new
