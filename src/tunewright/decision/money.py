"""What a system costs a month to run, what its wrong answers cost, and the smallest gain that pays.

Running cost follows from declared figures (seconds per call, dollars per hour or call), so that it does not move with
the noise of a clock; only the number of wrong answers comes from scores. An unknown price stays unknown and is never 0.
Called by the workflow before a test is opened (the margin) and after (the costs). What is saved is judged in
``saving``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tunewright.decision.wording import count, percent, points, usd
from tunewright.errors import InputError
from tunewright.records.base import Interval
from tunewright.records.verdict import Cost

DAYS_PER_MONTH = 30.4
HOURS_PER_MONTH = 730.0
SECONDS_PER_DAY = 86_400.0
PEAK_OVER_MEAN = 5.0  # the busiest second against the mean over a day, when nobody says otherwise
UTILISATION = 0.6  # share of a machine's time that may be busy at the peak before calls queue up
SMALLEST_MARGIN = 0.002
DEFAULT_MARGIN = 0.02
SHARE_OF_ERROR = 0.10
PAYBACK_MONTHS = 12.0


@dataclass(frozen=True, slots=True)
class Workload:
    """How many calls there are. ``peak_calls_per_second`` None takes five times the mean over a day."""

    calls_per_day: float
    peak_calls_per_second: float | None = None

    def __post_init__(self) -> None:
        if self.calls_per_day < 0 or (self.peak_calls_per_second or 0.0) < 0:
            raise InputError("money.workload", "The number of calls cannot be negative.", where="volume_per_day")

    @property
    def calls_per_month(self) -> float:
        return self.calls_per_day * DAYS_PER_MONTH

    @property
    def peak(self) -> float:
        """Calls in the busiest second."""
        mean = self.calls_per_day / SECONDS_PER_DAY
        return PEAK_OVER_MEAN * mean if self.peak_calls_per_second is None else self.peak_calls_per_second


@dataclass(frozen=True, slots=True)
class InProcess:
    """Runs inside the caller's own program at no noticeable cost."""


@dataclass(frozen=True, slots=True)
class OwnMachine:
    """Needs machines that are paid by the hour, busy or not. ``usd_per_hour`` None is unpriced."""

    seconds_per_call: float
    usd_per_hour: float | None
    utilisation: float = UTILISATION

    def __post_init__(self) -> None:
        if self.seconds_per_call <= 0 or not 0 < self.utilisation <= 1:
            message = "Seconds per call must be above 0 and utilisation between 0 and 1."
            raise InputError("money.machine", message, where="seconds_per_call, utilisation")


@dataclass(frozen=True, slots=True)
class PaidPerCall:
    """Somebody else's server, paid by what is sent. ``usd_per_call`` None is unpriced."""

    usd_per_call: float | None


Hosting = InProcess | OwnMachine | PaidPerCall


@dataclass(frozen=True, slots=True)
class RunningCost:
    """Dollars a month (None: unpriced), the machines counted, and in words what the figure follows from."""

    usd_per_month: float | None
    machines: int
    basis: str


@dataclass(frozen=True, slots=True)
class WrongAnswers:
    """Wrong answers a month and their dollars, with both ends of the score's interval; dollars None without a price."""

    per_month: float
    low: float
    high: float
    usd: float | None
    usd_low: float | None
    usd_high: float | None


@dataclass(frozen=True, slots=True)
class Margin:
    """The smallest worthwhile gain, and in words where it comes from."""

    gain: float
    basis: str


def running_cost(workload: Workload, hosting: Hosting) -> RunningCost:
    """What answering the workload costs a month; machines: ceil(peak calls/s x s per call / utilisation) x 730 h."""
    if isinstance(hosting, InProcess):
        return RunningCost(0.0, 0, "Runs inside your own program: no machine of its own is counted.")
    if isinstance(hosting, PaidPerCall):
        calls = f"{workload.calls_per_month:,.0f} calls a month"
        if hosting.usd_per_call is None:
            return RunningCost(None, 0, f"Unpriced: {calls}, but the price of a call is unknown.")
        amount = hosting.usd_per_call * workload.calls_per_month
        return RunningCost(round(amount, 2), 0, f"{calls} at ${hosting.usd_per_call:.6g} each.")
    machines = max(1, math.ceil(workload.peak * hosting.seconds_per_call / hosting.utilisation - 1e-9))
    sized = (
        f"{count(machines, 'machine')} for {workload.peak:.3g} calls a second at the peak, "
        f"{hosting.seconds_per_call:.3g} s a call, {percent(hosting.utilisation)} busy at most"
    )
    if hosting.usd_per_hour is None:
        return RunningCost(None, machines, f"Unpriced: {sized}, but the price of an hour is unknown.")
    amount = machines * hosting.usd_per_hour * HOURS_PER_MONTH
    return RunningCost(round(amount, 2), machines, f"{sized}, at ${hosting.usd_per_hour:.4g} an hour.")


