"""What a reviewer's answers say of the rest of the queue: how many errors are left, and when to stop.

Two families of curves stand side by side, half the prior weight each, because answers from the top of the queue cannot
tell them apart: the log odds of an error are ``shift + stretch * logit(score)`` (they fade out), or the share of errors
is one number up to some rank and a smaller one behind it (they break off). Both are summed over grids, so no sampling
is needed; the bounds are the outer ones of the two. Both say that errors get no commoner further down. Called by the
review of labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# Priors: scores are ranks, so their odds may be off by a factor of some twenty and their spread by anything.
SHIFT_SPREAD = 3.0
STRETCH_SPREAD = 1.0
SHIFTS = np.linspace(-9.0, 9.0, 73)
STRETCHES = np.linspace(0.0, 3.0, 31)
# Shares of errors before and behind the rank where they break off, and how many ranks are tried.
SHARES = np.array(
    [0.005, 0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.88, 0.93, 0.96, 0.98, 0.995]
)
BREAKS = 60
LEAST_SCORE = 0.002
# The middle share of each family's curves that the bounds hold: of simulated queues that fade, break off or do neither,
# 95 % of the bounds or more hold the truth at this share, some 80 % at .95.
LEVEL = 0.99
# A family counts for the bounds while its posterior weight is so large: which family it is, answers tell too soon.
LEAST_FAMILY = 0.005
# Stop when fewer than this share of the next rows is expected to be wrong, after at least so many answers.
WORTH = 0.1
NEXT_ROWS = 20
MIN_ANSWERS = 20


@dataclass(frozen=True, slots=True)
class QueueState:
    """The state of a review, in words (``text``) and numbers.

    Of ``answered`` labels ``wrong`` were wrong; of those ``left`` about ``expected`` are, between ``low`` and ``high``.
    ``next_share`` of the next rows would be. ``stop``: going on from the top is hardly worth it.
    """

    text: str
    answered: int
    wrong: int
    left: int
    expected: float
    low: int
    high: int
    next_share: float
    stop: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Curves:
    """Curves of one family: log weights, and of the open rows the mean and variance of errors and the share of the next
    ones, ``[m]`` each."""

    log_weights: FloatArray
    means: FloatArray
    variances: FloatArray
    following: FloatArray


def queue_state(scores: Sequence[float], answers: Mapping[int, bool]) -> QueueState:
    """What the answers so far say of the rest.

    Args:
        scores: of the items in queue order, worst first, in [0, 1]; they count as ranks more than as chances.
        answers: by rank from 0: True where the label was wrong, False where it was right. Skipped rows are not in it.
    """
    known = np.zeros(len(scores), dtype=bool)
    wrong = np.zeros(len(scores), dtype=bool)
    for rank, said in answers.items():
        known[rank], wrong[rank] = True, said
    left = int((~known).sum())
    if not left:
        text = f"Every label of the queue is answered; {_were(int(wrong.sum()))} wrong."
        return QueueState(text, len(answers), int(wrong.sum()), 0, 0.0, 0, 0, 0.0, True)
    families = _fading(scores, known, wrong), _breaking(known, wrong)
    evidence = np.array([float(np.logaddexp.reduce(family.log_weights)) for family in families])
    shares = np.exp(evidence - np.logaddexp.reduce(evidence))
    bounds = [_bounds(family) for family, share in zip(families, shares.tolist(), strict=True) if share >= LEAST_FAMILY]
    low = max(0, int(np.floor(min(bound for bound, _ in bounds))))
    high = min(left, int(np.ceil(max(bound for _, bound in bounds))))
    expected, following = 0.0, 0.0
    for family, share in zip(families, shares.tolist(), strict=True):
        weights = _normal(family.log_weights)
        expected += share * float(weights @ family.means)
        following += share * float(weights @ family.following)
    stop = len(answers) >= MIN_ANSWERS and following < WORTH
    state = QueueState("", len(answers), int(wrong.sum()), left, expected, min(low, high), high, following, stop)
    return replace(state, text=_text(state))


def _fading(scores: Sequence[float], known: BoolArray, wrong: BoolArray) -> _Curves:
    """Curves whose log odds are a line in those of the scores."""
    odds = logit(np.clip(np.asarray(scores, dtype=np.float64), LEAST_SCORE, 1 - LEAST_SCORE))
    parts = []
    for stretch in STRETCHES.tolist():
        bent = SHIFTS[:, None] + stretch * odds
        log = -0.5 * (SHIFTS / SHIFT_SPREAD) ** 2 - 0.5 * ((stretch - 1) / STRETCH_SPREAD) ** 2
        log -= np.logaddexp(0.0, np.where(wrong, -bent, bent)[:, known]).sum(axis=1)
        chances = expit(bent[:, ~known])
        spread = (chances * (1 - chances)).sum(axis=1)
        parts.append((log, chances.sum(axis=1), spread, chances[:, :NEXT_ROWS].mean(axis=1)))
    prior = np.exp(-0.5 * (SHIFTS[:, None] / SHIFT_SPREAD) ** 2 - 0.5 * ((STRETCHES - 1) / STRETCH_SPREAD) ** 2)
    log, means, variances, following = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _Curves(log - np.log(prior.sum()), means, variances, following)


def _breaking(known: BoolArray, wrong: BoolArray) -> _Curves:
    """Curves of one share up to a rank and a smaller one, or the same, from there on."""
    count = len(known)
    breaks = np.unique(np.linspace(0, count, min(BREAKS, count + 1)).round().astype(np.int64))
    first, second = (grid.ravel() for grid in np.meshgrid(np.arange(len(SHARES)), np.arange(len(SHARES))))
    before, behind = SHARES[first[second <= first]], SHARES[second[second <= first]]
    following = np.flatnonzero(~known)[:NEXT_ROWS]
    parts = []
    for rank in breaks.tolist():
        head = np.arange(count) < rank
        log = np.zeros(len(before))
        means, variances = np.zeros(len(before)), np.zeros(len(before))
        for side, shares in ((head, before), (~head, behind)):
            log += (side & known & wrong).sum() * np.log(shares) + (side & known & ~wrong).sum() * np.log1p(-shares)
            open_rows = int((side & ~known).sum())
            means += open_rows * shares
            variances += open_rows * shares * (1 - shares)
        ahead = float((following < rank).mean())
        parts.append((log, means, variances, ahead * before + (1 - ahead) * behind))
    log, means, variances, shares = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _Curves(log - np.log(len(log)), means, variances, shares)


def _bounds(curves: _Curves) -> tuple[float, float]:
    """Errors among the open rows, as one family has it."""
    weights, spreads = _normal(curves.log_weights), np.sqrt(curves.variances)
    low, high = (_quantile(level, weights, curves.means, spreads) for level in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return low, high


def _normal(log_weights: FloatArray) -> FloatArray:
    return np.asarray(np.exp(log_weights - np.logaddexp.reduce(log_weights)))


def _quantile(level: float, weights: FloatArray, means: FloatArray, spreads: FloatArray) -> float:
    """The quantile of a mixture of normal distributions, to a tenth of a row."""
    kept = weights > 1e-7
    weights, means, spreads = weights[kept] / weights[kept].sum(), means[kept], np.maximum(spreads[kept], 1e-3)
    low, high = float((means - 8 * spreads).min()), float((means + 8 * spreads).max())
    while high - low > 0.1:
        middle = (low + high) / 2
        below = float(weights @ ndtr((middle - means) / spreads)) < level
        low, high = (middle, high) if below else (low, middle)
    return (low + high) / 2


def _text(state: QueueState) -> str:
    if not state.answered:
        return f"No label is answered yet. After {MIN_ANSWERS} answers it can be said how many are left."
    answered = "1 label is" if state.answered == 1 else f"{state.answered:,} labels are"
    said = f"{answered} answered, {_were(state.wrong)} wrong."
    if state.answered < MIN_ANSWERS:
        more = MIN_ANSWERS - state.answered
        return f"{said} After {more} more {'answer' if more == 1 else 'answers'} it can be said how many are left."
    rest = (
        f"Of the {state.left:,} left {state.low:,} to {state.high:,} are wrong, if errors get no commoner further down."
    )
    ahead = f"Of the next {min(NEXT_ROWS, state.left)} about {state.next_share:.0%} would be"
    if state.stop:
        return f"{said} {rest} {ahead}: you may stop; to be sure, answer {NEXT_ROWS} of the others, chosen at random."
    return f"{said} {rest} {ahead}: go on."


def _were(number: int) -> str:
    return "1 was" if number == 1 else f"{number:,} were"
