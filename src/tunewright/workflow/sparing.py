"""When a fine-tune need not be tried: the target is met without it, or the run could not end in a win for it.

Asked before each fine-tune of a comparison, on what the simpler systems scored on the cases that decide, or, while
these are locked, on the validation rows. ``--go-on`` tries all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.decision.futility import nothing_left, too_few
from tunewright.decision.money import DEFAULT_MARGIN
from tunewright.decision.table import LIMITS
from tunewright.records.system import traits_of
from tunewright.statistics.means import mean_interval
from tunewright.statistics.proportions import wilson_interval
from tunewright.workflow.advising.advise_limits import own_limits
from tunewright.workflow.grading import judged_by_model
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Study

LEAST_CASES = "least_test_cases"


@dataclass(frozen=True, slots=True)
class Sparing:
    """Which reasons count: that the target is met, that a win is out of reach."""

    target: bool = False
    hopeless: bool = False

    def on_cases(self, study: Study, outcomes: Sequence[Outcome]) -> str | None:
        """Why no fine-tune need be tried, by the cases that decide; None where there is no reason."""
        lows = [] if judged_by_model(study.grading.grader) else [(o, _low_on_cases(study, o)) for o in outcomes]
        return self._why(study, [(outcome, low) for outcome, low in lows if low is not None], "")

    def on_validation(self, study: Study, outcomes: Sequence[Outcome]) -> str | None:
        """The same while the test is locked."""
        lows = [] if judged_by_model(study.grading.grader) else [(o, _low_on_validation(study, o)) for o in outcomes]
        return self._why(study, [(outcome, low) for outcome, low in lows if low is not None], " on validation")

    def _why(self, study: Study, lows: Sequence[tuple[Outcome, float]], where: str) -> str | None:
        baselines = [(outcome, low) for outcome, low in lows if outcome.role == "baseline"]
        target = study.settings.target
        if self.target and target is not None:
            met = next((outcome.name for outcome, low in baselines if low >= target.at_least), None)
            if met is not None:
                return f"{met} already meets the target{where}"
        if not self.hopeless:
            return None
        return hopeless_from_the_start(study) or _hopeless_beside(study, baselines, where)


def hopeless_from_the_start(study: Study) -> str | None:
    """Why these cases can hardly show any fine-tune to be better, before a system was scored."""
    least = own_limits(study.root).get(LEAST_CASES, LIMITS[LEAST_CASES])
    return too_few(len(study.scored), int(least), cross_fitted=study.regime == "cross-fitted")


def _hopeless_beside(study: Study, baselines: Sequence[tuple[Outcome, float]], where: str) -> str | None:
    """Why even a fine-tune without an error could not win against the best of these; a bill may be worth saving."""
    if not baselines or any(_has_a_bill(outcome) for outcome, _ in baselines):
        return None
    best, low = max(baselines, key=lambda pair: pair[1])
    margin = study.settings.min_improvement or DEFAULT_MARGIN
    return nothing_left(best.name, low, margin, where)


def _has_a_bill(outcome: Outcome) -> bool:
    traits = traits_of(outcome.contestant.system)
    return outcome.needs.billed or any(usd not in (None, 0) for usd in (traits.usd_per_month, traits.usd_per_call))


def _low_on_cases(study: Study, outcome: Outcome) -> float | None:
    if not outcome.available or not outcome.fits:
        return None
    scores = outcome.score_values
    keep = ~np.isnan(scores)
    groups = None if study.scored_groups is None else study.scored_groups[keep]
    return mean_interval(scores[keep], groups, method="exact")[0] if keep.any() else None


def _low_on_validation(study: Study, outcome: Outcome) -> float | None:
    if outcome.validation_score is None:
        return None
    n = len(study.parts[0].validation)
    return float(wilson_interval(outcome.validation_score * n, n)[0])
