"""From a fitted curve to its document. Called by ``job``."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tunewright.records.system import SystemRole
from tunewright.reporting.curve_document import (
    Ahead,
    Cross,
    CurveDocument,
    Family,
    Line,
    Look,
    Point,
    SystemCurve,
)
from tunewright.statistics.curve_families import FORMULAS
from tunewright.statistics.learning_curve import FURTHEST, Crossing, CurveOf, LearningCurve
from tunewright.workflow.curve import few, words
from tunewright.workflow.curve.design import Design
from tunewright.workflow.curve.trainings import Trainings
from tunewright.workflow.curve.words import Asked
from tunewright.workflow.study import Study

DIGITS = 6
# Points of the drawn curve: enough for a smooth line.
DRAWN_EVERY = 4


@dataclass(frozen=True, slots=True)
class Context:
    """What the curve itself does not know."""

    run: str
    created: str
    command: str
    role: SystemRole
    study: Study
    design: Design
    trainings: Trainings
    line_chosen: str
    warnings: list[str]


def document_of(curve: LearningCurve, asked: Asked, context: Context) -> CurveDocument:
    """All that ``curve.json`` and the page hold."""
    study, trainings = context.study, context.trainings
    said = words if curve.furthest >= FURTHEST else few
    interval, gain = curve.line_interval(), curve.gain()
    line = None
    if curve.line is not None and interval is not None and asked.simple is not None:
        line = Line(
            system=asked.simple,
            score=_r(curve.line),
            interval=(_r(interval[0]), _r(interval[1])),
            chosen=context.line_chosen,
        )
    return CurveDocument(
        run=context.run,
        created=context.created,
        command=context.command,
        task=study.settings.task,
        data_hash=study.hashes["data"],
        system=asked.system,
        role=context.role,
        headline=said.headline(curve, asked),
        sentences=said.sentences(curve, asked),
        curve=_system(asked.system, curve, curve.curve),
        line=line,
        own=None if curve.own is None or asked.simple is None else _system(asked.simple, curve, curve.own),
        gain_now=None if gain is None else _r(gain[0]),
        gain_now_interval=None if gain is None else (_r(gain[1][0]), _r(gain[1][1])),
        min_improvement=asked.margin,
        target=asked.target,
        outlook=[_look(curve, asked, times) for times in curve.drawn_at],
        passes=_cross(curve.crossing(asked.margin)),
        catches_up=_cross(curve.crossing(0.0)),
        reaches_target=None if asked.target is None else _cross(curve.reaches(asked.target)),
        curve_crosses=said.crosses(curve, asked),
        pool=context.design.pool,
        held_out=curve.rows,
        seeds=[repeat.seed for repeat in context.design.repeats],
        trained=trainings.made,
        found_again=trainings.found,
        training_seconds=round(trainings.seconds, 1),
        warnings=context.warnings,
        notes=list(context.design.notes),
    )


def _system(name: str, curve: LearningCurve, of: CurveOf) -> SystemCurve:
    points = [
        Point(
            n=round(float(n), 1),
            score=_r(float(of.means[place])),
            interval=(_r(float(of.intervals[place, 0])), _r(float(of.intervals[place, 1]))),
            by_seed=[_r(float(score)) for score in of.by_seed[:, place]],
        )
        for place, n in enumerate(curve.sizes)
    ]
    families = [
        Family(
            family=fit.family,
            formula=FORMULAS[fit.family],
            parameters={key: float(f"{value:.6g}") for key, value in fit.parameters.items()},
            left_out_error=_r(fit.left_out_error),
            chosen=fit.family == of.chosen,
        )
        for fit in of.families
    ]
    expected, band, last = of.expected(), of.band(), len(curve.grid) - 1
    shown = sorted({*range(0, last, DRAWN_EVERY), last, *curve.drawn_at.values()})
    drawn = [
        Ahead(
            n=round(float(curve.grid[place]), 1),
            score=_r(float(expected[place])),
            band=(_r(float(band[place, 0])), _r(float(band[place, 1]))),
        )
        for place in shown
    ]
    return SystemCurve(system=name, points=points, families=families, drawn=drawn)


def _look(curve: LearningCurve, asked: Asked, times: float) -> Look:
    look = curve.outlook(times, target=asked.target, margin=asked.margin)
    return Look(
        times=times,
        n=round(look.n, 1),
        score=_r(look.score),
        band=(_r(look.band[0]), _r(look.band[1])),
        p_target=look.target,
        p_passes=look.passes,
        p_passes_own=look.passes_own,
    )


def _cross(crossing: Crossing | None) -> Cross | None:
    if crossing is None:
        return None
    n, low, high = (round(v, 1) if math.isfinite(v) else None for v in (crossing.n, *crossing.interval))
    return Cross(outcome=crossing.outcome, n=n, low=low, high=high, chance=crossing.chance, now=crossing.now)


def _r(value: float) -> float:
    return round(value, DIGITS)
