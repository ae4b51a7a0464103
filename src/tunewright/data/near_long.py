"""Near copies among long texts: Jaccard similarity of word 5-grams, candidates by MinHash, every candidate verified.

Bands are sorted one at a time instead of being kept in tables, so that memory does not grow with their number, and a
band never joins texts by itself: only the measured Jaccard similarity does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tunewright.data.components import IntArray
from tunewright.data.pairs import Pairs, join_pairs, no_pairs

MIN_JACCARD = 0.7
SHINGLE_WORDS = 5
# 25 bands of 5: a pair at the threshold is found with probability 1 - (1 - .7^5)^25 = .99, one at .8 always.
BANDS, ROWS_PER_BAND = 25, 5
PERMUTATIONS = 128
SEED = 1
# A band value that more texts share is a crowd: there each text is compared with its neighbours in the order of texts.
MAX_CROWD = 100
NEIGHBOURS = 50
CHECKED_AT_ONCE = 50_000

HashArray = NDArray[np.uint64]


def near_long(texts: Sequence[str], group: IntArray, side: IntArray | None = None) -> Pairs:
    """Pairs with a Jaccard similarity of at least ``MIN_JACCARD``.

    Args:
        texts: normal forms, ``[n]``.
        group: only texts of the same group are compared, ``[n]`` (the number of their marks).
        side: where given, only texts of different sides are compared, ``[n]``.
    """
    if len(texts) < 2:
        return no_pairs()
    shingles = _shingles(texts)
    signatures = _signatures(shingles)
    presence = _presence(shingles)
    order = np.array(sorted(range(len(texts)), key=texts.__getitem__), dtype=np.int64)
    parts, complete = [], True
    for band in range(BANDS):
        columns = signatures[:, band * ROWS_PER_BAND : (band + 1) * ROWS_PER_BAND]
        left, right, crowded = _candidates(np.column_stack((group, columns)), order)
        complete = complete and not crowded
        if side is not None:
            across = side[left] != side[right]
            left, right = left[across], right[across]
        parts.append(_verified(presence, left, right))
    found = join_pairs(parts)
    return Pairs(found.left, found.right, found.similarity, complete)


def _shingles(texts: Sequence[str]) -> list[HashArray]:
    """Distinct hashes of word 5-grams of each text; a shorter text is one shingle."""
    known: dict[str, int] = {}
    # Odd multipliers keep word order in the hash; arithmetic is modulo 2^64.
    weights = np.array([_hash(f"place {i}") | 1 for i in range(SHINGLE_WORDS)], dtype=np.uint64)
    result = []
    for text in texts:
        words = text.split()
        for word in words:
            if word not in known:
                known[word] = _hash(word)
        hashes = np.array([known[word] for word in words], dtype=np.uint64)
        if len(hashes) < SHINGLE_WORDS:
            hashes = np.pad(hashes, (0, SHINGLE_WORDS - len(hashes)))
        windows = np.lib.stride_tricks.sliding_window_view(hashes, SHINGLE_WORDS)
        mixed = (windows * weights).sum(axis=1, dtype=np.uint64)
        result.append(np.unique(mixed ^ (mixed >> np.uint64(29))))
    return result


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _signatures(shingles: Sequence[HashArray]) -> NDArray[np.uint32]:
    """MinHash signatures, ``[n, PERMUTATIONS]``."""
    from datasketch import MinHash

    # The 32 upper bits of the shingle's hash; MinHash permutes 32-bit values.
    values = ((hashes >> np.uint64(32)).tolist() for hashes in shingles)
    made = MinHash.generator(values, num_perm=PERMUTATIONS, seed=SEED, hashfunc=int)
    signatures = np.empty((len(shingles), PERMUTATIONS), dtype=np.uint32)
    for row, one in enumerate(made):
        signatures[row] = one.hashvalues
    return signatures


def _presence(shingles: Sequence[HashArray]) -> sparse.csr_matrix:
    """Which text has which shingle, as ones, ``[n, shingles]``."""
    lengths = [len(hashes) for hashes in shingles]
    _, columns = np.unique(np.concatenate(shingles), return_inverse=True)
    starts = np.concatenate(([0], np.cumsum(lengths)))
    return sparse.csr_matrix((np.ones(len(columns), dtype=np.int32), columns, starts))


def _candidates(keys: IntArray, order: IntArray) -> tuple[IntArray, IntArray, bool]:
    """Pairs with equal keys (rows of ``keys``), and whether a crowd had to be thinned."""
    ordered = keys[order]
    by_key = np.lexsort(ordered.T[::-1])
    ordered = ordered[by_key]
    rows = order[by_key]
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    starts = np.flatnonzero(new)
    sizes = np.diff(np.append(starts, len(rows)))
    crowded = bool((sizes > MAX_CROWD).any())
    bucket_end = np.repeat(starts + sizes, sizes)
    reach = np.repeat(np.where(sizes > MAX_CROWD, NEIGHBOURS, MAX_CROWD), sizes)
    lefts, rights = [], []
    for distance in range(1, int(min(sizes.max(), MAX_CROWD)) + 1):
        here = np.arange(len(rows) - distance)
        here = here[(here + distance < bucket_end[here]) & (distance <= reach[here])]
        lefts.append(rows[here])
        rights.append(rows[here + distance])
    left, right = np.concatenate(lefts), np.concatenate(rights)
    return np.minimum(left, right), np.maximum(left, right), crowded


def _verified(presence: sparse.csr_matrix, left: IntArray, right: IntArray) -> Pairs:
    sizes = np.diff(presence.indptr)
    similarity = np.empty(len(left))
    for part in _slices(len(left)):
        shared = np.asarray(presence[left[part]].multiply(presence[right[part]]).sum(axis=1)).ravel()
        similarity[part] = shared / (sizes[left[part]] + sizes[right[part]] - shared)
    near = similarity >= MIN_JACCARD
    return Pairs(left[near], right[near], similarity[near])


def _slices(n: int) -> Iterator[slice]:
    for start in range(0, n, CHECKED_AT_ONCE):
        yield slice(start, start + CHECKED_AT_ONCE)
