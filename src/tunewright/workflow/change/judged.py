"""One system and one change, judged: its curve, when it works again, what that takes and what it breaks elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.records.change import ChangeEffort, ChangePoint, ChangeSystem, Doing
from tunewright.reporting import words
from tunewright.workflow.change.curves import (
    Needed,
    Ratio,
    Rows,
    Sums,
    difference_interval,
    f1_sums,
    interval_of,
    mean_sums,
    needed,
    ratio_of,
)
from tunewright.workflow.change.effort import Work, effort_for
from tunewright.workflow.change.held import CATEGORY, Held
from tunewright.workflow.change.steps import ALL, BEFORE, NAMED, Step
from tunewright.workflow.change.trials import AS_WRITTEN, Answered, Trials
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.study import Study


@dataclass(frozen=True, slots=True)
class Scene:
    """What all systems of one change share: n scored rows, which of them belong to it, and how many sets there are."""

    study: Study
    held: Held
    most: int
    margin: float
    rows: Rows
    belongs: NDArray[np.bool_]

    @staticmethod
    def of(study: Study, held: Held, most: int, margin: float) -> Scene:
        fold = [number for number, part in enumerate(study.parts) for _ in part.scored]
        rows = Rows.of(fold, study.scored_groups)
        return Scene(study, held, most, margin, rows, np.array([row in held.rows for row in study.scored]))

    @property
    def groups(self) -> int:
        """Independent sets among the cases of what was held out."""
        return len(np.unique(self.rows.group[self.belongs]))

    @property
    def other_groups(self) -> int:
        return len(np.unique(self.rows.group[~self.belongs]))


def judged(scene: Scene, contestant: Contestant, trials: Trials, work: Work) -> ChangeSystem:
    """The record of one system."""
    if not trials.steps:
        return _unmeasured(scene, contestant, trials, work, trials.reason)
    figures = {step: _figures(scene, answered) for step, answered in trials.steps.items()}
    if contestant.entry.kind in AS_WRITTEN:
        why = "it cannot be made anew here: a person must write it"
        if contestant.entry.kind == "answers":
            why = "its answers were recorded elsewhere: who made them must make them again"
        return _unmeasured(scene, contestant, trials, work, why, figures)
    if NAMED not in figures:
        # The kind knows a category by its examples alone: with none of them it is what it was before.
        figures[NAMED] = figures[BEFORE]
    return _measured(scene, contestant, trials, figures, work)


@dataclass(frozen=True, slots=True)
class _Figures:
    score: Ratio
    recall: Ratio
    rest: Ratio
    seconds: float
    draws: int


def _figures(scene: Scene, answered: Answered) -> _Figures:
    seed, belongs = scene.study.settings.seed, scene.belongs
    recall = mean_sums(belongs, answered.score)
    score: Sums = recall
    if scene.held.by == CATEGORY:
        score = f1_sums(belongs, answered.answered, answered.known)
        named = np.where(answered.known, answered.answered, np.nan)
        recall = mean_sums(belongs, named)
    rest = mean_sums(~belongs, answered.score)
    seconds = [fit.training_seconds for fit in answered.fits]
    return _Figures(
        ratio_of(score, scene.rows, seed),
        ratio_of(recall, scene.rows, seed),
        ratio_of(rest, scene.rows, seed),
        float(np.mean(seconds)) if seconds else 0.0,
        answered.score.shape[0],
    )


def _measured(
    scene: Scene, contestant: Contestant, trials: Trials, figures: Mapping[Step, _Figures], work: Work
) -> ChangeSystem:
    after = sorted((step for step in figures if step.back), key=lambda step: step.named(scene.most))
    curve = {step.named(scene.most): figures[step].score for step in after}
    before, every = figures[BEFORE], figures[ALL]
    points = [_point(scene, step, figures[step], before) for step in after]
    if every.score.value - before.score.value <= scene.margin:
        reason = (
            f"with all its examples it does no better on these cases than before "
            f"({every.score.value:.2f} against {before.score.value:.2f})"
        )
        text = f"{trials.name}: {reason}."
        return _record(scene, trials, "nothing to get back", reason, points, before, None, None, text)
    found = needed(curve, scene.margin, scene.groups)
    step = next(step for step in after if step.named(scene.most) == found.examples)
    measured = trials.steps.get(step, trials.steps[BEFORE])
    effort = effort_for(scene.study, contestant, found.examples, measured, work)
    text = _sentence(scene, trials.name, points, found)
    return _record(scene, trials, "works again", "", points, before, found, effort, text)


def _point(scene: Scene, step: Step, figures: _Figures, before: _Figures | None) -> ChangePoint:
    low, high = interval_of(figures.score, scene.groups)
    moved, spread = None, None
    if before is not None:
        moved = round(figures.rest.value - before.rest.value, 4)
        rest_low, rest_high = difference_interval(figures.rest, before.rest, scene.other_groups)
        spread = (round(rest_low, 4), round(rest_high, 4))
    return ChangePoint(
        examples=step.named(scene.most),
        draws=figures.draws,
        score=round(figures.score.value, 4),
        interval=(round(low, 4), round(high, 4)),
        recall=round(figures.recall.value, 4),
        rest=round(figures.rest.value, 4),
        rest_change=moved,
        rest_interval=spread,
        training_seconds=round(figures.seconds, 3),
    )


def _unmeasured(
    scene: Scene,
    contestant: Contestant,
    trials: Trials,
    work: Work,
    reason: str,
    figures: Mapping[Step, _Figures] | None = None,
) -> ChangeSystem:
    """What cannot be taken out and put back here: how good it is as it stands, and the minutes that were stated."""
    points = []
    if figures:
        points = [_point(scene, ALL, figures[ALL], None)]
    text = f"{trials.name}: not measured, for {reason}."
    effort = effort_for(scene.study, contestant, 0, None, work) if contestant.entry.kind in AS_WRITTEN else None
    return _record(scene, trials, "not measured", reason, points, None, None, effort, text)


def _record(
    scene: Scene,
    trials: Trials,
    doing: Doing,
    reason: str,
    points: list[ChangePoint],
    before: _Figures | None,
    found: Needed | None,
    effort: ChangeEffort | None,
    text: str,
) -> ChangeSystem:
    return ChangeSystem(
        system=trials.name,
        doing=doing,
        reason=reason,
        score_before=None if before is None else round(before.score.value, 4),
        rest_before=None if before is None else round(before.rest.value, 4),
        points=points,
        needed=None if found is None else found.examples,
        needed_interval=None if found is None else found.interval,
        needed_by_draw=[] if found is None else found.by_draw,
        shown=None if found is None else found.shown,
        effort=effort,
        text=text,
    )


def _sentence(scene: Scene, name: str, points: list[ChangePoint], found: Needed) -> str:
    """When it works again by the estimate, what the interval shows, and what became of the other cases."""
    point, every = next(one for one in points if one.examples == found.examples), points[-1]
    low, high = found.interval
    spread = f" (95 % interval {low} to {high})" if low != high else ""
    margin = words.set_points(scene.margin)
    if point is every:
        told = (
            f"no fewer than all {every.examples} examples bring it within {margin} of the {every.score:.2f} "
            f"that it then has{spread}"
        )
    else:
        sure = f"shown from {found.shown} on" if found.shown is not None else "which these cases do not show"
        told = (
            f"works again with {words.counted(found.examples, 'example')}{spread}: {point.score:.2f}, within {margin} "
            f"of {every.score:.2f} with all {every.examples}, {sure}"
        )
    return f"{name}: {told}. Other cases: {_moved(scene, point)}."


def _moved(scene: Scene, point: ChangePoint) -> str:
    assert point.rest_change is not None
    assert point.rest_interval is not None
    n = int((~scene.belongs).sum())
    low, high = point.rest_interval
    sure = "no change is shown" if low <= 0 <= high else "a change is shown"
    return f"{words.points(point.rest_change, n)} ({words.points_range(point.rest_interval, n)}), {sure}"
