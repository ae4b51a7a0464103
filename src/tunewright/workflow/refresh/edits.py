"""New rows that are old ones written differently: words added, put in another order, or misspelt.

Near copies are found by their runs of letters, which a word put between every two others breaks. Here sets of words are
compared: how much of the rare words of an old row stands in a new one, and the other way round. How alike two honest
rows may be differs from job to job, so it is read off the old rows among each other. Pure functions of examples.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunewright.records.example import Example
from tunewright.statistics.arrays import FloatArray, IntArray

# What two rows share by chance among n rows surprises by about log(n) nats for each of the two; that much is taken off.
CHANCE_MATCH = 2.0
# Rows less alike than this are never edits of each other.
LEAST_ALIKE = 0.1
# A row is set aside when it is more alike than all but this share of the old rows among each other ...
ROW_CHANCE = 0.01
# ... and a table is refused when this share more of its rows are alike than of the old ones, by a milder limit.
TABLE_CHANCE = 0.05
TABLE_EXCESS = 0.15
SAMPLE = 2000
_AT_ONCE = 500
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Edits:
    """``rows`` maps a new row to the old one that it is an edit of; ``share`` of the new is alike, ``usual`` of old."""

    rows: dict[int, int]
    share: float
    usual: float

    @property
    def too_many(self) -> bool:
        """Whether so many rows are edits that the table is no sample of fresh cases."""
        return self.share - self.usual >= TABLE_EXCESS


def find_edits(new: Sequence[Example], old: Sequence[Example], seed: int = 0) -> Edits:
    """Compare every new row with every old one; the target counts by its words as the input does.

    10,000 rows against 10,000 take about ten seconds.
    """
    if not new or len(old) < 2:
        return Edits({}, 0.0, 0.0)
    table = _Words.of([*old, *new])
    n = len(old)
    best, of = table.most_alike(np.arange(n, n + len(new)), n)
    # Rows that repeat each other would make any likeness look usual: one of each is enough.
    different = np.array(list({frozenset(_words(one)): row for row, one in enumerate(old)}.values()), dtype=np.int64)
    sample = np.random.default_rng(seed).permutation(different)[:SAMPLE]
    among, _ = table.most_alike(sample, n, apart=True)
    strict, loose = (max(float(np.quantile(among, 1 - chance)), LEAST_ALIKE) for chance in (ROW_CHANCE, TABLE_CHANCE))
    rows = {int(row): int(of[row]) for row in np.flatnonzero(best > strict)}
    return Edits(rows, float(np.mean(best > loose)), float(np.mean(among > loose)))


@dataclass(frozen=True, slots=True, eq=False)
class _Words:
    """``there`` a sparse 0/1 matrix [rows, words]; ``heavy`` the same times the surprise of each word, log(rows / rows
    with it), and ``total`` its sum over each row, float64[rows]."""

    there: Any
    heavy: Any
    total: FloatArray

    @classmethod
    def of(cls, examples: Sequence[Example]) -> _Words:
        from scipy.sparse import csr_matrix, diags

        number: dict[str, int] = {}
        rows = [[number.setdefault(word, len(number)) for word in sorted(_words(one))] for one in examples]
        ends = np.cumsum([0, *(len(row) for row in rows)])
        columns = np.array([word for row in rows for word in row], dtype=np.int64)
        there = csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(rows), len(number)))
        surprise = np.log((1 + len(rows)) / np.asarray(there.sum(axis=0)).ravel())
        return cls(there, (there @ diags(surprise)).tocsr(), there @ surprise)

    def most_alike(self, rows: IntArray, n: int, *, apart: bool = False) -> tuple[FloatArray, IntArray]:
        """For each of ``rows`` how alike the most alike other one of the first ``n`` rows is, and which one that is.

        Alike is the share of the surprise of the shorter of the two that both have beyond chance: near 1 where a long
        row stands in the other whole, whatever was put between, and 0 for rows too short to tell. ``apart`` leaves out
        pairs with the very same words.
        """
        best, of = np.zeros(len(rows)), np.zeros(len(rows), dtype=np.int64)
        known = self.there[:n].T.tocsr()
        chance = CHANCE_MATCH * np.log(n)
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            mine, others = self.total[some][:, None], self.total[None, :n]
            shared = (self.heavy[some] @ known).toarray()
            alike = np.maximum(shared - chance, 0.0) / np.maximum(np.minimum(mine, others), 1e-12)
            skipped = some[:, None] == np.arange(n)[None, :]
            if apart:
                skipped |= shared >= np.maximum(mine, others) - 1e-9
            alike[skipped] = 0.0
            of[start : start + len(some)] = alike.argmax(axis=1)
            best[start : start + len(some)] = alike.max(axis=1)
        return best, of


def _words(example: Example) -> set[str]:
    """Distinct words of the input, and those of the target marked as such."""
    return set(_WORD.findall(example.text.casefold())) | {
        f"={word}" for word in _WORD.findall(example.target.casefold())
    }
