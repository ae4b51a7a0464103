"""The file that ``predict`` writes its answers to: opened before the first call, filled as answers come.

What was answered before a stop is kept. A csv file grows on the disk with every batch; a workbook can only be written
as a whole, so its place is held by an empty file until the end, or the stop. Called by ``workflow.predict``.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TextIO

from tunewright.data.own_tables import guard
from tunewright.data.rows import SetAside
from tunewright.errors import InputError
from tunewright.records.answers import Answer
from tunewright.records.example import Example
from tunewright.workflow.recorded.answer_table import COLUMNS, WORKBOOK, AnswerTable, Line, check_output


class AnswerFile:
    """A new file of answers. As a context it is finished at the end, also after an error, unless nothing was answered:
    then it is taken away again.

    Raises:
        InputError: the file exists, its ending is neither .csv nor .xlsx, or nothing can be written there.
    """

    def __init__(self, path: Path) -> None:
        check_output(path)
        self._path = path
        self._lines: list[Line] = []
        self._answers = 0
        self._stream = _open_new(path)

    def __enter__(self) -> AnswerFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        if kind is not None and not self._answers:
            self._stream.close()
            self._path.unlink(missing_ok=True)
            return
        self._stream.close()
        if self._path.suffix == WORKBOOK:
            self._write_workbook()

    @property
    def answers(self) -> int:
        """How many answers stand in it."""
        return self._answers

    def add(self, examples: Sequence[Example], answers: Sequence[Answer], set_aside: Sequence[SetAside]) -> None:
        """Write answered rows and rows set aside, by their line."""
        lines = AnswerTable.of(examples, answers, set_aside).lines
        if self._path.suffix == WORKBOOK:
            self._lines += lines
        else:
            writer = csv.writer(self._stream)
            writer.writerows([guard(cell) if isinstance(cell, str) else cell for cell in line] for line in lines)
            self._stream.flush()
        self._answers += len(answers)

    def _write_workbook(self) -> None:
        with tempfile.TemporaryDirectory(dir=self._path.parent) as folder:
            whole = Path(folder) / self._path.name
            AnswerTable(tuple(self._lines)).write(whole)
            whole.replace(self._path)


def in_batches(
    examples: Sequence[Example], set_aside: Sequence[SetAside], rows: int
) -> Iterator[tuple[list[Example], list[SetAside]]]:
    """Examples in the order of their lines, ``rows`` at a time, each time with the rows set aside that stand before the
    next ones."""
    ordered = sorted(examples, key=lambda one: one.source.line)
    aside = sorted(set_aside, key=lambda one: one.source.line)
    for start in range(0, max(len(ordered), 1), rows):
        after = ordered[start + rows : start + rows + 1]
        before_next = [one for one in aside if not after or one.source.line < after[0].source.line]
        aside = aside[len(before_next) :]
        yield ordered[start : start + rows], before_next


def _open_new(path: Path) -> TextIO:
    try:
        stream = path.open("x", encoding="utf-8-sig", errors="backslashreplace", newline="")
    except OSError as error:
        raise InputError(
            "output.unwritable",
            f"The output cannot be written: {error.strerror or error}.",
            where=str(path),
            hint="Name another place with --output FILE.",
        ) from None
    if path.suffix != WORKBOOK:
        csv.writer(stream).writerow(COLUMNS)
        stream.flush()
    return stream
