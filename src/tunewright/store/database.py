"""One SQLite file: its connection, its two kinds of transaction, and what its errors mean in plain words.

Nothing here knows a table. Writers take the one write lock at once (``BEGIN IMMEDIATE``), so that a transaction never
fails halfway for a lock; readers see a snapshot and block nobody. Called by every file of this room.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from sqlite3 import Connection as DriverConnection

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DBAPIError

from tunewright.errors import TunewrightError, WorkError

_RETRY_S = 0.01
_PRAGMAS = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=ON",
    "PRAGMA temp_store=MEMORY",
)


class Database:
    """An open SQLite file.

    ``wal`` suits a project folder on a local disk. The ledger of a user lives in a home folder, which may be on a
    network, where write-ahead logging does not work.
    """

    def __init__(self, path: Path, *, busy_timeout_s: float, wal: bool) -> None:
        self.path = path
        self._busy_timeout_s = busy_timeout_s
        self._pid = os.getpid()
        self._engine = create_engine(
            URL.create("sqlite", database=str(path)),
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": busy_timeout_s},
        )
        event.listen(self._engine, "connect", _configure)
        if wal:
            try:
                self._retry_while_busy(self._switch_to_wal)
            except BaseException:
                self.close()
                raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot: everything read inside belongs to one moment."""
        with self._transaction("BEGIN", durable=False) as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Connection]:
        """One transaction, whole or not at all.

        ``durable`` also survives a power cut right after (for ledgers); without it such a cut may lose the last
        transactions, never corrupt them.
        """
        with self._transaction("BEGIN IMMEDIATE", durable=durable) as connection:
            yield connection

    def compact(self) -> None:
        """Rewrite the file and empty its log, so that deleted text is on disk no more.

        Raises:
            WorkError: ``store.busy`` when another program reads for so long that the log cannot be emptied.
        """
        self._check_process()
        with self._explained(), self._engine.connect() as connection:
            self._retry_while_busy(lambda: connection.exec_driver_sql("VACUUM"))
            deadline = time.monotonic() + self._busy_timeout_s
            while connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]:
                if time.monotonic() >= deadline:
                    raise WorkError(
                        "store.busy",
                        "Deleted text could not be cleared from the log of the database.",
                        where=str(self.path),
                        why="Another program holds the database open in the middle of a read.",
                        hint="Stop other runs in this project and repeat the command.",
                    )
                time.sleep(_RETRY_S)

    def close(self) -> None:
        """Close every connection; calling it twice is harmless."""
        if os.getpid() == self._pid:
            self._engine.dispose()

    @contextmanager
    def _transaction(self, begin: str, *, durable: bool) -> Iterator[Connection]:
        self._check_process()
        with self._explained(), self._engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._retry_while_busy(lambda: _begin(connection, begin))
            try:
                yield connection
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                with suppress(DBAPIError):
                    connection.exec_driver_sql("ROLLBACK")
                raise

    def _switch_to_wal(self) -> None:
        with self._explained(), self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")

    def _retry_while_busy(self, action: Callable[[], object]) -> None:
        # SQLite does not wait by itself while another program recovers or removes the log.
        deadline = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                action()
                return
            except (DBAPIError, WorkError) as error:
                if not _is_busy(error) or time.monotonic() >= deadline:
                    raise
            time.sleep(_RETRY_S)

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            raise WorkError(
                "store.forked",
                "The project state was opened in another process.",
                where=str(self.path),
                why="A database connection that crosses a fork corrupts the file.",
                hint="Open the store again in the new process.",
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise explain(error, self.path) from error


def explain(error: DBAPIError, path: Path) -> TunewrightError:
    """What a database error means, and what to do about it."""
    name, text = _error_name(error), str(error.orig)
    where = str(path)
    if _is_busy(error):
        return WorkError(
            "store.locked",
            "The project state is locked by another program.",
            where=where,
            why=text,
            hint="Wait for the other run to end, or stop it, and repeat the command.",
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return WorkError(
            "store.corrupt",
            "The project state is damaged and cannot be read.",
            where=where,
            why=text,
            hint="Restore this file from a backup. Or move it away together with its '-wal' and '-shm' files: "
            "the next run starts with an empty one and fits everything again.",
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return WorkError(
            "store.read_only",
            "The project state cannot be written.",
            where=where,
            why=f"Every run writes down what it scored ({text}).",
            hint="Make the file and its folder writable for you, or copy the project to a place that is.",
        )
    if name.startswith("SQLITE_FULL"):
        return WorkError(
            "store.disk_full",
            "The disk is full: the project state could not be written.",
            where=where,
            hint="Free some space and repeat the command. Finished parts are kept.",
        )
    if "append-only" in text:
        return WorkError("store.append_only", "A ledger cannot be changed, only added to.", where=where, why=text)
    return WorkError("store.failed", "The project state could not be read or written.", where=where, why=text)


def _configure(connection: DriverConnection, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)
    try:
        # Takes the snapshot now, where waiting is still possible.
        connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1").all()
    except DBAPIError:
        with suppress(DBAPIError):
            connection.exec_driver_sql("ROLLBACK")
        raise


def _error_name(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlite_errorname", ""))


def _is_busy(error: DBAPIError | WorkError) -> bool:
    if isinstance(error, WorkError):
        return error.code == "store.locked"
    return _error_name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
