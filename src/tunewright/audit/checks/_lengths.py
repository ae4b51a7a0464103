"""Lengths at which texts pile up because a program cut them; and whether a text ends as texts end."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.registry import Limits

BoolArray = NDArray[np.bool_]
# Limits that programs have: database columns, spreadsheets, model APIs. Fewer rows at these lengths are enough.
KNOWN_LIMITS = frozenset(
    {
        255,
        256,
        500,
        511,
        512,
        1000,
        1023,
        1024,
        2000,
        2047,
        2048,
        4000,
        4095,
        4096,
        8000,
        8191,
        8192,
        16_384,
        32_000,
        32_766,
        32_767,
        65_535,
    }
)
SHORTEST = 100
_NEIGHBOURS = 25
_TWO_SENTENCES_CHARS = 30
_SENTENCE_END = re.compile(r"[.!?] +\S")
_LIST_LINE = re.compile(r"\s*(?:[-*•#>|]|\d+[.)])")


def ends_open(text: str) -> bool:
    """Whether a text ends with a letter, a digit or a comma rather than with what ends a text."""
    return bool(text) and (text[-1].isalnum() or text[-1] in ",-–—(/&+=")


def has_sentences(text: str) -> bool:
    """Whether a text is written in sentences, at least two."""
    return len(text) >= _TWO_SENTENCES_CHARS and _SENTENCE_END.search(text) is not None


def stops_open(text: str) -> bool:
    """Whether the last of several sentences has no end. Lines of lists, links and short last lines need none."""
    last = text[text.rfind("\n") + 1 :]
    words = last.split()
    plain = len(words) >= 4 and "://" not in words[-1] and _LIST_LINE.match(last) is None
    return plain and ends_open(text) and text[-1] != "="


def exact_limits(texts: Sequence[str], is_open: BoolArray, least: int) -> list[int]:
    """Rows whose text has exactly a length at which far more different texts pile up than at its neighbours, most of
    them with an open end. Lengths under 100 characters say nothing.
    """
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    if not len(lengths) or int(lengths.max()) < SHORTEST:
        return []
    counts = np.bincount(np.minimum(lengths, 200_000))
    needed = np.array([3 if n in KNOWN_LIMITS else least for n in range(len(counts))])
    found: list[int] = []
    for length in np.flatnonzero((counts >= needed) & (np.arange(len(counts)) >= SHORTEST)).tolist():
        low, high = max(0, length - _NEIGHBOURS), min(len(counts), length + _NEIGHBOURS + 1)
        around = (int(counts[low:high].sum()) - int(counts[length])) / (2 * _NEIGHBOURS)
        rows = (
            np.flatnonzero(lengths == length) if counts[length] > 6 * max(around, 0.5) else np.array([], dtype=np.int64)
        )
        # A cap ends the distribution: beyond a true one there is next to nothing.
        beyond = int(counts[length + 1 :].sum())
        different = len({texts[row] for row in rows.tolist()})
        if different >= needed[length] and beyond <= counts[length] and is_open[rows].mean() >= 0.8:
            found += rows.tolist()
    return found


def pile_at_top(texts: Sequence[str], is_open: BoolArray, limits: Limits) -> list[int]:
    """Rows with an open end among the longest (over ``top_band`` of the 99.9th percentile), where open ends are
    ``top_times`` as frequent there as among the others, and at least 30 %.
    """
    lengths = np.array([len(text) for text in texts], dtype=np.float64)
    if len(lengths) < 100:
        return []
    edge = max(limits["top_band"] * float(np.quantile(lengths, 0.999)), 2.0 * SHORTEST)
    top = lengths >= edge
    below = (lengths >= SHORTEST) & ~top
    if not top.any() or below.sum() < 50:
        return []
    share, usual = float(is_open[top].mean()), float(is_open[below].mean())
    if share < 0.3 or share < limits["top_times"] * usual:
        return []
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero(top & is_open).tolist():
        groups[texts[row]].append(row)
    return sorted(rows[0] for rows in groups.values())
