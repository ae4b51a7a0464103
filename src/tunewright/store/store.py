"""The project state as one object: everything that outlives a run goes through here.

Each method is one transaction in one file of this room, which has the details. It lives in the ``.tunewright`` folder
of a project: ``state.db``, ``blobs``, ``secret``. Called by the workflow, by erasure and by ``tunewright gc``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from types import TracebackType

from pydantic import JsonValue

from tunewright.errors import InputError
from tunewright.records.answers import ScoreRow
from tunewright.records.example import Example, Message
from tunewright.store import cache_keys, erasures, lineage, registers, runs, scores, sides
from tunewright.store.approvals import ApprovalLedger
from tunewright.store.artifacts import Artifact, ArtifactShelf
from tunewright.store.audit_cache import CACHE_NAME, AuditCache, bound_cache
from tunewright.store.cache_keys import KeyParts, UsedKey
from tunewright.store.database import Database
from tunewright.store.dataset_versions import VersionShelf
from tunewright.store.decisions import DecisionLog
from tunewright.store.gc import GcReport, collect
from tunewright.store.json_values import JsonScalar
from tunewright.store.leases import hold
from tunewright.store.lineage import Whereabouts
from tunewright.store.migrations import STATE_STEPS, migrate
from tunewright.store.purge import PurgeReport, purge
from tunewright.store.registers import RegisteredRow
from tunewright.store.replies import ReplyShelf
from tunewright.store.row_sets import store_row_set
from tunewright.store.runs import RunRecord
from tunewright.store.secret import SECRET_NAME, Keyring, open_secret
from tunewright.store.sides import Side
from tunewright.store.subjects import SubjectIndex
from tunewright.store.test_uses import Inputs, Overlap, RecordedUse, UseLedger, user_folder

DATABASE_NAME = "state.db"
BLOBS_NAME = "blobs"
# The share of the space allowed to fits that the kept work of audits may take beside them.
CACHE_SHARE = 0.2


class Store:
    """The open state of one project. Use it as a context manager; threads may share it, processes may not.

    ``versions``, ``decisions``, ``approvals`` and ``subjects`` are what auditing and reviewing write down.
    """

    def __init__(
        self, folder: Path, database: Database, keyring: Keyring, ledger: UseLedger, now: Callable[[], float]
    ) -> None:
        self.folder = folder
        self._database = database
        self._keyring = keyring
        self._ledger = ledger
        self._now = now
        self._shelf = ArtifactShelf(database, folder / BLOBS_NAME, now)
        self.versions = VersionShelf(database, keyring, self._timestamp)
        self.decisions = DecisionLog(database, keyring, self._timestamp)
        self.approvals = ApprovalLedger(database, self._timestamp)
        self.subjects = SubjectIndex(database, keyring)
        self.replies = ReplyShelf(database, keyring)
        self._at_close: list[Callable[[], None]] = []

    @classmethod
    def open(cls, folder: Path, *, busy_timeout_s: float = 30.0, now: Callable[[], float] = time.time) -> Store:
        """Open the state in a ``.tunewright`` folder, made or brought up to date as needed.

        Args:
            busy_timeout_s: how long to wait for another program that writes.
            now: seconds since 1970, for leases, ages and times of erasures.

        Raises:
            InputError: the folder cannot be made, the state is newer than the program or foreign, or its secret is
                unusable.
            WorkError: the database is damaged, locked or read-only.
        """
        folder = folder.absolute()
        _make_folder(folder)
        database = Database(folder / DATABASE_NAME, busy_timeout_s=busy_timeout_s, wal=True)
        try:
            migrate(database, STATE_STEPS)
            keyring = open_secret(folder / SECRET_NAME, database)
        except BaseException:
            database.close()
            raise
        return cls(folder, database, keyring, UseLedger(database, keyring, user_folder(), busy_timeout_s), now)

    def close(self) -> None:
        """Close what was to close with it, then the database; calling it twice is harmless."""
        try:
            while self._at_close:
                self._at_close.pop()()
        finally:
            self._database.close()

    def at_close(self, call: Callable[[], None]) -> None:
        """Have something called before the state closes: what was opened for the work on it ends with it."""
        self._at_close.append(call)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that a person should see, such as that the ledger of the user cannot be written."""
        return (self._ledger.problem,) if self._ledger.problem else ()

    # Rows

    @property
    def keyring(self) -> Keyring:
        """What makes the keyed hashes of this project."""
        return self._keyring

    def row_key(self, example: Example) -> str:
        """The keyed hash of input and target: 32 hex characters, another one in every project."""
        return self._keyring.row_key(example)

    def input_key(self, example: Example) -> str:
        """The keyed hash of the input alone."""
        return self._keyring.input_key(example)

    def register_rows(self, run: str, rows: Sequence[RegisteredRow]) -> None:
        """Write down where rows went in a run; see ``registers.register``."""
        with self._database.write() as connection:
            registers.register(connection, run, rows)

    def rows_of(self, run: str) -> list[RegisteredRow]:
        """Where rows went in a run; see ``registers.rows_of``."""
        with self._database.read() as connection:
            return registers.rows_of(connection, run)

    def sides_for(self, split_key: str, examples: Sequence[Example]) -> list[Side | None]:
        """The side that each input once got under a kind of split, in order; None for a new one."""
        with self._database.read() as connection:
            return sides.known_sides(connection, split_key, [self.input_key(example) for example in examples])

    def remember_sides(self, split_key: str, examples: Sequence[Example], new_sides: Sequence[Side]) -> None:
        """Remember the side of each example; see ``sides.remember``. Both sequences have the same length."""
        mapping: dict[str, Side] = {}
        for example, side in zip(examples, new_sides, strict=True):
            key = self.input_key(example)
            if mapping.setdefault(key, side) != side:
                raise ValueError("one input was given two sides")
        with self._database.write() as connection:
            sides.remember(connection, split_key, mapping)

    def row_set(self, keys: Sequence[str]) -> str:
        """Store a set of row keys and return its id, a hash of its members."""
        with self._database.write() as connection:
            erasures.refuse(sorted(erasures.all_erased(connection).rows.intersection(keys)))
            return store_row_set(connection, keys, self._now())

    # Results

    def artifact(self, key: str) -> Artifact | None:
        """The folder saved for a key, checked file by file, or None; ``miss_reason`` tells why."""
        return self._shelf.find(key)

    def save_artifact(
        self, key: str, kind: str, folder: Path, row_set_id: str, meta: Mapping[str, JsonScalar]
    ) -> Artifact:
        """Keep a copy of a folder under a content key; see ``ArtifactShelf.save``.

        For a fitted system the key is its ``fit_key``: erasing a row then also deletes the answers of what learned
        from it.
        """
        return self._shelf.save(key, kind, folder, row_set_id, meta)

    @contextmanager
    def lease(
        self,
        key: str,
        seconds: float = 60.0,
        *,
        on_wait: Callable[[str], None] = lambda _text: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[None]:
        """Hold a key so that no other run makes the same thing meanwhile; see ``leases.hold``.

        Ask for the artifact again once it is held: who held it before may have saved it.
        """
        with hold(self._database, self._now, key, seconds, on_wait, cancelled):
            yield

    def append_scores(self, rows: Sequence[ScoreRow]) -> None:
        """Add score rows, all or none; see ``scores.append``."""
        with self._database.write() as connection:
            scores.append(connection, rows)

    def scores(self, fit_key: str, part: str) -> list[ScoreRow]:
        """The stored score rows of a fitted system on a part."""
        with self._database.read() as connection:
            return scores.read(connection, fit_key, part)

    def remember_key(self, kind: str, parts: KeyParts, label: str = "") -> str:
        """Store the parts of the key of something that was computed, for ``miss_reason``; returns the key."""
        with self._database.write() as connection:
            return cache_keys.remember(connection, kind, parts, label)

    def miss_reason(self, kind: str, parts: KeyParts, label: str = "") -> str:
        """Why a key missed: what changed against the nearest stored one, or how its copy was damaged."""
        damage = self._shelf.damage_of(cache_keys.cache_key(kind, parts))
        if damage is not None:
            return f"the stored copy is damaged: {damage}"
        with self._database.read() as connection:
            return cache_keys.reason_of_miss(connection, kind, parts, label)

    def scored_parts(self, fit_key: str) -> list[str]:
        """The parts on which a fitted system has stored answers."""
        with self._database.read() as connection:
            return scores.parts_of(connection, fit_key)

    def keys_of_run(self, run: str) -> list[UsedKey]:
        """What a run fitted or found again, with the parts of each key; see ``cache_keys.used_by``."""
        with self._database.read() as connection:
            return cache_keys.used_by(connection, run)

    # Uses of a locked test set

    def record_use(self, use: RecordedUse, inputs: Inputs = ()) -> bool:
        """Write down a use of a test set, here and for the user; False when this very use is known already.

        ``inputs`` are the input messages of its cases; keyed hashes of them are kept.
        """
        return self._ledger.record(use, inputs)

    def uses(self, test_hash: str) -> list[RecordedUse]:
        """All known uses of a test set, oldest first, also from other folders of this user."""
        return self._ledger.uses(test_hash)

    def overlap(self, test_hash: str, inputs: Inputs) -> Overlap:
        """Known uses of other test sets that share cases with this one, also from other folders of this user."""
        return self._ledger.overlap(test_hash, inputs)

    # Runs

    def begin_run(self, run: str, command: str, when: str, manifest: Mapping[str, JsonValue]) -> None:
        """Write down that a run begins; artifacts read and saved from now on are its own."""
        with self._database.write() as connection:
            runs.begin(connection, run, command, when, manifest)
        self._shelf.run = run

    def finish_run(self, run: str, state: runs.RunState) -> None:
        """Write down how a run ended."""
        with self._database.write() as connection:
            runs.finish(connection, run, state)
        self._shelf.run = None

    def unfinished_runs(self) -> list[RunRecord]:
        """Runs that began and have not ended, oldest first."""
        with self._database.read() as connection:
            return runs.unfinished(connection)

    def register_file(self, run: str, path: PurePath, row_set_id: str) -> None:
        """Write down that a file, named within the folder of its run, holds text of a set of rows."""
        with self._database.write() as connection:
            runs.add_file(connection, run, path, row_set_id)

    # Finding, erasing, tidying

    def where(self, query: str | Example) -> Whereabouts:
        """Everything known about a row.

        A text finds rows by their label, place (``file:line``), key, or as their whole input (one user message); an
        example finds itself, whatever its messages.
        """
        with self._database.read() as connection:
            if isinstance(query, Example):
                asked, text = [self.row_key(query)], query.text
            else:
                input_key = self._keyring.key_of_messages((Message("user", query),))
                asked, text = lineage.find_rows(connection, query, input_key), query
            found = lineage.whereabouts(connection, asked, self._shelf.folder, text)
            inputs = [key for row in found.row_keys if (key := lineage.input_key_of(connection, row))]
        if not (self.folder / CACHE_NAME).exists():
            return found
        with AuditCache.open(self) as cache:
            return replace(found, cached=cache.holds(found.row_keys, sorted(set(inputs))))

    def purge(self, row: Example | str, runs_folder: Path) -> PurgeReport:
        """Erase a row, given as an example or by its key, and every row with the same input; see ``purge.purge``.

        Repeating it is harmless.
        """
        row_key = row if isinstance(row, str) else self.row_key(row)
        input_key = None if isinstance(row, str) else self.input_key(row)
        folders = (self._shelf.folder, runs_folder)
        return purge(self._database, self._keyring, row_key, input_key, *folders, self._timestamp)

    def is_erased(self, example: Example) -> bool:
        """Whether a row (or its input, with another target) was erased and must be set aside."""
        return self.are_erased([example])[0]

    def are_erased(self, examples: Sequence[Example]) -> list[bool]:
        """``is_erased`` for many rows, in order."""
        with self._database.read() as connection:
            known = erasures.all_erased(connection)
        if not known.rows:
            return [False] * len(examples)
        return [self.row_key(e) in known.rows or self.input_key(e) in known.inputs for e in examples]

    def unfinished_purges(self) -> list[str]:
        """Keys of rows whose erasure was interrupted: ``purge`` them again."""
        with self._database.read() as connection:
            return erasures.unfinished_erasures(connection)

    def gc(self, max_bytes: int) -> GcReport:
        """Remove artifacts that were not used for longest until at most ``max_bytes`` are left.

        The kept work of audits is bounded by a share of that besides.
        """
        report = collect(self._database, self._shelf.folder, max_bytes, self._now)
        dropped = bound_cache(self.folder, self._keyring, int(CACHE_SHARE * max_bytes))
        return replace(report, n_bytes_cache_removed=dropped)

    def _timestamp(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds")


def _make_folder(folder: Path) -> None:
    try:
        (folder / BLOBS_NAME).mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise InputError(
            "store.folder",
            "The folder for the project state cannot be made.",
            where=str(folder),
            why=str(error.strerror),
            hint="Make the project folder writable for you, or copy the project to a place that is.",
        ) from error
