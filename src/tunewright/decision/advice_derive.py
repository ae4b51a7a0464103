"""Facts that follow from other facts: what cases can show, what is left to gain, from which volume a fine-tune pays.

Each says what it follows from. Called by ``advice.advise`` before the table is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tunewright.decision.advice_facts import Fact, Facts, Value
from tunewright.decision.break_even import break_even_calls
from tunewright.decision.levels import working_alpha
from tunewright.decision.money import DEFAULT_MARGIN, SHARE_OF_ERROR
from tunewright.decision.plan import DEFAULT_DISCORDANCE, needed_for, smallest_provable_gain

# As the split does it: below this many rows every row is a test case (out of fold), above a fifth is, up to a cap.
CROSS_FIT_BELOW = 1_500
TEST_SHARE = 0.2
MOST_TEST_CASES = 3_000

Limits = Mapping[str, float]


def derived(facts: Facts, limits: Limits) -> Facts:
    """The facts with those that follow from them; nothing known is overruled but by a measurement."""
    for follow in _RULES:
        name, made = follow(facts, limits)
        if name not in facts and made is not None:
            value, where = made
            facts = facts.filled(Fact(name, value, "derived", where))
    return facts


Made = tuple[str, tuple[Value, str] | None]
# What says that right answers can be counted, and what says something about a prompt.
_OF_A_MEASURE = ("has_measure", "labelled", "test_cases", "headline")
_OF_A_PROMPT = ("tried_prompt", "prompt_compared", "headline")
_NO_PROMPT = ("lookup", "calculation")


def _measure_open(facts: Facts, _: Limits) -> Made:
    """Whether a clear job lacks a word about counting right answers: where to begin, whatever else is unknown."""
    open_ = facts.value("job_clear") is True and not any(name in facts for name in _OF_A_MEASURE)
    return "measure_open", (open_, "the job as said, and nothing about examples")


def _prompt_open(facts: Facts, limits: Limits) -> Made:
    """The same of a prompt, where a model is a sensible way at all."""
    volume = facts.number("volume_per_day")
    sensible = facts.value("work") not in _NO_PROMPT and (volume is None or volume >= limits["small_volume"])
    open_ = facts.value("job_clear") is True and sensible and not any(name in facts for name in _OF_A_PROMPT)
    return "prompt_open", (open_, "the job as said, and nothing about what was tried")


def _train_rows(facts: Facts, _: Limits) -> Made:
    labelled = facts.number("labelled")
    return "train_rows", None if labelled is None else (labelled, "all labelled examples, copies not yet counted out")


def _test_cases(facts: Facts, _: Limits) -> Made:
    rows = facts.number("labelled")
    if rows is None:
        return "test_cases", None
    if rows < CROSS_FIT_BELOW:
        return "test_cases", (rows, "every labelled example is answered by systems that have not seen it")
    return "test_cases", (float(min(int(rows * TEST_SHARE), MOST_TEST_CASES)), "a fifth of the labelled examples")


def _target_met(facts: Facts, _: Limits) -> Made:
    low, target = facts.number("simple_low"), facts.number("target")
    if low is None or target is None:
        return "target_met", None
    return "target_met", (low >= target, "its lower 97.5 % bound against the target")


def _min_improvement(facts: Facts, limits: Limits) -> Made:
    score, default = facts.number("simple_score"), limits["default_gain"]
    if score is None or default != DEFAULT_MARGIN or SHARE_OF_ERROR * (1 - score) <= default:
        return "min_improvement", (default, "the default, as nobody stated one")
    return "min_improvement", (round(SHARE_OF_ERROR * (1 - score), 4), "a tenth of the errors that are left")


def _smallest_gain(facts: Facts, _: Limits) -> Made:
    cases = facts.number("test_cases")
    if cases is None:
        return "smallest_gain", None
    gain = smallest_provable_gain(int(cases), DEFAULT_DISCORDANCE, alpha=_alpha(facts))
    return "smallest_gain", (gain, "power 0.8 if systems differ on 20 of 100 cases")


def _needed_cases(facts: Facts, _: Limits) -> Made:
    gain = facts.number("min_improvement")
    if not gain:
        return "needed_cases", None
    return "needed_cases", (
        float(needed_for(gain, DEFAULT_DISCORDANCE, alpha=_alpha(facts))),
        "Connor 1987, 20 of 100 cases differ",
    )


def _alpha(facts: Facts) -> float:
    """Stricter where every row is a test case out of fold, as in the run."""
    rows = facts.number("labelled")
    return working_alpha(0.025, cross_fitted=rows is not None and rows < CROSS_FIT_BELOW)


def _headroom(facts: Facts, _: Limits) -> Made:
    score, ceiling = facts.number("simple_score"), facts.number("ceiling")
    if score is None:
        return "headroom", None
    if ceiling is None:
        return "headroom", (round(1 - score, 6), "up to 100 %, as no ceiling is known")
    return "headroom", (round(max(ceiling - score, 0.0), 6), "up to what careful people agree on")


def _usd_to_tune(facts: Facts, limits: Limits) -> Made:
    rows = facts.number("train_rows")
    if rows is None:
        return "usd_to_tune", None
    hours = max(limits["pilot_rows"] - rows, 0.0) * limits["hours_per_1000_labels"] / 1000
    return "usd_to_tune", (round(hours * limits["usd_per_hour"] + limits["usd_training"], 2), "labels and one training")


def _break_even(facts: Facts, limits: Limits) -> Made:
    """Calls that pay the fixed cost, spread over the horizon; a fine-tune that saves nothing never pays."""
    fixed, today, tuned = (facts.number(n) for n in ("usd_fixed", "usd_per_call_today", "usd_per_call_tuned"))
    if fixed is None or today is None or tuned is None:
        return "break_even_per_day", None
    calls = break_even_calls(fixed, 0.0, tuned, today)
    if calls is None or today <= tuned:
        return "break_even_per_day", (float("inf"), "never: a call of the fine-tune costs as much")
    return "break_even_per_day", (round(calls / limits["horizon_days"], 1), "fixed dollars over dollars saved a call")


_RULES: tuple[Callable[[Facts, Limits], Made], ...] = (
    _measure_open,
    _prompt_open,
    _train_rows,
    _test_cases,
    _target_met,
    _min_improvement,
    _smallest_gain,
    _needed_cases,
    _headroom,
    _usd_to_tune,
    _break_even,
)
