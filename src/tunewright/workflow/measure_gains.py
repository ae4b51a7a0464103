"""The gain in every measure of all answers together (macro F1, micro F1, BLEU) between two systems of a study.

``results`` shows the value of each system; here stand the paired difference, its interval and its p. Macro F1 of labels
follows from counts and is quick; a measure of a grader is asked for every draw, so the draws are few and fewer where
cases are many. Called by ``tunewright verdict``; a run may call it for its candidate and its hardest baseline.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunewright.evaluation.grades import CorpusMeasure
from tunewright.records.answers import Status
from tunewright.statistics.corpus import SLOW_DRAWS, CorpusGain, gain_from_answers, gain_from_totals, macro_f1
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.results import MAX_LABELS_SHOWN
from tunewright.workflow.study import Study
from tunewright.workflow.verdict_details import MeasureGain

# Cases times draws of a measure that is asked again for every draw: about half a minute of BLEU.
MOST_GRADES = 200_000
LEAST_DRAWS = 100
DIGITS = 6


def measure_gains(study: Study, new: Outcome, old: Outcome) -> list[MeasureGain]:
    """Gains of ``new`` over ``old`` on the cases that both answered; none without such measures or cases."""
    pairs = [
        (number, position)
        for number, position in enumerate(study.scored)
        if new.rows[number].score is not None and old.rows[number].score is not None
    ]
    if len(pairs) < 2:
        return []
    rows = np.array([number for number, _ in pairs], dtype=np.int64)
    groups = None if study.scored_groups is None else study.scored_groups[rows]
    targets = [study.examples[position].target for _, position in pairs]
    answers = [_answers(outcome, rows) for outcome in (new, old)]
    found = []
    if study.labels and len(study.labels) <= MAX_LABELS_SHOWN:
        parts = [_label_counts(targets, given, study.labels) for given in answers]
        gain = gain_from_totals(parts[0], parts[1], macro_f1, groups, seed=study.settings.seed)
        found.append(_record("macro_f1", gain))
    for measure in study.grading.measures:
        found.append(_record(measure.NAME, _asked(measure, answers, targets, groups, study.settings.seed)))
    return found


def _asked(
    measure: CorpusMeasure,
    answers: Sequence[Sequence[str | None]],
    targets: Sequence[str],
    groups: NDArray[np.int64] | None,
    seed: int,
) -> CorpusGain:
    def of(rows: NDArray[np.int64], swapped: NDArray[np.bool_]) -> float:
        chosen = [answers[int(other)][row] for row, other in zip(rows, swapped, strict=True)]
        return float(measure.measure(chosen, [targets[row] for row in rows]))

    draws = min(SLOW_DRAWS, max(LEAST_DRAWS, MOST_GRADES // (4 * len(targets))))
    return gain_from_answers(of, len(targets), groups, seed=seed, draws=draws)


def _answers(outcome: Outcome, rows: NDArray[np.int64]) -> list[str | None]:
    """The answers; one of no use counts as none."""
    return [outcome.rows[row].answer if outcome.rows[row].status is Status.OK else None for row in rows]


def _label_counts(targets: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> NDArray[np.float64]:
    """(right, wrong, missed) of every label in every case, float64[n, 3 L]."""
    place = {label: number for number, label in enumerate(labels)}
    counts = np.zeros((len(targets), len(labels), 3))
    for row, (target, answer) in enumerate(zip(targets, answers, strict=True)):
        if answer == target:
            counts[row, place[target], 0] = 1
            continue
        counts[row, place[target], 2] = 1
        if answer in place:
            counts[row, place[answer], 1] = 1
    return counts.reshape(len(targets), -1)


def _record(name: str, gain: CorpusGain) -> MeasureGain:
    return MeasureGain(
        measure=name,
        old=round(gain.second, DIGITS),
        new=round(gain.first, DIGITS),
        gain=round(gain.gain, DIGITS),
        interval=(round(max(gain.low, -1.0), DIGITS), round(min(gain.high, 1.0), DIGITS)),
        p=float(f"{gain.p:.6g}"),
    )
