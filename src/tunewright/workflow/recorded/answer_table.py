"""Writing the answers of ``predict`` beside the texts they belong to, as csv or as a real workbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tunewright.data.own_tables import ANSWERS, LED_TO, write_rows
from tunewright.data.rows import SetAside
from tunewright.errors import InputError
from tunewright.records.answers import Answer
from tunewright.records.example import Example
from tunewright.workflow.report import require_new

WORKBOOK = ".xlsx"
SUFFIXES = (".csv", WORKBOOK)
# More than this does not fit into a cell of a workbook.
MAX_CELL_CHARS = 32_767

COLUMNS = (*ANSWERS, LED_TO)
Line = tuple[int, str, str, str, float | None, str, str, str]


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """One line per row of the input, in its order: nothing is dropped."""

    lines: tuple[Line, ...]

    @staticmethod
    def of(examples: Sequence[Example], answers: Sequence[Answer], set_aside: Sequence[SetAside]) -> AnswerTable:
        """Answered rows and rows set aside together."""
        lines: list[Line] = [
            (e.source.line, e.row_id, e.text, a.text or "", a.confidence, a.status.value, a.detail, a.trace)
            for e, a in zip(examples, answers, strict=True)
        ]
        lines += [(s.source.line, str(s.source), s.raw, "", None, "set_aside", s.reason, "") for s in set_aside]
        return AnswerTable(tuple(sorted(lines, key=lambda line: line[0])))

    def write(self, path: Path) -> None:
        """Write a new file; the ending says which kind."""
        check_output(path)
        if path.suffix == WORKBOOK:
            self._write_workbook(path)
            return
        with path.open("x", encoding="utf-8-sig", errors="backslashreplace", newline="") as stream:
            write_rows(stream, COLUMNS, self.lines)

    def _write_workbook(self, path: Path) -> None:
        import xlsxwriter

        with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
            sheet = book.add_worksheet("answers")
            sheet.write_row(0, 0, COLUMNS)
            for number, line in enumerate(self.lines, start=1):
                cells = [value[:MAX_CELL_CHARS] if isinstance(value, str) else value for value in line]
                sheet.write_row(number, 0, cells)


def check_output(path: Path) -> None:
    """Refuse an ending that is neither .csv nor .xlsx, and a file that exists, before any work is done.

    Raises:
        InputError: says which.
    """
    if path.suffix not in SUFFIXES:
        raise InputError("predict.format", "The output must end in .csv or .xlsx.", where=str(path))
    require_new(path)
