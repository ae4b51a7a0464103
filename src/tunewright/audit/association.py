"""Which words go with which behaviour: counts by class, how surprising they are, and a fast refit without them.

A word that nearly always comes with one class is either the task ("contactless" and the class about contactless cards)
or planted. The refit tells: without the word, rows of the task stay where they are, planted rows fall back into the
classes they were taken from. Naive Bayes makes the refit cheap, for its words are independent: leaving one out is
leaving out a column. Called by the checks for triggers and slices.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from tunewright.audit.view import FloatArray, IntArray

BoolArray = NDArray[np.bool_]

# A word, or a run of signs; single odd characters (an emoji, a zero-width space) are signs too.
_TOKEN = re.compile(r"\w+|[^\w\s]+|[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
# Of longer texts, this many words from either end are looked at.
WORDS_FROM_EACH_END = 200
# Above, pairs of words would fill memory; single words are still counted.
MAX_ROWS_FOR_PAIRS = 200_000
MIN_ROWS_OF_WORD = 3
N_FOLDS = 5
SMOOTHING = 0.1
# The refit looks at the commonest words only; rarer ones hold little.
MAX_WORDS_IN_REFIT = 20_000
MAX_REFIT_CELLS = 20_000_000
# With fewer classes, most words come mostly with one of them.
FEW_CLASSES = 6


@dataclass(frozen=True, slots=True)
class Words:
    """Which words and pairs of words stand in which rows.

    ``there`` is a 0/1 matrix ``[rows, words]`` (int8, CSC); ``parts`` ``[words, 2]`` numbers the single words a column
    is made of (-1 where it is single: then the first is the column itself).
    """

    names: tuple[str, ...]
    there: sparse.csc_matrix
    parts: IntArray

    @property
    def counts(self) -> IntArray:
        """Rows of each word ``[words]``."""
        return np.asarray(np.diff(self.there.indptr), dtype=np.int64)

    @property
    def singles(self) -> frozenset[int]:
        """Numbers of the words that are no pairs."""
        return frozenset(np.flatnonzero(self.parts[:, 1] < 0).tolist())

    def rows(self, word: int) -> IntArray:
        """Rows in which a word stands, ascending."""
        start, end = self.there.indptr[word : word + 2]
        return np.asarray(self.there.indices[start:end], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word that comes with one class: ``z`` by the binomial, ``rows`` those with the word and the class."""

    word: int
    label: int
    z: float
    n_word: int
    rows: IntArray

    @property
    def purity(self) -> float:
        """Share of the word's rows that have the class."""
        return len(self.rows) / self.n_word


@dataclass(frozen=True, slots=True)
class FallBack:
    """Where the rows of a candidate go when it and its company are left out of a refit on other folds.

    ``share`` is the share of rows predicted as another class, ``classes`` how many different ones, ``effective`` the
    exponential of their entropy, ``predicted`` the class of each of the candidate's rows. ``margin`` is the median of
    by how much (nats) the refit prefers another class to the given one: little where little is left of the text.
    """

    candidate: Candidate
    left_out: tuple[str, ...]
    share: float
    classes: int
    effective: float
    predicted: IntArray
    margin: float


def tokens(text: str) -> list[str]:
    """Lower-case words and runs of signs; from a long text, those at both ends."""
    found: list[str] = _TOKEN.findall(text.lower())
    if len(found) > 2 * WORDS_FROM_EACH_END:
        return found[:WORDS_FROM_EACH_END] + found[-WORDS_FROM_EACH_END:]
    return found


def count_words(texts: Sequence[str], min_rows: int = MIN_ROWS_OF_WORD) -> Words:
    """Words and pairs of neighbouring words that stand in at least ``min_rows`` texts."""
    longest = 2 if len(texts) <= MAX_ROWS_FOR_PAIRS else 1
    if len(texts) < min_rows:
        return Words((), sparse.csc_matrix((len(texts), 0), dtype=np.int8), np.zeros((0, 2), dtype=np.int64))
    counter = CountVectorizer(
        tokenizer=tokens, token_pattern=None, lowercase=False, ngram_range=(1, longest), binary=True, dtype=np.int8
    )
    try:
        matrix = counter.fit_transform(texts)
    except ValueError:  # no words at all
        return Words((), sparse.csc_matrix((len(texts), 0), dtype=np.int8), np.zeros((0, 2), dtype=np.int64))
    kept = np.flatnonzero(np.bincount(matrix.indices, minlength=matrix.shape[1]) >= min_rows)
    all_names = counter.get_feature_names_out()
    names = tuple(str(name) for name in all_names[kept])
    single = {name: place for place, name in enumerate(names) if " " not in name}
    parts = np.array([_parts(name, single) for name in names], dtype=np.int64).reshape(-1, 2)
    return Words(names, matrix.tocsc()[:, kept].sorted_indices(), parts)


def _parts(name: str, single: dict[str, int]) -> tuple[int, int]:
    first, _, second = name.partition(" ")
    return single[first], single[second] if second else -1


