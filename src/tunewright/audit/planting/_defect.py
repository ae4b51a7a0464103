"""What a planted defect is, what planting leaves, and the small steps that most plantings are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tunewright.audit.view import Part, View
from tunewright.records.example import Example

# Between the id of the source row and the name of what was done to it: ``train.csv:12 + flip``.
MARK = " + "
# Fewer planted rows than this say nothing of recall.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Planted:
    """A copy with a defect in it; rows are told by ``row_id``, which is unique.

    ``rows`` hold the defect. ``look_alikes`` were changed too, and must stay quiet. ``partners`` belong to a defect
    without holding it (the source of a twin): whether they are flagged does not count. ``parts`` is the side of each
    row where the defect needs a split.
    """

    examples: tuple[Example, ...]
    rows: tuple[str, ...]
    look_alikes: tuple[str, ...] = ()
    partners: frozenset[str] = frozenset()
    parts: tuple[Part, ...] | None = None


@dataclass(frozen=True, slots=True)
class Defect:
    """One kind of defect.

    ``kinds`` are beginnings of finding kinds that count as finding it (``label_errors.slips``); what stands before the
    dot is the check. ``applies`` says why it cannot be planted in this data, or None. ``plant`` gets the view, the
    source of randomness and how many rows to plant. ``excuses`` are beginnings of kinds of "not checked" with which a
    check says that it cannot judge. A defect ``of_the_set`` is found or not as a whole; its rows are where it sits.
    What is found in one piece or not at all (a trigger with all its rows) is planted several ``times``, each in a copy
    of its own, for one piece says little.
    """

    name: str
    title: str
    kinds: tuple[str, ...]
    applies: Callable[[View], str | None]
    plant: Callable[[View, np.random.Generator, int], Planted]
    excuses: tuple[str, ...] = ()
    of_the_set: bool = False
    times: int = 1

    @property
    def checks(self) -> tuple[str, ...]:
        """Names of the checks that may find it."""
        return tuple(dict.fromkeys(kind.partition(".")[0] for kind in self.kinds))


def planted_id(example: Example, name: str) -> str:
    """The id of a changed or added row: that of its source, and what was done."""
    return f"{example.row_id}{MARK}{name}"


def source_id(row_id: str) -> str:
    """The id of the row that a row of a copy was made from; its own where it was not touched."""
    return row_id.rpartition(MARK)[0] or row_id


def renamed(example: Example, name: str) -> Example:
    """The row under the id of a planted one."""
    return replace(example, row_id=planted_id(example, name))


def with_rows(examples: Sequence[Example], changed: Mapping[int, Example]) -> tuple[Example, ...]:
    """All rows, with some of them exchanged by place."""
    return tuple(changed.get(place, example) for place, example in enumerate(examples))


def choose(rng: np.random.Generator, view: View, n: int, fits: Callable[[Example], bool] = lambda _: True) -> list[int]:
    """At most ``n`` places of rows that fit, drawn at random, in ascending order."""
    fitting = [place for place, example in enumerate(view.examples) if fits(example)]
    return draw(rng, fitting, n)


def draw(rng: np.random.Generator, places: Sequence[int], n: int) -> list[int]:
    """At most ``n`` of some places at random, in ascending order."""
    if len(places) <= n:
        return sorted(places)
    return sorted(places[i] for i in rng.choice(len(places), n, replace=False).tolist())


def changing(
    view: View,
    name: str,
    change: Mapping[int, Callable[[Example], Example]],
    quiet: Mapping[int, Callable[[Example], Example]] | None = None,
) -> Planted:
    """The copy in which ``change`` made the planted rows and ``quiet`` the look-alikes, by place."""
    bad = {place: renamed(make(view.examples[place]), name) for place, make in change.items()}
    good = {place: renamed(make(view.examples[place]), "look-alike") for place, make in (quiet or {}).items()}
    return Planted(
        with_rows(view.examples, {**bad, **good}),
        tuple(bad[place].row_id for place in sorted(bad)),
        tuple(good[place].row_id for place in sorted(good)),
    )


def adding(view: View, twins: Iterable[tuple[int, Example]], name: str, rng: np.random.Generator) -> Planted:
    """The copy with twins of some rows, each at a random place; the sources are partners."""
    made = [(view.examples[place], renamed(twin, name)) for place, twin in twins]
    rows = list(view.examples)
    for _, twin in made:
        rows.insert(int(rng.integers(len(rows) + 1)), twin)
    return Planted(
        tuple(rows), tuple(twin.row_id for _, twin in made), partners=frozenset(source.row_id for source, _ in made)
    )


def always(_view: View) -> str | None:
    """For defects that any data can have."""
    return None


def only(*kinds: str, because: str) -> Callable[[View], str | None]:
    """For defects that data of these kinds alone can have."""
    return lambda view: None if view.kind in kinds else because


def enough(view: View, fits: Callable[[Example], bool], because: str) -> str | None:
    """The reason, unless at least as many rows fit as a recall needs."""
    found = 0
    for example in view.examples:
        found += fits(example)
        if found >= 2 * FEWEST:
            return None
    return because
