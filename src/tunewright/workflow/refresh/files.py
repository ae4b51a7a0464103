"""The files of a refresh, beside the person's own: the new test, and where needed new rows to learn from.

Rows are copied as they stand in their files, all columns included; nothing is written in place or over anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.workflow.reviewing.row_copy import FileRows, kind_of_copy, read_rows, write_copy
from tunewright.workflow.reviewing.write_back import SUFFIXES

_ENDINGS = {**SUFFIXES, "xlsx": ".xlsx", "parquet": ".parquet"}


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one file that go into a new one, by their lines; None takes every row."""

    path: Path
    lines: frozenset[int] | None

    def rows(self) -> tuple[FileRows, list[Mapping[str, object]]]:
        """The file and the cells of the rows, in its order."""
        file = read_rows(self.path)
        return file, [dict(row.cells) for row in file.rows if self.lines is None or row.line in self.lines]


def lines_of(examples: Sequence[Example]) -> frozenset[int]:
    """The lines on which examples of one file stand in it."""
    return frozenset(example.source.line for example in examples)


def free_path(folder: Path, stem: str, word: str, like: Path) -> Path:
    """``tickets.test.csv``, or the first free ``tickets.test-2.csv``; of the kind of file that its rows come from."""
    ending = _ENDINGS.get(read_rows(like).table.container, ".jsonl")
    if like.suffix in (".tsv", ".txt", ".ndjson") and ending in (".csv", ".jsonl"):
        ending = like.suffix
    paths = (folder / f"{stem}.{word}{'' if n == 1 else f'-{n}'}{ending}" for n in _numbers())
    return next(path for path in paths if not path.exists())


def _numbers() -> Iterator[int]:
    number = 1
    while True:
        yield number
        number += 1


def write_together(sources: Sequence[Source], output: Path) -> int:
    """Write rows of several files into one of the kind of the first; returns how many.

    Raises:
        InputError: the output is there already, or the columns do not go together.
    """
    if output.exists():
        raise InputError("write.exists", "There is such a file already.", where=str(output))
    (first, rows), *others = [source.rows() for source in sources]
    for other, more in others:
        missing = [name for name in other.table.columns if name not in first.table.columns]
        if first.table.uniform and missing and any(row.get(name) for row in more for name in missing):
            raise InputError(
                "refresh.columns",
                f"{other.path.name} has columns that {first.path.name} does not have: {', '.join(missing[:5])}.",
                where=str(other.path),
                why="Their values would be lost in the new file.",
                hint="Give both files the same columns.",
            )
        rows += more
    kind = kind_of_copy(first, output)
    # Its ending stays: a file is read back by what its name says.
    temporary = output.with_name(f".new-{output.name}")
    try:
        write_copy(first, rows, temporary, kind)
        temporary.rename(output)
    finally:
        temporary.unlink(missing_ok=True)
    return len(rows)
