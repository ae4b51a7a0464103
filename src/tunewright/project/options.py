"""Options that a person gives to a system or a grader, filled up with what it declares.

What a value may be is the business of whoever declares it, and handed in.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from tunewright.errors import InputError
from tunewright.records.system import Setting


class Declared(Protocol):
    """What an option must say at the least."""

    @property
    def default(self) -> Setting: ...


OptionT = TypeVar("OptionT", bound=Declared)


def filled(
    options: Mapping[str, Setting],
    declared: Mapping[str, OptionT],
    check: Callable[[Setting, OptionT, str], Setting],
    *,
    what: str,
    name: str,
    where: str,
) -> dict[str, Setting]:
    """The values given, each as ``check(value, option, its name)`` returns it, and the defaults of the others.

    Args:
        what: ``system`` or ``grader``; errors have codes that begin with its plural.
        name: its own name.
        where: where options stand in the project file.

    Raises:
        InputError: an unknown option (the nearest right one is named), or what ``check`` raises.
    """
    values = {key: option.default for key, option in declared.items()}
    for key, value in options.items():
        if key not in declared:
            near = difflib.get_close_matches(key, declared, n=1, cutoff=0.5)
            known = ", ".join(declared) or "none"
            raise InputError(
                f"{what}s.unknown_option",
                f"The {what} {name!r} has no option {key!r}.",
                where=where,
                hint=f"Did you mean {near[0]!r}?" if near else f"Its options: {known}",
            )
        values[key] = check(value, declared[key], key)
    return values
