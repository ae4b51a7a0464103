"""Asking fitted systems for rows that they learned from, few and once: the answers are kept under the fit's key.

Only training rows are asked, never a case of a locked test. Calls that somebody bills, and slow ones, are not made
again for this. Called by ``learned``.
"""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.evaluation.runner import Question, score
from tunewright.records.answers import ScoreRow
from tunewright.store import Store
from tunewright.workflow.evidence.nearness import by_chance
from tunewright.workflow.fitting import FitRecord, Fitter
from tunewright.workflow.grading import MODEL
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Hooks, Part, Study

MOST_ROWS = 500
# Written answers take longer than a declared figure for labels says.
MOST_WRITTEN = 100
# Declared seconds that asking may take, and the fewest rows that say anything.
MOST_SECONDS = 10.0
LEAST_ROWS = 40
PART = "learned "


def rows_to_ask(study: Study, outcome: Outcome) -> tuple[int, str]:
    """How many training rows to ask of a system in all parts together; 0 with the reason."""
    needs = outcome.needs
    if needs.billed or needs.network:
        return 0, "its training rows were not asked again, for every call costs money or leaves this machine"
    if _judged(study):
        return 0, "its training rows were not asked again, for a language model would have to judge every answer"
    most = MOST_WRITTEN if needs.extras and not study.labels else MOST_ROWS
    count = min(most, int(MOST_SECONDS / max(needs.seconds_per_call, 1e-9)))
    if count < LEAST_ROWS:
        return 0, f"its training rows were not asked again, for an answer takes about {needs.seconds_per_call:g} s"
    return count, ""


def sample_by_part(study: Study, count: int) -> list[list[int]]:
    """Training rows to ask of the fit of each part, ``count`` in all, each row once, evenly over the parts."""
    parts = study.parts
    learned = [frozenset(part.train) for part in parts]
    chosen: list[list[int]] = [[] for _ in parts]
    for row in by_chance(study, sorted(frozenset().union(*learned)))[:count]:
        able = [place for place, rows in enumerate(learned) if row in rows]
        chosen[min(able, key=lambda place: (len(chosen[place]), place))].append(row)
    return chosen


def ask(
    study: Study, outcome: Outcome, sample: Sequence[Sequence[int]], store: Store, fitter: Fitter, hooks: Hooks
) -> list[tuple[int, ScoreRow]]:
    """(row, score row) of the sample, from the store where they stand; one list for all parts."""
    found: list[tuple[int, ScoreRow]] = []
    for part, record, rows in zip(study.parts, outcome.fits, sample, strict=False):
        if rows:
            found += zip(rows, _of_part(study, outcome, part, record, rows, store, fitter, hooks), strict=True)
    return found


def _of_part(
    study: Study,
    outcome: Outcome,
    part: Part,
    record: FitRecord,
    rows: Sequence[int],
    store: Store,
    fitter: Fitter,
    hooks: Hooks,
) -> list[ScoreRow]:
    name = PART + part.name
    known = {row.row_key: row for row in store.scores(record.key, name) if not row.status.is_missing}
    missing = {study.row_keys[row]: row for row in rows if study.row_keys[row] not in known}
    if missing:
        fitted = fitter.open(outcome.contestant, record)
        try:
            questions = [Question(key, study.examples[row]) for key, row in missing.items()]
            grader = study.grading.grader
            for batch in score(fitted, questions, grader, fit_key=record.key, part=name, cancelled=hooks.cancelled):
                store.append_scores(batch)
                known |= {row.row_key: row for row in batch}
        finally:
            fitted.close()
    return [known[study.row_keys[row]] for row in rows]


def _judged(study: Study) -> bool:
    """Whether a language model grades."""
    entry = study.settings.grader
    return isinstance(entry, dict) and any(options.get(MODEL) for options in entry.values())
