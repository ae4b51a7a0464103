"""Whether a system's stated confidence deserves belief: expected calibration error and Brier score.

Both take the confidence in the given answer and whether it was right. Called for the score tables of reports.
"""

from __future__ import annotations

import numpy as np

from tunewright.statistics.arrays import FloatArray

BINS = 15


def expected_calibration_error(confidence: FloatArray, right: FloatArray, bins: int = BINS) -> float | None:
    """Mean gap between confidence and share right, over bins of equal numbers of cases, weighted by their size.

    Both float64[n] in [0, 1]. Equal confidences stay in one bin, so that the result does not hang on the order of rows.
    None without cases.
    """
    n = len(confidence)
    if n == 0:
        return None
    order = np.argsort(confidence, kind="stable")
    sorted_confidence, sorted_right = confidence[order], right[order]
    edges = np.linspace(0, n, min(bins, n) + 1).round().astype(int)[1:-1]
    starts = np.unique(np.searchsorted(sorted_confidence, sorted_confidence[edges], side="left"))
    starts = np.unique(np.concatenate([[0], starts]))
    gaps = np.add.reduceat(sorted_confidence - sorted_right, starts)
    return float(np.abs(gaps).sum()) / n


def brier_score(confidence: FloatArray, right: FloatArray) -> float | None:
    """Mean squared distance of the confidence in the given answer from 1 if right, 0 if wrong; None without cases."""
    return float(np.mean((confidence - right) ** 2)) if len(confidence) else None
