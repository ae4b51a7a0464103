"""Near copies among short texts: exact cosine of character 3- to 5-gram TF-IDF, without comparing all with all.

Word n-grams and MinHash are blind below some twenty words. Every pair above the threshold is found, by prefix
filtering (Bayardo, Ma and Srikant 2007, "Scaling up all pairs similarity search", section 4): order the features of all
texts from rare to common; two unit vectors with cosine t share a feature among those that come before the tail of a
vector falls below length t.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import minimum_spanning_tree

from tunewright.data.components import IntArray
from tunewright.data.pairs import FloatArray, Pairs, blocks, join_pairs, no_pairs

# Seen on BANKING77 and CLINC150, where it marks re-wordings of one question: 7 % and 6 % of the official test rows.
MIN_COSINE = 0.95
NGRAMS = (3, 5)
ROUNDING = 1e-9
# Candidate pairs held at a time, 12 bytes each and some copies.
MAX_CANDIDATES_AT_ONCE = 2_000_000
# Candidate pairs looked at in all, twice over: a million short questions have a third of it. Beyond, the features that
# most texts share are left out, and the result is not complete.
MAX_CANDIDATES = 4_000_000_000
CHECKED_AT_ONCE = 50_000
ROWS_AT_ONCE = 10_000
# So many verified pairs in one block are one crowd of copies; then only the pairs that hold it together are kept.
MAX_PAIRS_PER_BLOCK = 2_000_000
# A text that repeats an n-gram more often than this is all repetition; counts are kept in a byte.
MAX_COUNT = 255
# Parts into which features are drawn for a cheap upper bound of a cosine. Of 736,000 candidates 32 parts leave 66,000
# to be measured, 64 parts 3,300.
OUTLINE = 64


@dataclass(frozen=True, slots=True, eq=False)
class _Vectors:
    """Unit vectors of texts ``[n, features]`` in five bytes an entry: features are ordered from rare to common.

    ``counts`` (uint8) says how often a text has a feature, ``weight`` ``[features]`` is the feature's idf, ``length``
    ``[n]`` the length before scaling; ``rows`` makes the vectors themselves.
    """

    counts: sparse.csr_matrix
    weight: FloatArray
    length: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        n, features = self.counts.shape
        return int(n), int(features)

    def rows(self, which: slice | IntArray) -> sparse.csr_matrix:
        """The vectors of some texts, in float64."""
        part = self.counts[which]
        data = _weighed(part, self.weight)
        data /= np.repeat(self.length[which], np.diff(part.indptr))
        return sparse.csr_matrix((data, part.indices, part.indptr), shape=part.shape)


def near_short(texts: Sequence[str], group: IntArray, side: IntArray | None = None) -> Pairs:
    """Pairs with cosine of at least ``MIN_COSINE``.

    Args:
        texts: light forms, ``[n]``.
        group: only texts of the same group are compared, ``[n]`` (the number of their marks).
        side: where given, only texts of different sides are compared, ``[n]``.
    """
    vectors = _vectors(texts)
    if vectors is None:
        return no_pairs()
    outlines = _outlines(vectors)
    rare, complete = _affordable(_rare_part(vectors, group))
    by_feature = rare.T.tocsr()
    costs = rare @ np.diff(by_feature.indptr)
    parts = []
    for block in blocks(costs.astype(np.int64), MAX_CANDIDATES_AT_ONCE):
        candidates = (rare[block] @ by_feature).tocoo()
        left, right = candidates.row.astype(np.int64) + block.start, candidates.col.astype(np.int64)
        chosen = left < right
        if side is not None:
            chosen &= side[left] != side[right]
        left, right = left[chosen], right[chosen]
        possible = _possible(outlines, left, right)
        parts.append(_thinned(_verified(vectors, left[possible], right[possible]), len(texts)))
    found = join_pairs(parts)
    return Pairs(found.left, found.right, found.similarity, found.complete and complete)


def _affordable(rare: sparse.csr_matrix) -> tuple[sparse.csr_matrix, bool]:
    """The rarest features, as many as give at most ``MAX_CANDIDATES`` candidates, and whether these are all."""
    shared_by = np.bincount(rare.indices, minlength=rare.shape[1]).astype(np.int64)
    order = np.argsort(shared_by, kind="stable")
    kept = order[np.cumsum(shared_by[order] ** 2) <= MAX_CANDIDATES]
    return (rare, True) if len(kept) == len(order) else (rare[:, np.sort(kept)], False)


def _vectors(texts: Sequence[str]) -> _Vectors | None:
    """Vectors of texts; None without any feature.

    The TF-IDF of scikit-learn (character n-grams inside words, sublinear counts, smooth idf), without its copies:
    n-grams never cross words, so counts are (words of texts) x (n-grams of words).
    """
    of_texts, words = _counts_of_words(texts)
    if not words:
        return None
    of_words = _counts_of_ngrams(words)
    starts = range(0, len(texts), ROWS_AT_ONCE)
    frequency = np.zeros(of_words.shape[1], dtype=np.int64)
    for start in starts:
        frequency += np.bincount((of_texts[start : start + ROWS_AT_ONCE] @ of_words).indices, minlength=len(frequency))
    order = np.argsort(frequency, kind="stable")
    of_words = of_words[:, order]
    weight = np.log((1 + len(texts)) / (1 + frequency[order])) + 1
    # Filled in place: a list of parts and their concatenation would need twice the room.
    indices, data = np.empty(frequency.sum(), dtype=np.int32), np.empty(frequency.sum(), dtype=np.uint8)
    ends, length = np.zeros(len(texts) + 1, dtype=np.int64), np.empty(len(texts))
    for start in starts:
        part = (of_texts[start : start + ROWS_AT_ONCE] @ of_words).tocsr()
        part.sort_indices()
        part.data = np.minimum(part.data, MAX_COUNT)
        first, last = ends[start], ends[start] + part.nnz
        indices[first:last], data[first:last] = part.indices, part.data
        ends[start + 1 : start + 1 + part.shape[0]] = first + part.indptr[1:]
        length[start : start + part.shape[0]] = _lengths(part, weight)
    return _Vectors(sparse.csr_matrix((data, indices, ends), shape=(len(texts), len(weight))), weight, length)


def _counts_of_words(texts: Sequence[str]) -> tuple[sparse.csr_matrix, list[str]]:
    """How often each text has each word, ``[n, words]``, and the words."""
    known: dict[str, int] = {}
    columns, ends = array("i"), array("q", [0])
    for text in texts:
        columns.extend([known.setdefault(word, len(known)) for word in text.split()])
        ends.append(len(columns))
    ones = np.ones(len(columns))
    counts = sparse.csr_matrix(
        (ones, np.array(columns, dtype=np.int32), np.array(ends)), shape=(len(texts), max(1, len(known)))
    )
    counts.sum_duplicates()
    return counts, list(known)


def _counts_of_ngrams(words: Sequence[str]) -> sparse.csr_matrix:
    """How often each word has each n-gram, ``[words, n-grams]``; spaces around the word are part of it, and a word
    shorter than n is one n-gram."""
    known: dict[str, int] = {}
    columns, ends = array("i"), array("q", [0])
    for word in words:
        padded = f" {word} "
        for n in range(NGRAMS[0], NGRAMS[1] + 1):
            last = max(0, len(padded) - n)
            columns.extend([known.setdefault(padded[i : i + n], len(known)) for i in range(last + 1)])
            if last == 0:
                break
        ends.append(len(columns))
    ones = np.ones(len(columns))
    return sparse.csr_matrix((ones, np.array(columns, dtype=np.int32), np.array(ends)), shape=(len(words), len(known)))


def _weighed(counts: sparse.csr_matrix, weight: FloatArray) -> FloatArray:
    """Sublinear counts times the weights of their features, for every entry."""
    result: FloatArray = (np.log(counts.data, dtype=np.float64) + 1) * weight[counts.indices]
    return result


def _lengths(counts: sparse.csr_matrix, weight: FloatArray) -> FloatArray:
    """The length of every row, 1 for an empty one."""
    weighed = sparse.csr_matrix((_weighed(counts, weight), counts.indices, counts.indptr), shape=counts.shape)
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    return np.where(lengths > 0, lengths, 1.0)


def _outlines(vectors: _Vectors) -> NDArray[np.float32]:
    """Lengths of the parts of every vector, ``[n, OUTLINE]``: their products bound a cosine from above (Cauchy and
    Schwarz, part by part), which spares most candidates the exact measure."""
    part_of = np.random.default_rng(0).permutation(vectors.shape[1]) % OUTLINE
    pick = sparse.csr_matrix((np.ones(len(part_of)), (np.arange(len(part_of)), part_of)), shape=(len(part_of), OUTLINE))
    result = np.empty((vectors.shape[0], OUTLINE), dtype=np.float32)
    for start in range(0, vectors.shape[0], ROWS_AT_ONCE):
        rows = vectors.rows(slice(start, start + ROWS_AT_ONCE))
        result[start : start + ROWS_AT_ONCE] = np.sqrt((rows.multiply(rows) @ pick).toarray())
    return result


def _rare_part(vectors: _Vectors, group: IntArray) -> sparse.csr_matrix:
    """The features one of which a near copy must share, as ones, ``[n, features x groups]``.

    A feature counts separately for each group, so that texts of different groups never meet.
    """
    groups = int(group.max()) + 1
    parts = [_rare_keys(vectors, group, groups, start) for start in range(0, vectors.shape[0], ROWS_AT_ONCE)]
    rows, keys = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    unique, columns, counts = np.unique(keys, return_inverse=True, return_counts=True)
    # What only one text has cannot be shared.
    shared = counts[columns] > 1
    ones = np.ones(int(shared.sum()), dtype=np.int32)
    return sparse.csr_matrix((ones, (rows[shared], columns[shared])), shape=(vectors.shape[0], max(1, len(unique))))


def _rare_keys(vectors: _Vectors, group: IntArray, groups: int, start: int) -> tuple[IntArray, IntArray]:
    """(row, feature x group) of every entry before the tail of its row, for some rows."""
    part = vectors.rows(slice(start, start + ROWS_AT_ONCE))
    lengths = np.diff(part.indptr)
    before = np.concatenate(([0.0], np.cumsum(part.data**2)))
    tail = np.repeat(before[part.indptr[1:]], lengths) - before[:-1]
    kept = tail >= MIN_COSINE**2 - 1e-6
    rows = np.repeat(np.arange(start, start + len(lengths)), lengths)[kept]
    return rows, part.indices[kept].astype(np.int64) * groups + group[rows]


def _possible(outlines: NDArray[np.float32], left: IntArray, right: IntArray) -> NDArray[np.bool_]:
    """Candidates whose cosine may reach the threshold."""
    possible = np.empty(len(left), dtype=bool)
    for start in range(0, len(left), CHECKED_AT_ONCE):
        part = slice(start, start + CHECKED_AT_ONCE)
        possible[part] = np.einsum("ij,ij->i", outlines[left[part]], outlines[right[part]]) >= MIN_COSINE - 1e-4
    return possible


def _verified(vectors: _Vectors, left: IntArray, right: IntArray) -> Pairs:
    similarity = np.empty(len(left))
    for start in range(0, len(left), CHECKED_AT_ONCE):
        part = slice(start, start + CHECKED_AT_ONCE)
        products = vectors.rows(left[part]).multiply(vectors.rows(right[part]))
        similarity[part] = np.asarray(products.sum(axis=1)).ravel()
    near = similarity >= MIN_COSINE - ROUNDING
    return Pairs(left[near], right[near], np.minimum(similarity[near], 1.0))


def _thinned(pairs: Pairs, n: int) -> Pairs:
    """In a crowd of copies, the most similar pairs that still tie together what all the pairs tie together."""
    if len(pairs) <= MAX_PAIRS_PER_BLOCK:
        return pairs
    distance: FloatArray = 2.0 - pairs.similarity
    graph = sparse.coo_matrix((distance, (pairs.left, pairs.right)), shape=(n, n))
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    return Pairs(tree.row.astype(np.int64), tree.col.astype(np.int64), 2.0 - tree.data, complete=False)
