"""Keeping the size in bounds: artifacts that were not used for longest go first.

What the latest finished run used stays, and so does what a later or working run may need; leftovers of interrupted
saves go always. A deleted artifact is only a miss: it will be fitted again. Called through ``Store.gc``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, select

from tunewright.store.artifacts import Artifact, artifact_of, holder_of_passing, passing_name
from tunewright.store.database import Database
from tunewright.store.files import folder_bytes, remove_folder
from tunewright.store.row_blobs import delete_unused_rows
from tunewright.store.row_sets import delete_unused_sets
from tunewright.store.runs import protected_runs
from tunewright.store.schema import artifacts, run_artifacts

_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class GcReport:
    """What was removed, oldest use first, and what is left; sizes in bytes.

    ``n_bytes_protected`` may not be removed, so that the bound can be missed by it. ``n_bytes_cache_removed`` is kept
    work of audits, which has a bound of its own.
    """

    removed: tuple[Artifact, ...]
    leftovers: int
    n_bytes_removed: int
    n_bytes_kept: int
    n_bytes_protected: int
    n_bytes_cache_removed: int = 0


def collect(database: Database, shelf: Path, max_bytes: int, now: Callable[[], float]) -> GcReport:
    """Remove the least recently used artifacts until at most ``max_bytes`` are left, and all leftovers."""
    with database.write() as connection:
        kept_runs = protected_runs(connection)
        protected = set(
            connection.execute(
                select(run_artifacts.c.artifact).where(run_artifacts.c.run.in_(kept_runs)).distinct()
            ).scalars()
        )
        rows = connection.execute(select(artifacts).order_by(artifacts.c.last_used, artifacts.c.key)).all()
        kept = sum(row.n_bytes for row in rows)
        removed: list[Artifact] = []
        for row in rows:
            if kept <= max_bytes:
                break
            if row.key not in protected:
                kept -= row.n_bytes
                removed.append(artifact_of(row, shelf))
        gone = [artifact.key for artifact in removed]
        connection.execute(delete(run_artifacts).where(run_artifacts.c.artifact.in_(gone)))
        connection.execute(delete(artifacts).where(artifacts.c.key.in_(gone)))
        delete_unused_sets(connection, older_than=now() - _DAY_S)
        delete_unused_rows(connection)
    # The table is changed first: interrupted here, the folders are leftovers for the next time.
    for artifact in removed:
        remove_folder(artifact.path)
    leftovers, n_bytes_leftovers = sweep_leftovers(database, shelf)
    return GcReport(
        removed=tuple(removed),
        leftovers=leftovers,
        n_bytes_removed=sum(artifact.n_bytes for artifact in removed) + n_bytes_leftovers,
        n_bytes_kept=kept,
        n_bytes_protected=sum(row.n_bytes for row in rows if row.key in protected),
    )


def sweep_leftovers(database: Database, shelf: Path) -> tuple[int, int]:
    """Delete folders that no artifact refers to, unless somebody is writing them; returns number and bytes."""
    doomed: list[Path] = []
    # Under the write lock no save can be between its move and its row.
    with database.write() as connection:
        known = set(connection.execute(select(artifacts.c.folder)).scalars())
        for path in sorted(shelf.iterdir()):
            if path.name in known or _is_being_written(path):
                continue
            doomed.append(path.rename(shelf / passing_name()))
    n_bytes = sum(folder_bytes(path) for path in doomed)
    for path in doomed:
        remove_folder(path)
    return len(doomed), n_bytes


def _is_being_written(path: Path) -> bool:
    holder = holder_of_passing(path.name)
    if holder is None or holder.surely_dead:
        return False
    try:
        age_s = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return True
    return age_s < _DAY_S
