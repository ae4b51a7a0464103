"""Money: running cost a month, what wrong answers cost, and the smallest gain that pays for itself.

Everything follows from stated prices and declared figures, so that it does not move with the noise of a clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tunewright.prices.machines import machine_price
from tunewright.records.system import Needs
from tunewright.records.verdict import Cost

DAYS_PER_MONTH = 30.4
HOURS_PER_MONTH = 730
# Calls come in bunches: the busiest minute is planned as this many times the average.
PEAK_FACTOR = 5.0
# A machine that is busier than this makes callers wait.
UTILISATION = 0.5
LEAST_MARGIN = 0.002
DEFAULT_MARGIN = 0.02
SHARE_OF_ERRORS = 0.10


@dataclass(frozen=True, slots=True)
class Margin:
    """The smallest gain worth paying for, and where it comes from."""

    min_improvement: float
    basis: str


def monthly_cost(
    needs: Needs,
    *,
    volume_per_day: float,
    usd_per_hour: float | None,
    stated_usd_per_month: float | None,
    recorded: bool,
    error_cost: float | None,
    score: float | None,
    interval: tuple[float, float] | None,
) -> Cost:
    """Running cost and the cost of wrong answers of one system."""
    volume = volume_per_day * DAYS_PER_MONTH
    running, basis = _running(needs, volume_per_day, usd_per_hour, stated_usd_per_month, recorded)
    wrong = None if score is None else round((1 - score) * volume, 1)
    wrong_usd = None if wrong is None or error_cost is None else round(wrong * error_cost, 2)
    low = high = running
    if running is not None and error_cost is not None and interval is not None:
        low = round(running + (1 - interval[1]) * volume * error_cost, 2)
        high = round(running + (1 - interval[0]) * volume * error_cost, 2)
        basis += f"; range: with wrong answers at ${error_cost:g} each, over the interval of the score"
    return Cost(
        usd_per_month=running,
        low=low,
        high=high,
        wrong_answers_per_month=wrong,
        wrong_answers_usd_per_month=wrong_usd,
        basis=basis,
    )


def choose_margin(
    *,
    stated: float | None,
    error_cost: float | None,
    volume_per_day: float,
    best_validation_score: float | None,
    candidate_usd_per_month: float | None,
    baseline_usd_per_month: float | None,
) -> Margin:
    """Stated; else from the cost of an error; else 2 points or a tenth of the remaining errors, the larger."""
    if stated is not None:
        return Margin(stated, f"stated: {100 * stated:g} points")
    if error_cost is not None:
        extra = max((candidate_usd_per_month or 0.0) - (baseline_usd_per_month or 0.0), 0.0)
        margin = max(extra / (volume_per_day * DAYS_PER_MONTH * error_cost), LEAST_MARGIN)
        return Margin(round(margin, 6), f"what pays for ${extra:g} a month more at ${error_cost:g} per wrong answer")
    errors = 1 - (best_validation_score if best_validation_score is not None else 1.0)
    margin = max(DEFAULT_MARGIN, SHARE_OF_ERRORS * errors)
    return Margin(round(margin, 6), "the larger of 2 points and a tenth of the errors of the best simpler system")


def _running(
    needs: Needs, volume_per_day: float, usd_per_hour: float | None, stated: float | None, recorded: bool
) -> tuple[float | None, str]:
    if stated is not None:
        return stated, "stated"
    if recorded:
        return None, "unpriced: nobody said what the recorded answers cost"
    if not needs.own_machine:
        return 0.0, "runs inside your own program, on no machine of its own"
    price = machine_price(usd_per_hour)
    peak_per_s = volume_per_day * PEAK_FACTOR / 86_400
    machines = max(1, math.ceil(peak_per_s * needs.seconds_per_call / UTILISATION))
    return round(machines * price.usd_per_hour * HOURS_PER_MONTH, 2), f"{machines} machine(s) all month, {price.basis}"
