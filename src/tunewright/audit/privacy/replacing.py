"""Finding known strings in a text, however many there are, and writing others in their place; JSON stays JSON."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import TypedDict

_CHUNK = re.compile(r"\w+")
Place = tuple[int, int, str]


class KnownStrings:
    """Strings and what stands for them; ``find`` takes time in proportion to the text, not to the number of strings."""

    def __init__(self, stand_ins: Mapping[str, str]) -> None:
        self._by_chunk: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
        for string, stand_in in stand_ins.items():
            chunk = _CHUNK.search(string)
            if chunk is not None:
                self._by_chunk[chunk[0]].append((string, chunk.start(), stand_in))
        for entries in self._by_chunk.values():
            entries.sort(key=lambda entry: (-len(entry[0]), entry[0]))

    def find(self, text: str) -> list[Place]:
        """(start, end, stand-in) of every known string that stands alone in the text; the longest one at a place."""
        found: list[Place] = []
        done = 0
        for chunk in _CHUNK.finditer(text) if self._by_chunk else ():
            for string, offset, stand_in in self._by_chunk.get(chunk[0], ()):
                start = chunk.start() - offset
                end = start + len(string)
                if start >= done and text.startswith(string, start) and not _goes_on(text, string, end):
                    found.append((start, end, stand_in))
                    done = end
                    break
        return found


def written(text: str, places: list[Place]) -> str:
    """The text with the stand-ins at these places, which do not overlap and come in order."""
    parts, done = [], 0
    for start, end, stand_in in places:
        parts += [text[done:start], stand_in]
        done = end
    return "".join([*parts, text[done:]])


class JsonStyle(TypedDict):
    """The options of ``json.dumps`` that write a value as it stood."""

    ensure_ascii: bool
    separators: tuple[str, str]
    indent: int | None


def as_json(text: str) -> tuple[object, JsonStyle] | None:
    """The value of a JSON object or array and the options that write it as it was; None for any other text."""
    if text[:1] not in ("{", "["):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    for separators in ((",", ":"), (", ", ": ")):
        for ascii_only in (False, True):
            for indent in (None, 2, 4):
                style: JsonStyle = {"ensure_ascii": ascii_only, "separators": separators, "indent": indent}
                if json.dumps(value, **style) == text:
                    return value, style
    return None


def strings_in(text: str) -> list[str]:
    """The strings and names of fields of a JSON object or array; any other text is one string."""
    parsed = as_json(text)
    if parsed is None:
        return [text]
    found, left = [], [parsed[0]]
    while left:
        value = left.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            left += [*value, *value.values()]
        elif isinstance(value, list):
            left += value
    return found


def in_json(value: object, known: KnownStrings) -> object:
    """The JSON value with known strings replaced inside its strings, its keys and its whole numbers."""
    if isinstance(value, str):
        return written(value, known.find(value))
    if isinstance(value, list):
        return [in_json(part, known) for part in value]
    if isinstance(value, dict):
        return {str(in_json(name, known)): in_json(part, known) for name, part in value.items()}
    if isinstance(value, int) and not isinstance(value, bool):
        text = written(str(value), known.find(str(value)))
        return int(text) if re.fullmatch(r"-?\d+", text) else text
    return value


def _goes_on(text: str, string: str, end: int) -> bool:
    return string[-1].isalnum() and text[end : end + 1].isalnum()
