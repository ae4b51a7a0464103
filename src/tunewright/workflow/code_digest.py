"""Which source files make a kind of fit, and their digest: a part of the key of every fit.

Imports are followed from the file of the kind, also those inside functions, through the rooms whose code a fit runs.
Code that runs without being imported is taken in by hand: a worker's scripts with the sandbox, the whole engine with a
model. Of a kind from another package, the modules of its own that it imports count too.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from tunewright.evaluation.graders.label import LabelGrader
from tunewright.sandbox.local_sources import local_sources
from tunewright.systems.registry import module_of

PACKAGE = Path(__file__).parents[1]
# Imports into these rooms are followed; what lies below them only carries values from one to the other.
FOLLOWED = ("systems", "documents", "sandbox", "data", "evaluation", "statistics")
# Rooms that are taken whole as soon as one file of them is: they run files that nothing imports.
WHOLE = ("sandbox", "documents")
ENGINE = ("language", "training")


@cache
def code_digest(kind: str, engine: bool) -> str:
    """Hash of the sources that make this kind of fit."""
    module = module_of(kind)
    file, digest = Path(inspect.getfile(module)), hashlib.sha256()
    for path in sorted(sources_of(file, engine=engine, root=_imported_from(module))):
        beside = path.is_relative_to(PACKAGE)
        name = Path(os.path.relpath(path, PACKAGE if beside else file.resolve().parent)).as_posix()
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def sources_of(module: Path, *, engine: bool, package: Path = PACKAGE, root: Path | None = None) -> set[Path]:
    """The file of a kind and all that it runs; ``engine`` with the rooms that load and train models.

    ``root`` is the folder that a kind from another package is imported from.
    """
    label_grader = package / Path(inspect.getfile(LabelGrader)).relative_to(PACKAGE)
    own = [module] if module.is_relative_to(package) else local_sources(module, root)
    found, open_files = set[Path](), [*own, label_grader]
    while open_files:
        path = open_files.pop()
        if path in found or not path.is_file():
            continue
        found.add(path)
        open_files += _imported(path, package)
    for room in (*WHOLE, *(ENGINE if engine else ())):
        if room in ENGINE or any(path.is_relative_to(package / room) for path in found):
            found |= set((package / room).glob("*.py"))
    return found


def _imported_from(module: ModuleType) -> Path:
    """The folder in which the import of a module began."""
    file = Path(inspect.getfile(module)).resolve()
    above = module.__name__.count(".") + (file.name == "__init__.py")
    return file.parents[min(above, len(file.parents) - 1)]


def _imported(path: Path, package: Path) -> Iterator[Path]:
    """The files of the followed rooms that a file imports anywhere, with the packages that they lie in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # What is imported from a package may be a module of it.
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            top, *rest = name.split(".")
            if top == package.name and rest and rest[0] in FOLLOWED:
                yield from _files_of(rest, package)


def _files_of(parts: list[str], package: Path) -> Iterator[Path]:
    """The file of a module, and the ``__init__`` of every package on the way to it."""
    folder = package
    for part in parts[:-1]:
        folder /= part
        yield folder / "__init__.py"
    yield folder / f"{parts[-1]}.py"
    yield folder / parts[-1] / "__init__.py"
