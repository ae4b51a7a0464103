"""The ledger of uses of locked test sets: once in the project, once in a folder of the user.

A use is the hash of test set, predictions and margins: computing the same again is not another use. The copy of the
user outlives the project folder, so that moving or deleting it does not make a used test set new. With each test set
go the keyed hashes of its cases, so that another split of the same rows is not new either. Both are append-only and
hold hashes alone. The times of uses are also their order: each is later than all that the ledger knew before, whatever
the clock says. Called through the store when a locked test is opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from tunewright.errors import TunewrightError
from tunewright.store.database import Database
from tunewright.store.migrations import LEDGER_STEPS, migrate
from tunewright.store.schema import test_uses
from tunewright.store.secret import SECRET_NAME, Keyring, open_secret
from tunewright.store.test_members import Case, keys_of, remember_members, tests_sharing

USER_FOLDER_VARIABLE = "TUNEWRIGHT_USER_DIR"
Inputs = Sequence[Case]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class RecordedUse:
    """One use of a locked test set, by hashes; ``when`` is the time of the first, ISO 8601."""

    test_hash: str
    predictions_hash: str
    margins_hash: str
    run: str
    when: str

    @property
    def moment(self) -> datetime:
        """When it was, for putting uses in order."""
        return moment(self.when)

    @property
    def same(self) -> tuple[str, str, str]:
        """What two entries of one use have in common."""
        return self.test_hash, self.predictions_hash, self.margins_hash


@dataclass(frozen=True, slots=True)
class OverlappingUse:
    """A use of another test set that shares ``shared_rows`` cases with the one asked about."""

    use: RecordedUse
    shared_rows: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """Uses of other test sets that share cases, oldest first; ``rows`` are the cases that stand in any of them."""

    uses: tuple[OverlappingUse, ...]
    rows: int


class UseLedger:
    """Both copies of the ledger, seen as one."""

    def __init__(self, project: Database, keyring: Keyring, user_folder: Path, busy_timeout_s: float) -> None:
        self._project = project
        self._keyring = keyring
        self._user_folder = user_folder
        self._busy_timeout_s = busy_timeout_s
        self.problem: str | None = None

    def record(self, use: RecordedUse, inputs: Inputs) -> bool:
        """Write a use and the cases of its test into both copies; False when one of them has this very use already."""
        with self._project.read() as connection:
            here = _after_all(connection, use)

        def insert_for_user(database: Database, keyring: Keyring) -> tuple[bool, RecordedUse]:
            with database.write(durable=True) as connection:
                entry = _known(connection, use) or _after_all(connection, here)
                return _insert(connection, entry, keyring, inputs), entry

        new_for_user, entry = self._with_user_ledger(insert_for_user, otherwise=(True, here), make=True)
        with self._project.write(durable=True) as connection:
            return _insert(connection, entry, self._keyring, inputs) and new_for_user

    def uses(self, test_hash: str) -> list[RecordedUse]:
        """All uses of a test set that either copy knows, oldest first."""

        def select_of_user(database: Database, _keyring: Keyring) -> list[RecordedUse]:
            with database.read() as connection:
                return _select(connection, test_hash)

        with self._project.read() as connection:
            found = _select(connection, test_hash)
        none: list[RecordedUse] = []
        return _each_once(found + self._with_user_ledger(select_of_user, otherwise=none, make=False))

    def overlap(self, test_hash: str, inputs: Inputs) -> Overlap:
        """Uses of all other test sets, known to either copy, that share cases with this one."""

        def overlap_of_user(database: Database, keyring: Keyring) -> _Shared:
            with database.read() as connection:
                return _shared(connection, test_hash, keyring, inputs)

        with self._project.read() as connection:
            here = _shared(connection, test_hash, self._keyring, inputs)
        for_user = self._with_user_ledger(overlap_of_user, otherwise=_Shared({}, [], 0), make=False)
        counts = {**here.counts, **for_user.counts}
        uses = tuple(OverlappingUse(use, counts[use.test_hash]) for use in _each_once(here.uses + for_user.uses))
        return Overlap(uses, max(here.rows, for_user.rows))

    def _with_user_ledger(self, work: Callable[[Database, Keyring], Found], *, otherwise: Found, make: bool) -> Found:
        """What ``work`` gives on the copy of the user; ``otherwise`` where there is none or it cannot be used."""
        if not make and not self._path.exists():
            return otherwise
        try:
            database = self._open_user_ledger()
            try:
                return work(database, open_secret(self._user_folder / SECRET_NAME, database))
            finally:
                database.close()
        except (TunewrightError, OSError) as error:
            self._note(error)
            return otherwise

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


@dataclass(frozen=True, slots=True)
class _Shared:
    """What one copy knows: shared cases by test set, the uses of these, and the cases shared with any."""

    counts: dict[str, int]
    uses: list[RecordedUse]
    rows: int


def _shared(connection: Connection, test_hash: str, keyring: Keyring, inputs: Inputs) -> _Shared:
    tests = tests_sharing(connection, test_hash, [keys_of(case, keyring) for case in inputs])
    uses = [use for name in tests for use in _select(connection, name)]
    return _Shared({name: len(cases) for name, cases in tests.items()}, uses, len(frozenset().union(*tests.values())))


def _each_once(uses: Sequence[RecordedUse]) -> list[RecordedUse]:
    """Oldest first; of two entries of one use the older one."""
    first: dict[tuple[str, str, str], RecordedUse] = {}
    for use in sorted(uses, key=lambda use: (use.moment, use.run)):
        first.setdefault(use.same, use)
    return list(first.values())


def _insert(connection: Connection, use: RecordedUse, keyring: Keyring, inputs: Inputs) -> bool:
    remember_members(connection, use.test_hash, (keys_of(case, keyring) for case in inputs))
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


def _known(connection: Connection, use: RecordedUse) -> RecordedUse | None:
    """The entry of this very use, if there is one."""
    return next((entry for entry in _select(connection, use.test_hash) if entry.same == use.same), None)


def _after_all(connection: Connection, use: RecordedUse) -> RecordedUse:
    """The use, later than all that this copy knows: clocks go wrong, and several uses fit into one second."""
    latest = max(map(moment, connection.execute(select(test_uses.c.happened)).scalars()), default=None)
    if latest is None or use.moment > latest:
        return use
    return replace(use, when=(latest + timedelta(microseconds=1)).isoformat())


def moment(when: str) -> datetime:
    """A time in ISO 8601 as one that can be compared; without a zone it is UTC."""
    found = datetime.fromisoformat(when)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
