"""When a fine-tune need not be tried: the target is met without it, or it could not win even without an error.

Asked before each fine-tune of a comparison, on what the simpler systems scored on the cases that decide, or, while
these are locked, on the validation rows. A fine-tune that may win otherwise is tried: where a limit on time or cost is
stated, where a judge scores, or where a simpler system costs more to run. ``--go-on`` tries all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.decision.futility import least_room, nothing_left
from tunewright.decision.levels import ALPHA
from tunewright.decision.money import DEFAULT_MARGIN, SMALLEST_MARGIN
from tunewright.records.system import System, traits_of
from tunewright.statistics.means import mean_interval
from tunewright.workflow.evidence.validation_interval import validation_interval
from tunewright.workflow.grading import judged_by_model
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Study


@dataclass(frozen=True, slots=True)
class Bound:
    """A lower bound of what one baseline scores."""

    outcome: Outcome
    low: float


@dataclass(frozen=True, slots=True)
class Sparing:
    """Whether fine-tunes are spared where a simpler system meets the target."""

    target: bool = True

    def on_cases(self, study: Study, outcomes: Sequence[Outcome], tuned: System) -> str | None:
        """Why a fine-tune need not be tried, by the cases that decide; None where there is no reason."""
        bounds = [Bound(outcome, low) for outcome in _baselines(study, outcomes) for low in _on_cases(study, outcome)]
        return self._why(study, bounds, tuned, "")

    def on_validation(self, study: Study, outcomes: Sequence[Outcome], tuned: System) -> str | None:
        """The same while the test is locked."""
        cases = float(len(study.parts[0].validation))
        bounds = [
            Bound(outcome, validation_interval(outcome, outcome.validation_score, cases)[0])
            for outcome in _baselines(study, outcomes)
            if outcome.validation_score is not None and cases
        ]
        return self._why(study, bounds, tuned, " on validation")

    def _why(self, study: Study, bounds: Sequence[Bound], tuned: System, where: str) -> str | None:
        target = study.settings.target
        if self.target and target is not None:
            met = next((one.outcome.name for one in bounds if one.low >= target.at_least), None)
            if met is not None:
                return f"{met} already meets the target{where}"
        if not bounds or _may_win_otherwise(study, bounds, tuned):
            return None
        best = max(bounds, key=lambda one: one.low)
        n = len(study.scored)
        least = least_room(n, _least_margin(study), cross_fitted=study.regime == "cross-fitted")
        return nothing_left(best.outcome.name, best.low, n, least, where)


def room_needed(study: Study) -> float | None:
    """The gain that the simpler systems must leave for a fine-tune to be tried; None where that does not decide."""
    if _has_limits(study) or judged_by_model(study.grading.grader):
        return None
    return least_room(len(study.scored), _least_margin(study), cross_fitted=study.regime == "cross-fitted")


def _least_margin(study: Study) -> float:
    """The smallest margin that the verdict may come to use: what an error costs may make it very small."""
    settings = study.settings
    if settings.min_improvement is not None:
        return settings.min_improvement
    return DEFAULT_MARGIN if settings.error_cost is None else SMALLEST_MARGIN


def _may_win_otherwise(study: Study, bounds: Sequence[Bound], tuned: System) -> bool:
    """Whether it might win by what it saves, or by keeping a limit that others break."""
    return _has_limits(study) or any(_dearer(one.outcome.contestant.system, tuned) for one in bounds)


def _has_limits(study: Study) -> bool:
    return study.settings.max_latency_ms is not None or study.settings.max_usd_per_month is not None


def _dearer(other: System, tuned: System) -> bool:
    traits = traits_of(other)
    stated = any(usd is not None and usd > 0 for usd in (traits.usd_per_month, traits.usd_per_call))
    slower = other.needs.own_machine and other.needs.seconds_per_call > tuned.needs.seconds_per_call
    return other.needs.billed or stated or slower


def _baselines(study: Study, outcomes: Sequence[Outcome]) -> list[Outcome]:
    if judged_by_model(study.grading.grader):
        return []
    return [outcome for outcome in outcomes if outcome.role == "baseline" and outcome.available and outcome.fits]


def _on_cases(study: Study, outcome: Outcome) -> list[float]:
    """The lower bound of one baseline, at the level that each of all baselines has; none without scores."""
    scores = outcome.score_values
    keep = ~np.isnan(scores)
    groups = None if study.scored_groups is None else study.scored_groups[keep]
    return [mean_interval(scores[keep], groups, ALPHA, "exact")[0]] if keep.any() else []
