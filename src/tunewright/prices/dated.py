"""What the dated tables of this package share: a price or a range of prices, where it stands and when it was read.

The tables are YAML files in ``data``, so that a price is changed without touching code. What a table does not say is
None: unpriced, never 0. ``tuning``, ``hosting`` and ``retirement`` read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

import yaml

from tunewright.errors import WorkError

UsdRange = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure stands and, in words, as of when."""

    url: str
    as_of: str


def table(name: str) -> object:
    """A table of the package as YAML gives it."""
    return yaml.safe_load((files("tunewright.prices") / "data" / name).read_text(encoding="utf-8"))


def entries(value: object, name: str) -> list[Mapping[str, object]]:
    """The mappings of a list; anything else is a damaged installation."""
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise WorkError("prices.table", "A table of prices of the program is damaged.", where=name, hint="Reinstall.")
    return value


def usd_range(value: object) -> UsdRange | None:
    """One price or ``[lowest, highest]`` as a range; None where there is none."""
    if value is None:
        return None
    ends = value if isinstance(value, Sequence) and not isinstance(value, str) else (value, value)
    low, high = (float(str(end)) for end in ends)
    return low, high


def number(value: object) -> float | None:
    """A figure, or None where there is none."""
    return None if value is None else float(str(value))


def day(value: object) -> date | None:
    """A day, or None where there is none."""
    return None if value is None else date.fromisoformat(str(value))


def source(item: Mapping[str, object]) -> Source:
    """Where an entry comes from; every entry says so."""
    return Source(str(item["source"]), str(item["as_of"]))
