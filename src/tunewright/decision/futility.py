"""Fine-tunes that cannot win, known before they cost anything: too few cases, or nothing left to gain.

Both are about what the comparison could show, not about how good the fine-tune may be. Called by ``workflow.sparing``.
"""

from __future__ import annotations

from tunewright.decision.plan import reach
from tunewright.decision.wording import count, percent, points

ENOUGH_GAIN = 0.02


def too_few(n: int, least: int, *, cross_fitted: bool) -> str | None:
    """Why ``n`` cases are too few to show what a fine-tune brings; None from ``least`` on (rule few_test_cases)."""
    if n >= least:
        return None
    smallest = reach(n, ENOUGH_GAIN, cross_fitted=cross_fitted).smallest_gain
    shown = f"show no gain below {points(smallest)}" if smallest < 1 else "cannot show any gain"
    return f"{count(n, 'case')} {shown}, fewer than {least} being too few (rule few_test_cases): label more first"


def nothing_left(best: str, low: float, margin: float, where: str = "") -> str | None:
    """Why even a system without an error would not be ``margin`` better than ``best``; None where it might be.

    ``low`` is the lower 95 % bound of the score of ``best``: with less than the margin between it and 1, a gain of the
    margin is out of reach whatever the true score is, but for one chance in forty.
    """
    if 1.0 - low >= margin:
        return None
    return (
        f"{best} scores at least {percent(low)}{where}, so that even a system without an error is not "
        f"{points(margin)} better, the least that counts here"
    )
