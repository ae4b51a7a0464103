"""The decoders that travel inside the package: their folders by name, each file checked against its pinned digest.

A model ``<name>`` is a folder ``<name>/`` beside this file, with ``<name>.json`` that pins the SHA-256 of its files;
replacing a model changes those two and nothing else. ``decoder.locate_decoder`` asks here first; nothing is fetched.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

from tunewright.errors import InputError, WorkError
from tunewright.language.files import file_digest

_HERE = Path(__file__).parent


def names_in(folder: Path) -> tuple[str, ...]:
    """The names of the models in a folder: those with both a folder and a file of digests."""
    return tuple(sorted(path.stem for path in folder.glob("*.json") if path.with_suffix("").is_dir()))


EMBEDDED = names_in(_HERE)


def embedded_folder(name: str, root: Path = _HERE) -> Path:
    """The folder of an embedded model, all its pinned files checked (once a process).

    Args:
        name: one of ``EMBEDDED``, such as ``wren``.
        root: where models lie; for tests.

    Raises:
        InputError: there is no embedded model of this name.
        WorkError: a file is missing or is not the one that was pinned.
    """
    known = names_in(root)
    if name not in known:
        raise InputError(
            "embedded.unknown",
            f"There is no embedded model '{name}'.",
            hint=f"Embedded models: {', '.join(known) or 'none in this build'}. A folder or a hub id also works.",
        )
    _check(root / name, root / f"{name}.json")
    return root / name


@functools.cache
def _check(folder: Path, pins: Path) -> None:
    pinned: dict[str, str] = json.loads(pins.read_text("utf-8"))["sha256"]
    for file, expected in pinned.items():
        path = folder / file
        found = file_digest(path) if path.is_file() else "nothing"
        if found != expected:
            raise WorkError(
                "embedded.damaged",
                "A file of an embedded model is not the one that belongs to this version.",
                where=f"{path}: found {found}, expected {expected}",
                why="Figures and adapters are tied to exactly these weights.",
                hint="Install the package again.",
            )
