"""What was last measured of each guard of a fit, kept in the state folder: no later command makes a loss vanish.

``runs/guard-.../guards.json`` tells what one command found; a verdict takes what stands here. A broken guard stays
until that very guard is measured again on the same fit, on at least as many cases. Figures alone, no text of any row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from tunewright.errors import WorkError
from tunewright.records.base import Record
from tunewright.records.guard import Guard
from tunewright.reporting.files import write_text
from tunewright.workflow.runs import STATE

FOLDER = "guards"


class Kept(Record):
    """The guards of one fit, each as it was by itself when it was last measured."""

    fit_key: str
    guards: list[Guard] = Field(default_factory=list)


def standing(root: Path, fit_key: str) -> list[Guard] | None:
    """What stands of a fit; None where nothing was ever measured.

    Raises:
        WorkError: it cannot be read: nobody knows then whether something was broken.
    """
    path = _path(root, fit_key)
    if not path.exists():
        return None
    try:
        return Kept.model_validate_json(path.read_text(encoding="utf-8")).guards
    except (OSError, ValueError):
        raise WorkError(
            "guard.ledger",
            "What was measured of this fine-tune cannot be read.",
            where=str(path),
            why="A guard in it may be broken.",
            hint="Put it back from a copy; or delete it and measure again: tunewright guard",
        ) from None


def keep(root: Path, fit_key: str, measured: Sequence[Guard]) -> list[Guard]:
    """Add what was measured now, and tell what stands from now on."""
    guards = with_new(standing(root, fit_key) or [], measured)
    write_text(Kept(fit_key=fit_key, guards=guards).model_dump_json(indent=2), _path(root, fit_key))
    return guards


def with_new(before: Sequence[Guard], measured: Sequence[Guard]) -> list[Guard]:
    """What stands after a measurement: the new in its order, then what of the old it did not measure again."""
    old = {_name(guard): guard for guard in before if guard.result != "not-checked"}
    known = {guard.name for guard in old.values()}
    found: list[Guard] = []
    for guard in measured:
        if guard.result == "not-checked":
            found += [] if guard.name in known else [guard]
            continue
        last = old.pop(_name(guard), None)
        fewer = last is not None and last.result == "broken" and guard.result != "broken" and guard.n < last.n
        found.append(last if last is not None and fewer else guard)
    return [*found, *old.values()]


def _name(guard: Guard) -> tuple[str, float, bool]:
    """The same guard with a wider limit, or as advice, is another one."""
    return guard.name, guard.limit, guard.blocks


def _path(root: Path, fit_key: str) -> Path:
    return root / STATE / FOLDER / f"{hashlib.sha256(fit_key.encode()).hexdigest()[:32]}.json"
