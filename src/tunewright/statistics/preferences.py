"""Which of two answers is preferred, asked in both orders: wins, losses, ties, the sign test and the share preferred.

A judge that changes its mind with the order has not told the answers apart: a tie. The test looks at decided cases
alone; ties are reported, and count half in the share. Called for scores of 1, 1/2 and 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tunewright.statistics.arrays import Bounds, FloatArray, IntArray
from tunewright.statistics.clusters import group_totals
from tunewright.statistics.gains import effective_counts, gain_intervals
from tunewright.statistics.mcnemar import one_sided_exact
from tunewright.statistics.sign_flip import sign_flip_p

TIE = 0.5


@dataclass(frozen=True, slots=True)
class Preference:
    """``share`` is P(win) + P(tie) / 2 and ``interval`` its bounds; ``p`` one-sided that the first is not preferred."""

    wins: int
    ties: int
    losses: int
    share: float
    interval: Bounds
    p: float


@dataclass(frozen=True, slots=True)
class BothOrders:
    """Scores 1, 1/2, 0 of the first system; how often the order decided, and how often the first place won."""

    scores: FloatArray
    flip_rate: float
    first_place_share: float


def both_orders(shown_first: FloatArray, shown_second: FloatArray) -> BothOrders:
    """One score per case from two verdicts on it; float64[n] each: 1 where the first system won, 1/2 a tie, 0.

    In ``shown_first`` its answer stood first. Verdicts that do not agree make a tie.
    """
    agree = shown_first == shown_second
    decided = np.concatenate([shown_first[shown_first != TIE], 1 - shown_second[shown_second != TIE]])
    return BothOrders(
        np.where(agree, shown_first, TIE),
        float(np.mean(~agree)) if len(agree) else 0.0,
        float(decided.mean()) if len(decided) else TIE,
    )


def is_preference(scores: FloatArray) -> bool:
    """Whether all scores are 1, 1/2 or 0, with some in between."""
    return bool(len(scores) and np.isin(scores, (0.0, TIE, 1.0)).all() and (scores == TIE).any())


def preference(scores: FloatArray, groups: IntArray | None = None, *, seed: int, alpha: float = 0.025) -> Preference:
    """The figures of scores float64[n] in {1, 1/2, 0}; sign flips on group sums where rows belong together."""
    gains = 2 * scores - 1
    wins, losses = int(np.count_nonzero(gains > 0)), int(np.count_nonzero(gains < 0))
    alone = groups is None
    p = float(one_sided_exact(wins, losses)) if alone else sign_flip_p(group_totals(gains, groups), seed=seed)
    ((low, high),) = gain_intervals([effective_counts(gains, groups, alpha)], alpha)
    share = float(scores.mean()) if len(scores) else TIE
    return Preference(wins, len(scores) - wins - losses, losses, share, ((low + 1) / 2, (high + 1) / 2), p)
