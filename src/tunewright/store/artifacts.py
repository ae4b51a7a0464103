"""Artifacts: folders saved under a content key, such as a fitted system.

A folder is copied beside the others under a passing name, flushed, and then moved to its place in the same
transaction that writes its row: a reader finds the whole of it or nothing. Every file is checked by digest when it is
read again. Called by the workflow through the store; deleting is in ``gc.py`` and ``purge.py``.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.sqlite import insert

from tunewright.errors import WorkError
from tunewright.store.database import Database
from tunewright.store.files import FileDigest, copy_folder, damage, remove_folder, sync_folder
from tunewright.store.json_values import JsonScalar, scalars_from_json, to_json
from tunewright.store.processes import Holder, this_process
from tunewright.store.row_sets import require_row_set
from tunewright.store.runs import note_artifact
from tunewright.store.schema import artifacts

_PASSING = "tmp"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A saved folder: where it lies, what it is, the set of rows it came from and facts about it."""

    key: str
    kind: str
    path: Path
    row_set_id: str
    meta: Mapping[str, JsonScalar]
    n_bytes: int


class ArtifactShelf:
    """The blob folder and its table.

    ``run`` is the run that is at work, if any: what it reads and saves is written down as used by it.
    """

    def __init__(self, database: Database, folder: Path, now: Callable[[], float]) -> None:
        self.folder = folder
        self.run: str | None = None
        self._database = database
        self._now = now
        self._damage: dict[str, str] = {}

    def find(self, key: str) -> Artifact | None:
        """The artifact of a key, whole and unchanged, or None; ``damage_of`` then tells whether it was damaged."""
        with self._database.read() as connection:
            row = connection.execute(select(artifacts).where(artifacts.c.key == key)).first()
        if row is None:
            return None
        problem = damage(self.folder / row.folder, _files(row.files))
        if problem is not None:
            self._damage[key] = problem
            return None
        self._damage.pop(key, None)
        with self._database.write() as connection:
            connection.execute(update(artifacts).where(artifacts.c.key == key).values(last_used=self._now()))
            if self.run is not None:
                note_artifact(connection, self.run, key)
        return artifact_of(row, self.folder)

    def damage_of(self, key: str) -> str | None:
        """What was wrong with the stored copy of a key when it was last looked for."""
        return self._damage.get(key)

    def save(self, key: str, kind: str, source: Path, row_set: str, meta: Mapping[str, JsonScalar]) -> Artifact:
        """Keep a copy of a folder under a key. What is stored whole already stays: the first wins.

        Raises:
            WorkError: ``store.key_clash`` when the key stands for something of another kind or other rows;
                ``store.row_set`` when a row behind it was erased.
        """
        existing = self.find(key)
        if existing is not None:
            return _same_or_clash(existing, kind, row_set)
        passing = self.folder / passing_name()
        try:
            files = copy_folder(source, passing)
            return self._move_in(key, kind, passing, files, row_set, to_json(meta))
        finally:
            remove_folder(passing)

    def _move_in(
        self, key: str, kind: str, passing: Path, files: tuple[FileDigest, ...], row_set: str, meta: str
    ) -> Artifact:
        name = f"{hashlib.sha256(key.encode()).hexdigest()[:24]}-{secrets.token_hex(4)}"
        values: dict[str, str | int | float] = {
            "kind": kind,
            "folder": name,
            "row_set": row_set,
            "meta": meta,
            "files": json.dumps([asdict(entry) for entry in files]),
            "n_bytes": sum(entry.n_bytes for entry in files),
            "last_used": self._now(),
        }
        with self._database.write() as connection:
            require_row_set(connection, row_set)
            old = connection.execute(select(artifacts).where(artifacts.c.key == key)).first()
            if old is not None and damage(self.folder / old.folder, _files(old.files)) is None:
                return _same_or_clash(artifact_of(old, self.folder), kind, row_set)
            passing.rename(self.folder / name)
            sync_folder(self.folder)
            connection.execute(
                insert(artifacts)
                .values(key=key, **values)
                .on_conflict_do_update(index_elements=[artifacts.c.key], set_=values)
            )
            if self.run is not None:
                note_artifact(connection, self.run, key)
            row = connection.execute(select(artifacts).where(artifacts.c.key == key)).one()
        if old is not None:
            remove_folder(self.folder / old.folder)
        self._damage.pop(key, None)
        return artifact_of(row, self.folder)


def artifact_of(row: Row[Any], folder: Path) -> Artifact:
    """An artifact from its row in the table."""
    return Artifact(row.key, row.kind, folder / row.folder, row.row_set, scalars_from_json(row.meta), row.n_bytes)


def passing_name() -> str:
    """A new name for a folder that is being written or deleted; it tells who does that."""
    holder = this_process()
    return f"{_PASSING}-{holder.host}-{holder.pid}-{secrets.token_hex(8)}"


def holder_of_passing(name: str) -> Holder | None:
    """Who writes or deletes a folder with such a name; None for a folder that is in its place."""
    parts = name.split("-")
    if len(parts) != 4 or parts[0] != _PASSING or not parts[2].isdigit():
        return None
    return Holder(parts[1], int(parts[2]))


def _files(text: str) -> list[FileDigest]:
    return [FileDigest(**entry) for entry in json.loads(text)]


def _same_or_clash(existing: Artifact, kind: str, row_set: str) -> Artifact:
    if existing.kind == kind and existing.row_set_id == row_set:
        return existing
    raise WorkError(
        "store.key_clash",
        "One content key stands for two different things.",
        where=existing.key,
        why="Something that the result depends on is missing from its key.",
    )
