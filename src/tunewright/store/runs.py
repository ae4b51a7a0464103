"""Runs: what was begun, what ended and how, which artifacts it used and which files it left.

Called by the workflow through the store; collecting garbage and lineage read it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath
from typing import Literal

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert

from tunewright.errors import WorkError
from tunewright.store.json_values import to_json
from tunewright.store.processes import Holder, this_process
from tunewright.store.row_sets import require_row_set
from tunewright.store.schema import run_artifacts, run_files, runs

RunState = Literal["done", "failed", "cancelled"]
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run as written down; ``state`` is None while it has not ended, ``alive`` says whether it may still work."""

    run: str
    command: str
    begun: str
    state: str | None
    manifest: Mapping[str, JsonValue]
    alive: bool


def begin(connection: Connection, run: str, command: str, when: str, manifest: Mapping[str, JsonValue]) -> None:
    """Write down that a run begins, or goes on if it was interrupted.

    Raises:
        WorkError: ``store.run_id`` when the id cannot name a folder, ``store.run_exists`` when that run has ended.
    """
    if not _RUN_ID.fullmatch(run):
        raise WorkError("store.run_id", "This cannot be the id of a run.", where=run)
    known = connection.execute(select(runs.c.state).where(runs.c.run == run)).first()
    holder = this_process()
    if known is not None:
        if known[0] is not None:
            raise WorkError("store.run_exists", "A run with this id has ended already.", where=run)
        connection.execute(update(runs).where(runs.c.run == run).values(host=holder.host, pid=holder.pid))
        return
    connection.execute(
        insert(runs).values(
            run=run,
            begin_order=_next(connection, runs.c.begin_order),
            command=command,
            begun=when,
            manifest=to_json(manifest),
            host=holder.host,
            pid=holder.pid,
        )
    )


def finish(connection: Connection, run: str, state: RunState) -> None:
    """Write down how a run ended (``done``, ``failed``, ``cancelled``).

    Raises:
        WorkError: ``store.run_unknown`` when it never began.
    """
    changed = connection.execute(
        update(runs).where(runs.c.run == run).values(state=state, finish_order=_next(connection, runs.c.finish_order))
    )
    if not changed.rowcount:
        raise WorkError("store.run_unknown", "This run never began.", where=run)


def unfinished(connection: Connection) -> list[RunRecord]:
    """Runs that began and did not end, oldest first: still working, or stopped by force."""
    found = connection.execute(select(runs).where(runs.c.state.is_(None)).order_by(runs.c.begin_order)).all()
    return [
        RunRecord(
            run=row.run,
            command=row.command,
            begun=row.begun,
            state=row.state,
            manifest=json.loads(row.manifest),
            alive=not Holder(row.host, row.pid).surely_dead,
        )
        for row in found
    ]


def protected_runs(connection: Connection) -> list[str]:
    """Runs whose artifacts must stay: the latest that was done, every later one (the next goes on from what an
    interrupted one finished), and those still at work."""
    latest = connection.execute(
        select(runs.c.run, runs.c.begin_order)
        .where(runs.c.state == "done")
        .order_by(runs.c.finish_order.desc())
        .limit(1)
    ).first()
    since = latest.begin_order if latest else 0
    return [
        row.run
        for row in connection.execute(select(runs)).all()
        if row.begin_order >= since or (row.state is None and not Holder(row.host, row.pid).surely_dead)
    ]


def note_artifact(connection: Connection, run: str, key: str) -> None:
    """Write down that a run used an artifact."""
    connection.execute(insert(run_artifacts).values(run=run, artifact=key).on_conflict_do_nothing())


def add_file(connection: Connection, run: str, path: PurePath, row_set: str) -> None:
    """Write down that a file of a run holds text of a set of rows.

    ``path`` is relative to the folder of the run.

    Raises:
        WorkError: ``store.file_path`` when it leads out of that folder; ``store.run_id`` for an unusable id.
    """
    relative = PurePosixPath(path.as_posix())
    if path.is_absolute() or not relative.parts or ".." in relative.parts:
        raise WorkError("store.file_path", "A file of a run is named within the folder of the run.", where=str(path))
    if not _RUN_ID.fullmatch(run):
        raise WorkError("store.run_id", "This cannot be the id of a run.", where=run)
    require_row_set(connection, row_set)
    connection.execute(insert(run_files).values(run=run, path=str(relative), row_set=row_set).on_conflict_do_nothing())


def _next(connection: Connection, column: ColumnElement[int]) -> int:
    return (connection.execute(select(func.max(column))).scalar() or 0) + 1
