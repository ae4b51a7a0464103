"""Fast searches against slow and obvious ones: close vectors, spread, one word apart."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from tunewright.audit import neighbours
from tunewright.audit.reworded import MIN_WORDS_ONE_MORE, MIN_WORDS_REPLACED, reworded
from tunewright.audit.view import FloatArray, View
from tunewright.data.fingerprint import fingerprints
from tunewright.records.example import Example, Message, Source


def example(text: str, number: int = 1) -> Example:
    return Example((Message("user", text),), "a", Source("t.csv", number), f"t:{number}")


def unit(n: int, width: int, seed: int) -> FloatArray:
    made = np.random.default_rng(seed).normal(size=(n, width)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True))


def test_close_pairs_equal_all_against_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "ROWS_AT_ONCE", 7)
    left, right = unit(60, 4, 0), unit(40, 4, 1)
    cosines = left @ left.T
    slow = {(i, j) for i in range(60) for j in range(i + 1, 60) if cosines[i, j] >= 0.8}
    found = neighbours.close_pairs(left, None, 0.8)
    assert {(a, b) for a, b, _ in found} == slow
    assert len(found) == len(slow) > 20
    assert found.complete
    for a, b, cosine in found:
        assert cosine == pytest.approx(cosines[a, b], abs=1e-6)
    across = neighbours.close_pairs(left, right, 0.8)
    assert {(a, b) for a, b, _ in across} == {(i, j) for i, j in np.argwhere(left @ right.T >= 0.8).tolist()}


def test_a_crowd_keeps_the_nearest_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MAX_NEIGHBOURS", 3)
    found = neighbours.close_pairs(np.ones((10, 1), dtype=np.float32), None, 0.9)
    assert not found.complete
    assert np.bincount(found.left).max() == 3


def slow_spread(vectors: FloatArray, below: float) -> list[int]:
    kept: list[int] = []
    owner = []
    for i, one in enumerate(vectors):
        best = max(kept, key=lambda k: float(vectors[k] @ one), default=None)
        if best is None or vectors[best] @ one < below:
            kept.append(i)
            best = i
        owner.append(best)
    return owner


def test_spread_equals_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "ROWS_AT_ONCE", 9)
    vectors = unit(80, 3, 2)
    owner = neighbours.spread(vectors, 0.9)
    assert owner.tolist() == slow_spread(vectors, 0.9)
    assert 5 < len(set(owner.tolist())) < 75


def test_what_is_not_compared_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MAX_INPUTS", 5)
    texts = [f"short text {i}" for i in range(9)] + ["long " * 200]
    view = View(tuple(example(t, i) for i, t in enumerate(texts)), "classify")
    rows, said = neighbours.comparable(view, range(10))
    assert len(rows) == 5
    assert "1 inputs of more than 180 words" in said
    assert "5 of 9 inputs" in said
    again, _ = neighbours.comparable(View(view.examples, "classify"), range(10))
    assert rows.tolist() == again.tolist()


def apart(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether one word more or another word makes one text of the other, in texts long enough."""
    if len(a) == len(b):
        return len(a) >= MIN_WORDS_REPLACED and sum(x != y for x, y in zip(a, b, strict=True)) == 1
    a, b = sorted((a, b), key=len)
    without = ([*b[:i], *b[i + 1 :]] for i in range(len(b)))
    return len(b) == len(a) + 1 >= MIN_WORDS_ONE_MORE and list(a) in without


def test_one_word_apart_equals_all_against_all() -> None:
    rng = random.Random(6)
    vocabulary = ["card", "lost", "bank", "when", "how", "my", "new"]
    texts = [" ".join(rng.choice(vocabulary) for _ in range(rng.randint(4, 10))) for _ in range(100)]
    for text in texts[:60]:
        words = text.split()
        place = rng.randrange(len(words))
        words[place : place + rng.randint(0, 1)] = [rng.choice([*vocabulary, "odd"])] * rng.randint(0, 1)
        texts.append(" ".join(words))
    texts = sorted(set(texts))
    prints = fingerprints([example(t) for t in texts])
    words_of = [p.normal.split() for p in prints]
    slow = {(i, j) for i in range(len(texts)) for j in range(i + 1, len(texts)) if apart(words_of[i], words_of[j])}
    found = {(a, b) for a, b, _ in reworded(prints)}
    assert found <= slow
    # Only slots that three texts fill are left out.
    assert len(found) >= 0.8 * len(slow) > 15
