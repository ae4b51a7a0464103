"""The luck of a training: how much scores at one size differ between repeats beyond what their held-out rows explain.

It is a part that no number of examples removes (the seed) and a part that falls with their number (which examples it
was), ``floor + slope / n``. The latter is shared between repeats as far as their training rows are the same, so the
repeats show too little of it: at the full size they may show nearly none (Nadeau and Bengio 2003 on the same effect in
cross-validation). Called by ``learning_curve``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from tunewright.statistics.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class TrainingNoise:
    """Variance of one training's score: ``floor + slope / n``; ``freedom`` is how many differences it rests on."""

    floor: float
    slope: float
    freedom: float


def training_noise(
    sizes: FloatArray, by_seed: FloatArray, drawn_by_seed: FloatArray, overlap: FloatArray
) -> TrainingNoise:
    """Estimate it from what is left of the scores when the means of sizes and of repeats are taken away.

    A repeat's own rows shift all its scores alike, which says nothing about training; and what is left holds the chance
    of rows too, which redrawn rows tell.

    Args:
        sizes: float64[K].
        by_seed: mean scores float64[S, K].
        drawn_by_seed: the same of redrawn rows, float64[D, S, K].
        overlap: share of training rows that two repeats have in common, float64[K].
    """
    repeats, k = by_seed.shape
    seen = (_rest(by_seed) ** 2).sum(axis=0) / (repeats - 1)
    of_rows = (_rest(drawn_by_seed - by_seed) ** 2).sum(axis=1).mean(axis=0) / (repeats - 1)
    # Taking away a repeat's mean over K sizes mixes their variances by the squares of the centring matrix.
    mixing = (np.eye(k) - 1 / k) ** 2
    features = mixing @ np.stack([np.ones(k), (1 - overlap) * sizes[0] / sizes], axis=1)
    (floor, slope), _ = nnls(features, np.maximum(seen - of_rows, 0.0))
    return TrainingNoise(float(floor), float(slope * sizes[0]), float((repeats - 1) * (k - 1)))


def mean_noise(
    noise: TrainingNoise, sizes: FloatArray, overlap: FloatArray, repeats: int, draws: int, rng: np.random.Generator
) -> FloatArray:
    """Luck of the mean of so many repeats at each size, float64[draws, K]; its spread is itself uncertain."""
    shared = 1 / repeats + (1 - 1 / repeats) * overlap
    variance = noise.floor / repeats + noise.slope / sizes * shared
    spread = noise.freedom / rng.chisquare(noise.freedom, size=(draws, 1))
    return np.asarray(rng.normal(size=(draws, len(sizes))) * np.sqrt(variance * spread))


def _rest(scores: FloatArray) -> FloatArray:
    """Scores float64[..., S, K] less the mean of their size and of their repeat."""
    by_size, by_repeat = scores.mean(axis=-2, keepdims=True), scores.mean(axis=-1, keepdims=True)
    return np.asarray(scores - by_size - by_repeat + scores.mean(axis=(-2, -1), keepdims=True))
