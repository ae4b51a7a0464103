"""Which new cases are most alike a training row, by their words: the half where memory of training rows helps most.

Likeness is the cosine of weighed word counts (tf-idf) to the nearest training row of the very fit that answered the
case. One cut serves all systems, so that their figures can be compared. Called by ``learned``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunewright.records.example import example_digest
from tunewright.workflow.study import Study

# Letters of one case that are read, and training rows that are compared with: about three seconds at most.
MAX_CHARS = 2_000
MAX_TRAINING = 20_000
MIN_HALF = 20
_ROWS_AT_ONCE = 256
# Signs of scripts without spaces are words of their own.
_WORDS = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+"


def near_half(study: Study) -> NDArray[np.bool_] | None:
    """Which of ``study.scored`` are nearer to a training row than the median case is, bool[n].

    None where the cases have no texts, or a half would have fewer than 20 of them.
    """
    texts = [example.text[:MAX_CHARS] for example in study.examples]
    if not any(texts[row].strip() for row in study.scored) or not all(part.train for part in study.parts):
        return None
    rows = _vectors(texts)
    if rows is None:
        return None
    likeness = np.concatenate([_nearest(rows, part.scored, _some(study, part.train)) for part in study.parts])
    near = likeness > np.median(likeness)
    return near if min(near.sum(), (~near).sum()) >= MIN_HALF else None


def by_chance(study: Study, rows: Sequence[int]) -> list[int]:
    """The rows in an order that chance and the seed made, the same in every project: by content, not by row key."""
    seed = study.settings.seed

    def place(row: int) -> str:
        return hashlib.sha256(f"{seed} {example_digest(study.examples[row])}".encode()).hexdigest()

    return sorted(rows, key=place)


def _some(study: Study, rows: Sequence[int]) -> Sequence[int]:
    return rows if len(rows) <= MAX_TRAINING else by_chance(study, rows)[:MAX_TRAINING]


def _vectors(texts: Sequence[str]) -> Any:
    """Weighed word counts of unit length, sparse [n, words]; None where no text has a word."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        return TfidfVectorizer(token_pattern=_WORDS, sublinear_tf=True, dtype=np.float32).fit_transform(texts)
    except ValueError:
        return None


def _nearest(rows: Any, asked: Sequence[int], training: Sequence[int]) -> NDArray[np.float64]:
    """Cosine of each asked row to the nearest training row, float64[n], rounded past the noise of sums."""
    known = rows[list(training)].T.tocsr()
    found = [
        np.asarray((rows[list(asked[start : start + _ROWS_AT_ONCE])] @ known).max(axis=1).todense()).ravel()
        for start in range(0, len(asked), _ROWS_AT_ONCE)
    ]
    nearest: NDArray[np.float64] = np.concatenate(found).astype(np.float64)
    return nearest.round(5)