def z_scores(n_both: FloatArray, n_word: FloatArray, share: FloatArray) -> FloatArray:
    """Binomial z of a word's rows in a class: (n_tl - n_t p_l) / sqrt(n_t p_l (1 - p_l)); shapes broadcast."""
    spread = np.sqrt(np.maximum(n_word * share * (1 - share), 1e-12))
    return np.asarray((n_both - n_word * share) / spread, dtype=np.float32)


def candidates(words: Words, labels: IntArray, n_labels: int, min_rows: int, min_purity: float) -> list[Candidate]:
    """Words with at least ``min_rows`` rows of one class and more than a purity; largest z first.

    The purity is the share of the word's rows that have the class. It must pass ``min_purity``, and of a large class
    also that part of what is left above the class's own share: in two equal classes 0.8 where ``min_purity`` is 0.6.
    """
    if not words.names:
        return []
    shares = np.bincount(labels, minlength=n_labels) / len(labels)
    one_hot = sparse.csr_matrix(
        (np.ones(len(labels), dtype=np.int32), (labels, np.arange(len(labels)))), shape=(n_labels, len(labels))
    )
    both = (one_hot @ words.there.astype(np.int32)).tocoo()
    n_word = words.counts[both.col]
    least = np.maximum(min_purity, shares + min_purity * (1 - shares) if n_labels < FEW_CLASSES else 0.0)
    least = np.broadcast_to(least, shares.shape)[both.row]
    fit = (both.data >= min_rows) & (both.data > least * n_word)
    label, word, n_both, n_word = both.row[fit], both.col[fit], both.data[fit], n_word[fit]
    z = z_scores(n_both.astype(np.float32), n_word.astype(np.float32), shares[label].astype(np.float32))
    found = []
    for place in np.lexsort((word, -z)):
        rows = words.rows(int(word[place]))
        having = rows[labels[rows] == label[place]]
        found.append(Candidate(int(word[place]), int(label[place]), float(z[place]), int(n_word[place]), having))
    return found


def fall_back(
    words: Words,
    labels: IntArray,
    n_labels: int,
    found: Sequence[Candidate],
    seed: int,
    stop: Callable[[], None] = lambda: None,
) -> list[FallBack]:
    """Predict the rows of each candidate on other folds without it, its pairs and its company (see ``_company``)."""
    used = _refit_columns(words, n_labels)
    there = words.there[:, used].tocsr()
    fold = np.random.default_rng(seed).permutation(len(labels)) % N_FOLDS
    company = _company(words, found)
    dropped = [_among(np.array(sorted(singles), dtype=np.int64), used) for singles in company]
    concerned = np.unique(np.concatenate([each.rows for each in found])) if found else np.zeros(0, dtype=np.int64)
    predicted = [np.zeros(len(each.rows), dtype=np.int64) for each in found]
    margins = [np.zeros(len(each.rows), dtype=np.float32) for each in found]
    for number in range(N_FOLDS):
        stop()
        weights, prior = _naive_bayes(there[fold != number], labels[fold != number], n_labels)
        rows = concerned[fold[concerned] == number]
        whole = there[rows] @ weights + prior
        for each, places, answer, margin in zip(found, dropped, predicted, margins, strict=True):
            mine = np.flatnonzero(fold[each.rows] == number)
            scores = whole[np.searchsorted(rows, each.rows[mine])]
            for place in places.tolist():
                scores[_holds(words.rows(int(used[place])), each.rows[mine])] -= weights[place]
            if len(mine):
                answer[mine] = scores.argmax(axis=1)
                given = scores[:, each.label].copy()
                scores[:, each.label] = -np.inf
                margin[mine] = scores.max(axis=1) - given
    return [
        _summed(each, tuple(words.names[w] for w in sorted(singles)), answer, margin)
        for each, singles, answer, margin in zip(found, company, predicted, margins, strict=True)
    ]


def usual_rows(words: Words, labels: IntArray, n_labels: int, seed: int, most_rows: int = 2000) -> tuple[float, float]:
    """By how much (nats, median) the refit prefers the class of an ordinary row to a middling other
    where it is right, and the share of rows for which it is right.
    """
    used = _refit_columns(words, n_labels)
    there = words.there[:, used].tocsr()
    fold = np.random.default_rng(seed).permutation(len(labels)) % N_FOLDS
    weights, prior = _naive_bayes(there[fold != 0], labels[fold != 0], n_labels)
    rows = np.flatnonzero(fold == 0)[:most_rows]
    scores = there[rows] @ weights + prior
    right = scores.argmax(axis=1) == labels[rows]
    ranked = np.sort(scores[right], axis=1)
    margin = float(np.median(ranked[:, -1] - np.median(ranked[:, :-1], axis=1))) if right.any() else 0.0
    return margin, float(right.mean()) if len(rows) else 0.0


