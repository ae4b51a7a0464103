"""A person's Python file with all modules of theirs that it imports: the files whose change is a change of it.

Imports are read, never run, also those inside functions, and followed through modules that lie in the file's own folder
or in the project. What comes from elsewhere, or is not there, counts for nothing. Called by whoever keeps what such a
file gave: systems, graders, and the digest of kinds from other packages.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# Folders of packages from everywhere: there, only the package of the file itself is a person's own.
_INSTALLED = frozenset({"site-packages", "dist-packages"})
# Who names these may import modules that no import statement names.
_AT_RUN_TIME = frozenset({"__import__", "exec", "eval", "importlib", "runpy", "pkgutil"})


@dataclass(frozen=True, slots=True)
class _Imports:
    """What a file imports: dotted names with the dots before them counted (0: absolute), and whether more may follow.

    ``at_run_time``: it may import what it does not name, or from where it does not say.
    """

    names: tuple[tuple[int, str], ...] = ()
    at_run_time: bool = False


def local_digest(file: Path, root: Path | None = None) -> str:
    """The digest of a file and of what it imports of the person's; none of them there is a digest too."""
    digest = hashlib.sha256()
    folder = file.resolve().parent
    for path in local_sources(file, root):
        digest.update(Path(os.path.relpath(path, folder)).as_posix().encode("utf-8", "surrogateescape") + b"\0")
        digest.update(hashlib.sha256(_read(path)).digest())
    return digest.hexdigest()


def local_sources(file: Path, root: Path | None = None) -> list[Path]:
    """A file and what it imports, directly or not, of its own folder and of the project ``root``, sorted.

    Where a file may import by a name that is made at run time, or sets ``sys.path``, all Python files beside it count.
    """
    file = file.resolve()
    folders = list(dict.fromkeys([file.parent, *([root.resolve()] if root else [])]))
    found, waiting = set[Path](), [file]
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_file():
            continue
        found.add(path)
        imports = _imports_of(_read(path))
        waiting += [one for level, name in imports.names for one in _candidates(level, name, path, folders, file)]
        if imports.at_run_time and path.parent.name not in _INSTALLED:
            waiting += path.parent.glob("*.py")
    return sorted(found)


def _candidates(level: int, name: str, path: Path, folders: list[Path], file: Path) -> Iterator[Path]:
    """Where the module of a name may lie, with the ``__init__`` of every package on the way to it."""
    parts = name.split(".") if name else []
    if level:
        start = path.parents[min(level, len(path.parents)) - 1]
        if any(start.is_relative_to(folder) for folder in folders):
            yield start / "__init__.py"
            yield from _files_of(parts, start)
        return
    for folder in folders:
        if parts and (folder.name not in _INSTALLED or parts[0] == _package_of(file, folder)):
            yield from _files_of(parts, folder)


def _package_of(file: Path, folder: Path) -> str | None:
    """The package of a folder that a file lies in, or the module that it is."""
    return Path(file.relative_to(folder).parts[0]).stem if file.is_relative_to(folder) else None


def _files_of(parts: list[str], folder: Path) -> Iterator[Path]:
    for part in parts:
        yield folder / f"{part}.py"
        folder /= part
        yield folder / "__init__.py"


@lru_cache(maxsize=512)
def _imports_of(source: bytes) -> _Imports:
    """The imports of a source; none of one that is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _Imports()
    names, at_run_time = list[tuple[int, str]](), b"sys.path" in source
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            # What is imported from a package may be a module of it.
            names += [(node.level, f"{module}.{alias.name}".lstrip(".")) for alias in node.names]
        elif isinstance(node, ast.Name):
            at_run_time |= node.id in _AT_RUN_TIME
    at_run_time |= any(name.split(".")[0] in _AT_RUN_TIME for level, name in names if not level)
    return _Imports(tuple(dict.fromkeys(names)), at_run_time)


def _read(path: Path) -> bytes:
    """The content of a file; empty where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
