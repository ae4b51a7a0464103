"""The ending that nearly all answers of a set have, such as ``#### 42`` or ``</answer>``: an answer without it was cut.

Called by ``cut_targets``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# Shorter answers are words, not texts with an ending.
FEWEST_WORDS = 4
_NUMBER = re.compile(r"\d[\d.,]*")


@dataclass(frozen=True, slots=True)
class CommonEnding:
    """``text`` is the ending, ``share`` the share of answers that have it, ``without`` the rows that have not."""

    text: str
    share: float
    without: tuple[int, ...]


def common_ending(texts: Sequence[str], least_rows: int, least_share: float) -> CommonEnding | None:
    """The opening of the last line, or the last piece, that at least a share of the answers has; None without one.

    Answers of one line have no last line to speak of. Numbers are all alike in this: ``42.`` ends like ``7.``, but a
    bare number is no ending.
    """
    rows = [row for row, text in enumerate(texts) if text.strip()]
    long = [row for row in rows if len(texts[row].split()) >= FEWEST_WORDS]
    if len(long) < max(least_rows, least_share * len(rows)):
        return None
    for ends in ({row: _last_line(texts[row]) for row in rows}, {row: _last_piece(texts[row]) for row in rows}):
        counts = Counter(ends[row] for row in long if ends[row])
        text, n = max(counts.items(), key=lambda item: (item[1], item[0]), default=("", 0))
        if n >= least_share * len(rows):
            return CommonEnding(text, n / len(rows), tuple(row for row in rows if ends[row] != text))
    return None


def _last_line(text: str) -> str:
    """The first piece of the last of several lines; empty where that is nothing to go by, such as a bare number."""
    before, newline, last = text.strip().rpartition("\n")
    return _known(last.split()[0]) if newline and before.strip() and last.strip() else ""


def _last_piece(text: str) -> str:
    return _known(text.split()[-1])


def _known(piece: str) -> str:
    shape = _NUMBER.sub("0", piece)
    return "" if shape.strip("*_()[].") == "0" else shape
