"""Names of the folders under ``runs/``: sorted as text, they stand in the order in which they were made."""

from __future__ import annotations

from datetime import datetime

TICKS = 0x10000
"""How many parts of a second a name tells apart (15 microseconds each)."""


def run_name(made: datetime) -> str:
    """The name for a run made at this time, as in ``2026-03-31-142209-8f1c``: the last four digits part the second."""
    return f"{made:%Y-%m-%d-%H%M%S}-{made.microsecond * TICKS // 1_000_000:04x}"
