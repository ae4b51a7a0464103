"""What a reviewer's answers say of the rest of the queue: how good it is, how many errors are left, when to stop.

The queue comes with a chance of error for each row. The answers bend these chances: the log odds of an error are
``shift + stretch * logit(chance)``, with normal priors that trust the chances at first. The posterior is summed over a
grid, so it is exact to the grid and needs no sampling. Beside the answers nothing is known of a row, so ranks must be
answered as they come, not picked for their look. Called by the review of labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

FloatArray = NDArray[np.float64]

# Priors: chances may be off by a factor of some four in odds, their spread by a half.
SHIFT_SPREAD = 1.5
STRETCH_SPREAD = 0.5
SHIFTS = np.linspace(-6.0, 6.0, 97)
STRETCHES = np.linspace(0.0, 2.5, 51)
LEAST_CHANCE = 0.002
# Stop when fewer than this share of the next rows is expected to be wrong, after at least so many answers.
WORTH = 0.1
NEXT_ROWS = 20
MIN_ANSWERS = 20


@dataclass(frozen=True, slots=True, eq=False)
class QueueEstimate:
    """The state of a review.

    ``chances`` ``[n]`` of an error by rank (1 or 0 where answered); ``precision`` ``[n]``: expected share of errors
    among the first k rows of the queue, at place k - 1. ``remaining`` errors among the rows not answered, between
    ``low`` and ``high`` (95 %). ``next_share`` of errors among the next rows. ``stop`` and, in words, ``reason``.
    """

    answered: int
    wrong: int
    chances: FloatArray
    precision: FloatArray
    remaining: float
    low: float
    high: float
    next_share: float
    stop: bool
    reason: str


def estimate_queue(
    chances: Sequence[float], answers: Mapping[int, bool], worth: float = WORTH, next_rows: int = NEXT_ROWS
) -> QueueEstimate:
    """Update a queue by what a reviewer said of some of its ranks.

    ``chances`` in queue order, worst first; ``answers`` by rank from 0: True where the label was wrong, False where it
    was right. Rows that the reviewer skipped are simply not in it.
    """
    prior = logit(np.clip(np.asarray(chances, dtype=np.float64), LEAST_CHANCE, 1 - LEAST_CHANCE))
    known = np.array(sorted(answers), dtype=np.int64)
    said = np.array([answers[rank] for rank in known.tolist()], dtype=np.float64)
    open_rows = np.setdiff1d(np.arange(len(prior)), known)
    weights, shifts, stretches = _posterior(prior[known], said)
    bent = np.zeros(len(prior))
    mean = spread = 0.0
    expected = np.zeros(len(weights))
    for place, (shift, stretch) in enumerate(zip(shifts, stretches, strict=True)):
        chance = expit(shift + stretch * prior)
        bent += weights[place] * chance
        expected[place] = chance[open_rows].sum()
        spread += weights[place] * float((chance[open_rows] * (1 - chance[open_rows])).sum())
    mean = float(weights @ expected)
    spread += float(weights @ (expected - mean) ** 2)
    bent[known] = said
    half = -float(ndtri(0.025)) * float(np.sqrt(spread))
    following = open_rows[:next_rows]
    share = float(bent[following].mean()) if len(following) else 0.0
    stop, reason = _advice(len(known), len(following), share, mean, worth)
    return QueueEstimate(
        len(known),
        int(said.sum()),
        bent,
        np.cumsum(bent) / np.arange(1, len(bent) + 1),
        mean,
        max(0.0, mean - half),
        min(float(len(open_rows)), mean + half),
        share,
        stop,
        reason,
    )


def _posterior(prior: FloatArray, said: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights of the likely grid points (summing to 1), and their shifts and stretches."""
    shifts, stretches = (grid.ravel() for grid in np.meshgrid(SHIFTS, STRETCHES, indexing="ij"))
    log = -0.5 * (shifts / SHIFT_SPREAD) ** 2 - 0.5 * ((stretches - 1) / STRETCH_SPREAD) ** 2
    for odds, wrong in zip(prior.tolist(), said.tolist(), strict=True):
        bent = shifts + stretches * odds
        log -= np.logaddexp(0.0, -bent if wrong else bent)
    weights = np.exp(log - log.max())
    weights /= weights.sum()
    kept = weights > 1e-5
    weights = weights[kept] / weights[kept].sum()
    return weights, shifts[kept], stretches[kept]


def _advice(answered: int, following: int, share: float, remaining: float, worth: float) -> tuple[bool, str]:
    """Whether to stop, and why."""
    if not following:
        return True, "Every row of the queue is answered."
    rest = f"about {remaining:.0f} wrong labels are left in the queue"
    if answered < MIN_ANSWERS:
        return False, f"Answer {MIN_ANSWERS - answered} more rows before the estimate means something; so far {rest}."
    if share < worth:
        return True, f"Of the next {following} rows {share:.0%} would be wrong, less than {worth:.0%}; {rest}."
    return False, f"Of the next {following} rows {share:.0%} would be wrong; {rest}."
