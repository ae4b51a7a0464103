"""The comparison: every system, simplest first, fitted and scored on the same cases.

A system that cannot run becomes unavailable with the reason; it never stops the others. When a simple system is shown
to meet the target, the fine-tunes are skipped and this is said, unless the person asked to go on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tunewright.errors import Cancelled, TunewrightError
from tunewright.statistics.means import mean_interval
from tunewright.store import Store
from tunewright.workflow.fitting import Contestant, Fitter
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.scoring import Scorer
from tunewright.workflow.study import Hooks, Study


def compare(
    study: Study, contestants: Sequence[Contestant], store: Store, hooks: Hooks, *, stop_early: bool
) -> list[Outcome]:
    """Outcomes in the order of the contestants."""
    fitter = Fitter(study, store, hooks)
    scorer = Scorer(study, store, fitter, hooks)
    outcomes: list[Outcome] = []
    for contestant in contestants:
        enough = target_met_by(study, outcomes) if stop_early and contestant.system.role == "candidate" else None
        if enough is not None:
            reason = f"not tried: {enough} already meets the target (--go-on tries it all the same)"
            outcomes.append(Outcome(contestant, reason))
        else:
            outcomes.append(_one(study, contestant, fitter, scorer))
        hooks.progress(contestant.name, "done", 1.0)
        hooks.say(_line(outcomes[-1], study))
    return outcomes


def target_met_by(study: Study, outcomes: Sequence[Outcome]) -> str | None:
    """The first baseline whose lower bound reaches the target, or None."""
    target = study.settings.target
    if target is None:
        return None
    for outcome in outcomes:
        if outcome.role == "baseline" and outcome.available and outcome.fits:
            scores = outcome.score_values
            keep = ~np.isnan(scores)
            groups = None if study.scored_groups is None else study.scored_groups[keep]
            if keep.any() and mean_interval(scores[keep], groups, method="exact")[0] >= target.at_least:
                return outcome.name
    return None


def _one(study: Study, contestant: Contestant, fitter: Fitter, scorer: Scorer) -> Outcome:
    reason = contestant.system.missing()
    if reason is not None:
        return Outcome(contestant, reason)
    fits, scores = [], []
    try:
        for part in study.parts:
            fit = fitter.fit(contestant, part)
            fits.append(fit)
            scores.append(scorer.score(contestant, part, fit))
    except Cancelled:
        raise
    except TunewrightError as error:
        return Outcome(contestant, " ".join([error.message, *(f"({text})" for _, text in error.details())]))
    except Exception as error:
        # What a library throws here concerns one system; the others go on.
        return Outcome(contestant, f"it failed with {type(error).__name__}: {error}"[:300])
    return Outcome(contestant, None, tuple(fits), tuple(scores))


def _line(outcome: Outcome, study: Study) -> str:
    if not outcome.available:
        return f"{outcome.name}: not available: {outcome.reason}"
    if study.regime == "locked":
        # A score on the locked cases is shown only after its use is written down.
        return f"{outcome.name}: done"
    scores = outcome.score_values
    if np.isnan(scores).all():
        return f"{outcome.name}: no case was answered"
    return f"{outcome.name}: {np.nanmean(scores):.1%} right"
