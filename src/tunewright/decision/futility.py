"""A fine-tune that cannot win, known before it costs anything: even one without an error would not be enough.

Only quality is asked here; who might win by being cheaper or faster is not spared. Called by ``workflow.sparing``.
"""

from __future__ import annotations

import math

from tunewright.decision.levels import ALPHA, working_alpha
from tunewright.decision.wording import count, percent, points


def fewest_wins(alpha: float = ALPHA, *, cross_fitted: bool) -> int:
    """Cases that a system must win, none being lost, for McNemar's exact p ``2^-k`` to reach the working level."""
    return math.ceil(-math.log2(working_alpha(alpha, cross_fitted=cross_fitted)))


def least_room(n: int, margin: float, *, cross_fitted: bool) -> float:
    """The smallest gain that ``n`` cases of right and wrong could show, and that is worth having."""
    return max(margin, fewest_wins(cross_fitted=cross_fitted) / max(n, 1))


def nothing_left(best: str, low: float, n: int, least: float, where: str = "") -> str | None:
    """Why even a system without an error would not win against ``best``; None where it might.

    ``low`` is a lower bound of the score of ``best``: with less than ``least`` between it and 1 a win is out of reach
    whatever its true score is, but for the chance that the bound is wrong.
    """
    if 1.0 - low >= least:
        return None
    return (
        f"{best} scores at least {percent(low)}{where}, and {count(n, 'case')} show no gain below {points(least)} that "
        "counts here, so that even a system without an error would not win"
    )
