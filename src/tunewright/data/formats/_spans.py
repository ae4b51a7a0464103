"""Marked stretches of a text, as labelling tools export them, and as a target: a list of label, place and words.

The words are taken from the text itself, so that offsets that do not fit it are found.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from tunewright.data.rows import Refusal


class Span(NamedTuple):
    """Characters ``start`` to ``end`` (from 0, end not included) and their label."""

    start: int
    end: int
    label: str


def spans_target(spans: list[Span], text: str) -> list[dict[str, object]] | Refusal:
    """The spans with their words, or why they do not fit the text."""
    for start, end, label in spans:
        if not 0 <= start < end <= len(text):
            reason = f"the mark '{label}' runs from {start} to {end}, and the text has {len(text)} characters"
            return Refusal("spans.outside", reason)
    return [{"text": text[s.start : s.end], "label": s.label, "start": s.start, "end": s.end} for s in spans]


def spans_of_target(target: str) -> list[Span] | None:
    """The spans that a target lists; None where it lists none."""
    value = parsed_list(target)
    if value is None or not all(isinstance(item, dict) and {"start", "end", "label"} <= set(item) for item in value):
        return None
    return [Span(item["start"], item["end"], item["label"]) for item in value if isinstance(item, dict)]


def parsed_list(target: str) -> list[object] | None:
    """The list that a target was made of; None where it is a text of its own."""
    if not target.startswith("["):
        return None
    try:
        value = json.loads(target)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def span_of(item: object) -> Span | None:
    """A span from ``[start, end, label]`` or from an object; None where it is neither."""
    if isinstance(item, list | tuple) and len(item) == 3:
        start, end, label = item
    elif isinstance(item, dict):
        start = item.get("start_offset", item.get("start"))
        end = item.get("end_offset", item.get("end"))
        label = item.get("label")
        if label is None:
            labels = item.get("labels")
            label = labels[0] if isinstance(labels, list) and len(labels) == 1 else None
    else:
        return None
    whole = all(isinstance(n, int) and not isinstance(n, bool) for n in (start, end))
    return Span(start, end, label) if whole and isinstance(label, str) else None
