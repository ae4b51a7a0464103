"""How the loss of training rows went, epoch by epoch, over all fits of a system that keep it.

A row is called learned where its loss is low: the right answer has a chance of more than a half. Rows that are not
learned at the end are the first candidates for wrong labels. A model large enough has all its rows by heart at the end,
wrong labels too; those are learned after the others (Arpit et al. 2017, arXiv 1706.05394, section 3), so that then the
first epoch tells. Called by ``learned``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from tunewright.decision.wording import count
from tunewright.records.learned import RowLosses
from tunewright.statistics.arrays import FloatArray
from tunewright.systems._hard_rows import hard_rows
from tunewright.systems._loss_history import LossHistory

DIGITS = 4
LOW = math.log(2.0)
# Where more rows than this are not learned at the end, that says more of the training than of their labels.
FEW = 0.25


def row_losses(histories: Sequence[LossHistory], hard: Sequence[str]) -> RowLosses | None:
    """The losses of all rows; those of a row that several fits learned from are averaged. None where none were kept.

    Args:
        hard: names of the rows whose own losses are told.
    """
    found = _by_row(histories)
    if not found:
        return None
    by_epoch = {name: _mean_by_epoch(fits) for name, fits in found.items()}
    longest = max(map(len, by_epoch.values()))
    low_first = np.array([np.mean([losses[0] for losses in fits]) < LOW for fits in found.values()])
    low_last = np.array([np.mean([losses[-1] for losses in fits]) < LOW for fits in found.values()])
    medians = [np.median([one[epoch] for one in by_epoch.values() if len(one) > epoch]) for epoch in range(longest)]
    return RowLosses(
        rows=len(found),
        median_by_epoch=[round(float(median), DIGITS) for median in medians],
        early=int((low_first & low_last).sum()),
        late=int((~low_first & low_last).sum()),
        never=int((~low_last).sum()),
        of_hard_rows=[[round(float(one), DIGITS) for one in by_epoch.get(name, ())] for name in hard],
    )


def dear_at_first(histories: Sequence[LossHistory]) -> list[str]:
    """Rows whose loss, averaged over fits, was far above that of most in the first epoch, the dearest first."""
    found = _by_row(histories)
    first = np.array([np.mean([losses[0] for losses in fits]) for fits in found.values()])
    return list(hard_rows([first], [1.0] * len(first), list(found)))


def losses_text(losses: RowLosses | None) -> str:
    """One sentence; empty where no losses were kept."""
    if losses is None:
        return ""
    if losses.early == losses.rows:
        rows = count(losses.rows, "row")
        return (
            f"The loss of all {rows} that it learned from was low from the first epoch on, and so says nothing of "
            "single labels."
        )
    text = (
        f"Of {count(losses.rows, 'row')} that it learned from, the loss of {losses.early} was low from the first epoch "
        f"on, that of {losses.late} only later, and that of {losses.never} was still high in the last epoch"
    )
    if losses.never > FEW * losses.rows:
        return f"{text}: it has not learned them, whatever their labels are."
    if losses.never:
        return f"{text}: look there first for wrong labels."
    if losses.late <= FEW * losses.rows:
        return f"{text}. It has all of them by heart: look for wrong labels first among those that it learned later."
    return f"{text}."


def _by_row(histories: Sequence[LossHistory]) -> dict[str, list[FloatArray]]:
    """The losses ``[epochs]`` of each row above the least, fit by fit; rows not seen in every epoch are left out."""
    found: dict[str, list[FloatArray]] = defaultdict(list)
    for history in histories:
        for name, losses in zip(history.names, history.above_least.T, strict=True):
            if len(losses) and not np.isnan(losses).any():
                found[name].append(losses)
    return found


def _mean_by_epoch(fits: Sequence[FloatArray]) -> list[float]:
    """Mean over the fits that had the epoch; some stop before others."""
    longest = max(map(len, fits))
    return [float(np.mean([losses[epoch] for losses in fits if len(losses) > epoch])) for epoch in range(longest)]
