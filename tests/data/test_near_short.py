"""The vectors of short texts: kept in five bytes an entry, they are those of scikit-learn."""

from __future__ import annotations

import random

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from tunewright.data import near_short
from tunewright.data.pairs import Pairs, join_pairs, no_pairs

WORDS = (
    "card",
    "pin",
    "top",
    "up",
    "transfer",
    "abroad",
    "fee",
    "cash",
    "machine",
    "the",
    "a",
    "my",
    "why",
    "is",
    "not",
    "today",
)


def some_texts(n: int = 60) -> list[str]:
    draw = random.Random(0)
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(1, 9))) for _ in range(n)]
    return [*texts, "x", "ha ha ha ha ha", "", "pay the fee the fee the fee"]


def cosines_of_sklearn(texts: list[str]) -> np.ndarray:
    """The slow twin: one matrix in float64, counted by scikit-learn."""
    made = TfidfVectorizer(analyzer="char_wb", ngram_range=near_short.NGRAMS, sublinear_tf=True).fit_transform(texts)
    return (made @ made.T).toarray()


@pytest.mark.parametrize("at_once", [7, 10_000])
def test_cosines_are_those_of_sklearn(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(near_short, "ROWS_AT_ONCE", at_once)
    texts = some_texts()
    vectors = near_short._vectors(texts)
    assert vectors is not None
    whole = vectors.rows(slice(0, len(texts)))
    assert whole.dtype == np.float64
    np.testing.assert_allclose((whole @ whole.T).toarray(), cosines_of_sklearn(texts), atol=1e-12)


def test_rows_are_the_same_however_they_are_taken() -> None:
    texts = some_texts()
    vectors = near_short._vectors(texts)
    assert vectors is not None
    whole = vectors.rows(slice(0, len(texts)))
    which = np.array([5, 0, 61, 62, 5, 33])
    assert (vectors.rows(which) != whole[which]).nnz == 0
    assert (vectors.rows(slice(10, 20)) != whole[10:20]).nnz == 0


def test_pairs_are_those_of_all_against_all() -> None:
    texts = some_texts(200)
    texts += [f"{text} today" for text in texts[:50]]
    group = np.zeros(len(texts), dtype=np.int64)
    found = near_short.near_short(texts, group)
    cosines = cosines_of_sklearn(texts)
    left, right = np.nonzero(np.triu(cosines >= near_short.MIN_COSINE - near_short.ROUNDING, 1))
    assert list(zip(found.left.tolist(), found.right.tolist(), strict=True)) == list(
        zip(left.tolist(), right.tolist(), strict=True)
    )
    assert len(found) > 5
    np.testing.assert_allclose(found.similarity, np.minimum(cosines[left, right], 1), atol=1e-12)


def test_a_text_of_one_endless_repetition_fits_into_a_byte() -> None:
    texts = ["z" * 400, "z" * 700, "card lost today", "pin blocked again"]
    vectors = near_short._vectors(texts)
    assert vectors is not None
    assert vectors.counts.data.max() == near_short.MAX_COUNT
    np.testing.assert_allclose(np.asarray(vectors.rows(slice(0, 4)).power(2).sum(axis=1)).ravel(), 1.0)
    found = near_short.near_short(texts, np.zeros(4, dtype=np.int64))
    assert (found.left.tolist(), found.right.tolist()) == ([0], [1])


def test_beyond_the_budget_the_commonest_features_are_left_out_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = some_texts(200)
    texts += [f"{text} today" for text in texts[:50]]
    group = np.zeros(len(texts), dtype=np.int64)
    whole = near_short.near_short(texts, group)
    assert whole.complete
    monkeypatch.setattr(near_short, "MAX_CANDIDATES", 500)
    part = near_short.near_short(texts, group)
    assert not part.complete
    assert 0 < len(part) < len(whole)
    assert set(part) < set(whole)
    monkeypatch.setattr(near_short, "MAX_CANDIDATES", 0)
    none = near_short.near_short(texts, group)
    assert (len(none), none.complete) == (0, False)


def test_what_is_not_complete_stays_so_without_a_pair() -> None:
    nothing = no_pairs()
    cut = Pairs(nothing.left, nothing.right, nothing.similarity, complete=False)
    one = Pairs(np.array([0]), np.array([1]), np.array([1.0]))
    assert not join_pairs([one, cut]).complete
    assert join_pairs([one, nothing]).complete
