"""Near copies among short texts: exact cosine of character 3- to 5-gram TF-IDF, without comparing all with all.

Word n-grams and MinHash are blind below some twenty words. Every pair above the threshold is found, by prefix
filtering (Bayardo, Ma and Srikant 2007, "Scaling up all pairs similarity search", section 4): order the features of all
texts from rare to common; two unit vectors with cosine t share a feature among those that come before the tail of a
vector falls below length t.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import minimum_spanning_tree

from tunewright.data.components import IntArray
from tunewright.data.pairs import FloatArray, Pairs, blocks, join_pairs, no_pairs

# Seen on BANKING77 and CLINC150, where it marks re-wordings of one question: 7 % and 6 % of the official test rows.
MIN_COSINE = 0.95
NGRAMS = (3, 5)
ROUNDING = 1e-9
# Candidate pairs held at a time, 12 bytes each and some copies.
MAX_CANDIDATES_AT_ONCE = 10_000_000
CHECKED_AT_ONCE = 100_000
ROWS_AT_ONCE = 10_000
# So many verified pairs in one block are one crowd of copies; then only the pairs that hold it together are kept.
MAX_PAIRS_PER_BLOCK = 2_000_000


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
    rare = _rare_part(vectors, group)
    by_feature = rare.T.tocsr()
    costs = rare @ np.diff(by_feature.indptr)
    parts = []
    for block in blocks(costs.astype(np.int64), MAX_CANDIDATES_AT_ONCE):
        candidates = (rare[block] @ by_feature).tocoo()
        left, right = candidates.row.astype(np.int64) + block.start, candidates.col.astype(np.int64)
        chosen = left < right
        if side is not None:
            chosen &= side[left] != side[right]
        parts.append(_thinned(_verified(vectors, left[chosen], right[chosen]), len(texts)))
    return join_pairs(parts)


def _vectors(texts: Sequence[str]) -> sparse.csr_matrix | None:
    """Unit vectors ``[n, features]`` whose features are ordered from rare to common; None without any feature."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=NGRAMS, sublinear_tf=True, lowercase=False)
    try:
        vectors = sparse.csr_matrix(vectorizer.fit_transform(texts))
    except ValueError:
        # No text holds a single n-gram.
        return None
    frequency = np.bincount(vectors.indices, minlength=vectors.shape[1])
    place = np.empty(len(frequency), dtype=vectors.indices.dtype)
    place[np.argsort(frequency, kind="stable")] = np.arange(len(frequency), dtype=place.dtype)
    vectors.indices = place[vectors.indices]
    vectors.sort_indices()
    return vectors


def _rare_part(vectors: sparse.csr_matrix, group: IntArray) -> sparse.csr_matrix:
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


def _rare_keys(vectors: sparse.csr_matrix, group: IntArray, groups: int, start: int) -> tuple[IntArray, IntArray]:
    """(row, feature x group) of every entry before the tail of its row, for some rows."""
    part = vectors[start : start + ROWS_AT_ONCE]
    lengths = np.diff(part.indptr)
    before = np.concatenate(([0.0], np.cumsum(part.data**2)))
    tail = np.repeat(before[part.indptr[1:]], lengths) - before[:-1]
    kept = tail >= MIN_COSINE**2 - 1e-6
    rows = np.repeat(np.arange(start, start + len(lengths)), lengths)[kept]
    return rows, part.indices[kept].astype(np.int64) * groups + group[rows]


def _verified(vectors: sparse.csr_matrix, left: IntArray, right: IntArray) -> Pairs:
    similarity = np.empty(len(left))
    for start in range(0, len(left), CHECKED_AT_ONCE):
        part = slice(start, start + CHECKED_AT_ONCE)
        products = vectors[left[part]].multiply(vectors[right[part]])
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
