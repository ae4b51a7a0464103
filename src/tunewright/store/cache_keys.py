"""Cache keys made of named parts, and why one missed.

A computed thing is kept under the hash of everything it came from. The parts are stored beside the hash, so that a
miss can name the part that changed. A label (the name of a system) helps to find what to compare with and is no part
of the key. Called by the workflow around fits and scores.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from tunewright.store.json_values import JsonScalar, scalars_from_json, to_json
from tunewright.store.schema import artifacts, cache_keys, run_artifacts

KeyParts = Mapping[str, JsonScalar]
_SHOWN_CHARS = 12
_COMPARED = 200


@dataclass(frozen=True, slots=True)
class UsedKey:
    """Something that a run made or found again: its key, kind and label, the parts of the key, and facts about it."""

    key: str
    kind: str
    label: str
    parts: KeyParts
    meta: Mapping[str, JsonScalar]


def cache_key(kind: str, parts: KeyParts) -> str:
    """SHA-256 (hex) of a kind of thing and the named parts it came from.

    Parts are scalars; whatever holds text of rows enters as a hash.
    """
    return hashlib.sha256(to_json({"kind": kind, "parts": dict(parts)}).encode()).hexdigest()


def remember(connection: Connection, kind: str, parts: KeyParts, label: str) -> str:
    """Store the parts of a key that was computed, and return the key."""
    key = cache_key(kind, parts)
    connection.execute(
        insert(cache_keys).values(key=key, kind=kind, label=label, parts=to_json(parts)).on_conflict_do_nothing()
    )
    return key


def used_by(connection: Connection, run: str) -> list[UsedKey]:
    """What a run made or found again and is still there, in the order in which it was first made."""
    found = connection.execute(
        select(cache_keys, artifacts.c.meta)
        .join(run_artifacts, run_artifacts.c.artifact == cache_keys.c.key)
        .join(artifacts, artifacts.c.key == cache_keys.c.key)
        .where(run_artifacts.c.run == run)
        .order_by(cache_keys.c.number)
    ).all()
    return [
        UsedKey(row.key, row.kind, row.label, scalars_from_json(row.parts), scalars_from_json(row.meta))
        for row in found
    ]


def reason_of_miss(connection: Connection, kind: str, parts: KeyParts, label: str) -> str:
    """Which parts differ from the nearest stored key of the same kind and label, in one sentence."""
    found = connection.execute(
        select(cache_keys.c.parts)
        .where(cache_keys.c.kind == kind, cache_keys.c.label == label)
        .order_by(cache_keys.c.number.desc())
        .limit(_COMPARED)
    ).scalars()
    stored = [scalars_from_json(text) for text in found]
    if not stored:
        return "nothing was stored for it yet"
    changes = min((_changes(old, parts) for old in stored), key=len)
    if not changes:
        return "it was stored before and has been removed since"
    return "changed since it was last stored: " + ", ".join(changes)


def _changes(old: KeyParts, new: KeyParts) -> list[str]:
    texts = []
    for name in sorted({*old, *new}):
        before, after = _shown(old, name), _shown(new, name)
        if name not in old or name not in new or to_json({name: old[name]}) != to_json({name: new[name]}):
            texts.append(f"{name} ({before} -> {after})")
    return texts


def _shown(parts: KeyParts, name: str) -> str:
    if name not in parts:
        return "none"
    text = str(parts[name])
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "..."
