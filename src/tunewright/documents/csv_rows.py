"""CSV: each row is a passage of its own, with the names of its columns from the first row."""

from __future__ import annotations

import csv
import io

from tunewright.documents.blocks import Block, Parsed, UnreadableError, row_text

_DELIMITERS = ",;\t|"
_LONGEST_CELL_CHARS = 1_000_000


def parse_csv(text: str) -> Parsed:
    """Blocks of a table, one a row; places are lines of the file.

    Raises:
        UnreadableError: it is no table.
    """
    head = text[:8192]
    try:
        dialect: type[csv.Dialect] | str = csv.Sniffer().sniff(head, _DELIMITERS)
    except csv.Error:
        dialect = "excel"
    before = csv.field_size_limit(_LONGEST_CELL_CHARS)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), dialect, doublequote=True)
        header: list[str] = []
        blocks: list[Block] = []
        first = 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if not header:
                    header = cells
                elif row := row_text(header, cells):
                    blocks.append(Block("line", row, first, reader.line_num, alone=True))
            first = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableError(f"no readable table: {error}") from error
    finally:
        csv.field_size_limit(before)
    return Parsed(tuple(blocks), "line")
