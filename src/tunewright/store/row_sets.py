"""Sets of rows under a hash of their members: what an artifact or a file came from.

A set is stored once, as its sorted keys end to end (16 bytes each), because systems of one run share few sets and
asking "which sets hold this row" is rare. Called by artifacts, lineage and purging.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, select, union
from sqlalchemy.dialects.sqlite import insert

from tunewright.errors import WorkError
from tunewright.store.erasures import all_erased
from tunewright.store.schema import artifacts, row_sets, run_files

_KEY_BYTES = 16
_ROW_KEY = re.compile(r"[0-9a-f]{32}")


def store_row_set(connection: Connection, keys: Sequence[str], now: float) -> str:
    """Store a set of row keys (repeats and order do not matter) and return its id."""
    members = b"".join(sorted({_packed(key) for key in keys}))
    identity = hashlib.sha256(members).hexdigest()
    statement = insert(row_sets).values(id=identity, members=members, created=now)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[row_sets.c.id], set_={"created": statement.excluded.created})
    )
    return identity


def sets_holding(connection: Connection, row_key: str) -> list[str]:
    """The ids of all sets that hold a row."""
    key = _packed(row_key)
    found = connection.execute(
        select(row_sets.c.id, row_sets.c.members).where(func.instr(row_sets.c.members, key) > 0)
    ).all()
    return sorted(identity for identity, members in found if _contains(bytes(members), key))


def delete_unused_sets(connection: Connection, older_than: float) -> int:
    """Delete sets that nothing refers to and that were stored before a moment; returns how many."""
    used = union(select(artifacts.c.row_set), select(run_files.c.row_set)).subquery()
    result = connection.execute(
        delete(row_sets).where(row_sets.c.created < older_than, row_sets.c.id.not_in(select(used.c.row_set)))
    )
    return result.rowcount


def require_row_set(connection: Connection, identity: str) -> None:
    """Raise WorkError (``store.row_set``) unless a set is stored and none of its rows was erased."""
    members = connection.execute(select(row_sets.c.members).where(row_sets.c.id == identity)).scalar()
    erased = all_erased(connection).rows if members is not None else ()
    if members is None or any(_contains(bytes(members), _packed(key)) for key in erased):
        raise WorkError(
            "store.row_set",
            "The set of rows behind this result is not stored.",
            where=identity,
            why="A row of it was erased in the meantime, or it was never stored.",
            hint="Start the run again.",
        )


def is_row_key(text: str) -> bool:
    """Whether a text has the form of a row key: 32 hexadecimal digits in lower case."""
    return _ROW_KEY.fullmatch(text) is not None


def _contains(members: bytes, key: bytes) -> bool:
    # A hit that does not begin at a multiple of the key length straddles two keys.
    at = members.find(key)
    while at >= 0 and at % _KEY_BYTES:
        at = members.find(key, at + 1)
    return at >= 0


def _packed(key: str) -> bytes:
    if not is_row_key(key):
        raise WorkError("store.row_key", "This is not the key of a row.", where=key)
    return bytes.fromhex(key)
