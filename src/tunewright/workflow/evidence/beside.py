"""All that score rows alone tell beside the decision, on the cases that count for it. Called by ``conclude``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.records.slices import MeasureGain, SliceGain
from tunewright.statistics.arrays import IntArray
from tunewright.workflow.evidence.measure_gains import measure_gains
from tunewright.workflow.evidence.reachable import Reachable, Scored, reachable
from tunewright.workflow.evidence.slices import SystemsPair, parts_of, slice_records
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.results import MAX_LABELS_SHOWN
from tunewright.workflow.several import several_labels
from tunewright.workflow.study import Study


@dataclass(frozen=True, slots=True)
class Named:
    """The systems that the decision is about, by name: the candidate, the hardest baseline, today's, the one to use."""

    candidate: str | None
    binding: str | None
    incumbent: str | None
    use: str | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the decision."""

    slices: list[SliceGain]
    measure_gains: list[MeasureGain]
    reachable: Reachable


def beside(
    study: Study, outcomes: Sequence[Outcome], candidate: Outcome | None, named: Named, keep: NDArray[np.bool_]
) -> Beside:
    """Parts, measures and shares. ``candidate`` stands for the outcome of its name where it was chosen part by part;
    ``keep`` bool[n] says which scored rows count."""
    able = {outcome.name: outcome for outcome in outcomes if outcome.available and outcome.rows}
    scored = [Scored(outcome.name, outcome.needs.simplicity, outcome.score_values[keep]) for outcome in able.values()]
    groups = None if study.scored_groups is None else study.scored_groups[keep]
    shares = reachable(scored, named.incumbent, groups, seed=study.settings.seed)
    if candidate is not None and candidate.name in able:
        able[candidate.name] = candidate
    gains: list[MeasureGain] = []
    if named.candidate in able and named.binding in able:
        gains = measure_gains(study, able[named.candidate], able[named.binding], keep)
    return Beside(_slices(study, able, named, keep, groups), gains, shares)


def _slices(
    study: Study, able: Mapping[str, Outcome], named: Named, keep: NDArray[np.bool_], groups: IntArray | None
) -> list[SliceGain]:
    """The candidate against the hardest baseline and against today's system; without a candidate, the one to use."""
    first = named.candidate if named.candidate in able else named.use
    pairs = []
    for against in dict.fromkeys((named.binding if first == named.candidate else None, named.incumbent)):
        if first in able and against in able and first != against and first is not None and against is not None:
            scores, reference = (able[name].score_values[keep] for name in (first, against))
            pairs.append(SystemsPair(first, against, scores, reference))
    if not pairs:
        return []
    examples = [study.examples[row] for row, counts in zip(study.scored, keep, strict=True) if counts]
    one_label = len(study.labels) <= MAX_LABELS_SHOWN and not several_labels(study.settings)
    parts = parts_of(examples, study.labels if one_label else ())
    return slice_records(pairs, parts, groups, seed=study.settings.seed)
