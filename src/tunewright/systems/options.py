"""Options of a system kind: at most eight, declared in its own file, each with a unit, a default and a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tunewright.errors import InputError
from tunewright.project.options import filled
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

    def check(value: Setting, option: Option, name: str) -> Setting:
        return _as_type_of(option.default, value, name, kind)

    return filled(options, declared, check, what="system", name=kind, where=f"systems: {kind}")


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
