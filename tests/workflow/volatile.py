"""What may differ between two runs of the same project: the paths of ``docs/volatile.txt``, and taking them out."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tunewright.records.verdict import Verdict

VOLATILE = Path(__file__).parents[2] / "docs" / "volatile.txt"


def volatile_patterns() -> list[str]:
    lines = VOLATILE.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def without_volatile(document: Any, patterns: Sequence[str]) -> Any:
    """A copy of a document without the values at these dotted paths (``systems[].latency``)."""
    kept = copy.deepcopy(document)
    for pattern in patterns:
        *steps, last = pattern.split(".")
        for parent in _at(kept, steps):
            parent.pop(last, None)
    return kept


def places(document: Any, pattern: str) -> int:
    """How many places of a document a path names."""
    *steps, last = pattern.split(".")
    return sum(last in parent for parent in _at(document, steps))


def stable(verdict: Verdict) -> Any:
    """A verdict as JSON without what may differ."""
    return without_volatile(verdict.model_dump(mode="json"), volatile_patterns())


def _at(value: Any, steps: Sequence[str]) -> Iterator[dict[str, Any]]:
    if not steps:
        yield value
        return
    child = value[steps[0].removesuffix("[]")]
    for item in child if steps[0].endswith("[]") else [child]:
        yield from _at(item, steps[1:])
