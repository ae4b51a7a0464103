"""From a person's Python function to the tool that a model is told of, and from a call's JSON to Python values.

Annotations become a JSON schema, the docstring becomes the description, its lines on arguments those of the
properties. Pure, and of the standard library alone: the worker loads this file by its path. Called by ``tool_worker``.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import json
import math
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

DRY_RUN = "dry_run"
DEEPEST = 8
RESULT_CHARS = 200_000
_SIMPLE: dict[object, str] = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_KNOWN = "str, int, float, bool, None, list, tuple, dict, Literal, Optional, Enum, dataclass and TypedDict"
_SECTION = re.compile(r"^(Args|Arguments|Parameters|Returns?|Raises|Yields|Examples?|Notes?):\s*$")
_ARGUMENT = re.compile(r"^\**(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_FIELD = re.compile(r"^:param\s+(?:[\w.\[\], |]+\s+)?(\w+):\s*(.*)$")


class Unusable(ValueError):
    """Why a function can be no tool, or why a value fits no annotation."""


def tools_of(module: types.ModuleType) -> tuple[dict[str, Callable[..., object]], list[str]]:
    """The public functions that a file defines itself, by name, and what is wrong with some (helpers begin with _)."""
    found: dict[str, Callable[..., object]] = {}
    wrong: list[str] = []
    for name, value in vars(module).items():
        if name.startswith("_") or inspect.isclass(value) or not callable(value):
            continue
        if getattr(value, "__module__", None) != module.__name__:
            continue
        try:
            described(name, value)
        except Unusable as error:
            wrong.append(f"{name}: {error}")
        found[name] = value
    return found, wrong


def described(name: str, function: Callable[..., object]) -> dict[str, Any]:
    """``{"name", "description", "parameters", "writes", "dry_run"}``; parameters are a closed JSON schema.

    Raises:
        Unusable: it has no docstring, an argument without a type, or a type that JSON has no word for.
    """
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(inspect.unwrap(function)):
        raise Unusable("it is asynchronous or a generator; write a plain function")
    text, notes = _docstring(inspect.getdoc(function) or "")
    if not text:
        raise Unusable("it has no docstring, which is all that a model knows of it")
    properties: dict[str, Any] = {}
    required: list[str] = []
    for argument, annotation in _arguments(function).items():
        if argument.name == DRY_RUN:
            continue
        schema = schema_of(annotation)
        if argument.name in notes:
            schema["description"] = notes[argument.name]
        if argument.default is inspect.Parameter.empty:
            required.append(argument.name)
        elif (default := _as_default(argument.default)) is not None:
            schema["default"] = default[0]
        properties[argument.name] = schema
    parameters = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    dry_run = any(argument.name == DRY_RUN for argument in _arguments(function))
    writes = dry_run or bool(getattr(function, "writes", False))
    return {"name": name, "description": text, "parameters": parameters, "writes": writes, "dry_run": dry_run}


def bound(function: Callable[..., object], values: Mapping[str, object]) -> dict[str, object]:
    """The arguments of a call as Python values.

    Raises:
        Unusable: one is missing, unknown, or does not fit its type.
    """
    arguments = {argument.name: (argument, annotation) for argument, annotation in _arguments(function).items()}
    unknown = [name for name in values if name not in arguments]
    if unknown:
        raise Unusable(f"there is no argument {unknown[0]!r}")
    for name, (argument, _) in arguments.items():
        if argument.default is inspect.Parameter.empty and name not in values:
            raise Unusable(f"the argument {name!r} is missing")
    return {name: value_of(value, arguments[name][1], name) for name, value in values.items()}


def schema_of(annotation: Any, depth: int = 0) -> dict[str, Any]:
    """The JSON schema of a type.

    Raises:
        Unusable: JSON has no word for it.
    """
    if depth > DEEPEST:
        raise Unusable(f"a type is nested deeper than {DEEPEST} levels, or holds itself")
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in _SIMPLE:
        return {"type": _SIMPLE[annotation]}
    if origin is typing.Annotated:
        notes = [note for note in inner[1:] if isinstance(note, str)]
        return {**schema_of(inner[0], depth), **({"description": notes[0]} if notes else {})}
    if origin is typing.Literal:
        return _choices(inner)
    if origin in (typing.Union, types.UnionType):
        return _any_of([schema_of(one, depth + 1) for one in inner])
    if {annotation, origin} & {list, tuple, dict}:
        return _container(annotation, origin, inner, depth)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _choices([member.value for member in annotation])
    fields = _fields(annotation)
    if fields is None:
        raise Unusable(f"the type {_shown(annotation)} has no form in JSON; known are {_KNOWN}")
    properties = {name: schema_of(kind, depth + 1) for name, (kind, _) in fields.items()}
    required = [name for name, (_, needed) in fields.items() if needed]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _container(annotation: Any, origin: Any, inner: tuple[Any, ...], depth: int) -> dict[str, Any]:
    if annotation in (list, tuple, dict):
        return {"type": "object" if annotation is dict else "array"}
    if origin is list or (origin is tuple and inner[-1:] == (Ellipsis,)):
        return {"type": "array", "items": schema_of(inner[0], depth + 1)}
    if origin is tuple:
        parts = [schema_of(one, depth + 1) for one in inner]
        return {"type": "array", "prefixItems": parts, "minItems": len(parts), "maxItems": len(parts)}
    if origin is dict:
        if inner[0] is not str:
            raise Unusable("the keys of a dict are texts in JSON: write dict[str, ...]")
        return {"type": "object", "additionalProperties": schema_of(inner[1], depth + 1)}
    raise Unusable(f"the type {_shown(annotation)} has no form in JSON; known are {_KNOWN}")


def value_of(value: object, annotation: Any, place: str = "value") -> Any:
    """JSON as a value of a type: choices as members of their enum, objects as the dataclass that they are.

    Raises:
        Unusable: it does not fit.
    """
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in _SIMPLE:
        return _simple(value, annotation, place)
    if origin is typing.Annotated:
        return value_of(value, inner[0], place)
    if origin is typing.Literal:
        return _member(value, [(one, one) for one in inner], place)
    if origin in (typing.Union, types.UnionType):
        return _first_fit(value, inner, place)
    if annotation in (list, tuple) or origin in (list, tuple):
        return _sequence(value, annotation, place)
    if annotation is dict or origin is dict:
        known = _object(value, place)
        return {name: value_of(one, inner[1], f"{place}.{name}") if inner else one for name, one in known.items()}
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _member(value, [(one.value, one) for one in annotation], place)
    return _record(value, annotation, place)


def as_json(value: object) -> str:
    """What a function returned as one line of JSON; what JSON has no word for becomes its text."""
    text = json.dumps(_plain(value, 0), ensure_ascii=False, allow_nan=False)
    if len(text) > RESULT_CHARS:
        text = json.dumps(f"{text[:RESULT_CHARS]} ... (cut: {len(text):,} characters)", ensure_ascii=False)
    return text


def _arguments(function: Callable[..., object]) -> dict[inspect.Parameter, Any]:
    try:
        hints = typing.get_type_hints(inspect.unwrap(function), include_extras=True)
        signature = inspect.signature(function)
    except (NameError, TypeError, ValueError) as error:
        raise Unusable(f"its signature cannot be read: {error}") from None
    found: dict[inspect.Parameter, Any] = {}
    for argument in signature.parameters.values():
        if argument.kind not in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY):
            raise Unusable(f"the argument {argument.name!r} has no name that a call could give; write it out")
        if argument.name not in hints:
            raise Unusable(f"the argument {argument.name!r} has no type; write {argument.name}: str, for example")
        found[argument] = hints[argument.name]
        if argument.name == DRY_RUN and hints[argument.name] is not bool:
            raise Unusable(f"the argument {DRY_RUN!r} must be a bool")
    return found


def _fields(annotation: Any) -> dict[str, tuple[Any, bool]] | None:
    """Name to (type, needed) of a dataclass or a TypedDict; None of anything else."""
    if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        hints = typing.get_type_hints(annotation, include_extras=True)
        missing = dataclasses.MISSING
        return {
            one.name: (hints[one.name], one.default is missing and one.default_factory is missing)
            for one in dataclasses.fields(annotation)
            if one.init
        }
    if typing.is_typeddict(annotation):
        marked = typing.get_type_hints(annotation, include_extras=True)
        return {name: _key(kind, name in annotation.__required_keys__) for name, kind in marked.items()}
    return None


def _key(kind: Any, usual: bool) -> tuple[Any, bool]:
    """Type of a TypedDict's key, and whether it is needed; marks written as text are read here, Python misses them."""
    if typing.get_origin(kind) in (typing.Required, typing.NotRequired):
        return typing.get_args(kind)[0], typing.get_origin(kind) is typing.Required
    return kind, usual


