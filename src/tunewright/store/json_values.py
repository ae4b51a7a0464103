"""One way to write small values as JSON text, so that equal values give equal bytes.

Used for key parts, metadata and manifests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

JsonScalar = str | int | float | bool | None


def to_json(value: Mapping[str, JsonValue] | Mapping[str, JsonScalar]) -> str:
    """Canonical JSON: sorted names, no spaces, numbers finite (ValueError otherwise)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def scalars_from_json(text: str) -> dict[str, JsonScalar]:
    """A flat object back from its JSON text."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError("a flat JSON object was expected")
    return {str(name): item for name, item in value.items()}
