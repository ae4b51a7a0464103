"""The small types that readers pass to one another: raw rows, broken rows, opened tables, the column map.

No file is opened here. Containers make ``RawRow`` and ``BrokenRow``, formats turn a raw row into a ``Draft`` or a
``Refusal``, and ``read`` makes examples and ``SetAside`` of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tunewright.records.example import Message, Source, ToolCall

Cells = Mapping[str, object]

# A cell longer than this is a file in a cell, not a case; no model reads it and it would fill memory.
MAX_CELL_CHARS = 1_000_000


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which columns of a person's table mean what.

    Several input columns are joined with a newline, each preceded by its name. ``critical`` names a yes/no column.
    """

    input: tuple[str, ...]
    target: str | None = None
    id: str | None = None
    group: str | None = None
    time: str | None = None
    critical: str | None = None

    def named(self) -> tuple[tuple[str, str], ...]:
        """(role, column name) of every column that is named, input columns first."""
        others = (("target", self.target), ("id", self.id), ("group", self.group), ("time", self.time))
        pairs = [("input", name) for name in self.input]
        pairs += [(role, name) for role, name in (*others, ("critical", self.critical)) if name is not None]
        return tuple(pairs)


class RawRow(NamedTuple):
    """One row as its container holds it; ``line`` counts from 1."""

    line: int
    cells: Cells


class BrokenRow(NamedTuple):
    """A row that its container could not read."""

    line: int
    code: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A file whose container is known and whose rows can be read, once or several times.

    ``rows`` is called with a list that it appends plain notes to. ``columns`` are the names in the header, or those of
    the first rows where the container has no header. ``uniform`` says that every row has all the columns.
    ``repeated_names`` are header names that occur more than once.
    """

    container: str
    encoding: str
    delimiter: str | None
    sheet: str | None
    columns: tuple[str, ...]
    uniform: bool
    rows_about: int
    rows: Callable[[list[str]], Iterator[RawRow | BrokenRow]]
    notes: tuple[str, ...] = ()
    repeated_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that could not be used, kept with the reason."""

    source: Source
    code: str
    reason: str
    raw: str


class Draft(NamedTuple):
    """What a format makes of a row: the input messages and the target as found (None where there is none).

    Conversations also have the tools offered, the calls that the target makes, and its weight in training. ``rejected``
    is the other answer of a preference pair. ``tags`` are what the row says beyond that, where it stands inside a
    part that is no column of its own. ``remarks`` say how the row was read, in words that are the same for many rows:
    they are counted, and told once. ``used`` are columns that input or target took in this row alone.
    """

    messages: tuple[Message, ...]
    target: object
    tools: tuple[str, ...] = ()
    target_calls: tuple[ToolCall, ...] = ()
    target_weight: float | None = None
    rejected: tuple[Message, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    used: frozenset[str] = frozenset()


class Refusal(NamedTuple):
    """Why a format cannot use a row: a stable code and a plain reason.

    ``subject`` is the thing at fault where many rows may share it (an unknown role), so that it can be counted.
    """

    code: str
    reason: str
    subject: str = ""


class Written(NamedTuple):
    """What a format makes of an example in writing: the row, and the names of the tags that it holds already.

    ``outdated`` are tags that no longer say what the example says, and were written anew.
    """

    cells: dict[str, object]
    tags_used: frozenset[str] = frozenset()
    outdated: frozenset[str] = frozenset()
