"""Agreement of people (or systems) who labelled the same cases: Krippendorff's alpha and Cohen's kappa.

Alpha after Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011, University of Pennsylvania), sections C
to E: any number of annotators, missing labels, and a distance that fits the scale. Its interval comes from drawing
cases again. Called by the audit's check of annotators and by its gate of label errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from tunewright.statistics.arrays import Bounds, FloatArray, IntArray

Scale = Literal["nominal", "ordinal", "interval"]
SCALES: tuple[Scale, ...] = get_args(Scale)
DRAWS = 1_000


def krippendorff_alpha(
    counts: IntArray, scale: Scale = "nominal", values: Sequence[float] | None = None
) -> float | None:
    """Alpha of ``counts`` ``[cases, K]``: how often each case got each of the K values; 1 is perfect, 0 is chance.

    Cases with fewer than two labels say nothing and are left out. ``values`` are the numbers behind the columns for the
    interval scale (their order for the ordinal one is the order of columns). None without a case labelled twice, or
    where all labels are equal, so that there is nothing to tell apart.
    """
    return _alpha(np.asarray(counts, dtype=np.float64), scale, values)


def krippendorff_interval(
    counts: IntArray,
    scale: Scale = "nominal",
    values: Sequence[float] | None = None,
    seed: int = 0,
    draws: int = DRAWS,
    alpha: float = 0.025,
) -> Bounds | None:
    """Bounds of alpha by drawing cases again with replacement, one-sided ``alpha`` on each end; None as above.

    With few cases the share of equal draws is large; such draws are left out.
    """
    kept = np.asarray(counts, dtype=np.float64)
    kept = kept[kept.sum(axis=1) >= 2]
    if _alpha(kept, scale, values) is None:
        return None
    random = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        value = _alpha(kept[random.integers(len(kept), size=len(kept))], scale, values)
        if value is not None:
            found.append(value)
    low, high = np.quantile(found, [alpha, 1 - alpha])
    return float(low), float(high)


def cohen_kappa(first: IntArray, second: IntArray) -> float:
    """Agreement of two label arrays ``[n]`` above chance: ``(observed - expected) / (1 - expected)`` (Cohen 1960).

    0 without cases, and where both gave one and the same label throughout.
    """
    if not len(first):
        return 0.0
    classes = int(max(first.max(), second.max())) + 1
    shares = [np.bincount(labels, minlength=classes) / len(labels) for labels in (first, second)]
    expected = float(shares[0] @ shares[1])
    observed = float(np.mean(first == second))
    return (observed - expected) / (1 - expected) if expected < 1 else 0.0


def coincidences(counts: FloatArray) -> FloatArray:
    """Pairs of values within a case, each case weighing as many as it has labels, ``[K, K]`` (section C, step 2)."""
    sizes = counts.sum(axis=1)
    kept, sizes = counts[sizes >= 2], sizes[sizes >= 2]
    weighted = kept / (sizes - 1)[:, None]
    pairs = weighted.T @ kept
    return np.asarray(pairs - np.diag(weighted.sum(axis=0)))


def _alpha(counts: FloatArray, scale: Scale, values: Sequence[float] | None) -> float | None:
    pairs = coincidences(counts)
    totals = pairs.sum(axis=1)
    n = float(totals.sum())
    if n <= 1:
        return None
    distance = _distance(totals, scale, values)
    expected = float(totals @ distance @ totals) / (n - 1)
    if expected <= 0:
        return None
    return 1.0 - float((pairs * distance).sum()) / expected


def _distance(totals: FloatArray, scale: Scale, values: Sequence[float] | None) -> FloatArray:
    """Squared distances of the values, ``[K, K]`` (section D)."""
    classes = len(totals)
    if scale == "nominal":
        return 1.0 - np.eye(classes)
    if scale == "ordinal":
        # All labels between two values, half of those at the ends.
        middle = np.cumsum(totals) - totals / 2
        return np.asarray((middle[:, None] - middle[None, :]) ** 2)
    numbers = np.arange(classes, dtype=np.float64) if values is None else np.asarray(values, dtype=np.float64)
    return np.asarray((numbers[:, None] - numbers[None, :]) ** 2)
