"""The steps of a change: nothing, then 0, 1, 2, 5, ... examples of what came back, then all; and the rows of each.

In each fold the examples come in a random order of their own for each draw, and a step takes the first ones of it:
smaller steps are part of larger ones. The second of them and then every seventh goes to the rows to tune on, as with
all of them about: a system whose settings are chosen where the category does not occur learns to leave it out. With all
of them a fold is the very one of ``run``, and its fits are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tunewright.data.components import find_components
from tunewright.data.duplicates import find_duplicates
from tunewright.data.folds import folds, inner_split
from tunewright.workflow.change.held import Held
from tunewright.workflow.prepare import MAX_COPIES, VALIDATION_SHARE
from tunewright.workflow.several import several_labels
from tunewright.workflow.study import Part, Study

SIZES = (0, 1, 2, 5, 10, 20, 50)
MANY_DRAWS, DRAWS_UP_TO = 3, 10
TUNE_FIRST, TUNE_EVERY = 1, 7


@dataclass(frozen=True, slots=True)
class Step:
    """One state of the change; ``examples`` None is all of them, and ``back`` False is before the change."""

    examples: int | None
    back: bool = True

    def named(self, most: int) -> int:
        """The number of examples, for a report."""
        return most if self.examples is None else self.examples


BEFORE, ALL, NAMED = Step(0, back=False), Step(None), Step(0)


def folded(study: Study) -> Study:
    """The study with parts that score every row that may be learned from once, and no row of a locked test."""
    if study.regime == "cross-fitted":
        return study
    part = study.parts[0]
    pool = np.array(sorted((*part.train, *part.validation)))
    dealt = [study.examples[row] for row in pool]
    if study.settings.kind != "classify" or several_labels(study.settings):
        dealt = [example.with_target("") for example in dealt]
    component = find_components(dealt, find_duplicates(dealt).edges())
    seed, count = study.settings.seed, study.settings.folds
    fold_of = folds(dealt, component.tolist(), k=count, seed=seed)
    parts = []
    for fold in range(count):
        rest = np.flatnonzero(fold_of != fold)
        share = min(VALIDATION_SHARE, 1500 / len(rest))
        train, validation = inner_split(dealt, rest.tolist(), component.tolist(), seed=seed + 1 + fold, share=share)
        chosen = [tuple(pool[rows].tolist()) for rows in (train, validation, np.flatnonzero(fold_of == fold))]
        parts.append(Part(f"change-{fold}", *chosen))
    grouped = bool(study.settings.data.group) or 1 - len(np.unique(component)) / len(pool) > MAX_COPIES
    groups = None
    if grouped:
        groups = np.arange(len(study.examples)) + len(study.examples)
        groups[pool] = component
    locked = frozenset(part.scored)
    assert not any(locked & {*one.train, *one.validation, *one.scored} for one in parts)
    return replace(study, regime="cross-fitted", parts=tuple(parts), groups=groups)


def learnable(study: Study, held: Held) -> int:
    """Examples of it that every fold can learn from."""
    return min(len(held.rows & {*part.train, *part.validation}) for part in study.parts)


def sizes(most: int, wanted: Sequence[int] = SIZES) -> list[Step]:
    """The steps after the change, with all examples last; none of the examples is always among them."""
    return [*(Step(size) for size in sorted({0, *wanted}) if size < most), ALL]


def draws_of(step: Step, draws: int) -> int:
    """How many draws a step has: none differ where nothing or everything is taken."""
    few = step.examples is not None and 0 < step.examples <= DRAWS_UP_TO
    return draws if few else 1


def part_of(study: Study, held: Held, fold: int, step: Step, draw: int) -> Part:
    """The rows of one fold in one step, in the order that they have with all."""
    part = study.parts[fold]
    if step == ALL:
        return part
    chosen = set(_order(study, held, fold, draw)[: step.examples])

    def kept(rows: Sequence[int]) -> tuple[int, ...]:
        return tuple(row for row in rows if row not in held.rows or row in chosen)

    return Part(f"{part.name}-change", kept(part.train), kept(part.validation), part.scored)


def _order(study: Study, held: Held, fold: int, draw: int) -> list[int]:
    """The examples of one fold as they come back: mostly rows to learn from, now and then one to tune on."""
    part = study.parts[fold]
    chance = np.random.default_rng([study.settings.seed, fold, draw])
    learn, tune = (
        chance.permutation(np.array([row for row in rows if row in held.rows], dtype=np.int64)).tolist()
        for rows in (part.train, part.validation)
    )
    order: list[int] = []
    while learn or tune:
        turn = len(order) % TUNE_EVERY == TUNE_FIRST
        order.append((tune if tune and (turn or not learn) else learn).pop())
    return order
