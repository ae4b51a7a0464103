"""Score a fit on the rows of a part, or find the score rows that exist.

Finished batches are written at once, so that a killed run goes on from there. A second pass over some rows, past the
cache and in another order, gives the flip rate that is reported as noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunewright.evaluation.runner import Question, score
from tunewright.records.answers import ScoreRow
from tunewright.records.example import example_digest
from tunewright.records.system import FittedSystem
from tunewright.store import Store
from tunewright.workflow.fitting import Contestant, FitRecord, Fitter
from tunewright.workflow.study import Hooks, Part, Study

NOISE_ROWS = 100


@dataclass(frozen=True, slots=True)
class PartScores:
    """Score rows in the order of ``part.scored``, and answers that changed when asked again."""

    rows: tuple[ScoreRow, ...]
    asked_again: int
    flipped: int


class Scorer:
    """Asks fitted systems, once per row."""

    def __init__(self, study: Study, store: Store, fitter: Fitter, hooks: Hooks) -> None:
        self._study = study
        self._store = store
        self._fitter = fitter
        self._hooks = hooks

    def score(self, contestant: Contestant, part: Part, record: FitRecord) -> PartScores:
        """All score rows of the part, asking only for what is missing."""
        rows = self._complete(contestant, part, record, part.scored, repetition=0)
        # By content, not by row key: those hang on the secret, and every project must ask the same rows again.
        chance = sorted(part.scored, key=lambda row: example_digest(self._study.examples[row]))
        sample = chance[: self._noise_rows(part)]
        again = self._complete(contestant, part, record, tuple(reversed(sample)), repetition=1)
        first = {row.row_key: row.answer for row in rows if not row.status.is_missing}
        both = [row for row in again if row.row_key in first and not row.status.is_missing]
        flipped = sum(first[row.row_key] != row.answer for row in both)
        return PartScores(rows, len(both), flipped)

    def _noise_rows(self, part: Part) -> int:
        return -(-NOISE_ROWS * len(part.scored) // max(len(self._study.scored), 1))

    def _complete(
        self, contestant: Contestant, part: Part, record: FitRecord, rows: Sequence[int], *, repetition: int
    ) -> tuple[ScoreRow, ...]:
        stored = self._stored(record, part, repetition)
        keys = [self._study.row_keys[row] for row in rows]
        open_rows = [
            row for row, key in zip(rows, keys, strict=True) if key not in stored or stored[key].status.is_missing
        ]
        if open_rows:
            fitted = self._fitter.open(contestant, record)
            try:
                stored |= self._ask(fitted, contestant, part, record, open_rows, repetition)
            finally:
                fitted.close()
        return tuple(stored[key] for key in keys)

    def _stored(self, record: FitRecord, part: Part, repetition: int) -> dict[str, ScoreRow]:
        rows = self._store.scores(record.key, part.name)
        return {row.row_key: row for row in rows if row.repetition == repetition}

    def _ask(
        self,
        fitted: FittedSystem,
        contestant: Contestant,
        part: Part,
        record: FitRecord,
        rows: Sequence[int],
        repetition: int,
    ) -> dict[str, ScoreRow]:
        """New score rows by row key. A missing one is asked again at the next run."""
        questions = list(
            {
                self._study.row_keys[row]: Question(self._study.row_keys[row], self._study.examples[row])
                for row in rows
            }.values()
        )
        batches = score(
            fitted,
            questions,
            self._study.grading.grader,
            fit_key=record.key,
            part=part.name,
            repetition=repetition,
            cancelled=self._hooks.cancelled,
        )
        new: dict[str, ScoreRow] = {}
        for batch in batches:
            self._store.append_scores(batch)
            new |= {row.row_key: row for row in batch}
            self._hooks.progress(contestant.name, f"{part.name}: answering", len(new) / len(questions))
        return new
