"""Passages in the order of how well they fit a question: BM25, vectors, and the two fused.

A ranking is made for the passages that a reader may see and knows of no others: hidden ones change neither its word
statistics nor its ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunewright.documents.split import Passage
from tunewright.documents.words import stems

FloatArray = NDArray[np.float32]
Embed = Callable[[Sequence[str]], FloatArray]

# Reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009) with their constant.
FUSION_K = 60
# BM25 after Robertson et al. 1994, idf as in Lucene.
K1, B = 1.2, 0.75


class Bm25:
    """BM25 scores of texts, each given as its stems."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        self._count = len(texts)
        self.frequency: dict[str, int] = {}
        for text in texts:
            for word in dict.fromkeys(text):
                self.frequency[word] = self.frequency.get(word, 0) + 1
        self._index: Any = None
        if self.frequency:
            import bm25s

            self._index = bm25s.BM25(k1=K1, b=B, method="lucene", backend="numpy")
            self._index.index([list(text) for text in texts], create_empty_token=True, show_progress=False)

    def scores(self, query: Sequence[str]) -> NDArray[np.float64]:
        """One score for each text, ``[N]``; 0 where no word is shared. A word counts once however often it is said."""
        known = [word for word in dict.fromkeys(query) if word in self.frequency]
        if not known:
            return np.zeros(self._count)
        return np.asarray(self._index.get_scores(known), dtype=np.float64)

    def idf(self, word: str) -> float:
        """How much a word tells, 0 and up; a word that no text has tells most."""
        seen = self.frequency.get(word, 0)
        return float(np.log1p((self._count - seen + 0.5) / (seen + 0.5)))


def index_words(passage: Passage) -> list[str]:
    """The stems of a passage with those of its headings and of its file's name."""
    name = passage.file.rpartition(".")[0].replace("/", " ").replace("_", " ").replace("-", " ")
    return [*stems(name), *stems(passage.context), *stems(passage.text)]


def order(scores: NDArray[np.floating[Any]]) -> list[int]:
    """Places by falling score; equal scores in the order given."""
    return [int(place) for place in np.argsort(-scores, kind="stable")]


def fuse(rankings: Sequence[Sequence[int]], count: int) -> NDArray[np.float64]:
    """Reciprocal rank fusion ``sum 1 / (60 + rank)``, as a share of its largest value, ``[count]``.

    A place that a ranking leaves out gets nothing from it.
    """
    scores = np.zeros(count)
    for ranking in rankings:
        for rank, place in enumerate(ranking, 1):
            scores[place] += 1.0 / (FUSION_K + rank)
    return scores * ((FUSION_K + 1) / max(len(rankings), 1))
