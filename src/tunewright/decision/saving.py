"""When equal quality would do: the candidate saves money, or it alone keeps the hard limits.

Used by ``ruling`` for the second way to SHIP_FINE_TUNE, and by ``use`` for who is near enough to whom. Prices come
from ``money``; nothing here looks at a price list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunewright.decision.compare import Estimate
from tunewright.decision.headline import Reason
from tunewright.decision.inputs import DecisionInputs, SystemScores


@dataclass(frozen=True, slots=True)
class Between:
    """The estimates between the systems to beat, asked for in either direction."""

    estimates: Mapping[tuple[str, str], Estimate]

    def low(self, first: str, second: str) -> float:
        """Lower bound of the gain of ``first`` over ``second``. Intervals mirror exactly when systems swap places."""
        if (first, second) in self.estimates:
            return self.estimates[first, second].low
        return -self.estimates[second, first].high


def admissible(references: Sequence[SystemScores], between: Between, margin: float) -> list[SystemScores]:
    """Systems not shown to be more than ``margin`` below another: the rest are no measure of what quality costs."""
    return [
        system
        for system in references
        if not any(between.low(other.name, system.name) > margin for other in references if other is not system)
    ]


# Less than this a month is no saving, whatever the person asked for: it would be noise in any bill.
LEAST_SAVING_USD = 1.0
# However large the smallest worthwhile gain is, more than this is not given away for money.
LARGEST_LOSS = 0.05


def loss_is_covered(inputs: DecisionInputs, lows: Sequence[float], saved_usd: float) -> bool:
    """Whether the saving pays for the worst loss of right answers that the lower bounds leave open.

    Also holds the loss under ``LARGEST_LOSS``. Without a stated cost of errors only the latter is asked.
    """
    worst = max((-low for low in lows), default=0.0)
    return worst <= LARGEST_LOSS and saved_usd - max(worst, 0.0) * inputs.usd_at_stake >= LEAST_SAVING_USD


def reward(inputs: DecisionInputs, candidate: SystemScores, between: Between) -> tuple[Reason, float | None]:
    """Why equal quality would do, if it would, and the least that is saved a month.

    A saving must exceed 0 and reach ``min_saving_usd`` against every admissible system; one unpriced system among them,
    or an unpriced candidate, shows no saving.
    """
    limits = inputs.hard_limits_met or {}
    if limits.get(candidate.name) is True and all(limits.get(s.name) is False for s in inputs.references):
        return "only-in-limits", None
    rivals = admissible(inputs.references, between, inputs.min_improvement)
    prices = [s.usd_per_month for s in rivals if s.usd_per_month is not None]
    if candidate.usd_per_month is None or not rivals or len(prices) < len(rivals):
        return "none", None
    least = min(prices) - candidate.usd_per_month
    return ("saving", least) if least >= max(inputs.min_saving_usd, LEAST_SAVING_USD) else ("none", None)