def wrong_answers(workload: Workload, score: float, interval: Interval, usd_per_wrong: float | None) -> WrongAnswers:
    """Wrong answers a month at a mean score, with the ends of its interval; partly right answers count in part."""
    calls = workload.calls_per_month
    few, mean, many = (round(calls * (1 - s), 1) for s in (interval[1], score, interval[0]))
    if usd_per_wrong is None:
        return WrongAnswers(mean, few, many, None, None, None)
    return WrongAnswers(mean, few, many, *(round(x * usd_per_wrong, 2) for x in (mean, few, many)))


def cost_record(running: RunningCost, wrong: WrongAnswers | None) -> Cost:
    """The cost as the verdict document shows it; low and high are running cost plus wrong answers at both ends.

    Without a price of a wrong answer the running cost has no range, and low and high are the running cost itself.
    """
    low = high = running.usd_per_month
    if wrong is not None and wrong.usd_low is not None and wrong.usd_high is not None and low is not None:
        low, high = round(low + wrong.usd_low, 2), round(low + wrong.usd_high, 2)
    return Cost(
        usd_per_month=running.usd_per_month,
        low=low,
        high=high,
        wrong_answers_per_month=None if wrong is None else wrong.per_month,
        wrong_answers_usd_per_month=None if wrong is None else wrong.usd,
        basis=running.basis,
    )


def default_margin(best_validation_score: float | None) -> Margin:
    """Two points, or a tenth of the errors that the best baseline still makes on validation, whichever is more."""
    if best_validation_score is None:
        return Margin(DEFAULT_MARGIN, f"The default of {points(DEFAULT_MARGIN)}.")
    left = max(1 - best_validation_score, 0.0)
    if SHARE_OF_ERROR * left <= DEFAULT_MARGIN:
        return Margin(DEFAULT_MARGIN, f"The default of {points(DEFAULT_MARGIN)}.")
    gain = round(SHARE_OF_ERROR * left, 4)
    return Margin(gain, f"A tenth of the errors ({percent(left)}) that the best simpler system makes on validation.")


def margin_from_error_cost(
    workload: Workload,
    usd_per_wrong: float,
    *,
    extra_usd_per_month: float | None,
    one_off_usd: float,
    best_validation_score: float | None = None,
) -> Margin:
    """The gain whose saved errors pay the candidate's extra running cost and its one-off cost spread over 12 months.

    At least 0.002: no project should turn on less than two answers in a thousand. Where the extra running cost is
    unpriced, or no call or error costs anything, nothing follows and the default is taken.
    """
    at_stake = workload.calls_per_month * usd_per_wrong
    if extra_usd_per_month is None or at_stake <= 0:
        margin = default_margin(best_validation_score)
        why = "its extra running cost is unpriced" if extra_usd_per_month is None else "wrong answers cost nothing here"
        return Margin(margin.gain, f"{margin.basis} (Not from the cost of errors: {why}.)")
    monthly = extra_usd_per_month + one_off_usd / PAYBACK_MONTHS
    gain = min(max(monthly / at_stake, SMALLEST_MARGIN), 1.0)
    basis = (
        f"Wrong answers at {usd(usd_per_wrong)}: {points(gain)} of {workload.calls_per_month:,.0f} calls a month pays "
        f"{usd(monthly)} of extra cost a month (one-off costs over {PAYBACK_MONTHS:.0f} months)."
    )
    if monthly / at_stake < SMALLEST_MARGIN:
        basis = f"The floor of {points(SMALLEST_MARGIN)}: the saved errors would pay for less."
    return Margin(math.ceil(gain * 1e4 - 1e-6) / 1e4, basis)
