"""Options of a system kind: at most eight, declared in its own file, each with a unit, a default and a reason."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from tunewright.errors import InputError
from tunewright.records.system import Setting


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its default, the unit of its value, and why the default is what it is."""

    default: Setting
    unit: str
    reason: str


def read(options: Mapping[str, Setting], declared: Mapping[str, Option], kind: str) -> dict[str, Setting]:
    """The values given, filled up with the defaults.

    Raises:
        InputError: an unknown option (the nearest right one is named) or a value of the wrong type.
    """
    values = {name: option.default for name, option in declared.items()}
    for name, value in options.items():
        if name not in declared:
            near = difflib.get_close_matches(name, declared, n=1, cutoff=0.5)
            known = ", ".join(declared) or "none"
            raise InputError(
                "systems.unknown_option",
                f"The system {kind!r} has no option {name!r}.",
                where=f"systems: {kind}",
                hint=f"Did you mean {near[0]!r}?" if near else f"Its options: {known}",
            )
        values[name] = _as_type_of(declared[name].default, value, name, kind)
    return values


def _as_type_of(default: Setting, value: Setting, name: str, kind: str) -> Setting:
    wanted = type(default)
    fits = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
    if fits:
        return value
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    raise InputError(
        "systems.option_type",
        f"Option {name!r} of the system {kind!r} wants {wanted.__name__}, not {value!r}.",
        where=f"systems: {kind}",
    )
