"""The three ways of choosing rows to learn from: all of them, the cleaned ones, and as many random ones.

Every arm answers the same cases, fold by fold, as they stand in the table: nothing that is scored was cleaned. Draw by
draw all arms train from the same seed; the random arm draws other rows each time, as many to learn from and to tune on
as cleaning leaves. What is fitted once is found again by content, so a stopped test goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tunewright.store import Store
from tunewright.workflow.fitting import Contestant, Fitter
from tunewright.workflow.scoring import Scorer
from tunewright.workflow.study import Hooks, Part, Rows, Study

Arm = Literal["all", "cleaned", "random"]
ARMS: tuple[Arm, ...] = ("all", "cleaned", "random")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CleanedPart:
    """One fold: the part as it is, and its rows to learn from and tune on once cleaned (positions in the study)."""

    part: Part
    train: Rows
    validation: Rows

    def of(self, arm: Arm, seed: int) -> Part:
        """The fold as an arm sees it; the cases to score are the same for all."""
        if arm == "all":
            return self.part
        if arm == "cleaned":
            return replace(self.part, train=self.train, validation=self.validation)
        # Draws are fixed by the fold's own rows, so that another order of folds draws the same.
        rng = np.random.default_rng([seed, len(self.part.train), *self.part.scored[:1]])
        return replace(
            self.part,
            train=_drawn(self.part.train, len(self.train), rng),
            validation=_drawn(self.part.validation, len(self.validation), rng),
        )


def cleaned_part(part: Part, rewritten: Mapping[int, int | None]) -> CleanedPart:
    """A fold without the rows left out (None), and with others in the place of the rewritten ones."""

    def kept(rows: Rows) -> Rows:
        now = (rewritten.get(row, row) for row in rows)
        return tuple(row for row in now if row is not None)

    return CleanedPart(part, kept(part.train), kept(part.validation))


def _drawn(rows: Rows, count: int, rng: np.random.Generator) -> Rows:
    """So many of the rows, in their own order."""
    places = rng.choice(len(rows), min(count, len(rows)), replace=False)
    return tuple(rows[place] for place in sorted(places.tolist()))


def arm_scores(
    study: Study,
    parts: Sequence[CleanedPart],
    contestant: Contestant,
    arm: Arm,
    seeds: Sequence[int],
    store: Store,
    hooks: Hooks,
) -> Floats:
    """Scores of an arm, float64[draws, n] over the scored rows of all folds in turn; nan where one is missing."""
    rows = []
    for seed in seeds:
        own = replace(study, settings=study.settings.model_copy(update={"seed": seed}))
        fitter = Fitter(own, store, hooks)
        scorer = Scorer(own, store, fitter, hooks)
        scores: list[float] = []
        for one in parts:
            part = one.of(arm, seed)
            found = scorer.score(contestant, part, fitter.fit(contestant, part))
            scores += [np.nan if row.score is None else row.score for row in found.rows]
        rows.append(scores)
    hooks.progress(contestant.name, "done", 1.0)
    return np.array(rows, dtype=np.float64)
