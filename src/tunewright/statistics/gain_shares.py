"""Which share of a whole gain one step of it already brings, with Fieller's interval for a ratio of two paired means.

From today's system (o) to the best one (b) the whole gain is mean(b - o); a system k in between brings mean(k - o) of
it. All three answered the same cases, so both gains move together, and groups of cases move as one. Fieller (1954,
Journal of the Royal Statistical Society B 16:175): the shares r that a test of "mean(k - o) - r mean(b - o) = 0" does
not reject. It is one stretch only where the whole gain itself is shown to differ from 0; elsewhere no share can be
stated. Called for the column of reachable gain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tunewright.statistics.arrays import FloatArray, IntArray
from tunewright.statistics.clusters import group_totals, t_quantile


@dataclass(frozen=True, slots=True)
class GainShare:
    """The share and its interval; below 0 where the step is one back, above 1 where it goes beyond."""

    share: float
    low: float
    high: float


def gain_share(
    part: FloatArray, whole: FloatArray, groups: IntArray | None = None, alpha: float = 0.025
) -> GainShare | None:
    """Share of the mean of ``whole`` float64[n] that the mean of ``part`` is, paired by case; one-sided ``alpha``.

    None where the whole gain is not above 0 by the same t test, or with fewer than two groups.
    """
    first, second = group_totals(part, groups), group_totals(whole, groups)
    if second.count < 2:
        return None
    rows, count = second.rows, second.count
    a, b = first.mean, second.mean
    residuals = np.stack([first.sums - first.sizes * a, second.sums - second.sizes * b])
    spread = residuals @ residuals.T * (count / (count - 1)) / rows**2
    square = t_quantile(count, alpha) ** 2
    # (a - r b)^2 <= t^2 (v_aa - 2 r v_ab + r^2 v_bb), a parabola in r that opens upwards where b is shown.
    bend = b * b - square * float(spread[1, 1])
    if b <= 0 or bend <= 0:
        return None
    middle = a * b - square * float(spread[0, 1])
    end = a * a - square * float(spread[0, 0])
    half = math.sqrt(max(middle * middle - bend * end, 0.0))
    return GainShare(a / b, (middle - half) / bend, (middle + half) / bend)
