"""Whether a JSON value fits a JSON schema, for the part of the language that tools and answers are declared in.

Known: type, enum, const, properties, required, additionalProperties, items, prefixItems, anyOf, oneOf, allOf, $ref into
the schema itself, minimum, maximum, their exclusive forms, minLength, maxLength, minItems, maxItems, uniqueItems,
pattern, nullable. Other words are ignored, so that a value is called wrong only where it is. Called by the audit of
tool calls and by the grader of JSON answers.
Source: JSON Schema 2020-12, Validation vocabulary.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import cast

import regex

Schema = Mapping[str, object]
MAX_DEPTH = 40
# Some patterns take for ever on some texts; then the text is not called wrong.
PATTERN_SECONDS = 0.5
_TYPES: dict[str, Callable[[object], bool]] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "integer": lambda v: (isinstance(v, int) and not isinstance(v, bool)) or (isinstance(v, float) and v.is_integer()),
}
_BOUNDS: tuple[tuple[str, Callable[[float, float], bool], str], ...] = (
    ("minimum", lambda value, bound: value >= bound, "is smaller than"),
    ("maximum", lambda value, bound: value <= bound, "is larger than"),
    ("exclusiveMinimum", lambda value, bound: value > bound, "is not larger than"),
    ("exclusiveMaximum", lambda value, bound: value < bound, "is not smaller than"),
)


def misfits(value: object, schema: object) -> Iterator[str]:
    """Plain sentences on where a value does not fit, without the value itself; none where it fits.

    A place is written as in ``address.lines[2]``; the value as a whole is ``the arguments``.
    """
    root = cast(Schema, schema) if isinstance(schema, Mapping) else {}
    yield from _misfits(value, schema, "", root, 0)


def known_schema(schema: object) -> str | None:
    """Why a declared schema of parameters cannot be used; None where it can."""
    if not isinstance(schema, Mapping):
        return "its parameters are not an object"
    properties = schema.get("properties", {})
    if not isinstance(properties, Mapping):
        return "its properties are not an object"
    for name, inner in properties.items():
        if not isinstance(inner, Mapping | bool):
            return f"its property '{name}' is not a schema"
        kinds = inner.get("type") if isinstance(inner, Mapping) else None
        if any(kind not in _TYPES for kind in _listed(kinds)):
            return f"its property '{name}' has the unknown type '{kinds}'"
    required = schema.get("required", [])
    if not isinstance(required, list):
        return "its list of required properties is not a list"
    missing = [str(name) for name in required if name not in properties]
    if missing and schema.get("additionalProperties") is False:
        return f"it requires '{missing[0]}', which it does not declare"
    return None


def _misfits(value: object, schema: object, place: str, root: Schema, depth: int) -> Iterator[str]:
    if schema is False:
        yield f"{_name(place)} may not be given"
        return
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return
    if isinstance(schema.get("$ref"), str):
        yield from _misfits(value, _resolved(schema["$ref"], root), place, root, depth + 1)
    kinds = [kind for kind in _listed(schema.get("type")) if kind in _TYPES]
    nullable = value is None and schema.get("nullable") is True
    if kinds and not nullable and not any(_TYPES[kind](value) for kind in kinds):
        yield f"{_name(place)} should be {' or '.join(kinds)} and is {_kind_of(value)}"
        return
    if nullable:
        return
    yield from _allowed(value, schema, place)
    if isinstance(value, dict):
        yield from _object(value, schema, place, root, depth)
    elif isinstance(value, list):
        yield from _array(value, schema, place, root, depth)
    elif isinstance(value, str):
        yield from _string(value, schema, place)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number(value, schema, place)
    yield from _combined(value, schema, place, root, depth)


def _allowed(value: object, schema: Schema, place: str) -> Iterator[str]:
    options = schema.get("enum")
    if isinstance(options, list) and not any(_same(value, option) for option in options):
        shown = ", ".join(json.dumps(option, ensure_ascii=False) for option in options[:6])
        yield f"{_name(place)} is none of the values allowed ({shown}{', ...' if len(options) > 6 else ''})"
    if "const" in schema and not _same(value, schema["const"]):
        yield f"{_name(place)} is not the one value allowed"


def _object(value: dict[str, object], schema: Schema, place: str, root: Schema, depth: int) -> Iterator[str]:
    properties = schema.get("properties")
    known: Schema = cast(Schema, properties) if isinstance(properties, Mapping) else {}
    required = schema.get("required")
    for name in required if isinstance(required, list) else []:
        if name not in value:
            yield f"'{_join(place, str(name))}' is required and missing"
    others = schema.get("additionalProperties", True)
    patterns = schema.get("patternProperties")
    for name, inner in value.items():
        if name in known:
            yield from _misfits(inner, known[name], _join(place, name), root, depth + 1)
        elif isinstance(patterns, Mapping):
            continue
        elif others is False:
            yield f"'{_join(place, name)}' is not declared"
        else:
            yield from _misfits(inner, others, _join(place, name), root, depth + 1)


def _array(value: list[object], schema: Schema, place: str, root: Schema, depth: int) -> Iterator[str]:
    first = schema.get("prefixItems")
    heads = first if isinstance(first, list) else []
    for number, inner in enumerate(value):
        rule = heads[number] if number < len(heads) else schema.get("items")
        yield from _misfits(inner, rule, f"{place}[{number}]", root, depth + 1)
    yield from _sized(len(value), schema, "Items", place, "entries")
    if schema.get("uniqueItems") is True and len({_key(inner) for inner in value}) < len(value):
        yield f"{_name(place)} has the same entry twice"


def _string(value: str, schema: Schema, place: str) -> Iterator[str]:
    yield from _sized(len(value), schema, "Length", place, "characters")
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        try:
            fits = regex.search(pattern, value[:10_000], timeout=PATTERN_SECONDS) is not None
        except (regex.error, TimeoutError):
            return
        if not fits:
            yield f"{_name(place)} has not the form that is asked for"


def _number(value: float, schema: Schema, place: str) -> Iterator[str]:
    for word, holds, says in _BOUNDS:
        bound = schema.get(word)
        if isinstance(bound, int | float) and not isinstance(bound, bool) and not holds(value, bound):
            yield f"{_name(place)} {says} {bound}"


def _sized(size: int, schema: Schema, what: str, place: str, unit: str) -> Iterator[str]:
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    if isinstance(least, int) and size < least:
        yield f"{_name(place)} has fewer than {least} {unit}"
    if isinstance(most, int) and size > most:
        yield f"{_name(place)} has more than {most} {unit}"


def _combined(value: object, schema: Schema, place: str, root: Schema, depth: int) -> Iterator[str]:
    for part in _listed(schema.get("allOf")):
        yield from _misfits(value, part, place, root, depth + 1)
    for word in ("anyOf", "oneOf"):
        parts = _listed(schema.get(word))
        fits = [next(_misfits(value, part, place, root, depth + 1), None) is None for part in parts]
        if parts and not any(fits):
            yield f"{_name(place)} fits none of the forms allowed"
        elif word == "oneOf" and sum(fits) > 1:
            yield f"{_name(place)} fits more than one of the forms, where exactly one is allowed"


def _resolved(reference: object, root: Schema) -> object:
    node: object = root
    parts = str(reference).split("/")
    for part in parts[1:] if parts[0] == "#" else ["?"]:
        node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, Mapping) else None
    return node


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _same(one: object, other: object) -> bool:
    """JSON equality: 1 is 1.0, and true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other


def _key(value: object) -> Hashable:
    """Equal for values that are the same JSON (``_same``), so that long lists are looked through once."""
    if isinstance(value, dict):
        return ("object", frozenset((name, _key(inner)) for name, inner in value.items()))
    if isinstance(value, list):
        return ("array", tuple(_key(inner) for inner in value))
    return (isinstance(value, bool), value)


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return next(
        (kind for kind in ("integer", "number", "string", "array", "object", "null") if _TYPES[kind](value)), "?"
    )


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _name(place: str) -> str:
    return f"'{place}'" if place else "the whole of it"
