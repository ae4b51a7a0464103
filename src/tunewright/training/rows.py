"""A row as a decoder is trained on it: token ids and how much predicting each of them counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One row of ``T`` tokens.

    ``weights[t]`` is the weight of predicting ``ids[t]`` from ``ids[:t]``: 0 where the token is context, and always 0
    at the first place, which nothing predicts.
    """

    ids: NDArray[np.int32]
    weights: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.ids.ndim != 1 or self.ids.shape != self.weights.shape:
            raise ValueError(f"ids {self.ids.shape} and weights {self.weights.shape} must be two rows of one length")
        if len(self.weights) and self.weights[0] != 0:
            raise ValueError("nothing predicts the first token, so that its weight must be 0")

    @classmethod
    def of(cls, ids: Sequence[int], weights: Sequence[float]) -> TokenRow:
        """The row from plain sequences."""
        return cls(np.asarray(ids, dtype=np.int32), np.asarray(weights, dtype=np.float32))

    @property
    def tokens(self) -> int:
        """Number of tokens."""
        return len(self.ids)

    @property
    def trained(self) -> int:
        """Number of tokens with a weight above 0."""
        return int(np.count_nonzero(self.weights))

    @property
    def weight(self) -> float:
        """Sum of the weights."""
        return float(self.weights.sum())
