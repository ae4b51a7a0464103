"""The secret of a project and the keyed hashes made with it.

Hashes of personal text are keyed, so that nobody without the secret can test a guess against the database. The secret
never leaves the ``.tunewright`` folder. Called when a store is opened; keys are used by every file of this room.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

from sqlalchemy import insert, select

from tunewright.errors import InputError
from tunewright.records.example import Example, Message, example_digest, input_digest
from tunewright.store.database import Database
from tunewright.store.files import write_new_file
from tunewright.store.schema import settings

SECRET_NAME = "secret"
SECRET_BYTES = 32
KEY_CHARS = 32
_FINGERPRINT = "secret_fingerprint"


class Keyring:
    """Makes the keyed hashes of rows: HMAC-SHA-256 (RFC 2104) of their content digests, 32 hex characters."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def row_key(self, example: Example) -> str:
        """The key of input and target together."""
        return self._keyed(example_digest(example))

    def input_key(self, example: Example) -> str:
        """The key of the input alone."""
        return self.key_of_messages(example.messages)

    def key_of_messages(self, messages: tuple[Message, ...]) -> str:
        """The key of an input that is given as its messages."""
        return self._keyed(input_digest(messages))

    def key_of_digest(self, digest: str) -> str:
        """The key of a content digest (hex): that of ``example_digest`` is the row key."""
        return self._keyed(digest)

    def key_of_text(self, what: str, text: str) -> str:
        """The key of any text; ``what`` says in which sense, so that keys of different senses never meet."""
        digest = hashlib.sha256(f"{what}\0{text}".encode("utf-8", "surrogatepass"))
        return self._keyed(f"{what} {digest.hexdigest()}")

    def _keyed(self, digest: str) -> str:
        return hmac.digest(self._secret, digest.encode("utf-8"), "sha256").hex()[:KEY_CHARS]


def open_secret(path: Path, database: Database) -> Keyring:
    """Read the secret, or make it when the project is new.

    The write lock of the database makes two programs that start at once agree on one secret. The database keeps its
    fingerprint, because another secret would silently turn every stored row into a stranger.

    Raises:
        InputError: ``store.secret`` when the secret is gone, cut short or another project's.
    """
    with database.write(durable=True) as connection:
        known = connection.execute(select(settings.c.value).where(settings.c.name == _FINGERPRINT)).scalar()
        if known is None and not path.exists():
            write_new_file(path, secrets.token_bytes(SECRET_BYTES), mode=0o600)
        secret = _read(path)
        fingerprint = hashlib.sha256(b"fingerprint" + secret).hexdigest()
        if known is None:
            connection.execute(insert(settings).values(name=_FINGERPRINT, value=fingerprint))
        elif known != fingerprint:
            raise _unusable(path, "it belongs to another project")
    return Keyring(secret)


def _read(path: Path) -> bytes:
    try:
        secret = path.read_bytes()
    except FileNotFoundError:
        raise _unusable(path, "it is gone") from None
    except OSError as error:
        raise _unusable(path, str(error)) from error
    if len(secret) != SECRET_BYTES:
        raise _unusable(path, f"it has {len(secret)} bytes instead of {SECRET_BYTES}")
    return secret


def _unusable(path: Path, reason: str) -> InputError:
    return InputError(
        "store.secret",
        f"The secret of this project cannot be used: {reason}.",
        where=str(path),
        why="Every stored row is known under a hash that was made with it.",
        hint="Restore the file from a backup, or move the whole .tunewright folder away and start with a new one.",
    )
