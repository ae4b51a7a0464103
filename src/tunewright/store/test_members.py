"""Which cases a test set holds, as keyed hashes: another split of the same rows shares cases with it.

By input, not by row: a case with a corrected target is still the same case. Each input is known by its exact form and
by its letters and digits alone, so that another spelling is no other case; where there is no input, by a mark that the
caller makes. Stored beside the uses in both copies of the ledger, each with the keys of its own secret. Called by
``test_uses`` alone.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from tunewright.records.example import Message
from tunewright.store.schema import test_members
from tunewright.store.secret import Keyring

# The messages of a case, or what else it can be known by.
Case = tuple[Message, ...] | str

_KEY_BYTES = 16
# A test whose cases became known in several steps has further entries: its hash, this sign, and a digest.
_FURTHER = "+"


def normalised(text: str) -> str:
    """Letters and digits alone, in one case and one form (NFKC); what has neither stays as it is, but for its ends."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(filter(str.isalnum, folded)) or text.strip()


def keys_of(case: Case, keyring: Keyring) -> frozenset[bytes]:
    """All keys by which a case is known again."""
    if isinstance(case, str):
        return frozenset({bytes.fromhex(keyring.key_of_text("case", case))})
    loose = "\n".join(f"{message.role} {normalised(message.content)}" for message in case)
    return frozenset(bytes.fromhex(key) for key in (keyring.key_of_messages(case), keyring.key_of_text("case", loose)))


def remember_members(connection: Connection, test_hash: str, cases: Iterable[frozenset[bytes]]) -> None:
    """Store the keys of a test set that are not known of it yet; a set without known cases is not stored."""
    known = _members(connection)
    fresh = frozenset[bytes]().union(*cases) - known.get(test_hash, frozenset())
    if fresh:
        members = b"".join(sorted(fresh))
        name = f"{test_hash}{_FURTHER}{hashlib.sha256(members).hexdigest()}" if test_hash in known else test_hash
        connection.execute(insert(test_members).values(test_hash=name, members=members).on_conflict_do_nothing())


def tests_sharing(
    connection: Connection, test_hash: str, cases: Sequence[frozenset[bytes]]
) -> dict[str, frozenset[int]]:
    """Positions of the cases that each other stored test set knows by any key, where there are any."""
    shared = {
        name: frozenset(place for place, keys in enumerate(cases) if not keys.isdisjoint(members))
        for name, members in _members(connection).items()
        if name != test_hash
    }
    return {name: places for name, places in shared.items() if places}


def _members(connection: Connection) -> dict[str, frozenset[bytes]]:
    """Keys of every stored test set."""
    found: dict[str, frozenset[bytes]] = defaultdict(frozenset)
    for row in connection.execute(select(test_members)).all():
        found[row.test_hash.partition(_FURTHER)[0]] |= _unpacked(bytes(row.members))
    return dict(found)


def _unpacked(members: bytes) -> frozenset[bytes]:
    return frozenset(members[at : at + _KEY_BYTES] for at in range(0, len(members), _KEY_BYTES))
