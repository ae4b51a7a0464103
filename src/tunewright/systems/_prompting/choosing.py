"""Choosing between ways of asking by their scores on the same validation rows, and an honest figure of what is chosen.

Choices are compared on the rows that every one of them has a score for. Many missing scores stop the choice: which rows
are missing hangs on the connection and on the order of asking, and a fit is kept for good. Called by ``asking``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.errors import WorkError
from tunewright.records.system import Trial
from tunewright.systems._arrived import MOST_MISSING
from tunewright.systems._honest import cross_fitted


@dataclass(frozen=True, slots=True)
class Tried:
    """Choices in the order tried: ``scores`` float64[choices, rows], nan where missing; ``seconds`` of each."""

    settings: tuple[str, ...]
    choices: tuple[str, ...]
    scores: NDArray[np.float64]
    seconds: tuple[float, ...]

    @property
    def common(self) -> NDArray[np.float64]:
        """float64[choices, answered]: the rows that every choice has a score for."""
        return self.scores[:, ~np.isnan(self.scores).any(axis=0)]

    @property
    def trials(self) -> tuple[Trial, ...]:
        """One trial for each choice, all with the mean on the same rows."""
        means = self.common.mean(axis=1).tolist() if self.choices else []
        made = zip(self.settings, self.choices, means, self.seconds, strict=True)
        return tuple(Trial({setting: choice}, mean, seconds) for setting, choice, mean, seconds in made)

    @property
    def honest(self) -> float | None:
        """The score of choosing among these choices; None where nothing was tried."""
        return cross_fitted(self.common) if len(self.choices) else None

    def and_then(self, others: Tried) -> Tried:
        """These and others on the same rows; raises WorkError where too few rows are left that all answered."""
        if not others.choices or not self.choices:
            return self if self.choices else others
        scores = np.vstack([self.scores, others.scores])
        require_answered(scores)
        return Tried(
            self.settings + others.settings, self.choices + others.choices, scores, self.seconds + others.seconds
        )


NOTHING = Tried((), (), np.zeros((0, 0)), ())


def require_answered(scores: NDArray[np.float64], why: Sequence[str] = ()) -> None:
    """Whether enough rows have a score for every choice, float64[choices, rows]; ``why`` are reasons of missing ones.

    Raises:
        WorkError: more than 1 % of the rows lack one, or any of fewer than a hundred.
    """
    rows = scores.shape[1]
    missing = int(np.isnan(scores).any(axis=0).sum())
    if missing <= int(MOST_MISSING * rows):
        return
    reason = next((text for text in why if text), "no reason was given")
    raise WorkError(
        "prompt.no_answer" if missing == rows else "prompt.few_answers",
        f"The connection or the spending cap kept the fit from choosing: {missing} of {rows} validation rows have no "
        f"score for some choice.",
        why=f"{reason}. Choices are compared on the same rows only, and what is chosen is kept for good.",
        hint="Mend the connection or raise the cap and run again: the next run pays only for what is missing.",
    )
