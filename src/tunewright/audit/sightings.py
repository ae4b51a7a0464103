"""Sightings as JSON text and back, for the memory of an audit. They hold places and kinds, never a row's own words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from tunewright.audit.findings import Fix, Span
from tunewright.audit.registry import Sighting


def write_seen(seen: Mapping[str, Sequence[Sighting]]) -> str:
    """What was seen in one row, by check; an empty text where nothing was."""
    plain = {check: [_plain(s) for s in sightings] for check, sightings in seen.items() if sightings}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")) if plain else ""


def read_seen(text: str) -> dict[str, tuple[Sighting, ...]] | None:
    """The same again; None where the text is not one that ``write_seen`` made."""
    if not text:
        return {}
    try:
        return {str(check): tuple(_sighting(item) for item in items) for check, items in json.loads(text).items()}
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
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
