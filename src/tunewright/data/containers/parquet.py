"""Parquet files, read in slices through polars. Lines are row numbers from 1, for there is no header row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tunewright.data.foreign import failure_of_reader
from tunewright.data.rows import BrokenRow, OpenTable, RawRow
from tunewright.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from tunewright.data.containers import Probe

ORDER = 10
MAGIC = b"PAR1"
ROWS_PER_SLICE = 50_000


def recognise(probe: Probe) -> bool:
    return probe.head.startswith(MAGIC)


def open_container(probe: Probe, wanted: Sequence[str]) -> OpenTable:
    import polars as pl

    if probe.gzipped:
        gzipped = "it is gzipped; parquet has its own compression"
        raise _broken(probe.path.name, str(probe.path), gzipped, "data.broken_parquet", "parquet file")
    with damage_in_words(probe.path.name, str(probe.path)):
        frame = pl.scan_parquet(probe.path)
        schema = frame.collect_schema()
        height = int(frame.select(pl.len()).collect().item())

    columns, lists = tuple(schema.names()), struct_lists(schema)

    def rows(_notes: list[str]) -> Iterator[RawRow | BrokenRow]:
        for start in range(0, height, ROWS_PER_SLICE):
            with damage_in_words(probe.path.name, str(probe.path)):
                part = frame.slice(start, ROWS_PER_SLICE).collect()
            for offset, cells in enumerate(part.iter_rows(named=True)):
                for name in lists:
                    cells[name] = without_none(cells[name])
                yield RawRow(start + offset + 1, cells)

    return OpenTable("parquet", "binary", None, None, columns, True, height, rows)


def struct_lists(schema: Mapping[str, pl.DataType]) -> list[str]:
    """Columns that hold lists of objects somewhere: conversations, tools, logged calls."""
    return [name for name, kind in schema.items() if "List(Struct" in str(kind)]


def without_none(value: object) -> object:
    """The value without keys that are None: all objects of a column have the same keys there, filled or not."""
    if isinstance(value, dict):
        return {key: without_none(part) for key, part in value.items() if part is not None}
    return [without_none(item) for item in value] if isinstance(value, list) else value


@contextmanager
def damage_in_words(
    name: str, where: str, code: str = "data.broken_parquet", what: str = "parquet file"
) -> Iterator[None]:
    """Turn failures of the compiled reader into ``InputError``."""
    try:
        yield
    except BaseException as error:
        failure = None if isinstance(error, InputError) else failure_of_reader(error)
        if failure is None:
            raise
        raise _broken(name, where, failure, code, what) from error


def _broken(name: str, where: str, failure: str, code: str, what: str) -> InputError:
    return InputError(code, f"{name} is not a readable {what}: {failure}.", where=where, hint="Write the file again.")
