"""Margins to probabilities: softmax at a temperature chosen on validation rows (Guo et al. 2017, section 4).

Where every label stands for itself, a sigmoid with slope and offset instead (Platt 1999), one for all labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

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


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """The probability of a margin: ``expit(slope * margin + offset)``."""

    slope: float = 1.0
    offset: float = 0.0

    def of(self, margins: FloatArray) -> FloatArray:
        """Probabilities of margins of any shape."""
        return np.asarray(expit(self.slope * margins + self.offset), dtype=np.float64)


def choose_sigmoid(margins: FloatArray, right: NDArray[np.bool_]) -> Sigmoid:
    """The sigmoid with the smallest negative log likelihood; the plain one where all are right or all wrong.

    Args:
        margins: ``[N, labels]`` on rows that the model was not fitted on.
        right: ``[N, labels]`` which labels the rows have.
    """
    if right.all() or not right.any():
        return Sigmoid()
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):  # two numbers to find: more threads only wait for each other
        model = LogisticRegression(C=1e6).fit(margins.reshape(-1, 1), right.ravel())
    slope, offset = float(model.coef_[0, 0]), float(model.intercept_[0])
    return Sigmoid(slope, offset) if slope > 0 else Sigmoid()
