"""The locked split into train, validation and test, which never parts a component and never moves a row.

``folds`` and ``inner_split`` for small data are in ``folds``; leaks of a test file of one's own are found by ``leaks``.
Everything follows from contents and seed: the order of rows changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tunewright.data.folds import folds, inner_split
from tunewright.data.rows import SetAside
from tunewright.data.splittable import largest_share, require_splittable
from tunewright.data.times import parse_times
from tunewright.data.units import Unit, allot, make_units
from tunewright.errors import InputError
from tunewright.records.example import Example, input_digest

__all__ = ["TEST_CAP", "Side", "Split", "folds", "inner_split", "locked_split", "sides_by_input"]

Side = Literal["train", "validation", "test"]

# On 3,000 cases a gain of 2 points shows; more cost answers of every system and show little more.
TEST_CAP = 3_000
SHARES = (0.7, 0.1, 0.2)
SHOWN_ROWS = 5
_PARTS: tuple[Side, Side, Side] = ("test", "validation", "train")


@dataclass(frozen=True, slots=True)
class Split:
    """The side of every row (None: set aside), the rows set aside, notes, and the largest component's share."""

    sides: tuple[Side | None, ...]
    set_aside: tuple[SetAside, ...]
    notes: tuple[str, ...]
    largest_component_share: float

    def rows(self, side: Side) -> list[int]:
        """Indices of the rows on one side, ascending."""
        return [i for i, own in enumerate(self.sides) if own == side]


def locked_split(
    examples: Sequence[Example],
    component_of: Sequence[int],
    *,
    seed: int,
    by_time: bool = False,
    previous: Mapping[str, Side] | None = None,
    test_cap: int = TEST_CAP,
    shares: tuple[float, float, float] = SHARES,
) -> Split:
    """Split rows into train, validation and test.

    Args:
        examples: the rows.
        component_of: component of each row; components are never parted.
        seed: changes the hash by which components are dealt out.
        by_time: the newest components are the test (a component is as new as its newest row).
        previous: side by input digest, as ``sides_by_input`` gave it; a row keeps the side it once got.
        test_cap: most rows in the test.
        shares: of train, validation and test.

    Raises:
        InputError: the rows cannot be split (``require_splittable``), or a time cannot be read.
    """
    units = make_units(examples, component_of, seed=seed)
    notes = require_splittable(examples, units)
    times = _newest(examples, units) if by_time else None
    dealer = _Dealer(examples, test_cap, shares, times)
    known = {d for e in examples if (d := input_digest(e.messages)) in previous} if previous else set()
    if previous and known:
        dealer.keep(units, previous)
        dealer.deal_grown()
    else:
        dealer.deal_first(units)
    notes += dealer.notes
    notes += _require_sides(examples, dealer.sides)
    return Split(tuple(dealer.sides), tuple(dealer.set_aside), tuple(notes), largest_share(units))


def sides_by_input(examples: Sequence[Example], split: Split) -> dict[str, Side]:
    """Side by input digest, to be kept and given back as ``previous``."""
    return {input_digest(e.messages): s for e, s in zip(examples, split.sides, strict=True) if s is not None}


