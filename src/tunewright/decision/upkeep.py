"""The work of people around a system: labelling before, reviewing and retraining after, in hours.

Hours become dollars only where a person says what an hour costs. All defaults are assumptions and are shown as such;
``costs.yaml`` beside the project overrules them.
"""

from __future__ import annotations

from dataclasses import dataclass

HOURS_PER_1000_EXAMPLES = (10.0, 20.0)
"""Review of 1,000 examples until it is timed: 36 to 72 seconds each."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What is assumed about work; ``usd_per_hour`` None leaves work in hours.

    ``retrainings_per_year``: how often a system that learned is made again, each time with ``new_examples`` more
    labelled ones. ``review_hours_per_month``: looking at answers of a running system, whichever it is.
    """

    usd_per_hour: float | None = None
    label_hours_per_1000: tuple[float, float] = HOURS_PER_1000_EXAMPLES
    retrainings_per_year: float = 2.0
    new_examples: int = 100
    review_hours_per_month: float = 2.0
    setup_hours: float = 0.0
    storage_gb: float = 0.0
    months: float = 12.0


@dataclass(frozen=True, slots=True)
class LabelTime:
    """Hours for a number of examples, likely and with both ends, and in words what they rest on."""

    hours: float
    low: float
    high: float
    basis: str


def label_time(examples: int, effort: Effort, median_s: float | None = None, timed: int = 0) -> LabelTime:
    """Hours to label or review examples: from the median of timed decisions, else from the assumed range.

    ``median_s`` is the median seconds of ``timed`` decisions of this project.
    """
    if median_s is not None and timed > 0:
        hours = examples * median_s / 3600
        basis = f"{examples:,} examples at {median_s:.3g} s each, the median of {timed:,} timed decisions"
        return LabelTime(hours, hours, hours, basis)
    low, high = (examples * per_1000 / 1000 for per_1000 in effort.label_hours_per_1000)
    span = f"{effort.label_hours_per_1000[0]:g} to {effort.label_hours_per_1000[1]:g}"
    basis = f"{examples:,} examples at {span} hours per 1,000, assumed until decisions are timed"
    return LabelTime((low + high) / 2, low, high, basis)


def per_month(amount: float | None, times_per_year: float) -> float | None:
    """A cost that comes so many times a year, as one of a month; None where it is unpriced."""
    return None if amount is None else amount * times_per_year / 12
