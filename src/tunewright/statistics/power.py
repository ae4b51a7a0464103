"""What a number of cases can prove: sample sizes, smallest detectable gains and the exact power of the gate.

Gains are differences of proportions in [0, 1] (0.02 is two points); ``pi_d`` is the share of cases on which the two
systems differ. Groups enter through ``design_effect``: so many grouped cases count as one independent case. Called by
``decision.plan`` before a test is opened and by ``decision.verdict`` after.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import betainc, gammaln, ndtri, xlogy

from tunewright.statistics.arrays import FloatArray
from tunewright.statistics.mcnemar import smallest_rejecting

_DEVIATIONS = 8.0  # numbers of discordant cases further from their mean are left out: less than 1e-12 likely


def connor_cases(gain: float, pi_d: float, alpha: float = 0.025, power: float = 0.8, design_effect: float = 1.0) -> int:
    """Cases that McNemar's test needs to find ``gain`` (Connor 1987, Biometrics 43:207).

    n = (z_alpha sqrt(pi_d) + z_power sqrt(pi_d - gain^2))^2 / gain^2, one-sided alpha. A gain cannot exceed the share
    of cases that differ, so ``pi_d`` is taken as at least ``gain``.
    """
    return math.ceil(_connor(gain, pi_d, alpha, power) * design_effect - 1e-9)


def minimum_detectable_gain(
    n: float, pi_d: float, alpha: float = 0.025, power: float = 0.8, design_effect: float = 1.0
) -> float:
    """The gain that ``n`` cases find with ``power``: the inverse of ``connor_cases``; 1 when no gain can be found."""
    cases = n / design_effect
    if cases <= 0 or _connor(1.0, pi_d, alpha, power) > cases:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if _connor(middle, pi_d, alpha, power) <= cases else (middle, high)
    return high


def non_inferiority_cases(
    margin: float, pi_d: float, alpha: float = 0.025, power: float = 0.8, design_effect: float = 1.0
) -> int:
    """Cases that show a system to be at most ``margin`` worse when in truth it is equal: (z + z)^2 pi_d / margin^2."""
    z = float(ndtri(1 - alpha) + ndtri(power))
    return math.ceil(z * z * pi_d / margin**2 * design_effect - 1e-9)


def gate_power(
    n: int, pi_d: float, gain: float, alpha: float = 0.025, *, at_least: float = 0.0, mid_p: bool = False
) -> float:
    """The exact probability that McNemar's one-sided test rejects and the estimated gain is ``at_least``.

    Enumerates the number of discordant cases t ~ Binomial(n, pi_d), given which b ~ Binomial(t, (1 + gain / pi_d) / 2).
    Independent 0/1 cases only.
    """
    if pi_d <= 0 or n <= 0:
        return 0.0
    spread = _DEVIATIONS * math.sqrt(n * pi_d * (1 - pi_d)) + _DEVIATIONS
    fewest, most = max(0, int(n * pi_d - spread)), min(n, int(n * pi_d + spread))
    discordant = np.arange(fewest, most + 1, dtype=np.float64)
    weight = _binomial_pmf(discordant, n, pi_d)
    enough = np.ceil((discordant + at_least * n) / 2 - 1e-9)
    needed = np.maximum(smallest_rejecting(most, alpha, mid_p=mid_p)[fewest:], enough)
    fixed_share = min(max((1 + gain / pi_d) / 2, 0.0), 1.0)
    reachable = needed <= discordant
    needed = np.maximum(np.where(reachable, needed, 1.0), 1.0)
    found = betainc(needed, np.maximum(discordant - needed + 1, 1.0), fixed_share)
    return float(np.sum(weight * np.where(reachable, found, 0.0)))


def _connor(gain: float, pi_d: float, alpha: float, power: float) -> float:
    share = max(pi_d, gain)
    root = float(ndtri(1 - alpha)) * math.sqrt(share) + float(ndtri(power)) * math.sqrt(max(share - gain * gain, 0.0))
    return math.inf if gain <= 0 else (root / gain) ** 2


def _binomial_pmf(k: FloatArray, n: int, p: float) -> FloatArray:
    log = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + xlogy(k, p) + xlogy(n - k, 1 - p)
    return np.asarray(np.exp(log), dtype=np.float64)
