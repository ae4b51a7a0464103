"""Erasing a row: everything that holds it goes, and what must be done again is named.

A person's text is the input, so every row with the same input goes with it, whatever its target was. First tombstones
are written, which keep runs at work from adding the row again; then files go, then rows of tables, then the bytes
behind them. An interrupted erasure has its tombstones and no final entries: erasing the row again completes it. What a
fitted system learned is deleted with it, and so are all its answers, which can repeat what it learned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, or_

from tunewright.errors import WorkError
from tunewright.store import erasures
from tunewright.store.artifacts import Artifact
from tunewright.store.database import Database
from tunewright.store.files import remove_folder
from tunewright.store.gc import sweep_leftovers
from tunewright.store.lineage import RunFile, artifacts_from, files_from, input_key_of, rows_with_input
from tunewright.store.row_sets import sets_holding
from tunewright.store.schema import (
    artifacts,
    registered_rows,
    row_sets,
    run_artifacts,
    run_files,
    score_rows,
    sides,
)


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What an erasure removed.

    ``row_keys`` are the row asked for and those with the same input. ``refit`` are the artifacts that learned from
    them and must be fitted again; ``files`` were deleted from the folder of runs; the numbers count rows of tables.
    """

    row_keys: tuple[str, ...]
    refit: tuple[Artifact, ...]
    files: tuple[RunFile, ...]
    n_scores: int
    n_registrations: int
    n_sides: int


@dataclass(frozen=True, slots=True)
class _Doomed:
    row_keys: tuple[str, ...]
    input_key: str | None
    set_ids: tuple[str, ...]
    learned: tuple[Artifact, ...]
    files: tuple[RunFile, ...]


def purge(
    database: Database, row_key: str, input_key: str | None, shelf: Path, runs_folder: Path, when: Callable[[], str]
) -> PurgeReport:
    """Erase a row from the project state and from files of runs.

    Args:
        input_key: the key of its input; looked up when None.
        shelf: the blob folder.
        when: the time, ISO 8601.

    Raises:
        WorkError: ``store.purge_file`` when a file cannot be deleted, ``store.busy`` when another program reads the
            database for too long. Erasing the row again completes the work.
    """
    with database.write(durable=True) as connection:
        doomed = _look_up(connection, row_key, input_key, shelf)
        erasures.begin_erasure(connection, doomed.row_keys, doomed.input_key, when())
    _delete_files(database, doomed, shelf, runs_folder)
    with database.write(durable=True) as connection:
        report = _delete_rows(connection, doomed)
    database.compact()
    with database.write(durable=True) as connection:
        erasures.finish_erasure(connection, doomed.row_keys, doomed.input_key, when())
    return report


def _look_up(connection: Connection, row_key: str, input_key: str | None, shelf: Path) -> _Doomed:
    input_key = input_key or input_key_of(connection, row_key)
    row_keys = sorted({row_key, *rows_with_input(connection, input_key)})
    set_ids = sorted({identity for key in row_keys for identity in sets_holding(connection, key)})
    return _Doomed(
        row_keys=tuple(row_keys),
        input_key=input_key,
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
    forgotten = connection.execute(delete(sides).where(sides.c.input_key == doomed.input_key))
    return PurgeReport(
        row_keys=keys,
        refit=doomed.learned,
        files=doomed.files,
        n_scores=scores.rowcount,
        n_registrations=registrations.rowcount,
        n_sides=forgotten.rowcount,
    )
