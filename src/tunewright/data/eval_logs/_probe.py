"""A file that may be a log, read only as far as someone asks."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tunewright.data.eval_logs._cases import Json
from tunewright.errors import InputError

_ZIP = b"PK\x03\x04"
_FIRST_LINE_BYTES = 4_000_000


@dataclass(frozen=True)
class ScoreColumns:
    """Columns of a table of scores, as a person names them. None: the usual names, where they stand."""

    id: str = "id"
    score: str | None = None
    target: str = "target"
    answer: str = "answer"
    group: str | None = None
    human: str | None = None


@dataclass(frozen=True)
class LogProbe:
    """One file. Everything below is None where the file is not of that sort."""

    path: Path
    columns: ScoreColumns = ScoreColumns()

    @cached_property
    def is_zip(self) -> bool:
        """Whether it is an archive."""
        return self._head.startswith(_ZIP)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names inside the archive; none where it is no whole archive."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                return tuple(archive.namelist())
        except (zipfile.BadZipFile, OSError):
            return ()

    @cached_property
    def first_line(self) -> Json:
        """The JSON object on the first line, if a whole one stands there."""
        if self.is_zip or not self._head.lstrip().startswith(b"{"):
            return None
        with self.path.open("rb") as stream:
            line = stream.readline(_FIRST_LINE_BYTES)
            while line and not line.strip():
                line = stream.readline(_FIRST_LINE_BYTES)
        return _object(line)

    @cached_property
    def document(self) -> Json:
        """The JSON object that the whole file is, if it is one; an object per line is none, unless there is but one."""
        if self.is_zip or not self._head.lstrip().startswith(b"{"):
            return None
        return _object(self.path.read_bytes())

    def lines(self) -> Iterator[tuple[int, Json]]:
        """(number, object) of every line.

        Raises:
            InputError: a line is no JSON object.
        """
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if not line.strip():
                    continue
                value = _object(line)
                if value is None:
                    raise InputError(
                        "logs.broken_line",
                        "A line of the log is no JSON object.",
                        where=f"{self.path}:{number}",
                        why="A case that cannot be read would be lost from one side only.",
                        hint="The file may have been cut off while it was written: export it again.",
                    )
                yield number, value

    @cached_property
    def _head(self) -> bytes:
        if not self.path.is_file():
            return b""
        with self.path.open("rb") as stream:
            return stream.read(4096).removeprefix(b"\xef\xbb\xbf")


def _object(raw: bytes) -> Json:
    try:
        value = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
