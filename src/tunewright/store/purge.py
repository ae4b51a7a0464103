"""Erasing a row: everything that holds it goes, and what must be done again is named.

A person's text is the input, so every row with the same input goes with it, whatever its target was, and what these
became by editing in later dataset versions. First tombstones
are written, which keep runs at work from adding the row again; then files go, then rows of tables, then the bytes
behind them. An interrupted erasure has its tombstones and no final entries: erasing the row again completes it. What a
fitted system learned is deleted with it, and so are all its answers, which can repeat what it learned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, or_, select

from tunewright.errors import WorkError
from tunewright.store import erasures
from tunewright.store.artifacts import Artifact
from tunewright.store.audit_cache import forget_rows
from tunewright.store.database import Database
from tunewright.store.files import remove_folder
from tunewright.store.gc import sweep_leftovers
from tunewright.store.lineage import (
    RunFile,
    artifacts_from,
    derived_rows,
    files_from,
    input_key_of,
    rows_with_input,
)
from tunewright.store.replies import delete_of_inputs
from tunewright.store.row_sets import sets_holding
from tunewright.store.schema import (
    artifacts,
    decision_texts,
    decisions,
    open_sightings,
    registered_rows,
    row_blobs,
    row_sets,
    run_artifacts,
    run_files,
    score_rows,
    sides,
    subjects,
    version_rows,
)
from tunewright.store.secret import Keyring


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What an erasure removed.

    ``row_keys`` are the row asked for, those with the same input and what they became by editing. ``refit`` are the
    artifacts that learned from them and must be fitted again; ``files`` were deleted from the folder of runs; the
    numbers count rows of tables, ``n_notes`` decisions that lost their texts.
    """

    row_keys: tuple[str, ...]
    refit: tuple[Artifact, ...]
    files: tuple[RunFile, ...]
    n_scores: int
    n_registrations: int
    n_sides: int
    n_version_rows: int = 0
    n_notes: int = 0
    n_replies: int = 0


@dataclass(frozen=True, slots=True)
class _Doomed:
    """``derived`` are rows of later versions; their inputs are not tombstones, for others may come to equal them."""

    same_input: tuple[str, ...]
    derived: tuple[str, ...]
    input_key: str | None
    input_keys: tuple[str, ...]
    set_ids: tuple[str, ...]
    learned: tuple[Artifact, ...]
    files: tuple[RunFile, ...]

    @property
    def row_keys(self) -> tuple[str, ...]:
        return tuple(sorted({*self.same_input, *self.derived}))


def purge(
    database: Database,
    keyring: Keyring,
    row_key: str,
    input_key: str | None,
    shelf: Path,
    runs_folder: Path,
    when: Callable[[], str],
) -> PurgeReport:
    """Erase a row from the project state and from files of runs.

    Args:
        keyring: for the kept work of audits, which lies beside the blob folder.
        input_key: the key of its input; looked up when None.
        shelf: the blob folder.
        when: the time, ISO 8601.

    Raises:
        WorkError: ``store.purge_file`` when a file cannot be deleted, ``store.busy`` when another program reads the
            database for too long. Erasing the row again completes the work.
    """
    with database.write(durable=True) as connection:
        doomed = _look_up(connection, row_key, input_key, shelf)
        erasures.begin_erasure(connection, doomed.same_input, doomed.input_key, when())
        erasures.begin_erasure(connection, doomed.derived, None, when())
    forget_rows(shelf.parent, keyring, doomed.row_keys, doomed.input_keys)
    _delete_files(database, doomed, shelf, runs_folder)
    with database.write(durable=True) as connection:
        report = _delete_rows(connection, doomed)
    database.compact()
    with database.write(durable=True) as connection:
        erasures.finish_erasure(connection, doomed.same_input, doomed.input_key, when())
        erasures.finish_erasure(connection, doomed.derived, None, when())
    return report


def _look_up(connection: Connection, row_key: str, input_key: str | None, shelf: Path) -> _Doomed:
    input_key = input_key or input_key_of(connection, row_key)
    same_input = {row_key, *rows_with_input(connection, input_key)}
    derived = derived_rows(connection, same_input)
    row_keys = sorted({*same_input, *derived})
    input_keys = {input_key, *(input_key_of(connection, key) for key in derived)} - {None}
    set_ids = sorted({identity for key in row_keys for identity in sets_holding(connection, key)})
    return _Doomed(
        same_input=tuple(sorted(same_input)),
        derived=tuple(derived),
        input_key=input_key,
        input_keys=tuple(sorted(key for key in input_keys if key is not None)),
        set_ids=tuple(set_ids),
        learned=artifacts_from(connection, set_ids, shelf),
        files=files_from(connection, set_ids),
    )


def _delete_files(database: Database, doomed: _Doomed, shelf: Path, runs_folder: Path) -> None:
    try:
        for artifact in doomed.learned:
            remove_folder(artifact.path)
        sweep_leftovers(database, shelf)
        for file in doomed.files:
            (runs_folder / file.run / file.path).unlink(missing_ok=True)
    except OSError as error:
        raise WorkError(
            "store.purge_file",
            "A file with the text of an erased row could not be deleted.",
            where=str(error.filename),
            why=str(error.strerror),
            hint="Close whatever has it open or make it writable, and erase the row again.",
        ) from error


def _delete_rows(connection: Connection, doomed: _Doomed) -> PurgeReport:
    keys, sets, learned = doomed.row_keys, doomed.set_ids, [artifact.key for artifact in doomed.learned]
    scores = connection.execute(
        delete(score_rows).where(or_(score_rows.c.row_key.in_(keys), score_rows.c.fit_key.in_(learned)))
    )
    connection.execute(delete(run_artifacts).where(run_artifacts.c.artifact.in_(learned)))
    connection.execute(delete(artifacts).where(artifacts.c.key.in_(learned)))
    connection.execute(delete(run_files).where(run_files.c.row_set.in_(sets)))
    connection.execute(delete(row_sets).where(row_sets.c.id.in_(sets)))
    registrations = connection.execute(delete(registered_rows).where(registered_rows.c.row_key.in_(keys)))
    forgotten = connection.execute(delete(sides).where(sides.c.input_key.in_(doomed.input_keys)))
    n_version_rows, n_notes = _delete_from_versions(connection, keys)
    n_replies = delete_of_inputs(connection, doomed.input_keys)
    return PurgeReport(
        row_keys=keys,
        refit=doomed.learned,
        files=doomed.files,
        n_scores=scores.rowcount,
        n_registrations=registrations.rowcount,
        n_sides=forgotten.rowcount,
        n_version_rows=n_version_rows,
        n_notes=n_notes,
        n_replies=n_replies,
    )


def _delete_from_versions(connection: Connection, keys: tuple[str, ...]) -> tuple[int, int]:
    """Rows of dataset versions, what was decided about them in words, and what leads to them; returns two counts."""
    connection.execute(delete(open_sightings).where(open_sightings.c.row.in_(keys)))
    placed = connection.execute(delete(version_rows).where(version_rows.c.row_key.in_(keys)))
    connection.execute(delete(row_blobs).where(row_blobs.c.row_key.in_(keys)))
    connection.execute(delete(subjects).where(subjects.c.row_key.in_(keys)))
    numbers = select(decisions.c.number).where(decisions.c.row_key.in_(keys))
    notes = connection.execute(delete(decision_texts).where(decision_texts.c.decision.in_(numbers)))
    return placed.rowcount, notes.rowcount
