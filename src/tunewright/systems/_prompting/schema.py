"""The JSON schema of extraction targets, learned from the training rows: keys, types, and short lists of values.

It tells a prompted model what to fill in and holds constrained decoding to it. It describes; it does not grade.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

# A field with at most so many different texts, each seen so often on average, is a choice.
MOST_VALUES, LEAST_TIMES = 20, 3
LONGEST_VALUE_CHARS = 40


def learned_schema(targets: Sequence[str]) -> str | None:
    """The schema of JSON objects as compact text; None where a target is no JSON object."""
    values = []
    for target in targets:
        try:
            value = json.loads(target)
        except ValueError:
            return None
        if not isinstance(value, dict):
            return None
        values.append(value)
    return json.dumps(_schema(values), ensure_ascii=False, separators=(",", ":")) if values else None


def _schema(values: Sequence[Any]) -> dict[str, Any]:
    kinds = Counter(_kind(value) for value in values)
    if len(kinds) > 1 and not (len(kinds) == 2 and "null" in kinds):
        names = sorted(set(kinds) - {"integer"} if "number" in kinds else set(kinds))
        return {"type": names[0] if len(names) == 1 else names}
    kind = next(name for name in kinds if name != "null" or len(kinds) == 1)
    known = [value for value in values if value is not None]
    made = _of_kind(kind, known)
    if "null" in kinds and kind != "null":
        made["type"] = [kind, "null"]
        if "enum" in made:
            made["enum"].append(None)
    return made


def _of_kind(kind: str, values: Sequence[Any]) -> dict[str, Any]:
    if kind == "object":
        keys = list(dict.fromkeys(key for value in values for key in value))
        required = [key for key in keys if all(key in value for value in values)]
        fields = {key: _schema([value[key] for value in values if key in value]) for key in keys}
        return {"type": kind, "properties": fields, "required": required, "additionalProperties": False}
    if kind == "array":
        items = [item for value in values for item in value]
        return {"type": kind, "items": _schema(items)} if items else {"type": kind}
    if kind == "string":
        distinct = sorted(set(values))
        short = all(len(value) <= LONGEST_VALUE_CHARS for value in distinct)
        if short and len(distinct) <= MOST_VALUES and len(values) >= LEAST_TIMES * len(distinct):
            return {"type": kind, "enum": distinct}
    return {"type": kind}


def _kind(value: object) -> str:
    names: dict[type, str] = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer"}
    return "null" if value is None else names.get(type(value), "number")
