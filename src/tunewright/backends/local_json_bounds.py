"""How far JSON may run: strings, numbers and lists that have grown beyond all reason must end.

A grammar allows a number of a million digits, and a small model writes it. The text is followed byte by byte; where a
bound is passed, tokens that would go on are taken out of the mask, unless nothing else is allowed: the result stays
within the grammar. Called by ``local_constraints``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

STRING_BYTES = 400
NUMBER_BYTES = 16
LIST_ITEMS = 64
_DEPTH = 16
_SCHEMA_MAPS = frozenset({"properties", "$defs", "definitions", "patternProperties"})
_SCHEMA_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SCHEMAS = frozenset({"items", "additionalProperties"})
_COMBINING = frozenset(
    {"allOf", "anyOf", "oneOf", "$ref", "if", "not", "additionalProperties", "patternProperties"}
    | {"minProperties", "unevaluatedProperties", "dependentSchemas", "dependentRequired"}
)
_NUMBER = frozenset(b"0123456789.eE+-")
_QUOTE, _ESCAPE, _COMMA = b'"'[0], b"\\"[0], b","[0]
_OPEN_LIST, _OPEN_OBJECT, _CLOSING = b"["[0], b"{"[0], frozenset(b"]}")


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a string, a number and a list or map must end, and how deep they may nest; a schema that names larger sizes
    itself has its way."""

    string_bytes: int = STRING_BYTES
    number_bytes: int = NUMBER_BYTES
    items: int = LIST_ITEMS
    depth: int = _DEPTH

    @classmethod
    def of(cls, schema: object) -> Limits:
        """The limits for a schema."""
        text = _largest(schema, {"minLength", "maxLength"})
        items = _largest(schema, {"minItems", "maxItems", "minProperties", "maxProperties"})
        texts = max((len(value.encode("utf-8", "replace")) for value in _texts(schema)), default=0)
        return cls(max(STRING_BYTES, 4 * text, texts), items=max(LIST_ITEMS, items))


@dataclass(frozen=True, slots=True)
class TokenKinds:
    """The tokens of a vocabulary ``[V]`` by what they do to JSON.

    ``texts`` are their bytes; ``number``: begins like the rest of a number; ``closes``: ends a string in which it
    begins; ``comma``, ``opens``: has such a byte anywhere.
    """

    texts: Sequence[bytes]
    number: Mask
    closes: Mask
    comma: Mask
    opens: Mask

    @classmethod
    def of(cls, texts: Sequence[bytes]) -> TokenKinds:
        """Sort the tokens of a vocabulary, given by their bytes."""
        return cls(
            texts,
            np.array([text[:1] != b"" and text[0] in _NUMBER for text in texts], dtype=np.bool_),
            np.array([_closes(text) for text in texts], dtype=np.bool_),
            np.array([b"," in text for text in texts], dtype=np.bool_),
            np.array([b"[" in text or b"{" in text for text in texts], dtype=np.bool_),
        )


class JsonBounds:
    """Follows one JSON text."""

    def __init__(self, kinds: TokenKinds, limits: Limits) -> None:
        self._kinds, self._limits = kinds, limits
        self._in_string = self._escaped = False
        self._string = self._number = 0
        self._commas: list[int] = []

    def take(self, token: int) -> None:
        """A token was written."""
        for byte in self._kinds.texts[token]:
            self._advance(byte)

    def narrowed(self, allowed: Mask) -> Mask:
        """The mask ``[V]`` without the tokens that would go on too far, where others are left."""
        kinds, limits = self._kinds, self._limits
        if self._in_string:
            too_long = self._string >= limits.string_bytes and not self._escaped
            return _unless_empty(allowed, allowed & kinds.closes) if too_long else allowed
        if self._number >= limits.number_bytes:
            allowed = _unless_empty(allowed, allowed & ~kinds.number)
        if self._commas and self._commas[-1] + 1 >= limits.items:
            allowed = _unless_empty(allowed, allowed & ~kinds.comma)
        if len(self._commas) >= limits.depth:
            allowed = _unless_empty(allowed, allowed & ~kinds.opens)
        return allowed

    def _advance(self, byte: int) -> None:
        if self._in_string:
            self._string += 1
            if self._escaped:
                self._escaped = False
            elif byte == _ESCAPE:
                self._escaped = True
            elif byte == _QUOTE:
                self._in_string = False
            return
        self._number = self._number + 1 if byte in _NUMBER else 0
        if byte == _QUOTE:
            self._in_string, self._string = True, 0
        elif byte in (_OPEN_LIST, _OPEN_OBJECT):
            self._commas.append(0)
        elif byte in _CLOSING and self._commas:
            self._commas.pop()
        elif byte == _COMMA and self._commas:
            self._commas[-1] += 1


def closed(schema: object, *, free: bool = True) -> object:
    """The same schema without properties that it does not name: a small model would invent them for ever.

    Where a schema says itself what may be added, or is put together from parts that could name more, it stays as it is.

    Args:
        free: whether nothing outside this part adds properties to the same object.
    """
    if not isinstance(schema, dict):
        return schema
    alone = not any(key in schema for key in _COMBINING)
    inner_free = free and "properties" not in schema
    made: dict[str, object] = {}
    for key, value in schema.items():
        if key in _SCHEMA_MAPS and isinstance(value, dict):
            made[key] = {name: closed(part) for name, part in value.items()}
        elif key in _SCHEMA_LISTS and isinstance(value, list):
            own = key == "prefixItems"
            made[key] = [closed(part, free=own or (inner_free and key != "allOf")) for part in value]
        else:
            made[key] = closed(value) if key in _SCHEMAS else value
    named = schema.get("properties")
    if free and alone and isinstance(named, dict) and set(schema.get("required") or ()) <= set(named):
        made["additionalProperties"] = False
    return made


def _unless_empty(before: Mask, after: Mask) -> Mask:
    return after if after.any() else before


def _closes(text: bytes) -> bool:
    escaped = False
    for byte in text:
        if escaped:
            escaped = False
        elif byte == _ESCAPE:
            escaped = True
        elif byte == _QUOTE:
            return True
    return False


def _largest(schema: object, names: set[str]) -> int:
    """The largest whole number under one of some keys, anywhere in a schema."""
    found = [0]
    for value in _parts(schema):
        if isinstance(value, dict):
            found += [int(inner) for name, inner in value.items() if name in names and isinstance(inner, int | float)]
    return max(found)


def _texts(schema: object) -> Iterator[str]:
    """Texts that a schema spells out, as names, constants or choices."""
    for value in _parts(schema):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from (str(name) for name in value)


def _parts(schema: object) -> Iterator[object]:
    waiting = [schema]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
