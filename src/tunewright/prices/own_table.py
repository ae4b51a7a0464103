"""A person's own table of prices: a YAML file that stands above every list.

```yaml
- model: gpt-x          # as in the project file
  from: 2026-05-04      # the first day on which this price holds
  input: 2.50           # dollars per million tokens
  cached: 0.25          # read from a cache; left out: as input
  cache_written: 2.50   # put into a cache; left out: as input
  output: 15.00
  train: 25.00          # a million tokens of fine-tuning it; left out: the dated list
```

A model may stand there several times with different days; the newest that has begun counts. Stated zeros are zeros:
that is how a server of one's own is said to be free.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import yaml

from tunewright.errors import InputError
from tunewright.prices.models import FlatPrice, TokenPrice, listed_price

_FIELDS = ("model", "from", "input", "cached", "cache_written", "output", "train")
_NEEDED = ("model", "from", "input", "output")


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """One entry: a price that holds for a model from a day on; ``train`` is that of a million tokens of tuning."""

    model: str
    since: date
    price: FlatPrice
    train: float | None = None


@dataclass(frozen=True, slots=True)
class OwnTable:
    """The entries of a person's table, in the order of the file."""

    entries: tuple[OwnPrice, ...] = ()

    def price(self, model: str, when: date) -> TokenPrice | None:
        """The newest price of this model that has begun by that day, or None."""
        found = self.entry(model, when)
        return found.price if found else None

    def entry(self, model: str, when: date) -> OwnPrice | None:
        """The newest entry of this model that has begun by that day, or None."""
        begun = [entry for entry in self.entries if entry.model == model and entry.since <= when]
        return max(begun, key=lambda entry: entry.since) if begun else None


def price_of(model: str, base_url: str, when: date, own: OwnTable | None = None) -> TokenPrice | None:
    """What the tokens of a model cost at this address on that day: a person's own price, else the list's, else None."""
    stated = own.price(model, when) if own else None
    return stated or listed_price(model, base_url, when)


def read_own_table(path: Path) -> OwnTable:
    """Read a person's table of prices.

    Raises:
        InputError: the file is missing or no YAML list, or an entry has an unknown field, no day, or a negative price.
    """
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problem = str(error).splitlines()[0]
        raise InputError(
            "prices.unreadable", f"The table of prices cannot be read: {problem}", where=str(path)
        ) from None
    if not isinstance(value, list):
        raise InputError(
            "prices.shape",
            "A table of prices is a list of entries.",
            where=str(path),
            hint="Write: - {model: NAME, from: 2026-01-31, input: 2.5, output: 15}  (dollars per million tokens)",
        )
    entries = tuple(_entry(item, f"{path}, entry {place}", path.name) for place, item in enumerate(value, start=1))
    seen: set[tuple[str, date]] = set()
    for entry in entries:
        if (entry.model, entry.since) in seen:
            raise InputError(
                "prices.twice",
                f"{entry.model} has two prices from {entry.since}.",
                where=str(path),
                why="Which of the two counts would be chance.",
                hint="Keep one, or give the newer one its own day.",
            )
        seen.add((entry.model, entry.since))
    return OwnTable(entries)


def _entry(item: object, where: str, file: str) -> OwnPrice:
    if not isinstance(item, Mapping):
        raise InputError("prices.entry", "An entry must be a mapping of fields.", where=where)
    for key in item:
        if key not in _FIELDS:
            near = difflib.get_close_matches(str(key), _FIELDS, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known fields: {', '.join(_FIELDS)}"
            raise InputError("prices.unknown_key", f"Unknown field {str(key)!r}.", where=where, hint=hint)
    missing = [name for name in _NEEDED if item.get(name) is None]
    if missing:
        raise InputError(
            "prices.missing_field",
            f"The entry has no {' and no '.join(missing)}.",
            where=where,
            why="A price without it would be a guess.",
            hint="A price has model, from (a day), input and output (dollars per million tokens).",
        )
    model, since = str(item["model"]), _day(item["from"], where)
    read = _dollars(item, "input", where)
    price = FlatPrice(
        input=read,
        cached=_dollars(item, "cached", where, read),
        cache_written=_dollars(item, "cache_written", where, read),
        output=_dollars(item, "output", where),
        basis=f"own table {file}: {model} from {since.isoformat()}",
    )
    train = None if item.get("train") is None else _dollars(item, "train", where)
    return OwnPrice(model, since, price, train)


def _day(value: object, where: str) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise InputError(
            "prices.day", f"Not a day: {str(value)!r}.", where=f"{where}, field from", hint="Write it as 2026-01-31."
        ) from None


def _dollars(item: Mapping[object, object], name: str, where: str, otherwise: float | None = None) -> float:
    value = item.get(name)
    if value is None and otherwise is not None:
        return otherwise
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not (math.isfinite(number) and number >= 0):
        raise InputError(
            "prices.value",
            f"Not a price: {str(value)!r}.",
            where=f"{where}, field {name}",
            hint="Give dollars per million tokens, 0 or more.",
        )
    return float(number)
