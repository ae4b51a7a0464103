"""Overfitting seen: every fitted system on some rows that it learned from, on validation rows and on new cases.

New cases are those that decide; while a locked test is closed, validation rows stand in their place. The answers to
training rows are kept by fit, so that a second run asks nothing. Called by ``run`` and ``explore``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.errors import Cancelled
from tunewright.records.answers import ScoreRow
from tunewright.records.learned import Gap, Learned, Rows
from tunewright.statistics.arrays import FloatArray, IntArray
from tunewright.statistics.means import effective_cases, mean_interval
from tunewright.store import Store
from tunewright.systems.fitlog import FILE_NAME as FIT_FILE
from tunewright.systems.fitlog import FitLog
from tunewright.workflow.evidence.learned_losses import dear_at_first, losses_text, row_losses
from tunewright.workflow.evidence.learned_words import Told, learned_text
from tunewright.workflow.evidence.nearness import near_half
from tunewright.workflow.evidence.own_rows import ask, rows_to_ask, sample_by_part
from tunewright.workflow.evidence.validation_interval import validation_interval
from tunewright.workflow.fitting import Fitter
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Hooks, Study

DIGITS = 6
MOST_HARD = 20
# Rows answered wrong tell something only of a system that has most of its rows right.
MOSTLY_RIGHT = 0.7
# Kinds that learn from no row, or whose learning nobody here has seen.
NOT_FITTED = frozenset({"answers", "command", "prompt", "rules"})


@dataclass(frozen=True, slots=True, eq=False)
class _Scores:
    """Scores float64[n] without nan and the group of each."""

    values: FloatArray
    groups: IntArray | None

    def gap(self, rows: Rows) -> Gap:
        low, high = mean_interval(self.values, self.groups)
        return Gap(
            rows=rows,
            n=len(self.values),
            score=round(float(self.values.mean()), DIGITS),
            interval=(round(low, DIGITS), round(high, DIGITS)),
        )


def learned_of(study: Study, outcomes: Sequence[Outcome], store: Store, hooks: Hooks) -> dict[str, Learned]:
    """What is seen of each system that was fitted, by its name.

    Raises:
        Cancelled: a person stopped the run; what was answered is kept.
    """
    fitted = [one for one in outcomes if one.available and one.fits and one.contestant.entry.kind not in NOT_FITTED]
    near = near_half(study) if any(outcome.rows for outcome in fitted) else None
    fitter = Fitter(study, store, hooks)
    found = {}
    for outcome in fitted:
        learned = _learned(study, outcome, near, store, fitter, hooks)
        if learned is not None:
            found[outcome.name] = learned
    return found


def _learned(
    study: Study,
    outcome: Outcome,
    near: NDArray[np.bool_] | None,
    store: Store,
    fitter: Fitter,
    hooks: Hooks,
) -> Learned | None:
    count, why_not = rows_to_ask(study, outcome)
    asked: list[tuple[int, ScoreRow]] = []
    if count:
        try:
            asked = ask(study, outcome, sample_by_part(study, count), store, fitter, hooks)
        except Cancelled:
            raise
        except Exception as error:
            # This is beside the point of the run; whatever a library throws here must not end it.
            why_not = f"its training rows could not be asked again ({type(error).__name__})"
    known = [(row, score) for row, score in asked if score.score is not None]
    rows = np.array([row for row, _ in known], dtype=np.int64)
    values = np.array([score.score for _, score in known], dtype=np.float64)
    # A row stands here once, but rows of a group are alike.
    training = _Scores(values, None if study.groups is None else study.groups[rows]) if len(known) else None
    test = _test(study, outcome)
    gaps = [] if training is None else [training.gap("training")]
    validation = _validation(study, outcome, test or training)
    gaps += [] if validation is None else [validation]
    gaps += [] if test is None else [test.gap("test")]
    if not gaps:
        return None
    halves = _halves(study, outcome, near)
    told = Told(
        kind=outcome.contestant.entry.kind,
        new_rows="validation" if test is None else "test",
        gaps=(*gaps, *halves),
        why_not=why_not,
        commonest=_commonest(study),
    )
    gap, near_far = told.training_gap, told.near_gap
    logs = _logs(outcome, store)
    histories = [log.history for log in logs if log.history is not None]
    hard = _dear(logs) or _hard(study, known) or dear_at_first(histories)
    losses = row_losses(histories, hard)
    return Learned(
        new_rows=told.new_rows,
        gaps=list(told.gaps),
        train_minus_test=None if gap is None else gap[0],
        train_minus_test_interval=None if gap is None else gap[1],
        near_minus_far=None if near_far is None else near_far[0],
        near_minus_far_interval=None if near_far is None else near_far[1],
        hard_rows=hard,
        losses=losses,
        text=" ".join(filter(None, (learned_text(told), losses_text(losses)))),
    )


def _test(study: Study, outcome: Outcome) -> _Scores | None:
    scores = outcome.score_values
    keep = ~np.isnan(scores)
    if not keep.any():
        return None
    groups = study.scored_groups
    return _Scores(scores[keep], None if groups is None else groups[keep])


def _validation(study: Study, outcome: Outcome, alike: _Scores | None) -> Gap | None:
    """The mean on validation rows. Their single scores are not kept, so that groups count as much as in ``alike``."""
    score = outcome.validation_score
    n = len({row for part in study.parts[: len(outcome.fits)] for row in part.validation})
    if score is None or not n:
        return None
    cases = float(n)
    if alike is not None:
        cases *= min(1.0, effective_cases(alike.values, alike.groups) / len(alike.values))
    return Gap(rows="validation", n=n, score=score, interval=validation_interval(outcome, score, cases))


def _halves(study: Study, outcome: Outcome, near: NDArray[np.bool_] | None) -> list[Gap]:
    """The test cases most alike a training row, and the others."""
    scores = outcome.score_values
    if near is None or len(scores) != len(near):
        return []
    groups, known = study.scored_groups, ~np.isnan(scores)
    found: list[Gap] = []
    halves: list[tuple[Rows, NDArray[np.bool_]]] = [("test near training", near), ("test far from training", ~near)]
    for name, half in halves:
        rows = half & known
        if not rows.any():
            return []
        found.append(_Scores(scores[rows], None if groups is None else groups[rows]).gap(name))
    return found


def _commonest(study: Study) -> float:
    """Share of the commonest right answer among the cases that decide: what knowing nothing reaches."""
    if not study.labels:
        return 0.0
    counts = Counter(study.examples[row].target for row in study.scored)
    return counts.most_common(1)[0][1] / max(counts.total(), 1)


def _logs(outcome: Outcome, store: Store) -> list[FitLog]:
    """What the fits of a system left behind."""
    artifacts = [store.artifact(fit.key) for fit in outcome.fits]
    return [FitLog.read(one.path) for one in artifacts if one is not None and (one.path / FIT_FILE).is_file()]


def _dear(logs: Sequence[FitLog]) -> list[str]:
    """Rows whose loss stayed high to the end of training, those of most parts first; empty where no loss was kept."""
    counts = Counter(row for log in logs for row in log.hard_rows)
    return [row for row, _ in counts.most_common(MOST_HARD)]


def _hard(study: Study, known: Sequence[tuple[int, ScoreRow]]) -> list[str]:
    """Training rows answered wrong although most are right, the surest answers first."""
    if sum(score.score or 0.0 for _, score in known) < MOSTLY_RIGHT * len(known):
        return []
    wrong = [(-(score.confidence or 0.0), place, row) for place, (row, score) in enumerate(known) if score.score == 0]
    return [study.examples[row].row_id for _, _, row in sorted(wrong)[:MOST_HARD]]
