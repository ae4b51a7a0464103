"""What came of one system over all parts of a study, before any statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.records.answers import ScoreRow, Status
from tunewright.records.system import Needs, SystemRole, traits_of
from tunewright.records.verdict import PerAnswer
from tunewright.workflow.costing.spending import per_answer
from tunewright.workflow.fit_notes import merged_notes
from tunewright.workflow.fitting import Contestant, FitRecord
from tunewright.workflow.scoring import PartScores


@dataclass(frozen=True, slots=True)
class Outcome:
    """One system: either available, with fits and scores aligned to ``study.scored``, or not, with the reason."""

    contestant: Contestant
    reason: str | None = None
    fits: tuple[FitRecord, ...] = ()
    scores: tuple[PartScores, ...] = ()

    @property
    def name(self) -> str:
        return self.contestant.name

    @property
    def role(self) -> SystemRole:
        return self.contestant.system.role

    @property
    def needs(self) -> Needs:
        return self.contestant.system.needs

    @property
    def available(self) -> bool:
        return self.reason is None

    @property
    def rows(self) -> tuple[ScoreRow, ...]:
        """Score rows of all parts, in the order of ``study.scored``."""
        return tuple(row for part in self.scores for row in part.rows)

    @property
    def score_values(self) -> NDArray[np.float64]:
        """Scores ``[n]``, nan where missing."""
        return np.array([np.nan if row.score is None else row.score for row in self.rows], dtype=np.float64)

    @property
    def validation_score(self) -> float | None:
        """Mean over the parts of the score on validation rows."""
        known = [fit.validation_score for fit in self.fits if fit.validation_score is not None]
        return round(float(np.mean(known)), 6) if known else None

    @property
    def training_seconds(self) -> float:
        return round(sum(fit.training_seconds for fit in self.fits), 2)

    @property
    def notes(self) -> list[str]:
        """Notes of all fits, each once; those that differ say of which parts they are."""
        return merged_notes([fit.notes for fit in self.fits])

    @property
    def flip_rate(self) -> float | None:
        """Share of answers that changed when the same rows were asked again in another order."""
        asked = sum(part.asked_again for part in self.scores)
        return round(sum(part.flipped for part in self.scores) / asked, 6) if asked else None

    @property
    def per_answer(self) -> PerAnswer | None:
        """What an answer takes of language models: on the cases that decide, else when timed."""
        timed = next((fit.per_answer for fit in self.fits if fit.per_answer is not None), None)
        return per_answer(self.rows, none_asked=self._may_ask_nobody()) or timed

    def _may_ask_nobody(self) -> bool:
        """Whether answers that say nothing of models asked none: those of members that say what they ask."""
        members = traits_of(self.contestant.system).members
        billed = [member.system for member in members if member.system.needs.billed]
        return bool(billed) and all(traits_of(system).models for system in billed)

    def count(self, statuses: Sequence[Status]) -> int:
        """Score rows with one of these statuses."""
        return sum(row.status in statuses for row in self.rows)
