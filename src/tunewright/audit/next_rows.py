"""Which rows without a label to ask about next: doubtful, unlike one another, and some by chance.

The doubt of a row is the margin of a classifier that was fitted on the labelled rows and has not seen it. Of the most
doubtful rows one is taken out of each of as many clusters as there are rows to ask, so that near copies are not asked
twice and no batch is about one thing. A declared share comes by chance and in a place that nobody can tell: it is the
sample from which fair figures can be had. Whether this pays on a person's data is measured by
``workflow.reviewing.labelling_gain``. Called by it and by ``workflow.reviewing.label_order``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.softmax_fit import fit_softmax
from tunewright.records.example import Example, input_digest

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

STRENGTH = 10.0
STEPS = 20
# As many times the rows wanted are clustered, the most doubtful first (beta of Zhdanov 2019, who finds 10 good).
BETA = 10
LEAST_DOUBT = 1e-6
# With fewer labelled rows, or a single class, a classifier's doubts say nothing, and all rows come by chance.
START_ROWS = 20
# The classifier is fitted again after so many answers: a fifth of what is known, within bounds.
SMALLEST_BATCH, LARGEST_BATCH = 20, 100


@dataclass(frozen=True, slots=True, eq=False)
class Opinions:
    """What a classifier thinks of rows: ``guess`` ``[n]`` numbers of labels, ``doubt`` ``[n]`` in [0, 1], 1 minus the
    margin between the two likeliest labels."""

    guess: IntArray
    doubt: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows to ask about in this order: ``rows`` ``[b]``, ``by_chance`` ``[b]`` whether each came by chance, ``guess``
    ``[b]`` the label that the classifier expects, -1 where there is no classifier yet."""

    rows: IntArray
    by_chance: BoolArray
    guess: IntArray


def batch_size(known: int) -> int:
    """How many answers to wait for before choosing again."""
    return min(LARGEST_BATCH, max(SMALLEST_BATCH, known // 5))


def chance_order(examples: Sequence[Example], seed: int) -> IntArray:
    """The rows in an order by chance, ``[n]``: any beginning of it is a simple random sample of the rows.

    It hangs on the seed and on each input alone, so that it stays when other rows come and go.
    """
    seen: dict[str, int] = {}
    keys = []
    for example in examples:
        digest = input_digest(example.messages)
        seen[digest] = seen.get(digest, 0) + 1
        keys.append(hashlib.sha256(f"next:{seed}:{digest}:{seen[digest]}".encode()).digest())
    return np.array(sorted(range(len(keys)), key=lambda row: keys[row]), dtype=np.int64)


def next_batch(
    features: Any, known: IntArray, labels: IntArray, waiting: IntArray, size: int, chance_share: float, seed: int
) -> Batch:
    """The next rows to ask about.

    Args:
        features: unit vectors of all rows ``[n, width]``, float32, an array or a sparse matrix in rows.
        known: rows with a label, ``[k]``; ``labels`` ``[k]`` are the numbers of their labels.
        waiting: rows that may be asked about, ``[m]``, in an order by chance (see ``chance_order``).
        chance_share: the share of rows that come by chance, in [0, 1]; those are the first of ``waiting``.
        seed: for the places of the rows by chance, and where clusters start.
    """
    size = min(size, len(waiting))
    if len(known) < START_ROWS or len(np.unique(labels)) < 2:
        return Batch(waiting[:size], np.ones(size, dtype=np.bool_), np.full(size, -1, dtype=np.int64))
    fitted = opinions(features, known, labels, waiting)
    n_chance = min(size, round(chance_share * size))
    n_chosen = min(size - n_chance, len(waiting) - n_chance)
    rest = np.arange(n_chance, len(waiting))
    chosen = rest[doubtful_and_diverse(features[waiting[rest]], fitted.doubt[rest], n_chosen, seed)]
    random = np.random.default_rng(seed)
    by_chance = np.zeros(n_chance + n_chosen, dtype=np.bool_)
    by_chance[random.choice(len(by_chance), n_chance, replace=False)] = True
    places = np.empty(len(by_chance), dtype=np.int64)
    places[by_chance], places[~by_chance] = np.arange(n_chance), chosen
    return Batch(waiting[places], by_chance, fitted.guess[places])


def opinions(features: Any, known: IntArray, labels: IntArray, asked: IntArray) -> Opinions:
    """What a classifier fitted on the rows ``known`` with ``labels`` (two kinds at least) thinks of the rows ``asked``.

    Multinomial logistic regression. ``guess`` is in the numbers of ``labels``.
    """
    present, numbered = np.unique(labels, return_inverse=True)
    fit = fit_softmax(features[known], numbered.astype(np.int64), len(present), STRENGTH, STEPS)
    chances = fit.probabilities(features[asked])
    top = -np.partition(-chances, 1, axis=1)[:, :2].astype(np.float64)
    return Opinions(present[chances.argmax(axis=1)].astype(np.int64), np.clip(1 - (top[:, 0] - top[:, 1]), 0, 1))


def doubtful_and_diverse(candidates: Any, doubts: FloatArray, size: int, seed: int) -> IntArray:
    """Places of ``size`` candidates, the most doubtful first.

    The ``BETA * size`` most doubtful are parted into ``size`` clusters by k-means weighted with doubt, and the row
    nearest to each centre is taken (Zhdanov 2019, "Diverse mini-batch Active Learning", arXiv 1901.05954, section 3).
    ``candidates`` ``[m, width]`` are unit vectors, ``doubts`` ``[m]``. Where clusters share their nearest row, the most
    doubtful of the others fill up.
    """
    size = min(size, len(doubts))
    doubtful = np.argsort(-doubts, kind="stable")[: BETA * size]
    if size < 2 or len(doubtful) <= size:
        return doubtful[:size]
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    inside = candidates[doubtful]
    # One thread: sums keep their order, and with it the choice.
    with threadpool_limits(limits=1):
        clusters = MiniBatchKMeans(size, random_state=seed, n_init=1, batch_size=1024)
        distances = clusters.fit(inside, sample_weight=doubts[doubtful] + LEAST_DOUBT).transform(inside)
    taken = dict.fromkeys(int(place) for place in distances.argmin(axis=0))
    for place in range(len(doubtful)):
        if len(taken) == size:
            break
        taken.setdefault(place)
    return doubtful[np.sort(np.array(list(taken), dtype=np.int64))]
