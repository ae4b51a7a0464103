"""JSON in answers, parsed strictly and made harmless: no NaN, no infinite numbers, no key twice, no deep nesting."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

# Deeper values would overrun the stack of what walks through them.
MAX_DEPTH = 50
_FENCE = "```"


def without_fence(text: str) -> str:
    """The content of a text that is one fenced code block, or the text itself."""
    block = text.strip()
    if len(block) < 7 or not block.startswith(_FENCE) or not block.endswith(_FENCE):
        return text
    language, line_break, inner = block[len(_FENCE) : -len(_FENCE)].partition("\n")
    plain = not language.strip() or language.strip().replace("-", "").isalnum()
    return inner.rstrip(" \t").removesuffix("\n") if line_break and plain and _FENCE not in inner else text


def parse_json(text: str, *, fences: bool) -> tuple[object, str | None]:
    """(value, None), or (None, why it is no JSON). With ``fences``, one code block around the whole is passed over."""
    inner = without_fence(text) if fences else text
    try:
        value = json.loads(
            inner, object_pairs_hook=_unique, parse_constant=_refused, parse_float=_finite, parse_int=_whole
        )
    except json.JSONDecodeError as error:
        return None, f"no JSON: {error.msg.lower()} at character {error.pos + 1:,}"
    except RecursionError:
        return None, "no JSON that can be read: it is nested too deeply"
    except ValueError as error:
        return None, f"no JSON: {error}"
    if _deeper_than(value, MAX_DEPTH):
        return None, f"no JSON that can be read: it is nested deeper than {MAX_DEPTH} levels"
    return value, None


def canonical(value: object) -> str:
    """One text for equal values: keys sorted, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refused(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _whole(digits: str) -> int:
    if len(digits) > 400:
        raise ValueError("a number is too large")
    return int(digits)


def _deeper_than(value: object, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not layer:
            return False
    return any(isinstance(inner, dict | list) for inner in layer)
