"""The ledger of erasures: keyed hashes of the rows that a person had erased, and when.

It is append-only and is the tombstone at once: an erased row that comes again in a file is set aside. An erasure
begins with one entry and is complete with another, so that an interrupted one can be told and repeated. The deleting
itself is in ``purge.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from tunewright.errors import WorkError
from tunewright.store.schema import erasures

_BEGUN = "begun"
_DONE = "done"


@dataclass(frozen=True, slots=True)
class Erased:
    """The keys of all erased rows, and of their inputs where they were known."""

    rows: frozenset[str]
    inputs: frozenset[str]


def all_erased(connection: Connection) -> Erased:
    """Every row and input that was ever erased."""
    found = connection.execute(select(erasures.c.row_key, erasures.c.input_key).distinct()).all()
    return Erased(
        rows=frozenset(row_key for row_key, _ in found),
        inputs=frozenset(input_key for _, input_key in found if input_key is not None),
    )


def begin_erasure(connection: Connection, row_keys: Sequence[str], input_key: str | None, happened: str) -> None:
    """Write the tombstones of rows with one input."""
    _append(connection, row_keys, input_key, _BEGUN, happened)


def finish_erasure(connection: Connection, row_keys: Sequence[str], input_key: str | None, happened: str) -> None:
    """Write down that nothing of the rows is left."""
    _append(connection, row_keys, input_key, _DONE, happened)


def unfinished_erasures(connection: Connection) -> list[str]:
    """Rows whose erasure was interrupted, in the order in which it began."""
    state: dict[str, str] = {}
    for row_key, event in connection.execute(
        select(erasures.c.row_key, erasures.c.event).order_by(erasures.c.number)
    ).all():
        state[row_key] = event
    return [row_key for row_key, event in state.items() if event == _BEGUN]


def refuse(erased_in_use: Iterable[str]) -> None:
    """Raise WorkError (``store.row_erased``) for the first of the erased rows that a run wants to use, if any."""
    for name in erased_in_use:
        raise WorkError(
            "store.row_erased",
            "A row of this run was erased and may not be used.",
            where=name,
            hint="Start the run again: the row will be set aside.",
        )


def _append(connection: Connection, row_keys: Sequence[str], input_key: str | None, event: str, happened: str) -> None:
    if not row_keys:
        return
    connection.execute(
        insert(erasures),
        [{"row_key": key, "input_key": input_key, "event": event, "happened": happened} for key in row_keys],
    )
