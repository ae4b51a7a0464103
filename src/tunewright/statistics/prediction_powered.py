"""A mean by people's labels on some cases and a judge's scores on all: prediction-powered inference.

The judge's mean is corrected by what people say it gets wrong on the cases that they labelled, which must be a random
sample. The result is unbiased whatever the judge's faults, also when they differ between two systems, as long as the
difference of the scores is what goes in (Angelopoulos et al. 2023, arXiv 2301.09633; power tuning: 2311.01453). Called
for scores by a judge beside human labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tunewright.statistics.arrays import Bounds, FloatArray
from tunewright.statistics.clusters import t_quantile


@dataclass(frozen=True, slots=True)
class PredictionPowered:
    """The estimate, its standard error and interval (t with n - 1 degrees), and the weight given to the judge.

    ``worth`` is how many labelled cases alone would tell as much.
    """

    estimate: float
    standard_error: float
    interval: Bounds
    weight: float
    worth: float


def prediction_powered_mean(
    human: FloatArray,
    judged_labelled: FloatArray,
    judged_others: FloatArray,
    weight: float | None = None,
    alpha: float = 0.025,
) -> PredictionPowered:
    """Mean over all cases of what people would say.

    Args:
        human: labels of people, float64[n]; for two systems the difference of both labels.
        judged_labelled: the judge on the same cases, float64[n].
        judged_others: the judge on the cases without a label, float64[N].
        weight: 0 leaves the judge out, 1 is the plain estimator; None takes the weight of least variance,
            cov(human, judge) / ((1 + n / N) var(judge)).
        alpha: one-sided, on each end.

    Raises:
        ValueError: fewer than two labels.
    """
    n, others = len(human), len(judged_others)
    if n < 2:
        raise ValueError("at least two labelled cases are needed")
    if weight is None:
        weight = tuned_weight(human, judged_labelled, judged_others)
    if others < 2:
        weight = 0.0
    rest = human - weight * judged_labelled
    estimate = float(rest.mean()) + (weight * float(judged_others.mean()) if others else 0.0)
    variance = float(rest.var(ddof=1)) / n
    variance += weight**2 * float(judged_others.var(ddof=1)) / others if others > 1 else 0.0
    error = float(np.sqrt(variance))
    half = t_quantile(n, alpha) * error
    worth = float(human.var(ddof=1)) / variance if variance > 0 else float(n)
    return PredictionPowered(estimate, error, (estimate - half, estimate + half), weight, worth)


def tuned_weight(human: FloatArray, labelled: FloatArray, others: FloatArray) -> float:
    """The weight of the judge that leaves the least variance (arXiv 2311.01453, section 6); 0 where it never varies.

    Arguments as in ``prediction_powered_mean``.
    """
    variance = float(np.concatenate([labelled, others]).var(ddof=1))
    if variance <= 0 or not len(others):
        return 0.0
    covariance = float(np.cov(human, labelled, ddof=1)[0, 1])
    return covariance / ((1 + len(human) / len(others)) * variance)
