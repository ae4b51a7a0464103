"""Training rows that stay dear to the end: their loss in the last epoch is far above that of most rows.

Mistaken labels and truly odd cases are learned last (Toneva et al. 2019, arXiv 1812.05159; Swayamdipta et al. 2020,
arXiv 2009.10795), so these rows are worth a look before any other. Called by fine-tunes that keep the losses of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunewright.systems._loss_history import LossHistory

MOST = 20
# Times the median loss of a unit of weight (a token that counts), and the least loss that is worth a look: the right
# answer given a chance of less than a half.
FAR_ABOVE = 3.0
LEAST_LOSS = float(np.log(2))


def dear_in(history: LossHistory | None) -> tuple[str, ...]:
    """``hard_rows`` of a history; what label smoothing leaves of every loss does not count."""
    if history is None:
        return ()
    return hard_rows(list(history.above_least), [1.0] * len(history.names), history.names)


def hard_rows(
    losses: Sequence[NDArray[np.floating[Any]]], weights: Sequence[float], names: Sequence[str]
) -> tuple[str, ...]:
    """Names of the rows that are dear in each of the last two epochs, the dearest in the last one first; at most 20.

    ``losses`` are float[rows] for each epoch, summed over the tokens of a row, nan where it was not seen; ``weights``
    are the sums of the tokens' weights.
    """
    if not losses or not names:
        return ()
    units = np.maximum(np.asarray(weights, dtype=np.float64), 1e-9)
    dear = np.ones(len(names), dtype=bool)
    for epoch in losses[-2:]:
        each = epoch / units
        known = each[~np.isnan(each)]
        if not len(known):
            return ()
        dear &= each > max(LEAST_LOSS, FAR_ABOVE * float(np.median(known)))
    last = losses[-1] / units
    order = sorted(np.flatnonzero(dear).tolist(), key=lambda row: (-float(last[row]), row))
    return tuple(names[row] for row in order[:MOST])
