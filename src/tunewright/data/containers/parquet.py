"""Parquet files, read in slices through polars. Lines are row numbers from 1, for there is no header row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tunewright.data.foreign import failure_of_reader
from tunewright.data.rows import BrokenRow, OpenTable, RawRow
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.data.containers import Probe

ORDER = 10
MAGIC = b"PAR1"
ROWS_PER_SLICE = 50_000


def recognise(probe: Probe) -> bool:
    return probe.head.startswith(MAGIC)


def open_container(probe: Probe, wanted: Sequence[str]) -> OpenTable:
    import polars as pl

    if probe.gzipped:
        raise _broken(probe, "it is gzipped; parquet has its own compression")
    with _damage_in_words(probe):
        frame = pl.scan_parquet(probe.path)
        columns = tuple(frame.collect_schema().names())
        height = int(frame.select(pl.len()).collect().item())

    def rows(_notes: list[str]) -> Iterator[RawRow | BrokenRow]:
        for start in range(0, height, ROWS_PER_SLICE):
            with _damage_in_words(probe):
                part = frame.slice(start, ROWS_PER_SLICE).collect()
            for offset, cells in enumerate(part.iter_rows(named=True)):
                yield RawRow(start + offset + 1, cells)

    return OpenTable("parquet", "binary", None, None, columns, True, height, rows)


@contextmanager
def _damage_in_words(probe: Probe) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        failure = failure_of_reader(error)
        if failure is None:
            raise
        raise _broken(probe, failure) from error


def _broken(probe: Probe, what: str) -> InputError:
    return InputError(
        "data.broken_parquet",
        f"{probe.path.name} is not a readable parquet file: {what}.",
        where=str(probe.path),
        hint="Write the file again.",
    )
