"""Margins to probabilities: softmax at a temperature chosen on validation rows (Guo et al. 2017, section 4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
TEMPERATURES = np.geomspace(0.05, 20.0, 60)


def softmax(margins: FloatArray, temperature: float) -> FloatArray:
    """Probabilities ``[N, labels]`` of margins ``[N, labels]`` divided by ``temperature``."""
    scaled = margins / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    chances = np.exp(scaled)
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def choose_temperature(margins: FloatArray, positions: NDArray[np.int64]) -> float:
    """The temperature of the grid with the smallest negative log likelihood; 1.0 without rows.

    Args:
        margins: ``[N, labels]`` on rows that the model was not fitted on.
        positions: ``[N]`` index of the right label.
    """
    if len(positions) == 0:
        return 1.0
    rows = np.arange(len(positions))
    losses = [
        -np.log(np.maximum(softmax(margins, float(temperature))[rows, positions], 1e-12)).mean()
        for temperature in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(losses))])
