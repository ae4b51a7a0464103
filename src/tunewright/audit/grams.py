"""Long runs of words that test rows share with training rows.

A run of 13 words is hardly ever shared by chance (Brown et al. 2020, appendix C; lm-evaluation-harness), unless many
rows have it: then it is a phrase of the trade and no leak. Only the runs of the test side are kept in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.agreement import is_data
from tunewright.data.normalise import normal_form
from tunewright.records.example import Example

RUN_WORDS = 13
# A run that more training rows have is boilerplate (GPT-3 ignored what more than 10 documents share).
MAX_TRAINING_ROWS = 10
HashArray = NDArray[np.uint64]


def shared_runs(
    train: Sequence[tuple[str, ...]], test: Sequence[tuple[str, ...]], n_words: int = RUN_WORDS
) -> dict[int, tuple[int, int]]:
    """For each test row that shares a run: (the training row with most shared runs, how many).

    Args:
        train, test: the texts of each row in normal form; runs never cross from one text into another.
    """
    known: dict[str, int] = {}
    weights = place_weights(n_words)

    def runs(texts: Iterable[str]) -> HashArray:
        parts = [_runs(text, known, weights) for text in texts]
        return np.unique(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.uint64)

    of_test = [runs(texts) for texts in test]
    wanted = np.unique(np.concatenate(of_test)) if of_test else np.zeros(0, dtype=np.uint64)
    if not len(wanted):
        return {}
    hits: list[tuple[int, HashArray]] = []
    times = np.zeros(len(wanted), dtype=np.int64)
    for row, texts in enumerate(train):
        own = runs(texts)
        place = np.minimum(np.searchsorted(wanted, own), len(wanted) - 1)
        shared = place[wanted[place] == own]
        if len(shared):
            times[shared] += 1
            hits.append((row, shared.astype(np.uint64)))
    return _best(of_test, wanted, times, hits)


def answer_runs(example: Example, n_words: int = RUN_WORDS) -> tuple[str, ...]:
    """Where a leak gives an answer away: the answer, and the end of the input followed by its beginning.
    Answers that are data share their form, and give nothing away by it."""
    if is_data(example.target):
        return ()
    answer = normal_form(example.target)
    head = answer.split()[: n_words - 1]
    tail = normal_form(example.text).split()[-(n_words - 1) :]
    return (answer, " ".join([*tail, *head])) if head else ()


def _best(
    of_test: Sequence[HashArray], wanted: HashArray, times: NDArray[np.int64], hits: Sequence[tuple[int, HashArray]]
) -> dict[int, tuple[int, int]]:
    owners: dict[int, list[int]] = {}
    for row, runs in enumerate(of_test):
        for place in np.searchsorted(wanted, runs).tolist():
            owners.setdefault(place, []).append(row)
    counts: dict[int, dict[int, int]] = {}
    for train_row, places in hits:
        for place in places.tolist():
            if times[place] <= MAX_TRAINING_ROWS:
                for row in owners[place]:
                    shared = counts.setdefault(row, {})
                    shared[train_row] = shared.get(train_row, 0) + 1
    found = {}
    for row in sorted(counts):
        train_row, count = min(counts[row].items(), key=lambda item: (-item[1], item[0]))
        found[row] = (train_row, count)
    return found


def _runs(text: str, known: dict[str, int], weights: HashArray) -> HashArray:
    words = text.split()
    if len(words) < len(weights):
        return np.zeros(0, dtype=np.uint64)
    for word in words:
        if word not in known:
            known[word] = word_hash(word)
    hashes = np.array([known[word] for word in words], dtype=np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(hashes, len(weights))
    mixed = (windows * weights).sum(axis=1, dtype=np.uint64)
    return np.asarray(mixed ^ (mixed >> np.uint64(29)))


def place_weights(n: int) -> HashArray:
    """An odd number for each of ``n`` places of a run of words, ``[n]``: the same words in another order hash apart."""
    return np.array([word_hash(f"place {i}") | 1 for i in range(n)], dtype=np.uint64)


def word_hash(text: str) -> int:
    """64 bits of a word, the same in every run of the program."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
