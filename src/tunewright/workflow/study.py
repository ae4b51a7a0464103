"""The study: which rows are fitted on, tuned on and scored on, fixed before any system runs.

Made by ``prepare``; read by everything after it. With a locked test set there is one part; with few rows there is one
part per fold, and every row is scored by a system that has not seen it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunewright.project.settings import ProjectSettings
from tunewright.records.example import Example
from tunewright.records.verdict import DataSummary, Gate, Regime
from tunewright.workflow.grading import Grading

Rows = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One fit: positions of the rows to learn from, to tune on, and to score."""

    name: str
    train: Rows
    validation: Rows
    scored: Rows


@dataclass(frozen=True, slots=True)
class Study:
    """Everything that is fixed before the first system runs.

    ``parts`` are those that decide; ``all_rows`` is the fit for use afterwards: on all rows after a cross-fit, the very
    same as the tested one with a locked test set.
    """

    settings: ProjectSettings
    root: Path
    examples: tuple[Example, ...]
    row_keys: tuple[str, ...]
    labels: tuple[str, ...]
    regime: Regime
    parts: tuple[Part, ...]
    all_rows: Part
    groups: NDArray[np.int64] | None
    data: DataSummary
    test_hash: str
    grading: Grading
    gates: tuple[Gate, ...] = ()
    warnings: tuple[str, ...] = ()
    near_leaks: frozenset[int] = frozenset()
    hashes: dict[str, str] = field(default_factory=dict)

    @property
    def scored(self) -> Rows:
        """All rows that decide, in the order of the parts."""
        return tuple(row for part in self.parts for row in part.scored)

    @property
    def scored_groups(self) -> NDArray[np.int64] | None:
        """Group of each scored row, or None when rows stand alone."""
        return None if self.groups is None else self.groups[list(self.scored)]

    @property
    def scored_folds(self) -> NDArray[np.int64] | None:
        """Fold of each scored row, or None with a locked test set."""
        if self.regime != "cross-fitted":
            return None
        sizes = [len(part.scored) for part in self.parts]
        return np.repeat(np.arange(len(self.parts)), sizes)


@dataclass(frozen=True, slots=True)
class Hooks:
    """How a run is watched and stopped from outside; ``say`` reaches the person, ``log`` the file of the run."""

    progress: Callable[[str, str, float], None] = field(default=lambda _system, _stage, _fraction: None)
    say: Callable[[str], None] = field(default=lambda _text: None)
    log: Callable[[str], None] = field(default=lambda _text: None)
    cancelled: Callable[[], bool] = field(default=lambda: False)
