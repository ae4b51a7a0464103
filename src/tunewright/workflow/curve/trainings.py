"""The trainings of a curve: made, or found again by content, and scored on held-out rows. A stopped curve goes on.

A training that cannot be made (a subset of one class, say) leaves a gap with its reason and stops nothing. Called by
``job``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tunewright.errors import Cancelled, TunewrightError, WorkError
from tunewright.records.answers import ScoreRow
from tunewright.reporting.words import duration
from tunewright.statistics.arrays import FloatArray
from tunewright.store import Store
from tunewright.workflow.curve.design import Design
from tunewright.workflow.fitting import Contestant, Fitter
from tunewright.workflow.scoring import Scorer
from tunewright.workflow.study import Hooks, Part, Study

WORTH_A_WORD_S = 10.0


@dataclass(frozen=True, slots=True)
class Planned:
    """One training: a system on a part, from a seed."""

    contestant: Contestant
    part: Part
    seed: int

    @property
    def rows(self) -> int:
        return len(self.part.train) + len(self.part.validation)


@dataclass(slots=True)
class Trainings:
    """Makes, finds and counts trainings; ``made`` and ``seconds`` are those of now, ``failed`` the reasons of gaps."""

    study: Study
    store: Store
    hooks: Hooks
    made: int = 0
    found: int = 0
    seconds: float = 0.0
    rows: int = 0
    failed: dict[tuple[str, str, int], str] = field(default_factory=dict)

    def scores(self, planned: Planned) -> FloatArray | None:
        """Scores of the held-out rows in their order, nan where missing; None where the training failed."""
        study, fitter = self._seeded(planned.seed)
        kept = self._kept(planned)
        if kept is not None:
            self.found += 1
            return _values(kept)
        exists = self._is_fitted(planned)
        started = time.perf_counter()
        try:
            record = fitter.fit(planned.contestant, planned.part)
            rows = Scorer(study, self.store, fitter, self.hooks).score(planned.contestant, planned.part, record).rows
        except Cancelled:
            raise
        except TunewrightError as error:
            self._gap(planned, " ".join([error.message, *(text for _, text in error.details()[:1])]))
            return None
        except Exception as error:
            # What a library throws here concerns one training; the others go on.
            self._gap(planned, f"{type(error).__name__}: {error}"[:300])
            return None
        finally:
            if not exists:
                self.seconds += time.perf_counter() - started
                self.rows += planned.rows
        if exists:
            self.found += 1
        else:
            self.made += 1
        return _values(rows)

    def left(self, rows: int) -> str:
        """How long so many more rows take at the pace of now, where that is worth a word."""
        seconds = self.seconds / self.rows * rows if self.rows else 0.0
        return f" (about {duration(seconds)} left)" if seconds >= WORTH_A_WORD_S else ""

    def validation_score(self, planned: Planned) -> float | None:
        """The score on its own validation rows, by which systems are chosen; None where it cannot be fitted."""
        _, fitter = self._seeded(planned.seed)
        try:
            return fitter.fit(planned.contestant, planned.part).validation_score
        except Cancelled:
            raise
        except Exception as error:
            self._gap(planned, f"{error}"[:300])
            return None

    def is_done(self, planned: Planned) -> bool:
        """Whether nothing has to be trained for it."""
        return self._kept(planned) is not None or self._is_fitted(planned)

    def _is_fitted(self, planned: Planned) -> bool:
        return self.store.artifact(self._seeded(planned.seed)[1].key(planned.contestant, planned.part)) is not None

    def _kept(self, planned: Planned) -> list[ScoreRow] | None:
        """Score rows of a training whose every answer is kept, even where its weights were tidied away."""
        study, fitter = self._seeded(planned.seed)
        stored = self.store.scores(fitter.key(planned.contestant, planned.part), planned.part.name)
        by_key = {row.row_key: row for row in stored if row.repetition == 0 and not row.status.is_missing}
        keys = [study.row_keys[row] for row in planned.part.scored]
        return [by_key[key] for key in keys] if all(key in by_key for key in keys) else None

    def _seeded(self, seed: int) -> tuple[Study, Fitter]:
        study = replace(self.study, settings=self.study.settings.model_copy(update={"seed": seed}))
        return study, Fitter(study, self.store, self.hooks)

    def _gap(self, planned: Planned, reason: str) -> None:
        self.failed[planned.contestant.name, planned.part.name, planned.seed] = reason
        self.hooks.say(f"{planned.contestant.name} on {planned.rows} examples: {reason}")


def planned_of(contestant: Contestant, design: Design, *, fixed_seed: int | None = None) -> list[list[Planned]]:
    """All trainings of a system, by repeat and then by size, smallest first; ``fixed_seed`` in the place of its own."""
    return [
        [Planned(contestant, part, repeat.seed if fixed_seed is None else fixed_seed) for part in repeat.parts]
        for repeat in design.repeats
    ]


def all_scores(trainings: Trainings, planned: Sequence[Sequence[Planned]], about: str) -> list[list[FloatArray | None]]:
    """Scores by repeat and size."""
    hooks, found = trainings.hooks, []
    total, done = sum(len(row) for row in planned), 0
    rows_left = [sum(one.rows for row in planned[number:] for one in row) for number in range(1, len(planned) + 1)]
    for number, row in enumerate(planned, 1):
        scores = []
        for one in row:
            if hooks.cancelled():
                raise Cancelled
            hooks.progress("curve", f"{about}: {one.rows} examples, seed {number} of {len(planned)}", done / total)
            scores.append(trainings.scores(one))
            done += 1
        found.append(scores)
        means = ", ".join("failed" if s is None else f"{_mean(s):.1%}" for s in scores)
        hooks.say(f"{about}, seed {number} of {len(planned)}: {means}{trainings.left(rows_left[number - 1])}")
    hooks.progress("curve", "done", 1.0)
    return found


def whole_sizes(
    trainings: Trainings, name: str, scores: Sequence[Sequence[FloatArray | None]], least: int
) -> list[int]:
    """Places of the sizes at which every repeat has scores.

    Raises:
        WorkError: fewer than ``least`` of them, or not the largest one.
    """
    count = len(scores[0])
    whole = [place for place in range(count) if all(row[place] is not None for row in scores)]
    if len(whole) >= least and count - 1 in whole:
        return whole
    reason = next((why for (system, *_), why in trainings.failed.items() if system == name), "no answer was usable")
    raise WorkError(
        "curve.too_few_points",
        f"{name} could be trained at {len(whole)} of {count} sizes only.",
        where=reason,
        why="The shape of a curve cannot be told from so few sizes, nor without the largest.",
        hint="Name larger sizes with --sizes, or another system with --system.",
    )


def _values(rows: Sequence[ScoreRow]) -> FloatArray:
    return np.array([np.nan if row.score is None else row.score for row in rows], dtype=np.float64)


def _mean(scores: FloatArray) -> float:
    return float(np.nanmean(scores)) if not np.isnan(scores).all() else float("nan")