def _choices(values: Sequence[object]) -> dict[str, Any]:
    kinds = {_SIMPLE.get(type(value), "") for value in values}
    if not values or "" in kinds:
        raise Unusable("choices must be texts, numbers, true, false or None")
    kind = sorted(kinds)
    return {"type": kind[0] if len(kind) == 1 else kind, "enum": list(values)}


def _any_of(schemas: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if all(schema.keys() == {"type"} for schema in schemas):
        return {"type": list(dict.fromkeys(schema["type"] for schema in schemas))}
    return {"anyOf": list(schemas)}


def _simple(value: object, annotation: Any, place: str) -> object:
    if annotation is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if annotation is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, annotation) or (isinstance(value, bool) and annotation is not bool):
        raise Unusable(f"{place} should be {_SIMPLE[annotation]}")
    return value


def _member(value: object, members: Sequence[tuple[object, object]], place: str) -> object:
    for known, member in members:
        if known == value and isinstance(known, bool) == isinstance(value, bool):
            return member
    raise Unusable(f"{place} is none of {', '.join(repr(known) for known, _ in members)}")


def _first_fit(value: object, kinds: Sequence[Any], place: str) -> object:
    exact = [kind for kind in kinds if isinstance(kind, type) and type(value) is kind]
    for kind in (*exact, *kinds):
        try:
            return value_of(value, kind, place)
        except Unusable:
            continue
    raise Unusable(f"{place} fits none of {', '.join(_shown(kind) for kind in kinds)}")


