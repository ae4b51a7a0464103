"""What a person says about costs beside the project file: ``costs.yaml``, and a table of error costs, ``costs.csv``.

```yaml
work: {usd_per_hour: 50, label_hours_per_1000: [10, 20], review_hours_per_month: 2,
       retrainings_per_year: 2, new_examples: 100, setup_hours: 0}
months: 12          # over how many months one-off costs are spread
storage_gb: 0       # of weights that somebody keeps for money
errors:             # dollars of an answer, by right and given; * is any, an empty given is no usable answer
- {right: chest pain, given: "*", usd: 500}
```

``costs.csv`` has the columns right, given, usd and says the same as ``errors``. Both are optional. Nothing is computed
here; ``workflow.costing.costs`` reads them.
"""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tunewright.errors import InputError

YAML_NAME, CSV_NAME = "costs.yaml", "costs.csv"
_TOP = ("work", "months", "storage_gb", "errors")
_WORK = (
    "usd_per_hour",
    "label_hours_per_1000",
    "review_hours_per_month",
    "retrainings_per_year",
    "new_examples",
    "setup_hours",
)
_ERROR = ("right", "given", "usd")


@dataclass(frozen=True, slots=True)
class OwnCosts:
    """What was stated: figures of work by name, other figures by name, dollars by (right, given)."""

    work: Mapping[str, float] = field(default_factory=dict)
    label_hours_per_1000: tuple[float, float] | None = None
    months: float | None = None
    storage_gb: float | None = None
    errors: Mapping[tuple[str, str], float] = field(default_factory=dict)


def read_own_costs(folder: Path) -> OwnCosts:
    """What stands beside the project; nothing stated where there is no file.

    Raises:
        InputError: a file cannot be read, has an unknown field, a figure that is none, or one pair twice.
    """
    path, table = folder / YAML_NAME, folder / CSV_NAME
    stated = _from_yaml(path) if path.is_file() else OwnCosts()
    if not table.is_file():
        return stated
    if stated.errors:
        raise InputError(
            "costs.twice",
            "Costs of errors are stated in two files.",
            where=f"{path}, {table}",
            hint="Keep one of them.",
        )
    return OwnCosts(stated.work, stated.label_hours_per_1000, stated.months, stated.storage_gb, _from_csv(table))


def _from_yaml(path: Path) -> OwnCosts:
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problem = str(error).splitlines()[0]
        raise InputError("costs.unreadable", f"The costs cannot be read: {problem}", where=str(path)) from None
    if not isinstance(value, Mapping):
        raise InputError(
            "costs.shape", "Costs are a mapping of fields.", where=str(path), hint=f"Known: {_words(_TOP)}"
        )
    _refuse_unknown(value, _TOP, str(path))
    work = value.get("work") or {}
    if not isinstance(work, Mapping):
        raise InputError("costs.shape", "work must be a mapping of fields.", where=f"{path}: work", hint=_words(_WORK))
    _refuse_unknown(work, _WORK, f"{path}: work")
    figures = {
        str(name): _figure(amount, f"{path}: work.{name}")
        for name, amount in work.items()
        if name != "label_hours_per_1000"
    }
    listed = value.get("errors") or []
    if not isinstance(listed, list) or not all(isinstance(item, Mapping) for item in listed):
        raise InputError("costs.shape", "errors must be a list of entries.", where=f"{path}: errors")
    for item in listed:
        _refuse_unknown(item, _ERROR, f"{path}: errors")
    months = _optional(value, "months", path)
    if months == 0:
        raise InputError("costs.value", "One-off costs cannot be spread over 0 months.", where=f"{path}: months")
    return OwnCosts(
        figures,
        _hours(work["label_hours_per_1000"], f"{path}: work.label_hours_per_1000")
        if "label_hours_per_1000" in work
        else None,
        months,
        _optional(value, "storage_gb", path),
        _pairs(((item.get("right"), item.get("given"), item.get("usd")) for item in listed), str(path)),
    )


def _from_csv(path: Path) -> Mapping[tuple[str, str], float]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError("costs.unreadable", f"The costs cannot be read: {error}", where=str(path)) from None
    if rows and not set(_ERROR) <= set(rows[0]):
        raise InputError(
            "costs.columns",
            f"A table of error costs has the columns {_words(_ERROR)}.",
            where=f"{path}: {_words([str(name) for name in rows[0]])}",
        )
    return _pairs(((row["right"], row["given"], row["usd"]) for row in rows), str(path))


def _pairs(rows: Iterable[tuple[object, object, object]], where: str) -> Mapping[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for number, (right, given, usd) in enumerate(rows, start=1):
        place = f"{where}, error cost {number}"
        if right is None or str(right) == "":
            raise InputError("costs.right", "An error cost needs the right answer.", where=place, hint="* is any.")
        pair = (str(right), "" if given is None else str(given))
        if pair in found:
            raise InputError("costs.pair_twice", f"The pair {pair} has two costs.", where=place, hint="Keep one.")
        found[pair] = _figure(usd, place)
    return found


def _hours(value: object, where: str) -> tuple[float, float]:
    ends = value if isinstance(value, Sequence) and not isinstance(value, str) else [value, value]
    if len(ends) != 2:
        raise InputError("costs.value", "Give one figure or two: [least, most].", where=where)
    low, high = (_figure(end, where) for end in ends)
    if low > high:
        raise InputError("costs.value", "The first figure is larger than the second.", where=where)
    return low, high


def _optional(value: Mapping[object, object], name: str, path: Path) -> float | None:
    return None if value.get(name) is None else _figure(value[name], f"{path}: {name}")


def _figure(value: object, where: str) -> float:
    try:
        number = math.nan if isinstance(value, bool) or value is None else float(str(value))
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise InputError("costs.value", f"Not a figure: {value!r}.", where=where, hint="Give a number, 0 or more.")
    return number


def _refuse_unknown(value: Mapping[object, object], known: Sequence[str], where: str) -> None:
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known fields: {_words(known)}"
            raise InputError("costs.unknown_key", f"Unknown field {str(key)!r}.", where=where, hint=hint)


def _words(names: Sequence[str]) -> str:
    return ", ".join(names)
