"""How many different things a set says: its effective size.

Rows are put together with the row that can stand for them (equal, alike in their words, close in meaning). The
effective size is the exponential of the entropy of the shares: 100 rows of which 91 are equal count as 2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from tunewright.audit.copies import keepers, quality_order, row_kinds
from tunewright.audit.findings import CheckResult, Cost, Finding, NotChecked, Quality
from tunewright.audit.lexical import lexical_pairs, pairs_of_kinds
from tunewright.audit.neighbours import comparable, spread
from tunewright.audit.registry import Limits
from tunewright.audit.view import IntArray, View

NAME = "redundancy"
TITLE = "Effective size"
QUALITY: Quality = "diverse"
COST: Cost = "minutes"
VERSION = 1
LIMITS: Limits = {
    # Effective rows per row, by words and by meaning, below which it is said; below half of it, a warning.
    "effective_share": 0.7,
    "effective_share_of_meaning": 0.3,
    # DEITA keeps a row only below this cosine to all kept ones.
    "kept_below_cosine": 0.9,
    "rows": 50,
}


def run(view: View, limits: Limits) -> CheckResult:
    if not len(view):
        return CheckResult()
    size = effective_size(_owners_by_words(view))
    numbers = [("effective_rows", size), ("effective_share", size / len(view))]
    findings: list[Finding] = []
    if len(view) >= limits["rows"] and size / len(view) < limits["effective_share"]:
        findings.append(_finding(view, size, limits))
    if view.embed is None:
        because = NotChecked("redundancy.meaning", view.no_vectors, "Install the encoder to see re-wordings too.")
        return CheckResult(tuple(findings), (because,), tuple(numbers))
    rows, left_out = comparable(view, range(len(view)))
    below = limits["kept_below_cosine"]
    owner = view.once(f"redundancy.spread.{below}", lambda: _spread(view, rows, below))
    if len(rows):
        kept = len(set(owner.tolist()))
        meaning = effective_size(owner.tolist())
        numbers += [("kept_by_meaning", float(kept)), ("kept_share", kept / len(rows))]
        numbers += [("effective_meanings", meaning), ("effective_share_of_meaning", meaning / len(rows))]
        if len(rows) >= limits["rows"] and meaning / len(rows) < limits["effective_share_of_meaning"]:
            findings.append(_finding_of_meaning(len(rows), kept, meaning, limits))
    not_checked = (NotChecked("redundancy.left_out", left_out),) if left_out else ()
    return CheckResult(tuple(findings), not_checked, tuple(numbers))


def effective_size(owners: Iterable[int]) -> float:
    """exp(H) of the shares of the groups, from the group of every row: 1 for one group, n for n groups of one."""
    counts = np.array(list(Counter(owners).values()), dtype=np.float64)
    shares = counts / counts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _owners_by_words(view: View) -> list[int]:
    """The row that stands for every row: the best of its equals, or of its near copies with the same answer."""
    kinds, order = row_kinds(view), quality_order(view)
    best = [min(rows, key=lambda row: int(order[row])) for rows in kinds.members]
    edges = pairs_of_kinds(view, kinds, lexical_pairs(view), same=True)
    gone = keepers(len(best), edges, order[best])
    owner = [0] * len(view)
    for kind, rows in enumerate(kinds.members):
        stands = best[gone[kind][0]] if kind in gone else best[kind]
        for row in rows:
            owner[row] = stands
    return owner


def _spread(view: View, rows: IntArray, below: float) -> IntArray:
    vectors = view.vectors

    def between(share: float) -> None:
        view.stop_if_asked()
        view.progress("counting meanings", share)

    return np.zeros(0, dtype=np.int64) if vectors is None else spread(vectors[rows], below, between)


def _finding(view: View, size: float, limits: Limits) -> Finding:
    share = size / len(view)
    return Finding(
        "redundancy.words",
        "warning" if share < limits["effective_share"] / 2 else "note",
        f"{len(view):,} rows are worth about {size:,.0f} different ones",
        "Copies add weight, not knowledge: intervals and learning curves that count rows promise too much.",
        "See the repeated and nearly repeated rows; label something else next.",
        numbers=(("effective_rows", size), ("share", share)),
        rows_affected=len(view) - round(size),
    )


def _finding_of_meaning(rows: int, kept: int, size: float, limits: Limits) -> Finding:
    share = size / rows
    return Finding(
        "redundancy.meaning",
        "warning" if share < limits["effective_share_of_meaning"] / 2 else "note",
        f"{kept:,} of {rows:,} different inputs stand for all the others in meaning",
        "The rest are re-wordings: they make the model sure of a few questions and leave it alone with new ones.",
        "Label inputs that are unlike these, taken from real use.",
        numbers=(("effective_meanings", size), ("share", share), ("kept", float(kept))),
        rows_affected=rows - kept,
    )
