"""Reading ``thresholds.yaml``: a person's own limits for checks and rules, by name.

The file is optional. Which names exist is the business of those that own the limits; they hand the known ones in.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

import yaml

from tunewright.errors import InputError

FILE_NAME = "thresholds.yaml"
Limits = Mapping[str, Mapping[str, float]]
# The section of the decision table; whoever reads limits of checks passes it over, and its own reader checks it.
ADVICE = "advice"


def load_thresholds(folder: Path, known: Limits) -> dict[str, dict[str, float]]:
    """The limits that the file of a folder sets; empty without a file.

    Args:
        known: every owner with its limits and their defaults, such as {"near_duplicates": {"least_similarity": .9}}.

    Raises:
        InputError: it is no mapping of mappings of numbers, or names what does not exist.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return {}
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError("thresholds.unreadable", f"The thresholds cannot be read: {error}", where=str(path)) from None
    if not isinstance(value, dict) or not all(isinstance(own, dict) for own in value.values()):
        raise InputError(
            "thresholds.shape",
            "Thresholds are numbers by name, under the check that they belong to.",
            where=str(path),
            hint="For example: near_duplicates: {least_similarity: 0.9}",
        )
    return {
        _one_of(str(owner), {**dict.fromkeys([ADVICE]), **known}, str(path)): {
            _one_of(str(name), known[str(owner)], f"{path}, under {owner}"): _number(limit, f"{path}: {owner}.{name}")
            for name, limit in own.items()
        }
        for owner, own in value.items()
        if owner != ADVICE or ADVICE in known
    }


def _one_of(name: str, known: Mapping[str, object], where: str) -> str:
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    raise InputError(
        "thresholds.unknown",
        f"There is no threshold or check named {name!r}.",
        where=where,
        why="A limit that is not read would silently change nothing.",
        hint=f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(known)) or 'none'}",
    )


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError("thresholds.value", f"A threshold is a number, not {value!r}.", where=where)
    return float(value)
