"""The checks of the folder ``checks/`` and what every one of them offers."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, TypeGuard, cast

import tunewright.audit.checks as folder
from tunewright.audit.findings import CheckResult, Cost, Fix, Quality, Span
from tunewright.audit.view import View
from tunewright.records.example import Example

Limits = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something seen in one row, without knowledge of any other. It is kept per row content, so it never holds the
    text itself: ``kind`` says what was seen, ``spans`` where.
    """

    kind: str
    why: str
    score: float = 1.0
    spans: tuple[Span, ...] = ()
    fix: Fix | None = None


class Check(Protocol):
    """What every module of the folder has.

    ``VERSION`` is raised by hand where a set check would find something else in equal data. That of a row check follows
    from the code (``code_version``), for what it saw is remembered, and nobody must have to think of that.
    """

    NAME: str
    TITLE: str
    QUALITY: Quality
    COST: Cost
    VERSION: int
    LIMITS: Limits


class RowCheck(Check, Protocol):
    """Looks at one row at a time; what it saw is remembered until the row or the check changes."""

    def look(self, example: Example, limits: Limits) -> tuple[Sighting, ...]:
        """What is seen in this row alone. A pure function, called in several processes."""
        ...

    def conclude(self, view: View, found: Mapping[int, tuple[Sighting, ...]], limits: Limits) -> CheckResult:
        """Findings from what was seen, by row; rows without a sighting are not in ``found``."""
        ...


class SetCheck(Check, Protocol):
    """Looks at the rows together."""

    def run(self, view: View, limits: Limits) -> CheckResult:
        """Findings about the set."""
        ...


def all_checks() -> list[Check]:
    """Every check, by name."""
    names = sorted(m.name for m in pkgutil.iter_modules(folder.__path__) if not m.name.startswith("_"))
    checks = [cast(Check, importlib.import_module(f"{folder.__name__}.{name}")) for name in names]
    for check in filter(is_row_check, checks):
        check.VERSION = code_version(check.NAME)
    return checks


@cache
def code_version(name: str) -> int:
    """A number in [1, 2^48) that changes with the source of a check and of all that it may call: the rest of the audit
    but other checks, the reading of data, the records.
    """
    here = Path(__file__).parent
    others = {path for path in (here / "checks").glob("[!_]*.py") if path.stem != name}
    paths = sorted(path for part in ("audit", "data", "records") for path in (here.parent / part).rglob("*.py"))
    return _number_of([path for path in paths if path not in others])


def _number_of(paths: list[Path]) -> int:
    code = hashlib.sha256()
    for path in paths:
        code.update(path.name.encode() + b"\0" + _digest_of(path))
    return 1 + int.from_bytes(code.digest()[:6]) % (2**48 - 1)


@cache
def _digest_of(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def is_row_check(check: Check) -> TypeGuard[RowCheck]:
    """Whether a check looks at rows one at a time."""
    return hasattr(check, "look")


def is_set_check(check: Check) -> TypeGuard[SetCheck]:
    """Whether a check looks at the rows together."""
    return hasattr(check, "run")
