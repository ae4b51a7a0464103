"""Not worse by more than a margin, and as good as to within one: p values of one score test and of two.

The intervals that decide say the same at a fixed level (an end beyond the margin); a p says how clearly. For
independent 0/1 scores the test is Tango's at the margin, else t on group totals. Called beside the verdict.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtr, stdtr

from tunewright.statistics.arrays import FloatArray, IntArray, as_floats
from tunewright.statistics.clusters import clustered_standard_error, group_totals
from tunewright.statistics.gains import is_binary
from tunewright.statistics.paired import tango_excess


def tango_p(b: Any, c: Any, n: Any, gain: Any) -> FloatArray:
    """One-sided p of "the true gain is at most ``gain``" by Tango's score test (1998); shapes broadcast."""
    top = tango_excess(b, c, n, gain, 0.0)
    spread = top - tango_excess(b, c, n, gain, 1.0)
    # Without any spread the sign of the numerator decides; a z this large is certain, one of 0 knows nothing.
    z = np.where(spread > 0, top / np.where(spread > 0, spread, 1.0), np.sign(top) * 40.0)
    return as_floats(ndtr(-z))


def non_inferiority_p(gains: FloatArray, margin: float, groups: IntArray | None = None) -> float:
    """One-sided p of "worse by ``margin`` or more". ``gains`` float64[n] in [-1, 1]; 1 without cases."""
    if not len(gains):
        return 1.0
    if groups is None and is_binary(gains):
        return float(tango_p(np.count_nonzero(gains > 0), np.count_nonzero(gains < 0), len(gains), -margin))
    totals = group_totals(gains, groups)
    error = clustered_standard_error(totals)
    distance = totals.mean + margin
    if not np.isfinite(error) or (error == 0 and distance <= 0):
        return 1.0
    return float(stdtr(totals.count - 1, -distance / error)) if error > 0 else 0.0


def equivalence_p(gains: FloatArray, margin: float, groups: IntArray | None = None) -> float:
    """p of "differs by ``margin`` or more" in either direction: the larger of two one-sided tests (Schuirmann 1987)."""
    return max(non_inferiority_p(gains, margin, groups), non_inferiority_p(-gains, margin, groups))
