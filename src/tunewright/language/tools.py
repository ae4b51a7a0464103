"""Whether a text that a template wrote still says which tools are called, and with what.

Some templates drop tool calls without a word; a model trained on that learns to answer nothing. The text is read back:
objects of JSON are parsed wherever they start, and where a template writes calls in a form of its own, the name and
every key and value must stand in it. Called by ``gates``; nothing here decides what is trained.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from tunewright.records.example import ToolCall

_DECODER = json.JSONDecoder()


def missing_calls(text: str, calls: Sequence[ToolCall]) -> list[str]:
    """What of the calls cannot be read back from the text, in words; empty when all is there.

    A call counts as read back when its name stands in the text and its arguments are an object of JSON there, or all
    their keys and values stand in it as they are. Two equal calls must stand there twice.
    """
    found = list(_objects(text))
    missing: list[str] = []
    asked: dict[str, int] = {}
    for call in calls:
        asked[call.name] = asked.get(call.name, 0) + 1
        arguments = json.loads(call.arguments)
        if text.count(call.name) < asked[call.name]:
            missing.append(f"the call of '{call.name}'")
        elif arguments in found:
            found.remove(arguments)
        else:
            gone = next((leaf for leaf in _leaves(arguments) if not any(form in text for form in leaf)), None)
            if gone is not None:
                missing.append(f"{gone[0]} of the call of '{call.name}'")
    return missing


def _objects(text: str) -> Iterator[object]:
    """Every object of JSON in a text, inner ones too."""
    start = text.find("{")
    while start >= 0:
        try:
            value, _ = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            pass
        else:
            yield value
        start = text.find("{", start + 1)


def _leaves(value: object) -> Iterator[tuple[str, ...]]:
    """The forms in which each key and each value may be written."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield _forms(key)
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield _forms(value)


def _forms(value: object) -> tuple[str, ...]:
    escaped = json.dumps(value), json.dumps(value, ensure_ascii=False)
    inner = tuple(form[1:-1] for form in escaped) if isinstance(value, str) else ()
    return (str(value), *escaped, *inner)
