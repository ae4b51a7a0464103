"""The interval of a score on validation rows, which also served to choose settings.

Such a score is that of the choice made on the other rows (``systems._honest``). It is no mean of independent cases, for
the parts were scored by different settings, each the best elsewhere. In simulations of 2 to 30 equally good settings on
20 to 1,000 rows its variance is up to 2.1 times that of a plain mean; Wilson's 95 % interval then misses up to 20 times
in 100, and on half of the cases up to 5.5 times (0.5 to 3 where settings mostly agree). Called for the figures of
overfitting and by ``explore``.
"""

from __future__ import annotations

from tunewright.records.base import Interval
from tunewright.statistics.proportions import wilson_interval
from tunewright.workflow.outcome import Outcome

CHOICE = 2.0
DIGITS = 6


def validation_interval(outcome: Outcome, score: float, cases: float) -> Interval:
    """95 % for ``score`` on so many independent ``cases``; half of them count where settings were chosen on them."""
    worth = cases / CHOICE if any(fit.budget.spent > 1 for fit in outcome.fits) else cases
    low, high = wilson_interval(score * worth, worth)
    return round(float(low), DIGITS), round(float(high), DIGITS)
