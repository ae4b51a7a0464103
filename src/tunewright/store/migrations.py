"""Forward migrations: numbered steps that build the tables, each one transaction with its number in the file.

A step that was once released is never edited; a change of the schema is a new step at the end. A program refuses a
file that is newer than itself. Called when a database is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from tunewright.errors import InputError
from tunewright.store.database import Database

# Written into the file header ("Tune"), so that a foreign SQLite file is told apart.
APPLICATION_ID = 0x54756E65


@dataclass(frozen=True, slots=True)
class Step:
    """One forward migration: what it is for, and its statements."""

    purpose: str
    statements: tuple[str, ...]


def _append_only(table: str, *events: str) -> tuple[str, ...]:
    return tuple(
        f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for event in events
    )


_TEST_USES = (
    "CREATE TABLE test_uses (test_hash TEXT NOT NULL, predictions_hash TEXT NOT NULL, margins_hash TEXT NOT NULL, "
    "run TEXT NOT NULL, happened TEXT NOT NULL, PRIMARY KEY (test_hash, predictions_hash, margins_hash)) WITHOUT ROWID",
    *_append_only("test_uses", "UPDATE", "DELETE"),
)

_TEST_MEMBERS = (
    "CREATE TABLE test_members (test_hash TEXT PRIMARY KEY, members BLOB NOT NULL) WITHOUT ROWID",
    *_append_only("test_members", "UPDATE", "DELETE"),
)
_REPLIES = (
    "CREATE TABLE replies (key TEXT PRIMARY KEY, reply TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE reply_owners (reply TEXT NOT NULL, input_key TEXT NOT NULL, PRIMARY KEY (reply, input_key)) "
    "WITHOUT ROWID",
    "CREATE INDEX reply_owners_by_input ON reply_owners(input_key)",
)
_SETTINGS = "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"

_AUDIT = (
    "CREATE TABLE row_blobs (row TEXT PRIMARY KEY, row_key TEXT NOT NULL, input_key TEXT NOT NULL, "
    "content BLOB NOT NULL) WITHOUT ROWID",
    "CREATE INDEX row_blobs_by_key ON row_blobs(row_key)",
    "CREATE INDEX row_blobs_by_input ON row_blobs(input_key)",
    "CREATE TABLE dataset_versions (number INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, rows_hash TEXT NOT NULL, "
    "parent TEXT, created TEXT NOT NULL, n_rows INTEGER NOT NULL, source TEXT NOT NULL, about TEXT NOT NULL)",
    *_append_only("dataset_versions", "UPDATE", "DELETE"),
    "CREATE TABLE version_rows (version INTEGER NOT NULL REFERENCES dataset_versions(number), place INTEGER NOT NULL, "
    "row TEXT NOT NULL, row_key TEXT NOT NULL, row_id TEXT NOT NULL, source TEXT NOT NULL, "
    "PRIMARY KEY (version, place)) WITHOUT ROWID",
    "CREATE INDEX version_rows_by_key ON version_rows(row_key)",
    "CREATE INDEX version_rows_by_label ON version_rows(row_id)",
    "CREATE TABLE version_edits (version INTEGER NOT NULL REFERENCES dataset_versions(number), "
    "place INTEGER NOT NULL, before TEXT NOT NULL, after TEXT, before_key TEXT NOT NULL, after_key TEXT, "
    "action TEXT NOT NULL, decision INTEGER, PRIMARY KEY (version, place)) WITHOUT ROWID",
    "CREATE INDEX version_edits_by_before ON version_edits(before_key)",
    "CREATE INDEX version_edits_by_after ON version_edits(after_key)",
    *_append_only("version_edits", "UPDATE", "DELETE"),
    "CREATE TABLE decisions (number INTEGER PRIMARY KEY, row TEXT NOT NULL, row_key TEXT NOT NULL, "
    "finding TEXT NOT NULL, action TEXT NOT NULL, who TEXT NOT NULL, happened TEXT NOT NULL, seconds REAL, "
    "undoes INTEGER)",
    "CREATE INDEX decisions_by_key ON decisions(row_key)",
    *_append_only("decisions", "UPDATE", "DELETE"),
    "CREATE TABLE decision_texts (decision INTEGER PRIMARY KEY REFERENCES decisions(number), content BLOB NOT NULL)",
    *_append_only("decision_texts", "UPDATE"),
    "CREATE TABLE audits (number INTEGER PRIMARY KEY, rows_hash TEXT NOT NULL, n_rows INTEGER NOT NULL, "
    "happened TEXT NOT NULL, summary TEXT NOT NULL)",
    "CREATE TABLE open_sightings (row TEXT NOT NULL, finding TEXT NOT NULL, "
    "audit INTEGER NOT NULL REFERENCES audits(number), PRIMARY KEY (row, finding)) WITHOUT ROWID",
    "CREATE TABLE approvals (number INTEGER PRIMARY KEY, finding TEXT NOT NULL, rows_hash TEXT NOT NULL, "
    "members BLOB NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL, happened TEXT NOT NULL)",
    *_append_only("approvals", "UPDATE", "DELETE"),
    "CREATE TABLE subjects (subject TEXT NOT NULL, row_key TEXT NOT NULL, kind TEXT NOT NULL, "
    "PRIMARY KEY (subject, row_key, kind)) WITHOUT ROWID",
    "CREATE INDEX subjects_by_row ON subjects(row_key)",
)

STATE_STEPS: tuple[Step, ...] = (
    Step(
        "first tables",
        (
            "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
            "CREATE TABLE runs (run TEXT PRIMARY KEY, begin_order INTEGER NOT NULL, finish_order INTEGER, "
            "command TEXT NOT NULL, begun TEXT NOT NULL, state TEXT, manifest TEXT NOT NULL, host TEXT NOT NULL, "
            "pid INTEGER NOT NULL)",
            "CREATE TABLE registers (number INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE)",
            "CREATE TABLE run_registers (run TEXT NOT NULL, register INTEGER NOT NULL REFERENCES registers(number), "
            "PRIMARY KEY (run, register)) WITHOUT ROWID",
            "CREATE TABLE registered_rows (number INTEGER PRIMARY KEY, "
            "register INTEGER NOT NULL REFERENCES registers(number), row_key TEXT NOT NULL, input_key TEXT NOT NULL, "
            "row_id TEXT NOT NULL, source TEXT NOT NULL, part TEXT NOT NULL)",
            "CREATE INDEX registered_rows_by_row ON registered_rows(row_key)",
            "CREATE INDEX registered_rows_by_input ON registered_rows(input_key)",
            "CREATE INDEX registered_rows_by_label ON registered_rows(row_id)",
            "CREATE TABLE sides (split_key TEXT NOT NULL, input_key TEXT NOT NULL, side TEXT NOT NULL, "
            "PRIMARY KEY (split_key, input_key)) WITHOUT ROWID",
            "CREATE TABLE row_sets (id TEXT PRIMARY KEY, members BLOB NOT NULL, created REAL NOT NULL)",
            "CREATE TABLE artifacts (key TEXT PRIMARY KEY, kind TEXT NOT NULL, folder TEXT NOT NULL UNIQUE, "
            "row_set TEXT NOT NULL REFERENCES row_sets(id), meta TEXT NOT NULL, files TEXT NOT NULL, "
            "n_bytes INTEGER NOT NULL, last_used REAL NOT NULL)",
            "CREATE TABLE run_artifacts (run TEXT NOT NULL, artifact TEXT NOT NULL, "
            "PRIMARY KEY (run, artifact)) WITHOUT ROWID",
            "CREATE TABLE run_files (run TEXT NOT NULL, path TEXT NOT NULL, "
            "row_set TEXT NOT NULL REFERENCES row_sets(id), PRIMARY KEY (run, path, row_set)) WITHOUT ROWID",
            "CREATE TABLE cache_keys (number INTEGER PRIMARY KEY, key TEXT NOT NULL, kind TEXT NOT NULL, "
            "label TEXT NOT NULL, parts TEXT NOT NULL, UNIQUE (kind, label, key))",
            "CREATE TABLE leases (key TEXT PRIMARY KEY, token TEXT NOT NULL, host TEXT NOT NULL, "
            "pid INTEGER NOT NULL, expires REAL NOT NULL) WITHOUT ROWID",
            "CREATE TABLE score_rows (number INTEGER PRIMARY KEY, fit_key TEXT NOT NULL, row_key TEXT NOT NULL, "
            "part TEXT NOT NULL, repetition INTEGER NOT NULL, attempt INTEGER NOT NULL, status TEXT NOT NULL, "
            "score REAL, answer TEXT, confidence REAL, detail TEXT NOT NULL, "
            "UNIQUE (fit_key, part, row_key, repetition, attempt))",
            "CREATE INDEX score_rows_by_row ON score_rows(row_key)",
            *_append_only("score_rows", "UPDATE"),
            "CREATE TABLE erasures (number INTEGER PRIMARY KEY, row_key TEXT NOT NULL, input_key TEXT, "
            "event TEXT NOT NULL, happened TEXT NOT NULL)",
            "CREATE INDEX erasures_by_row ON erasures(row_key)",
            *_append_only("erasures", "UPDATE", "DELETE"),
            *_TEST_USES,
        ),
    ),
    Step("cases of test sets", _TEST_MEMBERS),
    Step("dataset versions, decisions, approvals and subjects", _AUDIT),
    Step("replies of models", _REPLIES),
    Step(
        "what an answer took, and what led to it",
        (
            "ALTER TABLE score_rows ADD COLUMN spent TEXT",
            "ALTER TABLE score_rows ADD COLUMN trace TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE score_rows ADD COLUMN parts TEXT NOT NULL DEFAULT '[]'",
        ),
    ),
)

LEDGER_STEPS: tuple[Step, ...] = (
    Step("uses of test sets", _TEST_USES),
    Step("cases of test sets, and the secret that they are keyed with", (_SETTINGS, *_TEST_MEMBERS)),
)


def migrate(database: Database, steps: Sequence[Step]) -> None:
    """Bring a database to the newest schema, one whole step at a time.

    Interrupted between two steps or inside one, the next call goes on from the last whole step.

    Raises:
        InputError: ``store.newer`` when a newer program made the file, ``store.foreign`` when another program did.
    """
    while True:
        with database.write(durable=True) as connection:
            version = _version(connection, database, steps)
            if version == len(steps):
                return
            for statement in steps[version].statements:
                connection.exec_driver_sql(statement)
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version = {version + 1}")


def _version(connection: Connection, database: Database, steps: Sequence[Step]) -> int:
    version = int(connection.exec_driver_sql("PRAGMA user_version").one()[0])
    owner = int(connection.exec_driver_sql("PRAGMA application_id").one()[0])
    tables = int(connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").one()[0])
    if (owner != APPLICATION_ID) if version or owner else (tables > 0):
        raise InputError(
            "store.foreign",
            "This database was made by another program.",
            where=str(database.path),
            hint="Move the file away; a fresh one is made in its place.",
        )
    if version > len(steps):
        raise InputError(
            "store.newer",
            f"The project state was made by a newer tunewright (schema {version}; this one knows {len(steps)}).",
            where=str(database.path),
            why="An older program would misread it.",
            hint="Upgrade tunewright, or work on a copy of the project without its .tunewright folder.",
        )
    return version
