"""Kinds of cases that a system gets wrong one and all, where what it would replace gets most of them right.

No interval sees this: a rare group or category weighs little in the mean, and a sample that holds few rows of it can
pass every test (``docs/decision-grid.md``, lopsided groups). So it is said beside the verdict, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from tunewright.records.verdict import WholesaleFailure
from tunewright.statistics.arrays import FloatArray

MIN_CASES = 3
SHOWN = 5
Kind = Literal["group", "category"]


def wholesale_failures(
    system: str, scores: FloatArray, against: str, other: FloatArray, kinds: Mapping[Kind, Sequence[str | None]]
) -> list[WholesaleFailure]:
    """Groups and categories of at least three cases in which ``system`` scores 0 and ``against`` more than half.

    ``scores`` and ``other`` are float64[n] in [0, 1], nan where unanswered; only cases that both answered count.
    ``kinds`` names the group or category of each case, None where it has none. Largest first.
    """
    found: list[WholesaleFailure] = []
    for kind, names in kinds.items():
        known = ~(np.isnan(scores) | np.isnan(other)) & np.array([name is not None for name in names], dtype=bool)
        labels, code = np.unique([str(name) for name in names], return_inverse=True)
        cases = np.bincount(code[known], minlength=len(labels))
        mine = np.bincount(code[known], scores[known], minlength=len(labels))
        right = np.bincount(code[known], other[known], minlength=len(labels))
        for at in np.flatnonzero((cases >= MIN_CASES) & (mine == 0) & (right > cases / 2)):
            name, n, r = str(labels[at]), int(cases[at]), round(float(right[at]), 6)
            text = f"{system} has none of the {n} cases of {kind} '{name}' right; {against} has {r:g}."
            found.append(
                WholesaleFailure(kind=kind, name=name, n=n, system=system, against=against, right=r, text=text)
            )
    return sorted(found, key=lambda failure: (-failure.n, failure.kind, failure.name))


def each_once(failures: Sequence[WholesaleFailure]) -> list[WholesaleFailure]:
    """One failure for each system, kind and name: against the system that has most right."""
    best: dict[tuple[str, str, str], WholesaleFailure] = {}
    for failure in failures:
        key = (failure.system, failure.kind, failure.name)
        if key not in best or failure.right > best[key].right:
            best[key] = failure
    return list(best.values())


def failure_lines(failures: Sequence[WholesaleFailure]) -> list[str]:
    """One sentence each, the first few of them."""
    rest = len(failures) - SHOWN
    return [f.text for f in failures[:SHOWN]] + ([f"The same in {rest} more groups or categories."] if rest > 0 else [])
