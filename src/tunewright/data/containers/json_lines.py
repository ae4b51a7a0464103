"""JSON lines: one object per line. Several objects on a line, or one object over several lines, are read as well."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from tunewright.data.containers.json_document import SAMPLE_ROWS, column_union, json_row
from tunewright.data.encoding import TextFile
from tunewright.data.json_text import json_kind
from tunewright.data.rows import BrokenRow, OpenTable, RawRow

if TYPE_CHECKING:
    from tunewright.data.containers import Probe

ORDER = 40
# An object that is not closed on its line may go on for so many lines (pretty-printed objects).
MAX_LINES_OF_OBJECT = 2_000

_DECODER = json.JSONDecoder()


def recognise(probe: Probe) -> bool:
    return json_kind(probe) == "lines"


def open_container(probe: Probe, wanted: Sequence[str]) -> OpenTable:
    text = probe.text

    def rows(notes: list[str]) -> Iterator[RawRow | BrokenRow]:
        return _rows(text, notes)

    sample = list(islice(rows([]), SAMPLE_ROWS))
    with text.open() as stream:
        bytes_seen = sum(len(line.encode("utf-8", "replace")) for line in islice(stream, len(sample)))
    about = round(text.size_bytes / max(1, bytes_seen) * len(sample))
    return OpenTable(
        "jsonl", text.encoding, None, None, column_union(iter(sample)), False, max(about, 1), rows, text.notes
    )


def _rows(text: TextFile, notes: list[str]) -> Iterator[RawRow | BrokenRow]:
    shared_lines = spread = 0
    with text.open() as stream:
        lines = _Lookahead(stream)
        for number, line in lines:
            if not line.strip():
                continue
            if text.is_damaged(line):
                yield BrokenRow(number, "data.bad_bytes", f"bytes that are not {text.encoding.upper()} text", line)
                continue
            values, error, rest = _values(line)
            if error and not values and line.lstrip()[:1] == "{":
                whole = _spread_object(lines, line)
                if whole is not None:
                    values, error, spread = [whole], None, spread + 1
            shared_lines += len(values) > 1
            for value in values:
                yield json_row(number, value)
            if error:
                yield BrokenRow(number, "data.bad_json", error, rest)
    if shared_lines:
        notes.append(f"{shared_lines} lines hold several objects; each was read as a row.")
    if spread:
        notes.append(f"{spread} objects run over several lines; each was read as a row.")


class _Lookahead:
    """Numbered lines of a stream, of which some can be looked at before they are taken."""

    def __init__(self, stream: Iterator[str]) -> None:
        self._stream = enumerate(stream, start=1)
        self._ahead: list[tuple[int, str]] = []

    def __iter__(self) -> _Lookahead:
        return self

    def __next__(self) -> tuple[int, str]:
        return self._ahead.pop(0) if self._ahead else next(self._stream)

    def look(self, index: int) -> str | None:
        """The line ``index`` places ahead, or None at the end."""
        while len(self._ahead) <= index:
            following = next(self._stream, None)
            if following is None:
                return None
            self._ahead.append(following)
        return self._ahead[index][1]

    def skip(self, count: int) -> None:
        del self._ahead[:count]


def _values(line: str) -> tuple[list[object], str | None, str]:
    """(values on the line, what is wrong with the rest, the rest)."""
    try:
        return [json.loads(line)], None, ""
    except (ValueError, RecursionError):
        pass
    values: list[object] = []
    position = 0
    while True:
        position += len(line[position:]) - len(line[position:].lstrip(" \t\r\n,"))
        if position >= len(line):
            return values, None, ""
        try:
            value, position = _DECODER.raw_decode(line, position)
        except json.JSONDecodeError as error:
            return values, f"not valid JSON at column {error.pos + 1}: {_plain(error.msg, line)}", line[position:]
        except (ValueError, RecursionError) as error:
            return values, f"not readable JSON at column {position + 1}: {error}", line[position:]
        values.append(value)


def _plain(message: str, line: str) -> str:
    lower = message[:1].lower() + message[1:]
    if line.lstrip().startswith("{'"):
        return f"{lower} (single quotes are Python's way of printing, not JSON)"
    return lower


def _spread_object(lines: _Lookahead, first: str) -> object | None:
    """An object that begins on ``first`` and ends on a later line; takes its lines when there is one."""
    parts = [first]
    for index in range(MAX_LINES_OF_OBJECT):
        following = lines.look(index)
        if following is None or following[:1] == "{":
            return None
        parts.append(following)
        if following[:1] != "}":
            continue
        try:
            value: object = json.loads("".join(parts))
        except (ValueError, RecursionError):
            continue
        lines.skip(index + 1)
        return value
    return None
