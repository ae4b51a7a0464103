"""Several claims at once: p values adjusted for how many there are.

Against several baselines every test must pass, which needs no adjustment (intersection-union, Berger 1982). Several
candidates, or several metrics, need one: Holm keeps the chance of any false claim, Benjamini and Hochberg keep the
share of false ones among what is flagged. Joint permutation of correlated candidates is in ``max_t``. Called for
several candidates in one verdict, and for slices.
"""

from __future__ import annotations

import numpy as np

from tunewright.statistics.arrays import FloatArray, as_floats
from tunewright.statistics.shares import holm

__all__ = ["benjamini_hochberg", "candidate_p_values", "holm", "union_p"]


def union_p(p_values: FloatArray) -> FloatArray:
    """The p of "better than every baseline": the largest p along the last axis; 1 where there is no baseline."""
    p = as_floats(p_values)
    return as_floats(p.max(axis=-1)) if p.shape[-1] else np.ones(p.shape[:-1])


def candidate_p_values(p_values: FloatArray) -> FloatArray:
    """p of each candidate against all its baselines, adjusted by Holm for the number of candidates.

    ``p_values`` float64[m, k]: candidate by baseline, one-sided. float64[m] is returned.
    """
    return holm(union_p(p_values))


def benjamini_hochberg(p_values: FloatArray) -> FloatArray:
    """p values adjusted so that of those flagged (<= q) a share q is false at most (1995), in the order given."""
    p = as_floats(p_values)
    order = np.argsort(-p, kind="stable")
    adjusted = np.empty(len(p))
    if len(p):
        scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
        adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled))
    return adjusted
