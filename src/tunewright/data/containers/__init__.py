"""Containers: what a file is made of (csv, xlsx, parquet, json, jsonl), decided by its bytes and never by its name.

One file per container. A container module has ``ORDER`` (lowest is asked first), ``recognise(probe)`` and
``open_container(probe, wanted)``; it is found by listing this folder. What the rows mean is the formats' business.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, cast

from tunewright.data.encoding import TextFile, probe_text, read_head
from tunewright.data.rows import OpenTable
from tunewright.errors import InputError


@dataclass(frozen=True)
class Probe:
    """The first bytes of a file, and its encoding once a text container asks for it.

    ``sheet`` is the sheet of a workbook that the person named.
    """

    path: Path
    head: bytes
    gzipped: bool
    sheet: str | None = None

    @cached_property
    def text(self) -> TextFile:
        """The file as text. Raises ``InputError`` when it is not text."""
        return probe_text(self.path, self.head, self.gzipped)

    @cached_property
    def first_text(self) -> str:
        """The first characters, without leading white space."""
        with self.text.open() as stream:
            start = stream.read(len(self.head))
            while start and not start.strip():
                start = stream.read(len(self.head))
        return start.lstrip()


class Container(Protocol):
    """What a module of this folder offers."""

    ORDER: int

    def recognise(self, probe: Probe) -> bool:
        """Whether the file is this container."""
        ...

    def open_container(self, probe: Probe, wanted: Sequence[str]) -> OpenTable:
        """Open it; ``wanted`` are column names that the person gave, which settle doubts."""
        ...


def open_table(path: Path, wanted: Sequence[str] = ()) -> OpenTable:
    """Find the container of a file and open it; ``book.xlsx#Sheet2`` is that sheet of a workbook.

    Raises:
        InputError: there is no such file, it is empty, no container knows it, or it has no such sheet.
    """
    path, sheet = file_and_sheet(path)
    _require_file(path)
    probe = Probe(path, b"", False) if path.is_dir() else Probe(path, *read_head(path), sheet)
    if not probe.head and not path.is_dir():
        raise _empty(path)
    for container in _containers():
        if container.recognise(probe):
            opened = container.open_container(probe, wanted)
            if sheet is not None and opened.sheet != sheet:
                raise InputError(
                    "data.no_sheets",
                    f"{path.name} has no sheets, so '#{sheet}' names nothing.",
                    where=str(path),
                    hint=f"Name the file alone: {path.name}",
                )
            return opened
    raise InputError(
        "data.unknown_container",
        f"{path.name} is none of the kinds of file that can be read.",
        where=str(path),
        hint="Export the data as csv, xlsx, parquet, json or jsonl.",
    )


def file_and_sheet(path: Path) -> tuple[Path, str | None]:
    """The file of ``book.xlsx#Sheet2`` and the sheet; a file that is called so itself is that file, without a sheet."""
    if "#" not in path.name or path.exists():
        return path, None
    for place in (place for place, sign in enumerate(path.name) if sign == "#" and place):
        file, sheet = path.with_name(path.name[:place]), path.name[place + 1 :]
        if sheet and file.is_file():
            return file, sheet
    return path, None


def _containers() -> list[Container]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [cast(Container, importlib.import_module(f"{__name__}.{name}")) for name in names]
    return sorted(modules, key=lambda module: module.ORDER)


def _require_file(path: Path) -> None:
    if path.is_dir():
        from tunewright.data.containers.hf_dataset import is_dataset

        if is_dataset(path):
            return
        inside = sorted(p.name for p in path.iterdir() if p.is_file())[:5]
        listing = f"It holds {', '.join(inside)}." if inside else "It holds no files."
        raise InputError(
            "data.is_folder", f"{path} is a folder, not a file.", where=str(path), hint=f"Name one file. {listing}"
        )
    if not path.exists():
        raise InputError("data.missing_file", f"There is no file {path}.", where=str(path), hint=_nearby(path))


def _nearby(path: Path) -> str:
    from rapidfuzz import process

    if not path.parent.is_dir():
        return f"The folder {path.parent} does not exist either. Check the path."
    names = [p.name for p in path.parent.iterdir() if p.is_file()]
    best = process.extractOne(path.name, names, score_cutoff=60)
    return f"Did you mean {path.parent / best[0]}?" if best else "Check the path."


def _empty(path: Path) -> InputError:
    return InputError(
        "data.empty_file", f"{path.name} is empty.", where=str(path), hint="Check that the export finished."
    )
