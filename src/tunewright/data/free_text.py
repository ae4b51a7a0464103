"""Targets that are texts rather than labels: kept as they are, objects and lists as JSON.

Called by ``read`` for tables of kind ``generate``, in the place of ``LabelReader``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tunewright.data.cells import cell_text
from tunewright.data.labels import NO_TARGET
from tunewright.data.rows import Refusal


@dataclass(slots=True)
class TextReader:
    """Turns target cells into texts; no word stands for a missing value but an empty cell."""

    doubtful: frozenset[str] = field(default=frozenset())

    def read(self, cell: object) -> str | Refusal:
        """The text of a cell, untouched, or why there is none."""
        if isinstance(cell, list | dict):
            return json.dumps(cell, ensure_ascii=False)
        text = cell if isinstance(cell, str) else cell_text(cell)
        return text if text.strip() else NO_TARGET

    def notes(self, counts: Mapping[str, int], *, merged: bool) -> list[str]:
        """Texts need no remarks."""
        del counts, merged
        return []
