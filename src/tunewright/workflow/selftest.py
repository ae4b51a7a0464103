"""Trying to fool the program on a person's own data, and showing what a naive comparison would have claimed.

The judge is the real one; the part of the fine-tune is played by a linear model, because it is the judging that is on
trial, not the training. Each trick is one function of ``selftest_tricks``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tunewright.data.components import find_components
from tunewright.data.duplicates import find_duplicates
from tunewright.data.folds import inner_split
from tunewright.data.splittable import require_splittable
from tunewright.data.units import make_units
from tunewright.project.settings import ProjectSettings
from tunewright.records.example import Example
from tunewright.records.verdict import Headline
from tunewright.store import Store
from tunewright.workflow.comparison import compare
from tunewright.workflow.conclude import Judged, judge
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.load import Loaded
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.prepare import prepare
from tunewright.workflow.study import Hooks, Study

MAX_ROWS = 1000
TEST_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Trick:
    """One attempt: what was done, what a naive comparison claims, what the program says, and whether it held."""

    name: str
    what: str
    naive: str
    program: str
    headline: Headline | None
    held: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """The rows on trial, parted once, and the means to run a comparison on them."""

    train: tuple[Example, ...]
    test: tuple[Example, ...]
    settings: ProjectSettings
    store: Store
    hooks: Hooks

    def run(
        self,
        contestants: Sequence[Contestant],
        train: Sequence[Example] | None = None,
        change: Callable[[list[Outcome]], list[Outcome]] = lambda outcomes: outcomes,
    ) -> tuple[Study, list[Outcome], Judged]:
        """The real path with a test file of the person's own; the first contestant is what is used today."""
        rows = tuple(self.train if train is None else train)
        loaded = Loaded(rows, self.test, (), len(rows) + len(self.test), ())
        study = prepare(self.settings, Path(), loaded, self.store).study
        outcomes = change(compare(study, contestants, self.store, self.hooks))
        return study, outcomes, judge(study, outcomes, contestants[0].name)

    def with_rows(self, train: Sequence[Example], test: Sequence[Example]) -> Desk:
        """The same desk with other rows."""
        return Desk(tuple(train), tuple(test), self.settings, self.store, self.hooks)


def selftest(examples: Sequence[Example], settings: ProjectSettings, store: Store, hooks: Hooks) -> list[Trick]:
    """Every trick on at most 1,000 of the rows.

    Raises:
        InputError: the rows cannot be split.
    """
    from tunewright.workflow.selftest_tricks import TRICKS

    desk = _desk(examples, settings, store, replace(hooks, say=lambda _text: None))
    results: list[Trick] = []
    for number, trick in enumerate(TRICKS):
        hooks.progress("selftest", trick.__name__.replace("_", " "), number / len(TRICKS))
        results.append(trick(desk))
    hooks.progress("selftest", "done", 1.0)
    return results


def _desk(examples: Sequence[Example], settings: ProjectSettings, store: Store, hooks: Hooks) -> Desk:
    rows = list(examples)
    if len(rows) > MAX_ROWS:
        chosen = np.random.default_rng(settings.seed).choice(len(rows), MAX_ROWS, replace=False)
        rows = [rows[position] for position in sorted(chosen)]
    component_of = find_components(rows, find_duplicates(rows).edges())
    require_splittable(rows, make_units(rows, component_of.tolist(), seed=settings.seed))
    train, test = inner_split(rows, list(range(len(rows))), component_of.tolist(), seed=settings.seed, share=TEST_SHARE)
    return Desk(tuple(rows[i] for i in train), tuple(rows[i] for i in test), settings, store, hooks)
