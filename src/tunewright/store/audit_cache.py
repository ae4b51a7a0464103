"""What an audit need not do again: results of row checks by row content, and vectors of texts.

A file of its own beside the state: it may be deleted at any time, it is kept in bounds by ``tunewright gc``, and an
erased row is taken out of it at once. Rows and texts are known by keyed hashes. A vector is kept only with the input
it belongs to, because a vector gives away its text.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tunewright.errors import WorkError
from tunewright.store.secret import Keyring

CACHE_NAME = "audit-cache.db"
FORMAT = 1
_BUSY_S = 30.0
# Below the number of values that every build of SQLite takes in one statement.
_AT_ONCE = 30_000
_TABLES = """
CREATE TABLE looks (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, used REAL NOT NULL,
    UNIQUE (kind, name));
CREATE TABLE seen (look INTEGER NOT NULL, row BLOB NOT NULL, text TEXT NOT NULL, PRIMARY KEY (look, row)) WITHOUT ROWID;
CREATE INDEX seen_by_row ON seen(row);
CREATE TABLE vectors (look INTEGER NOT NULL, text BLOB NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (look, text));
CREATE INDEX vectors_by_text ON vectors(text);
CREATE TABLE owners (input BLOB NOT NULL, text BLOB NOT NULL, PRIMARY KEY (input, text)) WITHOUT ROWID;
"""

FloatArray = NDArray[np.float32]


class _State(Protocol):
    """What is needed of an open store."""

    folder: Path

    @property
    def keyring(self) -> Keyring: ...


class AuditCache:
    """The kept work of audits. Use it as a context manager; one thread at a time.

    It has the methods that ``run_audit`` asks of its memory: rows are given by ``example_digest``.
    """

    def __init__(self, path: Path, keyring: Keyring, now: Callable[[], float] = time.time) -> None:
        self.path = path
        self._keyring = keyring
        self._now = now
        self._connection = _connect(path)

    @classmethod
    def open(cls, store: _State, now: Callable[[], float] = time.time) -> AuditCache:
        """The cache of an open store. One that is damaged or of another format is begun anew: nothing is lost.

        Raises:
            WorkError: ``store.audit_cache`` when it can be neither read nor replaced.
        """
        return cls(store.folder / CACHE_NAME, store.keyring, now)

    def close(self) -> None:
        """Close the file; calling it twice is harmless."""
        self._connection.close()

    def __enter__(self) -> AuditCache:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # Results of row checks

    def get_many(self, check: str, version: int, limits: str, digests: Sequence[str]) -> dict[int, str]:
        """What a check said of rows, by place in ``digests``, which are content digests as hex."""
        with _explained(self.path), self._write() as connection:
            look = self._look(connection, "check", f"{check} {version} {limits}")
            keys = [self._row(digest) for digest in digests]
            found = _find(connection, "SELECT row, text FROM seen WHERE look = ? AND row IN ", look, keys)
        return {place: str(text) for place, text in found.items()}

    def put_many(self, check: str, version: int, limits: str, found: Sequence[tuple[str, str]]) -> None:
        """Keep (content digest, text) pairs, all or none."""
        with _explained(self.path), self._write() as connection:
            look = self._look(connection, "check", f"{check} {version} {limits}")
            # In order of the key: a tree is filled several times faster so.
            rows = sorted((look, self._row(digest), text) for digest, text in found)
            connection.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", rows)

    # Vectors

    def get_vectors(self, encoder: str, texts: Sequence[str]) -> dict[int, FloatArray]:
        """Kept vectors ``[width]`` by place in ``texts``; ``encoder`` is the digest of what makes them."""
        with _explained(self.path), self._write() as connection:
            look = self._look(connection, "encoder", encoder)
            keys = [self._text(text) for text in texts]
            query = "SELECT text, vector FROM vectors WHERE look = ? AND text IN "
            found = _find(connection, query, look, keys)
        return {place: np.frombuffer(vector, dtype="<f4") for place, vector in found.items()}

    def put_vectors(
        self, encoder: str, texts: Sequence[str], vectors: FloatArray, owners: Sequence[Iterable[str]]
    ) -> None:
        """Keep vectors ``[len(texts), width]``; ``owners`` are the keys of the inputs that each text belongs to.

        A text without owners is not kept: no erasure could find it.
        """
        with _explained(self.path), self._write() as connection:
            look = self._look(connection, "encoder", encoder)
            keys = [self._text(text) for text in texts]
            kept = [place for place, inputs in enumerate(owners) if any(True for _ in inputs)]
            plain = vectors.astype("<f4", copy=False)
            rows = sorted((look, keys[place], plain[place].tobytes()) for place in kept)
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
            links = sorted({(bytes.fromhex(owner), keys[place]) for place in kept for owner in owners[place]})
            connection.executemany("INSERT OR IGNORE INTO owners VALUES (?, ?)", links)

    # Erasing, bounding

    def holds(self, row_keys: Sequence[str], input_keys: Sequence[str]) -> int:
        """How many kept results and vectors came from rows or inputs."""
        with _explained(self.path), self._write() as connection:
            rows = sum(
                connection.execute("SELECT count(*) FROM seen WHERE row = ?", (bytes.fromhex(key),)).fetchone()[0]
                for key in row_keys
            )
            texts = _texts_of(connection, input_keys)
            vectors = sum(
                connection.execute("SELECT count(*) FROM vectors WHERE text = ?", (text,)).fetchone()[0]
                for text in texts
            )
        return int(rows + vectors)

    def forget(self, row_keys: Sequence[str], input_keys: Sequence[str]) -> None:
        """Delete everything that came from rows or inputs, with the bytes behind it."""
        with _explained(self.path):
            with self._write() as connection:
                rows = [(bytes.fromhex(key),) for key in row_keys]
                connection.executemany("DELETE FROM seen WHERE row = ?", rows)
                texts = [(text,) for text in _texts_of(connection, input_keys)]
                connection.executemany("DELETE FROM vectors WHERE text = ?", texts)
                inputs = [(bytes.fromhex(key),) for key in input_keys]
                connection.executemany("DELETE FROM owners WHERE input = ?", inputs)
            _compact(self._connection)

    def n_bytes(self) -> int:
        """The size of what is kept, in bytes."""
        return sum(self._sizes().values())

    def bound(self, max_bytes: int) -> int:
        """Drop what was not used for longest, a check or an encoder at a time, until at most ``max_bytes`` are left.

        Returns:
            How many bytes were dropped.
        """
        with _explained(self.path):
            sizes = self._sizes()
            kept, dropped = sum(sizes.values()), 0
            with self._write() as connection:
                for (look,) in connection.execute("SELECT number FROM looks ORDER BY used, number").fetchall():
                    if kept <= max_bytes:
                        break
                    connection.execute("DELETE FROM seen WHERE look = ?", (look,))
                    connection.execute("DELETE FROM vectors WHERE look = ?", (look,))
                    connection.execute("DELETE FROM looks WHERE number = ?", (look,))
                    kept, dropped = kept - sizes.get(look, 0), dropped + sizes.get(look, 0)
                connection.execute("DELETE FROM owners WHERE text NOT IN (SELECT text FROM vectors)")
            if dropped:
                _compact(self._connection)
        return dropped

    def _sizes(self) -> dict[int, int]:
        query = (
            "SELECT look, sum(n) FROM (SELECT look, length(row) + length(text) + 8 AS n FROM seen UNION ALL "
            "SELECT look, length(text) + length(vector) + 48 FROM vectors) GROUP BY look"
        )
        return {look: int(size) for look, size in self._connection.execute(query)}

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def _look(self, connection: sqlite3.Connection, kind: str, name: str) -> int:
        connection.execute(
            "INSERT INTO looks (kind, name, used) VALUES (?, ?, ?) "
            "ON CONFLICT (kind, name) DO UPDATE SET used = excluded.used",
            (kind, name, self._now()),
        )
        found = connection.execute("SELECT number FROM looks WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        return int(found[0])

    def _row(self, digest: str) -> bytes:
        return bytes.fromhex(self._keyring.key_of_digest(digest))

    def _text(self, text: str) -> bytes:
        return bytes.fromhex(self._keyring.key_of_text("vector", text))


def forget_rows(folder: Path, keyring: Keyring, row_keys: Sequence[str], input_keys: Sequence[str]) -> None:
    """Take erased rows out of the cache of a state folder, where there is one."""
    if (folder / CACHE_NAME).exists():
        with AuditCache(folder / CACHE_NAME, keyring) as cache:
            cache.forget(row_keys, input_keys)


def bound_cache(folder: Path, keyring: Keyring, max_bytes: int) -> int:
    """Keep the cache of a state folder in bounds, where there is one; returns the bytes dropped."""
    if not (folder / CACHE_NAME).exists():
        return 0
    with AuditCache(folder / CACHE_NAME, keyring) as cache:
        return cache.bound(max_bytes)


def _connect(path: Path) -> sqlite3.Connection:
    with _explained(path):
        try:
            return _open(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            # A damaged cache is a miss.
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                path.with_name(name).unlink(missing_ok=True)
            return _open(path)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "temp_store=MEMORY", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, FORMAT):
            raise sqlite3.DatabaseError(f"format {version}")
        if version == 0:
            for statement in _TABLES.strip().split(";")[:-1]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _find(connection: sqlite3.Connection, query: str, look: int, keys: Sequence[bytes]) -> dict[int, Any]:
    """Values by place in ``keys``; the query ends where the list of keys begins."""
    distinct = sorted(set(keys))
    values: dict[bytes, Any] = {}
    for start in range(0, len(distinct), _AT_ONCE):
        part = distinct[start : start + _AT_ONCE]
        values.update(connection.execute(f"{query}({','.join('?' * len(part))})", (look, *part)).fetchall())
    return {place: values[key] for place, key in enumerate(keys) if key in values}


def _texts_of(connection: sqlite3.Connection, input_keys: Sequence[str]) -> list[bytes]:
    found: set[bytes] = set()
    for key in input_keys:
        query = "SELECT text FROM owners WHERE input = ?"
        found.update(text for (text,) in connection.execute(query, (bytes.fromhex(key),)))
    return sorted(found)


def _compact(connection: sqlite3.Connection) -> None:
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise WorkError(
            "store.audit_cache",
            "The kept work of earlier audits cannot be used.",
            where=str(path),
            why=str(error),
            hint="Stop other runs in this project, or delete the file: the next audit looks at everything again.",
        ) from error
