"""Rows that stand sorted by class, by source or by likeness. It matters only where somebody trains without shuffling.

Neighbours that agree are counted and compared with 25 random orders of the same rows (as many as cleanlab's check of
non-iid data draws).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.findings import CheckResult, Cost, Finding, NotChecked, Quality
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.data.normalise import light_form
from tunewright.data.pairs import numbered

NAME = "order_of_rows"
TITLE = "Order of rows"
QUALITY: Quality = "balanced"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Mapping[str, float] = {
    "least_rows": 50,
    "random_orders": 25,
    "excess": 0.3,  # share of the way from a random order to a fully sorted one
    "likeness_times": 2.0,
    "most_pairs": 5_000,
    "most_values_share": 0.2,  # a column with more distinct values is no source
}

_WHY = (
    "Training that takes rows in this order sees one kind for a long time and then another, and forgets the first. "
    "A test set taken from the end holds kinds that training never saw. It does no harm "
    "where rows are shuffled, as they are here."
)
_ADVICE = "Shuffle the rows before you give the file to another program, and split at random, not by position."


def run(view: View, limits: Limits) -> CheckResult:
    """One finding where neighbours agree far more often than chance would have it."""
    rows = view.rows_of("train")
    if len(rows) < limits["least_rows"]:
        return CheckResult()
    random = np.random.default_rng(view.seed)
    best: tuple[float, str] | None = None
    for name, values in _columns(view, rows, limits):
        excess = _excess(numbered(values), random, int(limits["random_orders"]))
        if excess >= limits["excess"] and (best is None or excess > best[0]):
            best = (excess, name)
    if best is not None:
        title = f"The rows are sorted by {best[1]}"
        return CheckResult((_finding("sorted", title, len(rows), ("sortedness", best[0])),))
    times = _likeness([view.examples[row].text for row in rows], random, limits)
    sampled = _sampled(view, len(rows) - 1, int(limits["most_pairs"]))
    if times >= limits["likeness_times"]:
        title = "Like rows stand next to each other"
        return CheckResult((_finding("alike", title, len(rows), ("likeness_of_neighbours", times)),), sampled)
    return CheckResult(not_checked=sampled)


def _sampled(view: View, pairs: int, most: int) -> tuple[NotChecked, ...]:
    if pairs <= most:
        return ()
    because = f"likeness was measured on {most:,} of {pairs:,} pairs of neighbours, drawn with seed {view.seed}"
    return (NotChecked(f"{NAME}.sample", because, "Raise the limit 'most_pairs' to have all measured."),)


def _finding(kind: str, title: str, rows: int, number: tuple[str, float]) -> Finding:
    return Finding(f"{NAME}.{kind}", "note", title, _WHY, _ADVICE, numbers=(number,), rows_affected=rows)


def _columns(view: View, rows: Sequence[int], limits: Limits) -> list[tuple[str, list[str]]]:
    """(name, value of each row) of the label, and of columns that have few values."""
    found = [("class", [view.examples[row].target for row in rows])] if view.kind == "classify" else []
    names = [name for name, _ in view.examples[rows[0]].tags]
    tags = [dict(view.examples[row].tags) for row in rows]
    for name in names:
        found.append((f"the column '{name}'", [tag.get(name, "") for tag in tags]))
    found.append(("group", [view.examples[row].group or "" for row in rows]))
    most = limits["most_values_share"] * len(rows)
    return [(name, values) for name, values in found if 2 <= len(set(values)) <= most]


def _excess(codes: NDArray[np.int64], random: np.random.Generator, orders: int) -> float:
    """Agreeing neighbours beyond chance as a share of what a sorted file would have; 0 where chance reaches them.

    A sorted file of n rows and k values has n - k agreeing neighbours.
    """
    agreeing = int((codes[1:] == codes[:-1]).sum())
    by_chance = []
    for _ in range(orders):
        mixed = random.permutation(codes)
        by_chance.append(int((mixed[1:] == mixed[:-1]).sum()))
    if agreeing <= max(by_chance):
        return 0.0
    mean = sum(by_chance) / orders
    most = len(codes) - len(np.unique(codes))
    return (agreeing - mean) / (most - mean) if most > mean else 0.0


def _likeness(texts: Sequence[str], random: np.random.Generator, limits: Limits) -> float:
    """Mean Jaccard similarity of the words of neighbours over that of random pairs; 0 where chance reaches it."""
    places = np.arange(len(texts) - 1)
    if len(places) > limits["most_pairs"]:
        places = np.sort(random.choice(places, int(limits["most_pairs"]), replace=False))
    words = {int(n): frozenset(light_form(texts[n][:2_000]).split()) for n in np.unique([places, places + 1])}
    seen = np.array(sorted(words))
    neighbours = float(np.mean([_jaccard(words[int(n)], words[int(n) + 1]) for n in places]))
    by_chance = []
    for _ in range(int(limits["random_orders"])):
        mixed = random.permutation(seen)[: min(len(seen), 1_001)]
        by_chance.append(float(np.mean([_jaccard(words[int(a)], words[int(b)]) for a, b in pairwise(mixed)])))
    mean = float(np.mean(by_chance))
    return neighbours / mean if neighbours > max(by_chance) and mean > 0 else 0.0


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0
