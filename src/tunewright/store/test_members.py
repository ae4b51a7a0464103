"""Which cases a test set holds, as keyed hashes of their inputs: another split of the same rows shares cases with it.

By input, not by row: a case with a corrected target is still the same case. Stored beside the uses in both copies of
the ledger, each with the keys of its own secret. Called by ``test_uses`` alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from tunewright.store.schema import test_members

_KEY_BYTES = 16


def remember_members(connection: Connection, test_hash: str, keys: Iterable[str]) -> None:
    """Store the cases of a test set once; a set without known cases is not stored."""
    members = _packed(keys)
    if members:
        values = {"test_hash": test_hash, "members": b"".join(sorted(members))}
        connection.execute(insert(test_members).values(**values).on_conflict_do_nothing())


def tests_sharing(connection: Connection, test_hash: str, keys: Iterable[str]) -> dict[str, frozenset[bytes]]:
    """The cases that each other stored test set shares with these, where there are any."""
    mine = _packed(keys)
    found = connection.execute(select(test_members).where(test_members.c.test_hash != test_hash)).all()
    shared = {row.test_hash: mine & _unpacked(bytes(row.members)) for row in found}
    return {name: cases for name, cases in shared.items() if cases}


def _packed(keys: Iterable[str]) -> frozenset[bytes]:
    return frozenset(bytes.fromhex(key) for key in keys)


def _unpacked(members: bytes) -> frozenset[bytes]:
    return frozenset(members[at : at + _KEY_BYTES] for at in range(0, len(members), _KEY_BYTES))