def _sequence(value: object, annotation: Any, place: str) -> object:
    if not isinstance(value, list):
        raise Unusable(f"{place} should be array")
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    kinds = list(inner)
    if not kinds:
        made = list(value)
    elif origin is tuple and kinds[-1] is not Ellipsis:
        if len(kinds) != len(value):
            raise Unusable(f"{place} should have {len(kinds)} entries")
        made = [value_of(one, kind, f"{place}[{n}]") for n, (one, kind) in enumerate(zip(value, kinds, strict=True))]
    else:
        made = [value_of(one, kinds[0], f"{place}[{n}]") for n, one in enumerate(value)]
    return tuple(made) if tuple in (annotation, origin) else made


def _object(value: object, place: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Unusable(f"{place} should be object")
    return value


def _record(value: object, annotation: Any, place: str) -> object:
    fields, known = _fields(annotation), _object(value, place)
    if fields is None:
        raise Unusable(f"{place} has a type without a form in JSON")
    for name in known:
        if name not in fields:
            raise Unusable(f"{place}.{name} is not declared")
    for name, (_, needed) in fields.items():
        if needed and name not in known:
            raise Unusable(f"{place}.{name} is missing")
    made = {name: value_of(one, fields[name][0], f"{place}.{name}") for name, one in known.items()}
    return made if typing.is_typeddict(annotation) else annotation(**made)


def _plain(value: object, depth: int) -> object:
    if depth > 40:
        return "..."
    if isinstance(value, enum.Enum):
        return _plain(value.value, depth + 1)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name), depth + 1) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        listed = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        return [_plain(one, depth + 1) for one in listed]
    return str(value)


def _as_default(value: object) -> tuple[Any] | None:
    """A default as JSON, in a tuple; None where it has no form there."""
    plain = value.value if isinstance(value, enum.Enum) else value
    try:
        json.dumps(plain, allow_nan=False)
    except (TypeError, ValueError):
        return None
    return (plain,)


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """A docstring without its lines on arguments, and these by argument (``Args:`` sections and ``:param x:``)."""
    kept: list[str] = []
    notes: dict[str, str] = {}
    section, current = "", ""
    for line in text.splitlines():
        head = _SECTION.match(line)
        field = _FIELD.match(line.strip())
        if head or field:
            section, current = (head.group(1), "") if head else ("Args", "")
            if field:
                current = field.group(1)
                notes[current] = field.group(2).strip()
            elif section.startswith("Return"):
                kept.append("Returns:")
        elif section in ("Args", "Arguments", "Parameters"):
            current = _argument_line(line, current, notes)
        elif not section or section.startswith("Return"):
            kept.append(line.strip())
    description = " ".join(part for part in "\n".join(kept).split())
    return description, {name: " ".join(note.split()) for name, note in notes.items() if note.strip()}


def _argument_line(line: str, current: str, notes: dict[str, str]) -> str:
    """Take one line of a section on arguments in; the argument that it belongs to."""
    found = _ARGUMENT.match(line.strip())
    deep = len(line) - len(line.lstrip())
    if found and (not current or deep <= 4):
        notes[found.group(1)] = found.group(2)
        return found.group(1)
    if current and line.strip():
        notes[current] = f"{notes[current]} {line.strip()}"
    return current


def _shown(annotation: Any) -> str:
    return getattr(annotation, "__name__", None) or str(annotation)
