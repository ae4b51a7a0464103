"""The difference of two means from different cases: square-and-add of their own intervals (MOVER).

Newcombe (1998, Statistics in Medicine 17:873, method 10) for two proportions; Zou and Donner (2008, Statistics in
Medicine 27:1693) for any two means with an interval each. Intervals that count groups and stay within 0 and 1 give a
difference that does, too, also where one system has every case right. Where the same groups stand on both sides, the
means move together and the interval is too wide rather than too narrow. Called for training against test scores.
"""

from __future__ import annotations

import math

from tunewright.statistics.arrays import Bounds


def difference_interval(first: float, first_bounds: Bounds, second: float, second_bounds: Bounds) -> Bounds:
    """Interval of ``first - second`` at the level of the two intervals that are handed in."""
    gap = first - second
    below = math.hypot(first - first_bounds[0], second_bounds[1] - second)
    above = math.hypot(first_bounds[1] - first, second - second_bounds[0])
    return gap - below, gap + above
