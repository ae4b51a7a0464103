"""The gain of a training procedure rather than of one set of weights: several seeds of training on the same cases.

A claim about one trained model bears the luck of its seed unseen (Bouthillier et al. 2021, arXiv 2103.03098). The
interval here adds two parts: how much seeds differ (t with S - 1 degrees of freedom, for a few seeds say little about
their spread) and how much cases differ (normal). Called by the main job when a claim about the recipe is asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tunewright.statistics.arrays import Bounds, FloatArray, IntArray
from tunewright.statistics.clusters import clustered_standard_error, group_totals, t_quantile

LEAST_SEEDS = 3


@dataclass(frozen=True, slots=True)
class RecipeGain:
    """Mean gain over seeds and cases, its interval, the gain of each seed, and their standard deviation."""

    gain: float
    interval: Bounds
    by_seed: tuple[float, ...]
    seed_sd: float


def recipe_gain(gains: FloatArray, groups: IntArray | None = None, alpha: float = 0.025) -> RecipeGain:
    """The gain of a procedure over a fixed system.

    Args:
        gains: score of the procedure minus that of the other system, float64[S, n]: a row for each seed.
        groups: which cases belong together, int64[n].
        alpha: one-sided, on each end.

    Raises:
        ValueError: fewer than three seeds, from which no spread can be told.
    """
    seeds = len(gains)
    if seeds < LEAST_SEEDS:
        raise ValueError(f"{seeds} seeds are too few; at least {LEAST_SEEDS} are needed")
    by_seed = gains.mean(axis=1)
    seed_sd = float(by_seed.std(ddof=1))
    seed_part = t_quantile(seeds, alpha) * seed_sd / math.sqrt(seeds)
    totals = group_totals(gains.mean(axis=0), groups)
    case_part = t_quantile(totals.count, alpha) * clustered_standard_error(totals)
    half = math.hypot(seed_part, case_part)
    gain = float(by_seed.mean())
    return RecipeGain(gain, (gain - half, gain + half), tuple(np.round(by_seed, 6).tolist()), seed_sd)
