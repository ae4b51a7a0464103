"""The rule of ``headline`` applied to one set of comparisons, with everything that the sentences need.

``headline`` knows arrays only; this file takes them out of comparisons and names what was found. Called by ``verdict``
once all gates have passed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tunewright.decision.compare import Estimate, Pair, estimate, level_of
from tunewright.decision.evidence import Evidence
from tunewright.decision.headline import (
    HEADLINES,
    SHIP,
    Against,
    Reason,
    contenders,
    hardest,
    headline_codes,
    is_borderline,
    quality_of,
    reaches,
    superior,
)
from tunewright.decision.inputs import DecisionInputs, SystemScores
from tunewright.decision.levels import NON_INFERIORITY_FACTOR
from tunewright.decision.plan import cases_to_decide
from tunewright.decision.saving import loss_is_covered, reward
from tunewright.records.verdict import Headline, Quality


@dataclass(frozen=True, slots=True)
class Ruling:
    """A headline with its grounds. ``binding`` is the gain over the hardest system, ``saves_usd`` per month."""

    headline: Headline
    reason: Reason
    quality: Quality
    borderline: bool
    binding: Estimate
    saves_usd: float | None
    needed_cases: int | None


def rule(
    inputs: DecisionInputs,
    candidate: SystemScores,
    evidence: Evidence,
) -> Ruling:
    """The headline over the candidate's comparisons with every system to beat."""
    alpha, margin = level_of(inputs), inputs.min_improvement
    reason, saves = reward(inputs, candidate, evidence.between)
    against = _against(inputs, evidence, rewarded=reason != "none")
    if reason == "saving" and not loss_is_covered(inputs, against.strict_low.tolist(), saves or 0.0):
        reason, saves = "none", None
    place = int(hardest(against))
    binding = evidence.comparisons[place].estimate
    keep_high = _keep_high(evidence.pairs[place], binding, int(contenders(against)), inputs)
    allowed = inputs.within_limits(candidate.name)
    code = int(
        headline_codes(
            against,
            keep_high,
            margin=margin,
            alpha=alpha,
            rewarded=reason != "none",
            allowed=allowed,
            strong=inputs.strong,
        )
    )
    if not allowed:
        reason = "breaks-limit"
    elif bool(superior(against, alpha)) and bool(reaches(against, margin, strong=inputs.strong)):
        reason = "superior"
    return Ruling(
        headline=HEADLINES[code],
        reason=reason if code == SHIP or not allowed else "none",
        quality=quality_of(against, keep_high, margin=margin, alpha=alpha),
        borderline=is_borderline(against, alpha),
        binding=binding,
        saves_usd=saves,
        # With a judge it is judgements of people that are short, not cases.
        needed_cases=cases_to_decide(binding, margin, alpha, strong=inputs.strong)
        if HEADLINES[code] == "NOT_PROVEN" and binding.people is None
        else None,
    )


def _against(inputs: DecisionInputs, evidence: Evidence, *, rewarded: bool) -> Against:
    """The comparisons as arrays. The stricter lower bound is looked for only where being no worse would be rewarded."""
    found = [c.estimate for c in evidence.comparisons]
    strict = estimate(evidence.pairs, inputs, NON_INFERIORITY_FACTOR) if rewarded else found
    rows = [(e.delta, e.low, e.high, c.p, s.low) for e, c, s in zip(found, evidence.comparisons, strict, strict=True)]
    delta, low, high, p, strict_low = np.array(rows, dtype=np.float64).T
    return Against(delta, low, high, p, strict_low)


def _keep_high(pair: Pair, binding: Estimate, contending: int, inputs: DecisionInputs) -> float:
    """The upper bound that KEEP_SIMPLER uses: at level alpha / k where k systems contend for the hardest.

    It is never below the ordinary one, so where that already reaches the margin the search is spared.
    """
    if contending == 1 or binding.high >= inputs.min_improvement:
        return binding.high
    return estimate([pair], inputs, 1 / contending)[0].high
