"""Test rows with a near copy among the training rows: scored with and without them.

Where the gain on the near copies differs from the gain on the rest by more than noise, the rest is what counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Study

# Two-sided 5 %: a difference this many standard errors wide is not put down to chance.
BEYOND_NOISE = 1.96
MIN_ROWS = 20


def clean_subset(
    study: Study, outcomes: Sequence[Outcome], candidate: Outcome | None
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """(which scored rows count, sentences about it). All rows count unless the near copies change the gain."""
    scored = study.scored
    near = np.array([row in study.near_leaks for row in scored], dtype=bool)
    everything = np.ones(len(scored), dtype=bool)
    if not near.any():
        return everything, ()
    lines = [_line(outcome, near) for outcome in outcomes]
    baselines = [o for o in outcomes if o.role == "baseline"]
    rest = int((~near).sum())
    if rest < MIN_ROWS:
        return everything, (" ".join([*lines, "Too few other rows are left to judge by."]),)
    if candidate is not None and near.sum() >= MIN_ROWS and not any(_differs(candidate, o, near) for o in baselines):
        return everything, (" ".join([*lines, "Leaving them out would not change the gain beyond noise."]),)
    return ~near, (" ".join([*lines, f"The verdict rests on the {rest} other rows."]),)


def _differs(candidate: Outcome, baseline: Outcome, near: NDArray[np.bool_]) -> bool:
    """Whether the gain over a baseline differs between near copies and the rest by more than noise."""
    gains = candidate.score_values - baseline.score_values
    copied, rest = (gains[mask & ~np.isnan(gains)] for mask in (near, ~near))
    if len(copied) < 2 or len(rest) < 2:
        return True
    error = np.sqrt(copied.var(ddof=1) / len(copied) + rest.var(ddof=1) / len(rest))
    return bool(abs(copied.mean() - rest.mean()) > BEYOND_NOISE * error)


def _line(outcome: Outcome, near: NDArray[np.bool_]) -> str:
    scores = outcome.score_values
    without = scores[~near & ~np.isnan(scores)]
    shown = f"{without.mean():.1%}" if len(without) else "nothing left"
    return f"{outcome.name}: {np.nanmean(scores):.1%} on all rows, {shown} without near copies."
