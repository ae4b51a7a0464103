"""Which side of the split an input once got: a row keeps its side when the file grows.

Kept per kind of split under the keyed hash of the input. The splitting itself is the data room's. Called through
``Store.sides_for`` and ``Store.remember_sides``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, cast

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from tunewright.errors import WorkError
from tunewright.store.schema import sides

Side = Literal["train", "validation", "test"]


def known_sides(connection: Connection, split_key: str, input_keys: Sequence[str]) -> list[Side | None]:
    """The remembered side of each input, in order; None when it is new."""
    known = _all_sides(connection, split_key)
    return [known.get(key) for key in input_keys]


def remember(connection: Connection, split_key: str, new: Mapping[str, Side]) -> None:
    """Remember sides by input key; one that is known already stays.

    Raises:
        WorkError: ``store.side_changed`` when an input has another side already (nothing is stored then).
    """
    known = _all_sides(connection, split_key)
    for input_key, side in new.items():
        if known.get(input_key, side) != side:
            raise WorkError(
                "store.side_changed",
                f"A row that is in {known[input_key]} cannot go to {side}.",
                why="A row that changes sides would be trained on and tested on. Another run may have split these "
                "rows at the same time.",
                hint="Start the run again: it will keep the sides that are known by now.",
            )
    fresh = [
        {"split_key": split_key, "input_key": input_key, "side": side}
        for input_key, side in new.items()
        if input_key not in known
    ]
    if fresh:
        connection.execute(insert(sides), fresh)


def _all_sides(connection: Connection, split_key: str) -> dict[str, Side]:
    found = connection.execute(select(sides.c.input_key, sides.c.side).where(sides.c.split_key == split_key)).all()
    return {input_key: cast(Side, side) for input_key, side in found}
