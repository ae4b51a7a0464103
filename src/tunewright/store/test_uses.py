"""The ledger of uses of locked test sets: once in the project, once in a folder of the user.

A use is the hash of test set, predictions and margins: computing the same again is not another use. The copy of the
user outlives the project folder, so that moving or deleting it does not make a used test set new. Both are
append-only and hold hashes alone. Called through the store when a locked test is opened.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from tunewright.errors import TunewrightError
from tunewright.store.database import Database
from tunewright.store.migrations import LEDGER_STEPS, migrate
from tunewright.store.schema import test_uses

USER_FOLDER_VARIABLE = "TUNEWRIGHT_USER_DIR"


@dataclass(frozen=True, slots=True)
class RecordedUse:
    """One use of a locked test set, by hashes; ``when`` is the time of the first, ISO 8601."""

    test_hash: str
    predictions_hash: str
    margins_hash: str
    run: str
    when: str


class UseLedger:
    """Both copies of the ledger, seen as one."""

    def __init__(self, project: Database, user_folder: Path, busy_timeout_s: float) -> None:
        self._project = project
        self._user_folder = user_folder
        self._busy_timeout_s = busy_timeout_s
        self.problem: str | None = None

    def record(self, use: RecordedUse) -> bool:
        """Write a use into both copies; False when this very use stands in one of them already."""
        with self._project.write(durable=True) as connection:
            new_in_project = _insert(connection, use)
        new_for_user = self._record_for_user(use)
        return new_in_project and new_for_user

    def uses(self, test_hash: str) -> list[RecordedUse]:
        """All uses of a test set that either copy knows, oldest first."""
        with self._project.read() as connection:
            found = _select(connection, test_hash)
        found += self._uses_of_user(test_hash)
        first: dict[tuple[str, str], RecordedUse] = {}
        for use in sorted(found, key=lambda use: (use.when, use.run)):
            first.setdefault((use.predictions_hash, use.margins_hash), use)
        return list(first.values())

    def _record_for_user(self, use: RecordedUse) -> bool:
        try:
            database = self._open_user_ledger()
            try:
                with database.write(durable=True) as connection:
                    return _insert(connection, use)
            finally:
                database.close()
        except (TunewrightError, OSError) as error:
            self._note(error)
            return True

    def _uses_of_user(self, test_hash: str) -> list[RecordedUse]:
        if not self._path.exists():
            return []
        try:
            database = self._open_user_ledger()
            try:
                with database.read() as connection:
                    return _select(connection, test_hash)
            finally:
                database.close()
        except (TunewrightError, OSError) as error:
            self._note(error)
            return []

    @property
    def _path(self) -> Path:
        return self._user_folder / "ledger.db"

    def _open_user_ledger(self) -> Database:
        self._user_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = Database(self._path, busy_timeout_s=self._busy_timeout_s, wal=False)
        try:
            migrate(database, LEDGER_STEPS)
        except BaseException:
            database.close()
            raise
        return database

    def _note(self, error: TunewrightError | OSError) -> None:
        text = error.message if isinstance(error, TunewrightError) else str(error)
        self.problem = (
            f"Uses of the test set are written down in this project only: the ledger in {self._user_folder} "
            f"cannot be used ({text})"
        )


def user_folder() -> Path:
    """The folder of the user: ``$TUNEWRIGHT_USER_DIR``, else ``~/.local/share/tunewright``."""
    named = os.environ.get(USER_FOLDER_VARIABLE)
    return Path(named).expanduser() if named else Path.home() / ".local" / "share" / "tunewright"


def _insert(connection: Connection, use: RecordedUse) -> bool:
    result = connection.execute(
        insert(test_uses)
        .values(
            test_hash=use.test_hash,
            predictions_hash=use.predictions_hash,
            margins_hash=use.margins_hash,
            run=use.run,
            happened=use.when,
        )
        .on_conflict_do_nothing()
    )
    return result.rowcount == 1


def _select(connection: Connection, test_hash: str) -> list[RecordedUse]:
    found = connection.execute(select(test_uses).where(test_uses.c.test_hash == test_hash)).all()
    return [RecordedUse(row.test_hash, row.predictions_hash, row.margins_hash, row.run, row.happened) for row in found]
