"""Walking JSON text with line numbers: what kind of JSON a file is, and the elements of its arrays one by one.

The two JSON containers call it. The standard json module parses every value; this file only keeps count of lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NoReturn

from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.data.containers import Probe

JsonKind = Literal["array", "object", "lines"]

# Larger files are read line by line only: a JSON document must be held in memory as a whole.
MAX_DOCUMENT_BYTES = 1_500_000_000
# A row of a conversation is an object of arrays too, and must not be taken for a file of arrays.
ROW_KEYS = frozenset({"messages", "conversations", "prompt", "completion"})
# So are these where they hold a text, an object, or messages; a column of a file of arrays holds a plain array.
TEXTS_OF_ROW = frozenset({"text", "instruction", "query", "schemaVersion"})
OBJECTS_OF_ROW = frozenset({"data", "fields", "input", "inputs", "request", "attributes", "chosen", "rejected"})
MESSAGES_OF_ROW = frozenset(
    {"contents", "conversation", "chosen", "rejected", "input", "preferred_output", "gen_ai.input.messages"}
)
MARKS_OF_TURNS = frozenset({"role", "from", "parts"})

_DECODER = json.JSONDecoder()
_WHITE = " \t\n\r"


def json_kind(probe: Probe) -> JsonKind | None:
    """Whether a text file is a JSON array, an object of arrays, or one object per line; None when it is not JSON."""
    start = probe.first_text
    after = start[1:].lstrip()[:1]
    if start[:1] == "[" and after and after in '[{"]-0123456789tfn':
        return "lines" if _is_value(_first_line(start)) and _has_more_lines(start) else "array"
    if start[:1] == "{" and after and after in "\"}'":
        return _kind_of_object(probe, start)
    return None


def _kind_of_object(probe: Probe, start: str) -> JsonKind:
    if _is_value(_first_line(start)) and _has_more_lines(start):
        return "lines"
    if probe.text.size_bytes > MAX_DOCUMENT_BYTES:
        return "lines"
    with probe.text.open() as stream:
        document = stream.read()
    try:
        value, end = _DECODER.raw_decode(document, _skip(document, 0))
    except (ValueError, RecursionError):
        return "lines"
    whole = not document[end:].strip()
    of_arrays = isinstance(value, dict) and any(isinstance(part, list) for part in value.values())
    return "object" if whole and of_arrays and not _is_row(value) else "lines"


def _is_row(value: dict[str, object]) -> bool:
    """Whether an object with arrays in it is one row rather than a file."""
    if ROW_KEYS & set(value) or any(isinstance(value.get(key), str) for key in TEXTS_OF_ROW):
        return True
    if "annotation_id" in value or any(isinstance(value.get(key), dict) for key in OBJECTS_OF_ROW):
        return True
    lists = [part for key in MESSAGES_OF_ROW if isinstance(part := value.get(key), list) and part]
    return any(all(isinstance(item, dict) and MARKS_OF_TURNS & set(item) for item in part) for part in lists)


def _first_line(start: str) -> str:
    return start.split("\n", 1)[0]


def _has_more_lines(start: str) -> bool:
    return bool(start.partition("\n")[2].strip())


def _is_value(line: str) -> bool:
    try:
        _, end = _DECODER.raw_decode(line)
    except (ValueError, RecursionError):
        return False
    return not line[end:].strip() or line[end:].lstrip()[:1] == "{"


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _WHITE:
        position += 1
    return position


class Walker:
    """A position in a JSON document, with the line it is on.

    Every failure raises ``InputError`` with line and column: a document is either whole or not readable.
    """

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.position = _skip(text, 0)
        self._counted_to = 0
        self._line = 1

    @property
    def line(self) -> int:
        """The line of the present position, from 1."""
        self._line += self.text.count("\n", self._counted_to, self.position)
        self._counted_to = self.position
        return self._line

    def peek(self) -> str:
        """The next character that is not white space, or an empty string at the end."""
        self.position = _skip(self.text, self.position)
        return self.text[self.position : self.position + 1]

    def take(self, character: str) -> bool:
        """Step over one character if it comes next."""
        if self.peek() != character:
            return False
        self.position += 1
        return True

    def value(self) -> object:
        """Parse the value that comes next."""
        self.peek()
        try:
            value, self.position = _DECODER.raw_decode(self.text, self.position)
        except json.JSONDecodeError as error:
            self.fail(error.msg, error.pos)
        except (ValueError, RecursionError) as error:
            self.fail(str(error), self.position)
        return value

    def elements(self) -> Iterator[tuple[int, object]]:
        """(line, value) of each element of the array that comes next; a comma before the end is forgiven."""
        if not self.take("["):
            self.fail("expected '['", self.position)
        while not self.take("]"):
            self.peek()
            line = self.line
            yield line, self.value()
            if not self.take(",") and self.peek() != "]":
                self.fail("expected ',' or ']'", self.position)

    def members(self) -> Iterator[str]:
        """The keys of the object that comes next; the caller must take each value before asking for the next key."""
        if not self.take("{"):
            self.fail("expected '{'", self.position)
        while not self.take("}"):
            key = self.value()
            if not isinstance(key, str) or not self.take(":"):
                self.fail("expected a name and ':'", self.position)
            yield key
            if not self.take(",") and self.peek() != "}":
                self.fail("expected ',' or '}'", self.position)

    def end(self) -> None:
        """Require that nothing follows."""
        if self.peek():
            self.fail("more text after the end of the JSON value", self.position)

    def fail(self, what: str, position: int) -> NoReturn:
        before = self.text[:position]
        line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
        raise InputError(
            "data.broken_json",
            f"{self.name} is not valid JSON: {what[:1].lower()}{what[1:]}.",
            where=f"{self.name}:{line}, column {column}",
            why="A JSON document is one whole; after a fault nothing of it can be trusted.",
            hint="Mend that place, or write one JSON object per line (jsonl), where one bad line costs one row.",
        )
