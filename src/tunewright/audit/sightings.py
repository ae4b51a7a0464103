"""Sightings as JSON text and back, for the memory of an audit. They hold places and kinds, never a row's own words."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tunewright.audit.findings import Fix, Span
from tunewright.audit.registry import Sighting


def write_sightings(sightings: Sequence[Sighting]) -> str:
    """The sightings of one row; an empty text where there are none."""
    return json.dumps([_plain(s) for s in sightings], ensure_ascii=False, separators=(",", ":")) if sightings else ""


def read_sightings(text: str) -> tuple[Sighting, ...] | None:
    """The sightings again; None where the text is not one that ``write_sightings`` made."""
    if not text:
        return ()
    try:
        return tuple(_sighting(item) for item in json.loads(text))
    except (ValueError, TypeError, KeyError, IndexError):
        return None


def _plain(sighting: Sighting) -> list[object]:
    fix = sighting.fix
    spans = [[s.field, s.start, s.end, s.kind] for s in sighting.spans]
    return [
        sighting.kind,
        sighting.why,
        sighting.score,
        spans,
        None if fix is None else [fix.action, fix.value, fix.field, fix.safe],
    ]


def _sighting(item: list[object]) -> Sighting:
    kind, why, score, spans, fix = item
    assert isinstance(spans, list)
    if not isinstance(kind, str) or not isinstance(why, str) or not isinstance(score, int | float):
        raise TypeError
    return Sighting(
        kind,
        why,
        float(score),
        tuple(Span(field, start, end, kind=what) for field, start, end, what in spans),
        None if not isinstance(fix, list) else Fix(fix[0], fix[1], fix[2], safe=bool(fix[3])),
    )
