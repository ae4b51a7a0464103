"""Files that survive a crash: copies with digests, atomic moves, folders checked file by file.

Nothing here knows a database. Called by the secret, by artifacts and by purging.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tunewright.errors import WorkError

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileDigest:
    """One file of a folder: its relative path with forward slashes, its size and its SHA-256 (hex)."""

    path: str
    n_bytes: int
    sha256: str


def copy_folder(source: Path, target: Path) -> tuple[FileDigest, ...]:
    """Copy the files of a folder into a new folder, flushed to disk, with the digest of what was written.

    Empty folders are not kept. Raises WorkError when ``source`` is no folder or holds a link.
    """
    if not source.is_dir():
        raise WorkError("store.no_folder", "There is no folder to save.", where=str(source))
    target.mkdir(parents=True)
    digests = []
    for path in sorted(source.rglob("*")):
        if path.is_symlink():
            raise WorkError(
                "store.link",
                "A saved system may not hold links.",
                where=str(path),
                why="What they point to can change after it was checked.",
            )
        if path.is_file():
            name = path.relative_to(source).as_posix()
            digests.append(_copy_file(path, target / name, name))
    for folder in {target, *(p for p in target.rglob("*") if p.is_dir())}:
        sync_folder(folder)
    return tuple(digests)


def write_new_file(path: Path, content: bytes, mode: int) -> None:
    """Write a small file whole or not at all: a reader sees the old state or the new one, never a part.

    The caller sees to it that nobody else writes the same file.
    """
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def damage(folder: Path, expected: Sequence[FileDigest]) -> str | None:
    """What is wrong with a saved folder, in a few words, or None when every file is as it was saved."""
    if not folder.is_dir():
        return "its folder is gone"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    for entry in expected:
        if entry.path not in found:
            return f"{entry.path} is gone"
        path = folder / entry.path
        if path.is_symlink() or path.stat().st_size != entry.n_bytes or _sha256(path) != entry.sha256:
            return f"{entry.path} has changed"
    extra = found - {entry.path for entry in expected}
    return f"{min(extra)} was added" if extra else None


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to disk, where the system can do that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_folder(folder: Path) -> None:
    """Delete a folder with everything in it; one that is gone already is no error."""
    if folder.is_dir():
        shutil.rmtree(folder)


def folder_bytes(folder: Path) -> int:
    """The summed size of the files in a folder that may be changing, in bytes."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size if not path.is_dir() else 0
        except FileNotFoundError:
            continue
    return total


def _copy_file(source: Path, target: Path, name: str) -> FileDigest:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, n_bytes = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("xb") as writer:
        while chunk := reader.read(_CHUNK_BYTES):
            digest.update(chunk)
            n_bytes += len(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return FileDigest(name, n_bytes, digest.hexdigest())


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