class _Dealer:
    """Sides in the making."""

    def __init__(
        self,
        examples: Sequence[Example],
        test_cap: int,
        shares: tuple[float, float, float],
        times: Mapping[str, float] | None,
    ) -> None:
        self.examples = examples
        self.test_cap = test_cap
        _, self.validation_share, self.test_share = shares
        self.times = times
        self.sides: list[Side | None] = [None] * len(examples)
        self.set_aside: list[SetAside] = []
        self.notes: list[str] = []
        self.new: list[Unit] = []

    def deal_first(self, units: Sequence[Unit]) -> None:
        """The first split: cut at the shares inside every label."""
        total = sum(unit.size for unit in units)
        test_share = min(self.test_share, self.test_cap / total)
        if self.times is None:
            part_of = allot(units, (test_share, self.validation_share), at_least_one=(True, False))
            self._trim([u for u in units if part_of[u.key] == 0], part_of)
        else:
            newest = self._newest_units(units, min(self.test_share * total, self.test_cap))
            keys = {unit.key for unit in newest}
            rest = [unit for unit in units if unit.key not in keys]
            left = self.validation_share / max(1e-9, 1 - test_share)
            part_of = {key: part + 1 for key, part in allot(rest, (left,), at_least_one=(False,)).items()}
            part_of.update({unit.key: 0 for unit in newest})
        for unit in units:
            self._give(unit, _PARTS[part_of[unit.key]])

    def keep(self, units: Sequence[Unit], previous: Mapping[str, Side]) -> None:
        """Rows keep the side they once got; new rows follow their component unless it would bridge two sides."""
        for unit in units:
            old = {i: s for i in unit.rows if (s := previous.get(input_digest(self.examples[i].messages)))}
            sides = set(old.values())
            if not sides:
                self.new.append(unit)
            elif len(sides) == 1:
                self._give(unit, next(iter(sides)))
            else:
                self._keep_bridged(unit, old)

    def deal_grown(self) -> None:
        """New components go by the hash of their smallest member, or by time."""
        rows = sum(unit.size for unit in self.new)
        room = max(0, self.test_cap - self.sides.count("test"))
        if self.times is None:
            test_share = min(self.test_share, room / max(1, rows))
            part_of = {u.key: self._by_place(u.place, test_share) for u in self.new}
            self._trim([u for u in self.new if part_of[u.key] == 0], part_of, room)
        else:
            wanted = self.test_share * len(self.examples) - self.sides.count("test")
            newest = self._newest_units(self.new, min(wanted, room))
            validation_share = self.validation_share / max(1e-9, 1 - self.test_share)
            part_of = {u.key: 1 if u.place < validation_share else 2 for u in self.new}
            part_of.update({unit.key: 0 for unit in newest})
        for unit in self.new:
            self._give(unit, _PARTS[part_of[unit.key]])

    def _by_place(self, place: float, test_share: float) -> int:
        if place < test_share:
            return 0
        return 1 if place < test_share + self.validation_share else 2

    def _trim(self, test: list[Unit], part_of: dict[str, int], cap: int | None = None) -> None:
        """Hold the cap where rounding or a large component passed it."""
        cap = self.test_cap if cap is None else cap
        rows = sum(unit.size for unit in test)
        for unit in sorted(test, key=lambda u: (-u.place, u.key)):
            if rows <= cap:
                return
            part_of[unit.key] = 2
            rows -= unit.size

    def _newest_units(self, units: Sequence[Unit], wanted: float) -> list[Unit]:
        """The newest units, until their rows come nearest to the wanted number; equal times go by hash."""
        times = self.times or {}
        newest: list[Unit] = []
        rows = 0
        for unit in sorted(units, key=lambda u: (-times[u.key], u.place, u.key)):
            if rows + unit.size / 2 > wanted or rows + unit.size > self.test_cap:
                break
            newest.append(unit)
            rows += unit.size
        return newest

    def _give(self, unit: Unit, side: Side) -> None:
        for i in unit.rows:
            self.sides[i] = side

    def _keep_bridged(self, unit: Unit, old: Mapping[int, Side]) -> None:
        samples = {
            side: min(str(self.examples[i].source) for i in old if old[i] == side) for side in sorted(set(old.values()))
        }
        parts = " and ".join(f"{source} ({side})" for side, source in samples.items())
        for i in unit.rows:
            if i in old:
                self.sides[i] = old[i]
                continue
            example = self.examples[i]
            reason = f"it would tie rows that are on different sides already: {parts}"
            self.set_aside.append(SetAside(example.source, "split.bridging_row", reason, example.text))
        if len(old) == unit.size:
            self.notes.append(f"Rows that belong together are on different sides already and stay there: {parts}.")


def _newest(examples: Sequence[Example], units: Sequence[Unit]) -> dict[str, float]:
    """Seconds since 1970 of the newest row of each unit, by unit key."""
    seconds = parse_times([e.time or "" for e in examples])
    bad = [i for i, second in enumerate(seconds) if second is None]
    if bad:
        shown = ", ".join(f"{examples[i].source} ('{(examples[i].time or '')[:40]}')" for i in bad[:SHOWN_ROWS])
        raise InputError(
            "split.unreadable_time",
            f"{len(bad)} of {len(examples)} rows have no time that can be read.",
            where=shown + (", ..." if len(bad) > SHOWN_ROWS else ""),
            why="A split by time needs to know which rows are newest.",
            hint="Write times as 2024-01-31 or 2024-01-31 14:05, or leave the time column out.",
        )
    return {unit.key: max(seconds[i] or 0.0 for i in unit.rows) for unit in units}


def _require_sides(examples: Sequence[Example], sides: Sequence[Side | None]) -> list[str]:
    """Notes on classes that are missing on a side; rows whose targets are all empty have none.

    Raises:
        InputError: a side is empty, or training has only one class.
    """
    labels = {side: Counter(e.target for e, s in zip(examples, sides, strict=True) if s == side) for side in _PARTS}
    empty = [side for side in _PARTS if not labels[side]]
    classes = any(example.target for example in examples)
    if empty or (classes and len(labels["train"]) < 2):
        what = f"no row is left for {' and '.join(empty)}" if empty else "training would see one class only"
        raise InputError(
            "split.too_few_components",
            f"The rows cannot be split: {what}.",
            why="Rows of one group, and copies of one another, are never parted, and they form too few sets.",
            hint="Name a finer group column, or label cases of more groups.",
        )
    unseen = sorted(set(labels["test"]) - set(labels["train"]))
    untested = sorted((set(labels["train"]) | set(labels["validation"])) - set(labels["test"]))
    notes = []
    if unseen:
        notes.append(f"{len(unseen)} classes occur in the test but not in training: {', '.join(unseen[:SHOWN_ROWS])}.")
    if untested:
        notes.append(f"{len(untested)} classes have no row in the test: {', '.join(untested[:SHOWN_ROWS])}.")
    return notes
