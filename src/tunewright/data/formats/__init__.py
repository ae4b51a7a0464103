"""Formats: what the rows of a file mean (a table, conversations, prompt and completion), whatever file they stand in.

One file per row shape. A format module has ``ORDER`` (most specific first), ``NAME``, ``DESCRIPTION``, ``matches``
and ``convert``; it is found by listing this folder. How bytes become rows is the containers' business.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Protocol, cast

from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal


class Format(Protocol):
    """What a module of this folder offers."""

    ORDER: int
    NAME: str
    DESCRIPTION: str

    def matches(self, cells: Cells, columns: ColumnMap | None) -> bool:
        """Whether a row has this shape, given the columns a person named (None: none)."""
        ...

    def consumed(self, columns: ColumnMap | None) -> frozenset[str]:
        """Names of cells that end up in input or target, and so are no tags."""
        ...

    def convert(self, cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
        """Input messages and target of one row that matches."""
        ...


def all_formats() -> list[Format]:
    """Every format of this folder, most specific first."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [cast(Format, importlib.import_module(f"{__name__}.{name}")) for name in names]
    return sorted(modules, key=lambda module: module.ORDER)
