"""JSON in answers: parsing it strictly, saying why it fails, mending what is surely meant, and walking its values.

Called by the checks of JSON answers and of answers that the input does not support.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence

_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL | re.IGNORECASE)
MAX_CHARS = 200_000


def is_like_json(text: str) -> bool:
    """Whether a text means to be a JSON object or list, by how it begins and ends."""
    inner = without_fence(text).strip()
    return inner[:1] == "{" or (inner[:1] == "[" and inner[1:].lstrip()[:1] in tuple('{["]0123456789-tfn'))


def without_fence(text: str) -> str:
    """The content of a text that is one code block, or the text itself."""
    match = _FENCE.match(text)
    return match[1] if match else text


def parse(text: str) -> tuple[object, str | None]:
    """(value, None), or (None, why it is no JSON) in plain words. A key that stands twice and NaN are no JSON."""
    inner = without_fence(text)
    if len(inner) > MAX_CHARS:
        return None, "it is too long to be looked at"
    try:
        return json.loads(inner, object_pairs_hook=_unique, parse_constant=_refuse), None
    except json.JSONDecodeError as error:
        return None, _reason(inner, error)
    except (ValueError, RecursionError) as error:
        return None, str(error) if isinstance(error, ValueError) else "it is nested too deeply"


def mended(text: str) -> str | None:
    """The JSON that a Python literal, single quotes, or commas before closing brackets surely mean; None otherwise."""
    inner = without_fence(text).strip()
    if len(inner) > MAX_CHARS:
        return None
    shorter = re.sub(r",(\s*[}\]])", r"\1", inner)
    for candidate in (shorter, inner):
        try:
            return json.dumps(json.loads(candidate, object_pairs_hook=_unique), ensure_ascii=False)
        except (ValueError, RecursionError):
            continue
    try:
        value = ast.literal_eval(inner)
        return json.dumps(value, ensure_ascii=False, allow_nan=False) if isinstance(value, dict | list) else None
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """(path, value) of every text, number, truth value and null; places in lists are not told apart (``a[].b``)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


def type_name(value: object) -> str:
    """The name of a value's JSON type; whole and other numbers are one type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true/false"
    names: tuple[tuple[type, str], ...] = (
        (str, "text"),
        (dict, "object"),
        (list, "list"),
        (int, "number"),
        (float, "number"),
    )
    return next(name for kind, name in names if isinstance(value, kind))


def _reason(text: str, error: json.JSONDecodeError) -> str:
    stripped = text.strip()
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
        return "it breaks off before its end"
    if error.msg.startswith("Extra data"):
        return "something stands behind its end"
    if "'" in stripped[:3] or re.search(r"[{,:\[]\s*'", stripped):
        return "it is written with single quotes"
    if re.search(r"[:,\[]\s*(?:None|True|False)\b", stripped):
        return "it has None, True or False, which are Python's words"
    if re.search(r",\s*[}\]]", stripped):
        return "a comma stands before a closing bracket"
    return f"it cannot be read at character {error.pos + 1}"


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")
