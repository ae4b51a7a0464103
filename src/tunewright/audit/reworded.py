"""Small rewordings that character n-grams and MinHash may miss: one word more, less or other, and sentences in another
order.

Texts of one length are compared through hashes of everything but one word, so the work grows with the number of words
and not with the number of pairs. Every pair is verified word by word.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.grams import place_weights, word_hash
from tunewright.audit.view import IntArray
from tunewright.data.fingerprint import Fingerprint
from tunewright.data.normalise import normal_form
from tunewright.data.pairs import Pairs, join_pairs, no_pairs

# Below this, one word is too much of a text to be left out or replaced.
MIN_WORDS_ONE_MORE = 6
MIN_WORDS_REPLACED = 8
# In longer texts the 5-grams of ``data.near_long`` see a change of one word.
MAX_WORDS = 48
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
# "Question: ..." before the first sentence stays first, whatever the order of the sentences.
_LEADING_NAME = re.compile(r"[^\s:]{1,20}:\s+")
HashArray = NDArray[np.uint64]


def reworded(prints: Sequence[Fingerprint]) -> Pairs:
    """Pairs of fingerprints that differ in one word or in the order of their sentences; numbers, negations and
    everything else are equal. Similarity is the share of words kept.

    A word that three texts fill differently at one place is the slot of a template ("play X on the radio"), and no
    pair is made of these.
    """
    first: dict[str, int] = {}
    for i, print_ in enumerate(prints):
        first.setdefault(print_.normal, i)
    rows_of: defaultdict[int, list[int]] = defaultdict(list)
    for i in first.values():
        n = prints[i].n_words
        if MIN_WORDS_ONE_MORE - 1 <= n <= MAX_WORDS + 1:
            rows_of[n].append(i)
    parts = [_other_order(prints, list(first.values()))]
    known: dict[str, int] = {}
    shorter: tuple[HashArray, IntArray] | None = None
    for n in range(MIN_WORDS_ONE_MORE - 1, MAX_WORDS + 2):
        rows = np.array(rows_of.pop(n, ()), dtype=np.int64)
        if not len(rows):
            shorter = None
            continue
        whole, without = _hashes([prints[i].normal for i in rows.tolist()], n, known)
        pairs: list[tuple[int, int]] = []
        if shorter is not None:
            pairs += _one_more(shorter, without, rows)
        if MIN_WORDS_REPLACED <= n <= MAX_WORDS:
            pairs += _replaced(without, rows)
        parts.append(_verified(prints, pairs))
        order = np.argsort(whole, kind="stable")
        shorter = whole[order], rows[order]
    return join_pairs(parts)


def _hashes(texts: Sequence[str], n: int, known: dict[str, int]) -> tuple[HashArray, HashArray]:
    """Hashes of texts of ``n`` words, ``[texts]``, and of each without one of its words, ``[texts, n]``."""
    words = np.empty((len(texts), n), dtype=np.uint64)
    for row, text in enumerate(texts):
        for place, word in enumerate(text.split()):
            if word not in known:
                known[word] = word_hash(word)
            words[row, place] = known[word]
    weights = place_weights(n)
    before = np.cumsum(words * weights, axis=1, dtype=np.uint64)
    # The words behind the one left out move up by one place.
    moved = np.cumsum(words[:, 1:] * weights[: n - 1], axis=1, dtype=np.uint64)
    without = np.zeros((len(texts), n), dtype=np.uint64)
    without[:, 1:] = before[:, :-1]
    without[:, 0] = moved[:, -1]
    without[:, 1:-1] += moved[:, -1:] - moved[:, :-1]
    return before[:, -1], without


def _one_more(shorter: tuple[HashArray, IntArray], without: HashArray, rows: IntArray) -> list[tuple[int, int]]:
    """(shorter, longer): the longer text without one word is the shorter one."""
    hashes, owners = shorter
    place = np.minimum(np.searchsorted(hashes, without), len(hashes) - 1)
    text, _ = hit = np.nonzero(hashes[place] == without)
    return list(zip(owners[place[hit]].tolist(), rows[text].tolist(), strict=True))


def _replaced(without: HashArray, rows: IntArray) -> list[tuple[int, int]]:
    """Two texts, and only two, that are equal but for the word at one place."""
    pairs = []
    for place in range(without.shape[1]):
        order = np.argsort(without[:, place], kind="stable")
        hashes = without[order, place]
        starts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1])))
        sizes = np.diff(np.append(starts, len(hashes)))
        for start in starts[sizes == 2].tolist():
            pairs.append((int(rows[order[start]]), int(rows[order[start + 1]])))
    return pairs


def _verified(prints: Sequence[Fingerprint], pairs: Sequence[tuple[int, int]]) -> Pairs:
    found: dict[tuple[int, int], float] = {}
    for a, b in pairs:
        if prints[a].marks == prints[b].marks and _one_word_apart(prints[a].normal, prints[b].normal):
            found[min(a, b), max(a, b)] = 1 - 1 / max(prints[a].n_words, prints[b].n_words)
    return _as_pairs(found)


def _one_word_apart(left: str, right: str) -> bool:
    a, b = sorted((left.split(), right.split()), key=len)
    same = 0
    while same < len(a) and a[same] == b[same]:
        same += 1
    return a[same:] == b[same + 1 :] if len(a) < len(b) else a[same + 1 :] == b[same + 1 :]


def _other_order(prints: Sequence[Fingerprint], rows: Sequence[int]) -> Pairs:
    """Texts with the same sentences in another order."""
    first: dict[tuple[str, ...], int] = {}
    found: dict[tuple[int, int], float] = {}
    for row in rows:
        text = prints[row].varying
        lead = _LEADING_NAME.match(text)
        parts = _SENTENCE_END.split(text[lead.end() :] if lead else text)
        if len(parts) < 2:
            continue
        key = (lead.group() if lead else "", *sorted(normal_form(part) for part in parts))
        other = first.setdefault(key, row)
        if other != row:
            found[min(other, row), max(other, row)] = 1.0
    return _as_pairs(found)


def _as_pairs(found: dict[tuple[int, int], float]) -> Pairs:
    if not found:
        return no_pairs()
    ordered = sorted(found)
    left, right = np.array(ordered, dtype=np.int64).T
    return Pairs(left, right, np.array([found[pair] for pair in ordered]))
