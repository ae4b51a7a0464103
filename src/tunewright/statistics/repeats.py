"""Cases that were asked several times: the mean of each, and how much of the spread is the system's own changing mind.

The variance of a score has two parts: how cases differ (omega^2) and how answers to one case differ (s^2). More cases
shrink both, more repetitions only the second (Miller 2024, arXiv 2411.00640, sections 3 and 5). A case counts once, by
its mean; repetitions are never counted as cases. Called for logs with epochs, and for how many cases a claim needs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from tunewright.statistics.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Repeated:
    """``means`` float64[n] of each case (nan where it was never scored) and the two parts of the variance.

    ``within`` is the mean variance of the answers to one case; ``between`` the variance of the cases' true means, what
    is left of the variance of ``means`` once the part of ``within`` is taken off. ``repetitions`` is their mean number.
    """

    means: FloatArray
    within: float
    between: float
    repetitions: float

    @property
    def noise_share(self) -> float:
        """The share of one answer's variance that asking again would change; 0 where nothing varies."""
        whole = self.within + self.between
        return self.within / whole if whole > 0 else 0.0


def repeated(scores: FloatArray) -> Repeated:
    """The figures of scores float64[n, K]; nan where a repetition is missing."""
    there = ~np.isnan(scores)
    counts = there.sum(axis=1)
    sums = np.where(there, scores, 0.0).sum(axis=1)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    squares = np.where(there, (scores - means[:, None]) ** 2, 0.0).sum(axis=1)
    freedom = int((counts - 1)[counts > 1].sum())
    within = float(squares.sum()) / freedom if freedom else 0.0
    known = means[counts > 0]
    spread = float(known.var(ddof=1)) if len(known) > 1 else 0.0
    harmonic = float(np.mean(1 / counts[counts > 0])) if len(known) else 1.0
    mean_count = float(counts[counts > 0].mean()) if len(known) else 0.0
    return Repeated(means, within, max(spread - within * harmonic, 0.0), mean_count)


def variance_of_gain(
    between: float, within_first: float, within_second: float, first: int = 1, second: int = 1
) -> float:
    """Variance of one case's gain: omega^2 + s_A^2 / K_A + s_B^2 / K_B (Miller 2024, equation 9)."""
    return between + within_first / first + within_second / second


def cases_for_gain(gain: float, variance: float, alpha: float = 0.025, power: float = 0.8) -> float:
    """Cases that a paired test of means needs: (z_alpha + z_power)^2 variance / gain^2; one-sided ``alpha``."""
    z = float(ndtri(1 - alpha) + ndtri(power))
    return z * z * variance / gain**2 if gain > 0 else math.inf


def smallest_gain(cases: float, variance: float, alpha: float = 0.025, power: float = 0.8) -> float:
    """The gain that so many cases find with ``power``: the inverse of ``cases_for_gain``."""
    z = float(ndtri(1 - alpha) + ndtri(power))
    return z * math.sqrt(variance / cases) if cases > 0 else math.inf
