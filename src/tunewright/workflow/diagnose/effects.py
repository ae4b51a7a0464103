"""From two columns of scores on the same cases to what one fixes and breaks of the other, with intervals.

Pure functions. An error is a score under a line; a gain is the change of the mean score. Called by ``bench``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.decision.diagnosis import Effect, shown_as
from tunewright.statistics.gains import effective_counts, gain_intervals
from tunewright.statistics.means import mean_interval

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
ALPHA = 0.025
DIGITS = 6
# Scores this close under the line reach it: means of repeated answers are no exact numbers.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Line:
    """What counts as an error: a score under ``at``; ``text`` says it."""

    at: float
    text: str

    def wrong(self, scores: Floats) -> Flags:
        """Which scores are errors, ``[n]``; a missing one is none."""
        return np.asarray(scores < self.at - TOLERANCE)


def effect(base: Floats, other: Floats, groups: NDArray[np.int64] | None, line: Line, tried: int = 1) -> Effect:
    """What ``other`` would change against ``base``, scores ``[n]`` with nan where missing.

    Args:
        groups: ``[n]`` rows that belong together, or None.
        tried: how many such comparisons are made; ``shown`` allows for all of them (Bonferroni on the interval).
    """
    both = ~np.isnan(base) & ~np.isnan(other)
    wrong, still = line.wrong(base[both]), line.wrong(other[both])
    kept = None if groups is None else groups[both]
    gains = other[both] - base[both]
    counts = effective_counts(gains, kept)
    interval = gain_intervals([counts], ALPHA)[0]
    level = ALPHA / max(tried, 1)
    strict = gain_intervals([effective_counts(gains, kept, level)], level)[0]
    fixed = (wrong & ~still)[wrong].astype(np.float64)
    return Effect(
        n=int(both.sum()),
        errors=int(wrong.sum()),
        fixed=int(fixed.sum()),
        broken=int((~wrong & still).sum()),
        missing=int((~both).sum()),
        fixed_share=rounded(mean_interval(fixed, None if kept is None else kept[wrong])),
        gain=round(float(gains.mean()), DIGITS) if len(gains) else 0.0,
        interval=rounded(interval),
        shown=shown_as(strict),
    )


def share_of(flags: Flags, groups: NDArray[np.int64] | None) -> tuple[float | None, tuple[float, float] | None]:
    """A share with its 95 % interval (Wilson, on effective cases where rows stand in groups); None without cases."""
    if not len(flags):
        return None, None
    values = flags.astype(np.float64)
    return round(float(values.mean()), DIGITS), rounded(mean_interval(values, groups))


def rounded(interval: tuple[float, float]) -> tuple[float, float]:
    """Both ends as they are stored."""
    return round(interval[0], DIGITS), round(interval[1], DIGITS)
