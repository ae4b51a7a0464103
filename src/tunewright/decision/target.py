"""Whether the recommended system is shown to reach the target that the person stated.

Met or missed only when the exact one-sided 97.5 % bound says so (Clopper-Pearson, on the effective number of cases
when rows belong together); otherwise unprovable on these cases. Called by ``verdict.decide``.
"""

from __future__ import annotations

import math

import numpy as np

from tunewright.decision.compare import level_of
from tunewright.decision.inputs import DecisionInputs
from tunewright.decision.wording import count, percent
from tunewright.records.verdict import Target
from tunewright.statistics.crossfit import VARIANCES, cross_fit_interval
from tunewright.statistics.means import effective_cases, mean_interval
from tunewright.statistics.proportions import clopper_pearson_interval

WITHOUT_BOUND = ("macro_f1", "macro-f1", "f1")


def judge_target(inputs: DecisionInputs, system: str | None) -> Target | None:
    """The target line for the recommended system; None without a target. Scores are means over cases."""
    if inputs.target is None:
        return None
    metric, goal = inputs.target
    scored = next((s for s in inputs.systems if s.name == system), None)
    if scored is None:
        text = f"No system to recommend was scored, so nothing is known about {percent(goal)}."
        return Target(metric=metric, at_least=goal, system=system, result="unprovable", text=text)
    if metric.lower() in WITHOUT_BOUND:
        text = f"There is no exact bound for {metric}; state the target as accuracy to have it judged."
        return Target(metric=metric, at_least=goal, system=system, result="unprovable", text=text)
    known = scored.scores
    if inputs.people is not None:
        # A judge's rate is no accuracy: what people say of a random sample of the answers stands for all.
        known = inputs.people.get(scored.name, np.full(len(known), np.nan))
    present = ~np.isnan(known)
    scores = known[present]
    groups = None if inputs.groups is None else inputs.groups[present]
    level = level_of(inputs)
    low, high = mean_interval(scores, groups, level, "exact")
    if inputs.folds is not None and len(scores):
        for variance in VARIANCES:
            outer = cross_fit_interval(scores, inputs.folds[present], groups, level, variance)
            low, high = min(low, outer[0]), max(high, outer[1])
    mean = float(scores.mean()) if len(scores) else 0.0
    by = " judged by people" if inputs.people is not None else ""
    seen = f"{scored.name} reaches {percent(mean)} on {count(len(scores), 'case')}{by}"
    if low >= goal:
        text = f"Target met: {seen}, shown to be at least {percent(low)}."
        return Target(metric=metric, at_least=goal, system=system, result="met", text=text)
    if high < goal:
        text = f"Target missed: {seen}, at best {percent(high)}; asked for is {percent(goal)}."
        return Target(metric=metric, at_least=goal, system=system, result="missed", text=text)
    cases = effective_cases(scores, groups, inputs.alpha)
    text = f"Target not provable here: {seen}. {_what_it_takes(goal, len(scores), cases, inputs.alpha)}"
    return Target(metric=metric, at_least=goal, system=system, result="unprovable", text=text)


def needed_right(goal: float, cases: int, alpha: float = 0.025) -> int | None:
    """The fewest right answers of ``cases`` that show a share of at least ``goal``; None if even all right do not."""
    right = np.arange(cases + 1, dtype=np.float64)
    low, _ = clopper_pearson_interval(right, float(cases), alpha)
    enough = np.nonzero(low >= goal)[0]
    return int(enough[0]) if len(enough) else None


def _what_it_takes(goal: float, rows: int, cases: float, alpha: float) -> str:
    """ "95 % on 120 cases needs 119 right.\""""
    usable = int(cases)
    as_if = "" if usable >= rows else f" (in groups they count as {usable:,})"
    right = needed_right(goal, usable, alpha)
    if right is not None:
        return f"{percent(goal)} on {count(usable, 'case')}{as_if} needs {right:,} right."
    if goal >= 1:
        return "No number of cases proves 100 %."
    least = math.ceil(math.log(alpha) / math.log(goal)) if goal > 0 else 1
    return f"{percent(goal)} needs at least {count(least, 'case')}, all right{as_if}."
