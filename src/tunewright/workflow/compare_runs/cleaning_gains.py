"""What the arms of a cleaning say: paired gains over all draws, with intervals, and a sentence.

A gain is the mean over draws; its interval is the wider of two: that of the mean gain of each case, widened for answers
out of fold as in a verdict, and that of the recipe, which also knows how much draws differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tunewright.decision.levels import ALPHA, working_alpha
from tunewright.decision.wording import count
from tunewright.reporting.compare_document import ArmFigures, CleanedSystem, CleaningGain, CleaningTested
from tunewright.statistics.recipe import recipe_gain
from tunewright.workflow.compare_runs.arms import ARMS, Arm
from tunewright.workflow.compare_runs.cleaned_rows import Cleaning
from tunewright.workflow.compare_runs.system_changes import widest_estimate

Floats = NDArray[np.float64]
IntArray = NDArray[np.int64]
Bools = NDArray[np.bool_]
Outcome = Literal["helps", "better than random", "no gain shown", "hurts"]
DIGITS = 6
LEAST_CASES = 30


def cleaned_system(
    name: str,
    scores: Mapping[Arm, Floats],
    rows: Mapping[Arm, int],
    groups: IntArray | None,
    folds: IntArray,
    questioned: Bools,
) -> CleanedSystem:
    """One system. ``scores`` float64[draws, n] by arm, ``questioned`` bool[n]: the cleaning touches that case."""
    keep = ~np.any([np.isnan(one).any(axis=0) for one in scores.values()], axis=0)
    if keep.sum() < 2:
        return CleanedSystem(system=name, reason="no case was answered by all", text=f"{name}: no case was answered.")
    gains = _gains(scores, keep, groups, folds)
    clear = keep & ~questioned
    outcome = _outcome(gains)
    found = CleanedSystem(
        system=name,
        reason=None,
        n=int(keep.sum()),
        groups=None if groups is None else len(np.unique(groups[keep])),
        arms=[
            ArmFigures(
                name=arm,
                rows=rows[arm],
                score=round(float(scores[arm][:, keep].mean()), DIGITS),
                by_draw=[round(float(draw[keep].mean()), DIGITS) for draw in scores[arm]],
            )
            for arm in ARMS
        ],
        gains=gains,
        unquestioned=_gains(scores, clear, groups, folds) if LEAST_CASES <= clear.sum() < keep.sum() else [],
        outcome=outcome,
    )
    return found.model_copy(update={"text": _sentence(found, outcome, int(clear.sum()))})


def _gains(scores: Mapping[Arm, Floats], keep: Bools, groups: IntArray | None, folds: IntArray) -> list[CleaningGain]:
    own = None if groups is None else groups[keep]
    found = []
    against: tuple[Literal["all", "random"], ...] = ("all", "random")
    for other in against:
        by_draw = (scores["cleaned"] - scores[other])[:, keep]
        cases = widest_estimate(
            scores["cleaned"][:, keep].mean(axis=0), scores[other][:, keep].mean(axis=0), own, [folds[keep]]
        )
        recipe = recipe_gain(by_draw, own, working_alpha(ALPHA, cross_fitted=True))
        low, high = min(cases.low, recipe.interval[0]), max(cases.high, recipe.interval[1])
        found.append(
            CleaningGain(
                against=other,
                delta=round(cases.delta, DIGITS),
                interval=(round(low, DIGITS), round(high, DIGITS)),
                draw_sd=round(recipe.seed_sd, DIGITS),
            )
        )
    return found


def _outcome(gains: Sequence[CleaningGain]) -> Outcome:
    against = {gain.against: gain.interval for gain in gains}
    if against["all"][1] < 0:
        return "hurts"
    if against["random"][0] <= 0:
        return "no gain shown"
    return "helps" if against["all"][0] > 0 else "better than random"


def _sentence(found: CleanedSystem, outcome: Outcome, unquestioned: int) -> str:
    against = {gain.against: gain.delta for gain in found.gains}
    said = {
        "helps": "cleaning helps: better than all rows, and better than as many random ones",
        "better than random": "cleaned rows beat as many random ones, but are not shown to beat all rows",
        "no gain shown": "no gain from cleaning is shown: as many random rows may do as well",
        "hurts": "cleaning hurts: all rows do better",
    }
    return (
        f"{found.system}: {said[outcome]} ({100 * against['all']:+.1f} points against all rows, "
        f"{100 * against['random']:+.1f} against random ones, on {found.n:,} cases, "
        f"{unquestioned:,} of them unquestioned)."
    )


def summary(
    task: str, cleaning: Cleaning, learnable: int, draws: int, folds: int, systems: Sequence[CleanedSystem]
) -> CleaningTested:
    """The document."""
    rewritten = len(cleaning.rewritten) - cleaning.left_out
    by = "what reviews decided" if cleaning.by == "decisions" else "what the audit proposes, unread by anybody"
    did = f"{count(cleaning.left_out, 'row')} left out, {rewritten:,} rewritten of {learnable:,}"
    text = (
        f"Cleaned by {by}: {did}."
        if cleaning.rewritten
        else "There is nothing to clean: " + ("no review changed a row, and the audit proposes nothing.")
    )
    return CleaningTested(
        task=task,
        by=cleaning.by,
        learnable=learnable,
        left_out=cleaning.left_out,
        rewritten=rewritten,
        draws=draws,
        folds=folds,
        systems=list(systems),
        text=text,
        warnings=_warnings(cleaning, rewritten),
    )


def _warnings(cleaning: Cleaning, rewritten: int) -> list[str]:
    if not cleaning.rewritten:
        return []
    found = [
        "Cases are scored as they stand in the table, wrong labels included: on unquestioned cases the cleaning finds "
        "nothing wrong, and these may be the easier ones."
    ]
    if cleaning.by == "audit":
        found.append(
            "The audit looked, fold by fold, only at rows to learn from; `tunewright review` lets a person decide "
            "instead, and this test then follows the decisions."
        )
    if rewritten and not cleaning.left_out:
        found.append("Nothing is left out, so that as many random rows are all rows: both comparisons are the same.")
    return found
