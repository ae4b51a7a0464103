"""The gain in every measure of all answers together (macro F1, micro F1, BLEU) between two systems of a study.

``results`` shows the value of each system; here stand the paired difference, its interval and its p. Macro F1 of labels
and F1 over items follow from counts and are quick; any other measure of a grader is asked for every draw, so the draws
are few and fewer where cases are many. Called by ``conclude``, for runs and for ``tunewright verdict``: the candidate
against its hardest baseline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tunewright.evaluation.grades import CorpusMeasure
from tunewright.records.answers import ScoreRow, Status
from tunewright.records.slices import MeasureGain
from tunewright.statistics.arrays import FloatArray
from tunewright.statistics.corpus import (
    SLOW_DRAWS,
    CorpusGain,
    Finish,
    gain_from_answers,
    gain_from_totals,
    macro_f1,
    micro_f1,
)
from tunewright.statistics.resampling import DRAWS
from tunewright.workflow.evidence.item_counts import item_counts, label_counts
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.results import MAX_LABELS_SHOWN
from tunewright.workflow.several import several_labels
from tunewright.workflow.study import Study

# Cases times draws of a measure that is asked again for every draw: about half a minute of BLEU.
MOST_GRADES = 200_000
LEAST_DRAWS = 100
# Numbers drawn for a measure that follows from counts: about a second.
MOST_DRAWN = 30_000_000
DIGITS = 6


def _micro(totals: FloatArray) -> FloatArray:
    """Micro F1 of (right, wrong, missed) of each item, float64[..., 3 L]."""
    return micro_f1(totals.reshape(*totals.shape[:-1], -1, 3).sum(axis=-2))


FINISHES: Mapping[str, Finish] = {"micro_f1": _micro, "macro_f1": macro_f1}


def measure_gains(study: Study, new: Outcome, old: Outcome, keep: NDArray[np.bool_] | None = None) -> list[MeasureGain]:
    """Gains of ``new`` over ``old`` on the cases that both answered and ``keep`` bool[n] lets count.

    None without such measures or cases. Each figure is that of ``results`` where all cases count.
    """
    pairs = [
        (number, position)
        for number, position in enumerate(study.scored)
        if new.rows[number].score is not None
        and old.rows[number].score is not None
        and (keep is None or bool(keep[number]))
    ]
    if len(pairs) < 2:
        return []
    rows = np.array([number for number, _ in pairs], dtype=np.int64)
    groups = None if study.scored_groups is None else study.scored_groups[rows]
    targets = [study.examples[position].target for _, position in pairs]
    given = [[outcome.rows[row] for row in rows] for outcome in (new, old)]
    answers = [[row.answer if row.status is Status.OK else None for row in of] for of in given]
    seed, found = study.settings.seed, []
    if study.labels and len(study.labels) <= MAX_LABELS_SHOWN and not several_labels(study.settings):
        parts = [label_counts(targets, one, study.labels) for one in answers]
        found.append(_record("macro_f1", new.name, old.name, _from_counts(parts[0], parts[1], macro_f1, groups, seed)))
    for measure in study.grading.measures:
        whole = [measure.measure(one, targets) for one in answers]
        gain = _quick(measure, given, whole, groups, seed) or _asked(measure, answers, whole, targets, groups, seed)
        found.append(_record(measure.NAME, new.name, old.name, gain))
    return found


def _quick(
    measure: CorpusMeasure,
    rows: Sequence[Sequence[ScoreRow]],
    whole: Sequence[float],
    groups: NDArray[np.int64] | None,
    seed: int,
) -> CorpusGain | None:
    """The gain in F1 over items by their counts; None for other measures, and where the counts give another figure."""
    finish = FINISHES.get(measure.NAME)
    counts = item_counts(rows[0], rows[1]) if finish is not None else None
    if finish is None or counts is None:
        return None
    figures = [float(finish(one.sum(axis=0))) for one in counts]
    if not np.allclose(figures, whole, rtol=0, atol=1e-9):
        return None
    return _from_counts(counts[0], counts[1], finish, groups, seed)


def _from_counts(
    new: NDArray[np.float64],
    old: NDArray[np.float64],
    finish: Finish,
    groups: NDArray[np.int64] | None,
    seed: int,
) -> CorpusGain:
    """The gain in a measure of counts, with the one-sided p of the side on which it lies."""
    draws = min(DRAWS, max(SLOW_DRAWS, MOST_DRAWN // len(new)))
    if float(finish(new.sum(axis=0))) >= float(finish(old.sum(axis=0))):
        return gain_from_totals(new, old, finish, groups, seed=seed, draws=draws)
    return _turned(gain_from_totals(old, new, finish, groups, seed=seed, draws=draws))


def _asked(
    measure: CorpusMeasure,
    answers: Sequence[Sequence[str | None]],
    whole: Sequence[float],
    targets: Sequence[str],
    groups: NDArray[np.int64] | None,
    seed: int,
) -> CorpusGain:
    """The same for any measure; ``whole`` are its two figures."""
    back = whole[0] < whole[1]
    ordered = answers[::-1] if back else answers

    def of(rows: NDArray[np.int64], swapped: NDArray[np.bool_]) -> float:
        chosen = [ordered[int(other)][row] for row, other in zip(rows, swapped, strict=True)]
        return float(measure.measure(chosen, [targets[row] for row in rows]))

    draws = min(SLOW_DRAWS, max(LEAST_DRAWS, MOST_GRADES // (4 * len(targets))))
    found = gain_from_answers(of, len(targets), groups, seed=seed, draws=draws)
    return _turned(found) if back else found


def _turned(gain: CorpusGain) -> CorpusGain:
    """The same comparison with the systems in the other order; p stays that of the better one."""
    return CorpusGain(gain.second, gain.first, -gain.gain, -gain.high, -gain.low, gain.p)


def _record(name: str, system: str, against: str, gain: CorpusGain) -> MeasureGain:
    # Swapped answers spread evenly to both sides, so that twice the p of the better side is two-sided.
    return MeasureGain(
        measure=name,
        system=system,
        against=against,
        score=round(gain.first, DIGITS),
        reference=round(gain.second, DIGITS),
        gain=round(gain.gain, DIGITS),
        interval=(_bound(gain.low, gain), _bound(gain.high, gain)),
        p=float(f"{min(1.0, 2 * gain.p):.6g}"),
    )


def _bound(value: float, gain: CorpusGain) -> float:
    """An end of an interval; without any spread to go by it is one of the whole scale."""
    shares = min(gain.first, gain.second) >= 0 and max(gain.first, gain.second) <= 1
    most = 1.0 if shares else 2 * max(1.0, abs(gain.first), abs(gain.second))
    return round(min(max(value, -most), most), DIGITS)