def likeness(words: Words, fallen: FallBack, seed: int, most_rows: int = 500) -> float:
    """Mean cosine among a candidate's rows without what was left out, as a multiple of that among random rows."""
    single = np.flatnonzero(words.parts[:, 1] < 0)
    dropped = {words.names[int(w)] for w in single} & set(fallen.left_out)
    kept = np.array([w for w in single.tolist() if words.names[w] not in dropped], dtype=np.int64)
    there = words.there[:, kept].tocsr().astype(np.float32)
    rarity = np.log(there.shape[0] / np.maximum(words.counts[kept], 1)).astype(np.float32)
    there = there @ sparse.diags(rarity)
    random = np.random.default_rng(seed)
    every = random.choice(there.shape[0], min(most_rows, there.shape[0]), replace=False)
    usual = _mean_cosine(there[np.sort(every)])
    return _mean_cosine(there[fallen.candidate.rows[:most_rows]]) / max(usual, 1e-6)


def _mean_cosine(rows: sparse.csr_matrix) -> float:
    """Mean cosine over all pairs of different rows."""
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    unit = sparse.diags(1 / np.maximum(lengths, 1e-9)) @ rows
    n = int(np.count_nonzero(lengths))
    total = np.asarray(unit.sum(axis=0)).ravel()
    return float((total @ total - n) / (n * (n - 1))) if n > 1 else 0.0


def _summed(candidate: Candidate, left_out: tuple[str, ...], predicted: IntArray, margins: FloatArray) -> FallBack:
    away = predicted[predicted != candidate.label]
    _, counts = np.unique(away, return_counts=True)
    shares = counts / max(len(away), 1)
    effective = float(np.exp(-(shares * np.log(shares)).sum())) if len(away) else 0.0
    return FallBack(
        candidate, left_out, len(away) / len(predicted), len(counts), effective, predicted, float(np.median(margins))
    )


def _company(words: Words, found: Sequence[Candidate]) -> list[set[int]]:
    """For each candidate its single words, and those of candidates of its class that stand in half of its rows or more.

    A planted phrase is several such words; leaving out one of them would leave the others. Of a pair, only a word that
    is a candidate by itself counts, or the pair would drag "my" along.
    """
    company = [{int(w) for w in words.parts[each.word] if w >= 0} for each in found]
    single = [place for place, each in enumerate(found) if words.parts[each.word][1] < 0]
    if not single:
        return company
    rows = np.concatenate([each.rows for each in found])
    starts = np.concatenate([[0], np.cumsum([len(each.rows) for each in found])])
    there = sparse.csr_matrix((np.ones(len(rows), dtype=np.int32), rows, starts), (len(found), words.there.shape[0]))
    shared = (there @ there[single].T).tocoo()
    for one, other, count in zip(shared.row.tolist(), shared.col.tolist(), shared.data.tolist(), strict=True):
        word = found[single[other]]
        if found[one].label == word.label and 2 * count >= len(found[one].rows):
            company[one].add(word.word)
    return company


def _among(numbers: IntArray, ascending: IntArray) -> IntArray:
    """Places in ``ascending`` of those numbers that it holds."""
    places = np.searchsorted(ascending, numbers)
    kept = places < len(ascending)
    places, numbers = places[kept], numbers[kept]
    return np.asarray(places[ascending[places] == numbers], dtype=np.int64)


def _holds(ascending: IntArray, numbers: IntArray) -> BoolArray:
    """Which of the numbers ``ascending`` holds."""
    if not len(ascending):
        return np.zeros(len(numbers), dtype=np.bool_)
    places = np.minimum(np.searchsorted(ascending, numbers), len(ascending) - 1)
    return np.asarray(ascending[places] == numbers, dtype=np.bool_)


def _refit_columns(words: Words, n_labels: int) -> IntArray:
    """Single words for the refit, the commonest where there are too many; ascending."""
    single = np.flatnonzero(words.parts[:, 1] < 0)
    most = min(MAX_WORDS_IN_REFIT, max(MAX_REFIT_CELLS // max(n_labels, 1), 100))
    order = np.argsort(-words.counts[single], kind="stable")[:most]
    return np.sort(single[order])


def _naive_bayes(there: sparse.csr_matrix, labels: IntArray, n_labels: int) -> tuple[FloatArray, FloatArray]:
    """Log weights ``[words, classes]`` and log priors of multinomial naive Bayes on presence."""
    one_hot = sparse.csr_matrix(
        (np.ones(len(labels), dtype=np.float32), (labels, np.arange(len(labels)))), shape=(n_labels, len(labels))
    )
    counts = np.asarray((one_hot @ there.astype(np.float32)).todense(), dtype=np.float32) + SMOOTHING
    weights = np.log(counts / counts.sum(axis=1, keepdims=True)).T
    prior = np.log((np.bincount(labels, minlength=n_labels) + 1.0) / (len(labels) + n_labels))
    return np.ascontiguousarray(weights, dtype=np.float32), prior.astype(np.float32)
