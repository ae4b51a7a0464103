"""Sentences of found passages as numbers: how much of the question each says, and whether it holds what is asked.

One row of features for each sentence; the weights are in ``_retrieval.weights``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tunewright.documents.library import Found, View
from tunewright.documents.split import Passage
from tunewright.documents.vectors import Vectors
from tunewright.documents.words import stems
from tunewright.systems._retrieval.questions import has_wanted, wanted

NAMES = (
    "said in the sentence",
    "said in sentence, headings and the sentence before",
    "said in the passage",
    "rarest word missing in the passage",
    "pairs of words",
    "holds what is asked for",
    "rank of the passage",
    "length",
    "likeness of the sentence",
    "likeness of the passage",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a found passage; ``number`` is its place among them."""

    passage: Passage
    sentence: str
    number: int


def candidates(found: Sequence[Found]) -> list[Candidate]:
    """Every sentence of the passages, those of the best first."""
    return [Candidate(one.passage, text, number) for one in found for number, text in enumerate(one.passage.sentences)]


def features(
    question: str, found: Sequence[Found], view: View, vectors: Vectors | None
) -> tuple[list[Candidate], NDArray[np.float64]]:
    """The candidates and their features ``[N, len(NAMES)]``; shares are weighted by what a word tells in the view."""
    asked = list(dict.fromkeys(stems(question)))
    weights = {word: view.words.idf(word) for word in asked}
    total, heaviest = sum(weights.values()) or 1.0, max(weights.values(), default=1.0) or 1.0
    pairs = set(pairwise(asked))
    kind = wanted(question)
    rows: list[list[float]] = []
    for rank, one in enumerate(found, 1):
        above = {*stems(one.passage.context), *stems(one.passage.file.replace("/", " ").replace("-", " "))}
        said_there = above | set(stems(one.passage.text))
        missing = max((weights[word] for word in asked if word not in said_there), default=0.0) / heaviest
        passage_share = _share(weights, said_there, total)
        before: set[str] = set()
        for sentence in one.passage.sentences:
            said = stems(sentence)
            own = set(said)
            rows.append(
                [
                    _share(weights, own, total),
                    _share(weights, own | above | before, total),
                    passage_share,
                    missing,
                    len(pairs & set(pairwise(said))) / max(len(pairs), 1),
                    has_wanted(kind, sentence, question),
                    1.0 / rank,
                    float(np.log1p(len(said))) / 4.0,
                ]
            )
            before = own
    made = candidates(found)
    matrix = np.array(rows, dtype=np.float64).reshape(len(made), len(NAMES) - 2)
    return made, np.hstack([matrix, _likeness(question, made, vectors)])


def _share(weights: dict[str, float], said: set[str], total: float) -> float:
    return sum(weight for word, weight in weights.items() if word in said) / total


def _likeness(question: str, made: Sequence[Candidate], vectors: Vectors | None) -> NDArray[np.float64]:
    """Cosines of the question with each sentence (behind its headings) and with its passage, ``[N, 2]``."""
    if vectors is None or not made:
        return np.zeros((len(made), 2))
    asked = vectors.query([question])[0]
    sentences = vectors.of([f"{one.passage.context}: {one.sentence}" for one in made])
    passages = vectors.of([one.passage.full for one in made])
    return np.stack([sentences @ asked, passages @ asked], axis=1).astype(np.float64)
