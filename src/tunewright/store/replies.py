"""Replies of models, kept under the content of their request, so that no answer is paid for twice.

A key is made from everything that the reply follows from: the backend's identity and the whole request. Each reply
knows the inputs whose words stand in its request, so that erasing a row takes its replies along.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tunewright.store.database import Database
from tunewright.store.schema import replies, reply_owners
from tunewright.store.secret import Keyring

_AT_ONCE = 500


class KeptReply(NamedTuple):
    """A reply to keep: its key, its text form, and digests of the inputs whose words its request holds."""

    key: str
    text: str
    owners: tuple[str, ...]


class ReplyShelf:
    """The kept replies of a project."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    def get(self, keys: Sequence[str]) -> dict[str, str]:
        """What is kept under these keys (any text; it is hashed with the secret of the project)."""
        named = {self._key(key): key for key in keys}
        wanted, found = sorted(named), dict[str, str]()
        with self._database.read() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                query = select(replies.c.key, replies.c.reply).where(
                    replies.c.key.in_(wanted[start : start + _AT_ONCE])
                )
                found.update((named[key], text) for key, text in connection.execute(query).all())
        return found

    def put(self, kept: Sequence[KeptReply]) -> None:
        """Keep replies; one that is kept already stays as it is. Safe against a power cut: they may have cost money."""
        texts = [{"key": self._key(one.key), "reply": one.text} for one in kept]
        owners = [
            {"reply": self._key(one.key), "input_key": self._keyring.key_of_digest(owner)}
            for one in kept
            for owner in one.owners
        ]
        if not texts:
            return
        with self._database.write(durable=True) as connection:
            connection.execute(sqlite_insert(replies).on_conflict_do_nothing(), texts)
            if owners:
                connection.execute(sqlite_insert(reply_owners).on_conflict_do_nothing(), owners)

    def _key(self, key: str) -> str:
        return self._keyring.key_of_text("reply", key)


def delete_of_inputs(connection: Connection, input_keys: Sequence[str]) -> int:
    """Delete the replies to requests that hold words of these inputs; returns how many."""
    theirs = select(reply_owners.c.reply).where(reply_owners.c.input_key.in_(input_keys))
    gone = connection.execute(delete(replies).where(replies.c.key.in_(theirs)))
    connection.execute(delete(reply_owners).where(reply_owners.c.input_key.in_(input_keys)))
    left = select(replies.c.key)
    connection.execute(delete(reply_owners).where(reply_owners.c.reply.not_in(left)))
    return gone.rowcount
