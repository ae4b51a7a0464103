"""What a number of cases can prove, before any of them is looked at, and how many more would decide.

Planning needs a guess of how often two systems differ: 20 cases in 100 until a pilot says otherwise, then the upper
80 % bound of what was seen. Called by the plan before a run, and by ``verdict`` for its last sentence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri

from tunewright.decision.compare import Estimate
from tunewright.decision.levels import working_alpha
from tunewright.decision.wording import count, points
from tunewright.statistics.power import connor_cases, gate_power, minimum_detectable_gain
from tunewright.statistics.proportions import clopper_pearson_interval

DEFAULT_DISCORDANCE = 0.20
POWER = 0.8
UNREALISTIC_CASES = 1_000_000
FEW_CASES = 200  # below, a reader is warned
SMALL_GAIN, CASES_FOR_SMALL_GAINS = 0.03, 1000  # a gain as small as this is advised to be judged on as many cases
_STEP = 5e-4  # gains are said to a tenth of a point


@dataclass(frozen=True, slots=True)
class Reach:
    """What ``n`` cases can show. Gains are found 4 times in 5 (power 0.8); ``needed_cases`` is for the margin itself.

    ``smallest_shipped_gain`` also asks that the estimate reaches the margin, as SHIP_FINE_TUNE does.
    """

    n: int
    discordance: float
    design_effect: float
    smallest_gain: float
    smallest_shipped_gain: float
    needed_cases: int
    text: str


def reach(
    n: int,
    min_improvement: float,
    *,
    discordance: float = DEFAULT_DISCORDANCE,
    design_effect: float = 1.0,
    alpha: float = 0.025,
    cross_fitted: bool = False,
) -> Reach:
    """What these cases can show, asked before any is looked at. ``cross_fitted``: every row is scored out of fold."""
    alpha = working_alpha(alpha, cross_fitted=cross_fitted)
    smallest = smallest_provable_gain(n, discordance, design_effect, alpha)
    shipped = smallest_provable_gain(n, discordance, design_effect, alpha, at_least=min_improvement)
    needed = needed_for(min_improvement, discordance, design_effect, alpha)
    if smallest >= 1:
        text = f"{count(n, 'case')} cannot show any gain."
    else:
        text = f"The smallest gain that {count(n, 'case')} can show is {points(smallest)}."
    if needed > n:
        text += f" For a gain of {points(min_improvement)} about {count(round_up(needed), 'case')} are needed."
    return Reach(n, discordance, design_effect, smallest, shipped, needed, text)


def observed_discordance(estimate: Estimate) -> float:
    """The upper 80 % bound of how often two systems differ, from a comparison of them; the default without cases."""
    cases = estimate.n / max(estimate.design_effect, 1.0)
    if cases <= 0:
        return DEFAULT_DISCORDANCE
    _, high = clopper_pearson_interval(estimate.discordance * cases, cases, 1 - POWER)
    return float(high)


def smallest_provable_gain(
    n: int, discordance: float, design_effect: float = 1.0, alpha: float = 0.025, *, at_least: float = 0.0
) -> float:
    """The smallest gain that the exact gate finds with power 0.8 (and whose estimate reaches ``at_least``); 1 if none.

    Connor's formula gives the neighbourhood, exact enumeration the answer.
    """
    cases = int(n / max(design_effect, 1.0))

    def found(gain: float) -> float:
        return gate_power(cases, max(discordance, gain), gain, alpha, at_least=at_least)

    if cases < 1 or found(1.0) < POWER:
        return 1.0
    low, high = 0.0, 1.0
    guess = max(minimum_detectable_gain(cases, discordance, alpha, POWER), at_least)
    for bound in (guess, 1.25 * guess, 1.6 * guess, 2.2 * guess):
        if bound < high:
            low, high = (low, bound) if found(bound) >= POWER else (bound, high)
    while high - low > _STEP:
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) >= POWER else (middle, high)
    return math.ceil(high * 1000) / 1000


def needed_for(min_improvement: float, discordance: float, design_effect: float = 1.0, alpha: float = 0.025) -> int:
    """Cases with which McNemar's test finds a gain of exactly the margin 4 times in 5 (Connor 1987)."""
    if min_improvement <= 0:
        return UNREALISTIC_CASES
    return min(connor_cases(min_improvement, discordance, alpha, POWER, max(design_effect, 1.0)), UNREALISTIC_CASES)


def cases_to_decide(
    estimate: Estimate, min_improvement: float, alpha: float = 0.025, *, strong: bool = False
) -> int | None:
    """How many cases in all would probably turn "not proven" into an answer; None when no realistic number would.

    At least what finds the margin; and if these cases were already as many, what separates a gain of the size seen
    from the margin (or from 0, where the gain reaches the margin and only the proof is missing; from the margin again
    under a strong claim). Never less than a tenth more than there are.
    """
    discordance = observed_discordance(estimate)
    needed = needed_for(min_improvement, discordance, estimate.design_effect, alpha)
    if needed <= estimate.n:
        distance = abs(estimate.delta - min_improvement)
        if estimate.delta >= min_improvement and not strong:
            distance = estimate.delta
        z = float(ndtri(1 - alpha) + ndtri(POWER))
        variance = max(discordance - estimate.delta**2, 0.0) * max(estimate.design_effect, 1.0)
        needed = UNREALISTIC_CASES if distance <= 0 else math.ceil(z * z * variance / distance**2)
    if needed >= UNREALISTIC_CASES:
        return None
    return max(needed, estimate.n + max(10, estimate.n // 10))


def floor_lines(n: int, min_improvement: float) -> list[str]:
    """What to know of a number of cases that is small whatever is found on them; one line at most."""
    few, small = n < FEW_CASES, min_improvement <= SMALL_GAIN + 1e-9 and n < CASES_FOR_SMALL_GAINS
    if not few and not small:
        return []
    seen = f"{count(n, 'case')} {'decides' if n == 1 else 'decide'}"
    start = f"Only {seen}: below {FEW_CASES} a verdict rests on a handful of answers." if few else f"{seen}."
    more = f" For a gain of {points(min_improvement)} at least {CASES_FOR_SMALL_GAINS:,} are advised." if small else ""
    return [start + more]


def round_up(cases: int) -> int:
    """To two significant digits, upwards: what is said aloud is a rough number and should look like one."""
    unit: int = 10 ** max(len(str(cases)) - 2, 0)
    return -(-cases // unit) * unit
