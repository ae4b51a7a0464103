"""The comparison: every system, simplest first, fitted and scored on the same cases.

A system that cannot run becomes unavailable with the reason; it never stops the others. Fine-tunes that need not be
tried (``sparing``) are skipped and this is said, unless the person asked to go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tunewright.errors import Cancelled, TunewrightError
from tunewright.records.system import traits_of
from tunewright.store import Store
from tunewright.workflow.fitting import Contestant, Fitter
from tunewright.workflow.grading import right_words
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.scoring import Scorer
from tunewright.workflow.sparing import Sparing
from tunewright.workflow.study import Hooks, Study

NOT_TRIED = "not tried"


def compare(
    study: Study, contestants: Sequence[Contestant], store: Store, hooks: Hooks, sparing: Sparing | None = None
) -> list[Outcome]:
    """Outcomes in the order of the contestants, scored on the cases that decide."""
    fitter = Fitter(study, store, hooks)
    scorer = Scorer(study, store, fitter, hooks)

    def attempt(contestant: Contestant) -> Outcome:
        fits, scores = [], []
        for part in study.parts:
            fit = fitter.fit(contestant, part)
            fits.append(fit)
            scores.append(scorer.score(contestant, part, fit))
        return Outcome(contestant, None, tuple(fits), tuple(scores))

    def enough(outcomes: Sequence[Outcome], contestant: Contestant) -> str | None:
        return sparing.on_cases(study, outcomes, contestant.system) if sparing else None

    return _in_turn(
        contestants, study.settings.kind, hooks, attempt, enough, lambda outcome: _scored_line(outcome, study)
    )


def fit_all(
    study: Study, contestants: Sequence[Contestant], store: Store, hooks: Hooks, sparing: Sparing | None = None
) -> list[Outcome]:
    """Outcomes in the order of the contestants, fitted on the first part alone: no case that decides is shown."""
    fitter = Fitter(study, store, hooks)

    def attempt(contestant: Contestant) -> Outcome:
        return Outcome(contestant, None, (fitter.fit(contestant, study.parts[0]),))

    def enough(outcomes: Sequence[Outcome], contestant: Contestant) -> str | None:
        return sparing.on_validation(study, outcomes, contestant.system) if sparing else None

    return _in_turn(
        contestants, study.settings.kind, hooks, attempt, enough, lambda outcome: _fitted_line(outcome, study)
    )


def _in_turn(
    contestants: Sequence[Contestant],
    kind: str,
    hooks: Hooks,
    attempt: Callable[[Contestant], Outcome],
    enough: Callable[[Sequence[Outcome], Contestant], str | None],
    line: Callable[[Outcome], str],
) -> list[Outcome]:
    """``attempt`` for each that is available; ``enough`` says why the fine-tunes need no try, if so."""
    outcomes: list[Outcome] = []
    for contestant in contestants:
        why = enough(outcomes, contestant) if contestant.system.role == "candidate" else None
        if why is not None:
            outcomes.append(Outcome(contestant, f"{NOT_TRIED}: {why} (--go-on tries it all the same)"))
        else:
            outcomes.append(_guarded(contestant, kind, attempt))
        hooks.progress(contestant.name, "done", 1.0)
        hooks.say(f"{contestant.name}: {line(outcomes[-1])}")
    return outcomes


def _unfit(contestant: Contestant, kind: str) -> str | None:
    """Why a system cannot give the kind of answer that the job wants; systems that say nothing can give any."""
    kinds = traits_of(contestant.system).kinds
    if kind in kinds:
        return None
    if not kinds:
        return f"its members have no kind of job in common, and this job is of the kind {kind}"
    return (
        f"it can do jobs of the kind {' or '.join(kinds)}, and this one is {kind}; ask or tune a language model instead"
    )


def _guarded(contestant: Contestant, kind: str, attempt: Callable[[Contestant], Outcome]) -> Outcome:
    reason = _unfit(contestant, kind) or contestant.system.missing()
    if reason is not None:
        return Outcome(contestant, reason)
    try:
        return attempt(contestant)
    except Cancelled:
        raise
    except TunewrightError as error:
        return Outcome(contestant, " ".join([error.message, *(f"({text})" for _, text in error.details())]))
    except Exception as error:
        # What a library throws here concerns one system; the others go on.
        return Outcome(contestant, f"it failed with {type(error).__name__}: {error}"[:300])


def _scored_line(outcome: Outcome, study: Study) -> str:
    if study.regime == "locked":
        # A score on the locked cases is shown only after its use is written down.
        spared = (outcome.reason or "").startswith(NOT_TRIED)
        return f"{NOT_TRIED}; the verdict says why" if spared else "done" if outcome.available else _left_out(outcome)
    if not outcome.available:
        return _left_out(outcome)
    scores = outcome.score_values
    if np.isnan(scores).all():
        return "no case was answered"
    return f"{np.nanmean(scores):.1%} {right_words(study.grading.grader)}"


def _fitted_line(outcome: Outcome, study: Study) -> str:
    if not outcome.available:
        return _left_out(outcome)
    score = outcome.validation_score
    return "fitted" if score is None else f"{score:.1%} {right_words(study.grading.grader)} on validation"


def _left_out(outcome: Outcome) -> str:
    return f"not available: {outcome.reason}"
