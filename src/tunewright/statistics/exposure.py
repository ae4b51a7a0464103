"""What a model keeps of its training rows: exposure of planted secrets, and how well rows learned can be told from new.

Exposure (Carlini, Liu, Erlingsson, Kos, Song 2019, "The Secret Sharer", section 4) ranks a planted secret among equally
long alternatives by how likely the model finds each. The area under the curve (AUC) is the chance that a row learned
from looks more familiar to the model than a new one; 0.5 tells nothing. Called by the guards on memorisation.
"""

from __future__ import annotations

import math

import numpy as np

from tunewright.statistics.arrays import Bounds, FloatArray
from tunewright.statistics.clusters import t_quantile
from tunewright.statistics.proportions import clopper_pearson_interval

# A secret within the first 8 of its alternatives is kept: exposure of at least log2 of their number, less 3.
ALARM_BITS = 3.0
# Chance that some secret that was never learned raises the alarm, over all secrets of one test.
FALSE_ALARMS = 0.025


def rank_among(secret: float, alternatives: FloatArray) -> int:
    """The secret's place from 1 among itself and its alternatives, most likely first; half of the ties go before it."""
    above = int(np.count_nonzero(alternatives > secret))
    return 1 + above + int(np.count_nonzero(alternatives == secret)) // 2


def exposure(rank: float, size: float) -> float:
    """``log2 size - log2 rank`` in bits: how much guessing the model saves; ``size`` counts the secret itself.

    Raises:
        ValueError: the rank is not between 1 and ``size``.
    """
    if not 1 <= rank <= size:
        raise ValueError(f"a rank lies between 1 and {size}, not {rank}")
    return math.log2(size) - math.log2(rank)


def is_exposed(bits: float, size: float) -> bool:
    """Whether an exposure raises the alarm: at least ``log2 size - 3``."""
    return bits >= math.log2(size) - ALARM_BITS - 1e-9


def chance_of_exposure(bits: float, secrets: int) -> float:
    """How likely some of so many secrets that were never learned reaches an exposure of ``bits``."""
    return -math.expm1(secrets * math.log1p(-(2.0**-bits))) if bits > 0 else 1.0


def alternatives_for(secrets: int, false_alarms: float = FALSE_ALARMS) -> int:
    """The smallest power of two among which so many secrets raise a false alarm no more often than that in all.

    A secret that was never learned has a uniform rank, so one of ``size`` raises it with chance ``8 / size``.
    """
    size = 1 << int(ALARM_BITS)
    while 1 - (1 - 2**ALARM_BITS / size) ** secrets > false_alarms:
        size *= 2
    return size


def membership_auc(learned: FloatArray, new: FloatArray, alpha: float = 0.025) -> tuple[float, Bounds]:
    """The chance that a learned row has the larger value than a new one (ties count half), with its interval.

    ``learned`` float64[m], ``new`` float64[n]: larger is more familiar. The variance is that of placements (DeLong,
    DeLong, Clarke-Pearson 1988), the interval is made for the logit, one-sided ``alpha`` on each end. Without spread,
    or with fewer than two rows on a side, nothing is known but (0, 1).
    """
    if not len(learned) or not len(new):
        return 0.5, (0.0, 1.0)
    wins = (learned[:, None] > new[None, :]) + 0.5 * (learned[:, None] == new[None, :])
    area = float(wins.mean())
    if min(len(learned), len(new)) < 2 or not 0 < area < 1:
        return area, (0.0, 1.0)
    variance = float(wins.mean(axis=1).var(ddof=1)) / len(learned) + float(wins.mean(axis=0).var(ddof=1)) / len(new)
    if variance <= 0:
        return area, (0.0, 1.0)
    half = t_quantile(min(len(learned), len(new)), alpha) * math.sqrt(variance) / (area * (1 - area))
    logit = math.log(area / (1 - area))
    return area, (_expit(logit - half), _expit(logit + half))


def rate_difference(first: float, n: float, second: float, m: float, alpha: float = 0.025) -> tuple[float, Bounds]:
    """``first / n - second / m`` of two independent samples, with its interval.

    Newcombe's square-and-add (1998, Statistics in Medicine 17:873, method 10) over Clopper and Pearson's bounds in the
    place of Wilson's: wider, and not too narrow where both rates are near 0 or 1.
    """
    (low1, high1), (low2, high2) = (
        tuple(float(end) for end in clopper_pearson_interval(*pair, alpha)) for pair in ((first, n), (second, m))
    )
    p, q = first / n, second / m
    below = math.hypot(p - low1, high2 - q)
    above = math.hypot(high1 - p, q - low2)
    return p - q, (p - q - below, p - q + above)


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0
