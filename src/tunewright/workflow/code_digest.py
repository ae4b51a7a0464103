"""Which source files make a kind of fit, and their digest: a part of the key of every fit.

Imports are followed from the file of the kind, also those inside functions, through the rooms whose code a fit runs.
Code that runs without being imported is taken in by hand: a worker's scripts with the sandbox, the whole engine with a
model.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tunewright.evaluation.graders.label import LabelGrader
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
    module = Path(inspect.getfile(module_of(kind)))
    digest = hashlib.sha256()
    for path in sorted(sources_of(module, engine=engine)):
        name = path.relative_to(PACKAGE).as_posix() if path.is_relative_to(PACKAGE) else path.name
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def sources_of(module: Path, *, engine: bool, package: Path = PACKAGE) -> set[Path]:
    """The file of a kind and all that it runs; ``engine`` with the rooms that load and train models."""
    label_grader = package / Path(inspect.getfile(LabelGrader)).relative_to(PACKAGE)
    found, open_files = set[Path](), [module, label_grader]
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
