"""Components as units that a split deals out: their size, main label and place in the order that hashing gives.

Shared by the locked split and by folds. Everything here follows from contents and seed, never from the order of rows.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tunewright.data.components import UnionFind
from tunewright.records.example import Example, input_digest


@dataclass(frozen=True, slots=True)
class Unit:
    """Rows that stay together. ``place`` in [0, 1) is the hash of seed and ``key``, the smallest input digest."""

    key: str
    rows: tuple[int, ...]
    label: str
    place: float

    @property
    def size(self) -> int:
        return len(self.rows)


def make_units(
    examples: Sequence[Example], component_of: Sequence[int], *, seed: int, rows: Sequence[int] | None = None
) -> list[Unit]:
    """The components of the given rows (all without ``rows``), ordered by key.

    Rows with an equal input are one unit even where ``component_of`` parts them, for a side belongs to an input.
    """
    chosen = range(len(examples)) if rows is None else rows
    digests = [input_digest(examples[i].messages) for i in chosen]
    forest = UnionFind(len(digests))
    forest.join_equal(digests)
    forest.join_equal([int(component_of[i]) for i in chosen])
    members: defaultdict[int, list[int]] = defaultdict(list)
    for position, root in enumerate(forest.roots()):
        members[root].append(position)
    units = []
    for positions in members.values():
        key = min(digests[p] for p in positions)
        own = tuple(sorted(chosen[p] for p in positions))
        units.append(Unit(key, own, _main_label([examples[i].target for i in own]), hashed_place(seed, key)))
    return sorted(units, key=lambda unit: unit.key)


def hashed_place(seed: int, key: str) -> float:
    """A number in [0, 1) that looks random and is always the same for seed and key."""
    digest = hashlib.sha256(f"{seed}:{key}".encode()).digest()
    # The upper 53 bits, as many as a float holds exactly, so that 1.0 is never reached.
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def allot(units: Sequence[Unit], shares: Sequence[float], *, at_least_one: Sequence[bool]) -> dict[str, int]:
    """Deal units to parts so that every part has about its share of the rows of every label.

    ``shares`` are those of parts 0, 1, ...; what is left over goes to part ``len(shares)``. Inside a label units come
    in the order of ``place`` and are cut at the shares; what rounding leaves undone is carried to the next label.
    ``at_least_one`` names parts that get a unit of every label that has three units and five rows.

    Returns:
        part by unit key.
    """
    strata: defaultdict[str, list[Unit]] = defaultdict(list)
    for unit in sorted(units, key=lambda unit: (unit.place, unit.key)):
        strata[unit.label].append(unit)
    part_of: dict[str, int] = {}
    carried = [0.0] * len(shares)
    for label in sorted(strata):
        stratum = strata[label]
        rows = sum(unit.size for unit in stratum)
        wanted = [share * rows + carry for share, carry in zip(shares, carried, strict=True)]
        filled = [0] * len(shares)
        for unit in stratum:
            part = next((p for p, want in enumerate(wanted) if filled[p] + unit.size / 2 <= want), len(shares))
            part_of[unit.key] = part
            if part < len(shares):
                filled[part] += unit.size
        if len(stratum) >= 3 and rows >= 5:
            _fill_empty(stratum, part_of, filled, at_least_one)
        carried = [want - got for want, got in zip(wanted, filled, strict=True)]
    return part_of


def _fill_empty(
    stratum: Sequence[Unit], part_of: dict[str, int], filled: list[int], at_least_one: Sequence[bool]
) -> None:
    rest = len(filled)
    for part, needed in enumerate(at_least_one):
        spare = [unit for unit in stratum if part_of[unit.key] == rest]
        if needed and not filled[part] and len(spare) > 1:
            smallest = min(spare, key=lambda unit: (unit.size, unit.place))
            part_of[smallest.key] = part
            filled[part] += smallest.size


def _main_label(targets: Sequence[str]) -> str:
    counts = Counter(targets)
    return min(counts, key=lambda label: (-counts[label], label))
