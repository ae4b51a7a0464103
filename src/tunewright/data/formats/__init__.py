"""Formats: what the rows of a file mean (a table, conversations, preference pairs), whatever file they stand in.

One file per row shape, which reads it and writes it. A format module has the names of ``Format``; it is found by
listing this folder. Files whose names begin with an underscore are what several formats share. How bytes become rows is
the containers' business, and how rows become files that of ``data.writers``.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache
from typing import Literal, Protocol, cast

from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.errors import InputError
from tunewright.records.example import Example

Use = Literal["labels", "texts", "questions"]
"""What a file is read for: labels to learn, texts to learn, or inputs to be answered."""

EVERY_USE: frozenset[Use] = frozenset({"labels", "texts", "questions"})
TEXT_USES: frozenset[Use] = frozenset({"texts", "questions"})


def none_named(columns: ColumnMap | None) -> bool:
    """Whether the person left input and target to the shape of the rows."""
    return columns is None or not (columns.input or columns.target)


class Format(Protocol):
    """What a module of this folder offers.

    ``ORDER`` puts the most specific first, ``USES`` says when the shape is looked for. Formats of one ``FAMILY`` may
    stand in one file, for the more specific reads the rows of the less specific as well; one that is ``ALONE`` counts
    only where nearly every row has its shape.
    """

    ORDER: int
    NAME: str
    DESCRIPTION: str
    USES: frozenset[Use]
    FAMILY: str
    ALONE: bool

    def matches(self, cells: Cells, columns: ColumnMap | None) -> bool:
        """Whether a row has this shape, given the columns a person named (None: none)."""
        ...

    def consumed(self, columns: ColumnMap | None) -> frozenset[str]:
        """Names of cells that end up in input or target, and so are no tags."""
        ...

    def convert(self, cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
        """Input messages and target of one row; a row that does not match is refused."""
        ...

    def write(self, example: Example, columns: ColumnMap) -> Written | Refusal:
        """The row of an example, or what this format cannot hold.

        Whatever else the row loses is found by reading it again, so only what cannot be laid out is refused here.
        """
        ...


@cache
def _modules() -> tuple[Format, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    modules = [cast(Format, importlib.import_module(f"{__name__}.{name}")) for name in names]
    return tuple(sorted(modules, key=lambda module: module.ORDER))


def all_formats(use: Use | None = None) -> list[Format]:
    """Every format that is looked for under a use (None: all there are), most specific first."""
    return [module for module in _modules() if use is None or use in module.USES]


def format_named(name: str) -> Format:
    """The format of this name.

    Raises:
        InputError: there is none, with the nearest name.
    """
    by_name = {module.NAME: module for module in _modules()}
    found = by_name.get(name)
    if found is not None:
        return found
    near = difflib.get_close_matches(name, by_name, n=1, cutoff=0.5)
    raise InputError(
        "data.unknown_format",
        f"There is no format '{name}'.",
        where=name,
        hint=(f"Did you mean '{near[0]}'? " if near else "") + f"The formats are: {', '.join(by_name)}.",
    )
