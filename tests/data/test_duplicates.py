"""Copies among rows, against slow and obvious twins."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from tunewright.data import near_long, near_short
from tunewright.data.duplicates import contradictions, find_duplicates
from tunewright.data.fingerprint import fingerprints
from tunewright.data.pairs import Pairs, blocks, join_pairs, numbered
from tunewright.records.example import Example, Message, Source

WORDS = [
    "card",
    "pay",
    "my",
    "how",
    "lost",
    "top",
    "up",
    "account",
    "the",
    "when",
    "why",
    "new",
    "abroad",
    "limit",
    "a",
]


def example(text: str, target: str = "a", number: int = 1, system: str | None = None) -> Example:
    start = (Message("system", system),) if system else ()
    return Example((*start, Message("user", text)), target, Source("t.csv", number), f"t:{number}")


def rows_of(texts: Sequence[str]) -> list[Example]:
    return [example(text, number=i) for i, text in enumerate(texts)]


def as_set(pairs: Pairs) -> set[tuple[int, int]]:
    return {(left, right) for left, right, _ in pairs}


def slow_cosine_pairs(texts: Sequence[str], group: Sequence[int]) -> dict[tuple[int, int], float]:
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True).fit_transform(texts)
    similarity = (vectors @ vectors.T).toarray()
    return {
        (i, j): similarity[i, j]
        for i in range(len(texts))
        for j in range(i + 1, len(texts))
        if similarity[i, j] >= near_short.MIN_COSINE - near_short.ROUNDING and group[i] == group[j]
    }


sentences = st.lists(st.sampled_from(WORDS), min_size=2, max_size=7).map(" ".join)


@settings(deadline=None, max_examples=60)
@given(st.lists(sentences, min_size=2, max_size=40, unique=True), st.integers(0, 3))
def test_short_pairs_equal_all_against_all(texts: list[str], groups: int) -> None:
    group = np.array([len(text) % (groups + 1) for text in texts], dtype=np.int64)
    found = near_short.near_short(texts, group)
    slow = slow_cosine_pairs(texts, group.tolist())
    assert as_set(found) == set(slow)
    for left, right, similarity in found:
        assert similarity == pytest.approx(slow[left, right], abs=1e-9)


def test_short_pairs_do_not_hang_on_block_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(3)
    texts = sorted({" ".join(rng.choice(WORDS) for _ in range(rng.randint(2, 5))) for _ in range(500)})
    group = np.zeros(len(texts), dtype=np.int64)
    whole = near_short.near_short(texts, group)
    assert len(whole) > 30
    monkeypatch.setattr(near_short, "MAX_CANDIDATES_AT_ONCE", 50)
    monkeypatch.setattr(near_short, "CHECKED_AT_ONCE", 7)
    monkeypatch.setattr(near_short, "ROWS_AT_ONCE", 11)
    pieces = near_short.near_short(texts, group)
    assert list(pieces) == list(whole)


def test_a_crowd_of_copies_keeps_what_ties_it_together(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"my card {'really ' * (i % 5)}does {'not ' * (i // 5)}work" for i in range(20)]
    group = np.zeros(len(texts), dtype=np.int64)
    whole = near_short.near_short(texts, group)
    monkeypatch.setattr(near_short, "MAX_PAIRS_PER_BLOCK", 3)
    thin = near_short.near_short(texts, group)
    assert whole.complete
    assert not thin.complete
    assert len(thin) < len(whole)
    assert as_set(thin) <= as_set(whole)
    assert reachable(thin, len(texts)) == reachable(whole, len(texts))


def reachable(pairs: Pairs, n: int) -> set[frozenset[int]]:
    families = [{i} for i in range(n)]
    for left, right, _ in pairs:
        joined = families[left] | families[right]
        for i in joined:
            families[i] = joined
    return {frozenset(family) for family in families}


def slow_jaccard(left: str, right: str) -> float:
    a, b = ({tuple(words[i : i + 5]) for i in range(max(1, len(words) - 4))} for words in (left.split(), right.split()))
    return len(a & b) / len(a | b)


def test_long_pairs_are_true_and_nearly_all_are_found() -> None:
    rng = random.Random(5)
    vocabulary = [f"w{i}" for i in range(2000)]
    texts: list[str] = []
    for _ in range(60):
        words = [rng.choice(vocabulary) for _ in range(rng.randint(40, 80))]
        texts.append(" ".join(words))
        for _ in range(2):
            changed = list(words)
            for _ in range(rng.randint(0, 3)):
                changed[rng.randrange(len(changed))] = rng.choice(vocabulary)
            texts.append(" ".join(changed))
    texts = sorted(set(texts))
    slow = {
        (i, j): jaccard
        for i in range(len(texts))
        for j in range(i + 1, len(texts))
        if (jaccard := slow_jaccard(texts[i], texts[j])) >= near_long.MIN_JACCARD
    }
    found = near_long.near_long(texts, np.zeros(len(texts), dtype=np.int64))
    assert len(slow) > 50
    assert as_set(found) <= set(slow)
    assert len(found) >= 0.97 * len(slow)
    for left, right, similarity in found:
        assert similarity == pytest.approx(slow[left, right])


def test_a_crowd_of_long_texts_is_compared_with_neighbours_only() -> None:
    words = [f"w{i}" for i in range(60)]
    texts = [" ".join([*words, f"x{i}"]) for i in range(near_long.MAX_CROWD + 20)]
    found = near_long.near_long(texts, np.zeros(len(texts), dtype=np.int64))
    assert not found.complete
    assert len(reachable(found, len(texts))) == 1
    assert len(found) < len(texts) * near_long.NEIGHBOURS


def test_exact_copies_are_paired_with_the_first() -> None:
    found = find_duplicates(rows_of(["Where is my card?", "other words", "where is  my CARD", "Where is my card"]))
    assert list(found.exact) == [(0, 2, 1.0), (0, 3, 1.0)]
    assert list(found.near) == []


def test_numbers_and_negations_keep_near_copies_apart() -> None:
    place = "in the old workshop behind the northern railway station"
    texts = [f"the large printing machine {place} shows error {number} every morning" for number in (12, 13)]
    texts += [f"the yellow delivery truck {place} could {word}start yesterday evening" for word in ("", "not ")]
    texts += [f"please describe the remarkable furniture {place} for {word} visitors" for word in ("my", "the")]
    assert as_set(find_duplicates(rows_of(texts)).near) == {(4, 5)}
    unguarded = near_short.near_short(texts, np.zeros(len(texts), dtype=np.int64))
    assert {(0, 1), (4, 5)} <= as_set(unguarded)


def test_numbers_keep_long_near_copies_apart() -> None:
    rng = random.Random(1)
    words = [rng.choice(WORDS) + "x" * rng.randint(0, 5) for _ in range(60)]
    texts = [" ".join([*words, "amount", str(number)]) for number in (5, 6)]
    texts.append(" ".join([*words, "sum", "5"]))
    assert as_set(find_duplicates(rows_of(texts)).near) == {(0, 2)}


def test_lengths_around_the_border_between_short_and_long() -> None:
    for n in range(14, 30):
        words = [f"{chr(97 + i % 26)}{chr(98 + i // 26)}word{chr(97 + (i * 7) % 26)}" for i in range(n)]
        texts = [" ".join(words), " ".join([*words, "a"])]
        assert as_set(find_duplicates(rows_of(texts)).near) == {(0, 1)}, n


def test_pairs_do_not_hang_on_the_order_of_rows() -> None:
    rng = random.Random(2)
    texts = sorted({" ".join(rng.choice(WORDS) for _ in range(rng.choice([2, 3, 4, 24]))) for _ in range(500)})
    examples = rows_of(texts)
    shuffled = rng.sample(examples, len(examples))

    def contents(rows: list[Example]) -> set[tuple[frozenset[str], float]]:
        near = find_duplicates(rows).near
        return {(frozenset({rows[a].text, rows[b].text}), round(s, 9)) for a, b, s in near}

    assert contents(examples) == contents(shuffled)
    assert len(contents(examples)) > 10


def test_contradictions_name_all_rows() -> None:
    rows = [example("Pay?", "a", 1), example("other", "a", 2), example("pay", "b", 3), example("PAY", "a", 4)]
    rows += [example("pay", "c", 5, system="another task")]
    (found,) = contradictions(rows)
    assert found.row_ids == ("t:1", "t:3", "t:4")
    assert found.targets == ("a", "b", "a")
    assert found.rows == (0, 2, 3)
    assert contradictions(rows[:2]) == []


def test_joined_pairs_are_sorted_and_unique() -> None:
    def pairs(*given: tuple[int, int, float], complete: bool = True) -> Pairs:
        left, right, similarity = (np.array(column) for column in zip(*given, strict=True))
        return Pairs(left, right, similarity, complete)

    joined = join_pairs([pairs((3, 4, 0.8), (1, 2, 0.9)), pairs((2, 1, 0.95), complete=False)])
    assert list(joined) == [(1, 2, 0.95), (3, 4, 0.8)]
    assert not joined.complete


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(1, 12))
def test_blocks_cover_everything_once(costs: list[int], most: int) -> None:
    made = list(blocks(np.array(costs, dtype=np.int64), most))
    assert [i for block in made for i in range(block.start, block.stop)] == list(range(len(costs)))
    assert all(sum(costs[block]) <= most or block.stop - block.start == 1 for block in made)


def test_numbers_of_keys() -> None:
    assert numbered(["b", "a", "b"]).tolist() == [0, 1, 0]


def test_known_fingerprints_are_used() -> None:
    examples = rows_of(["Where is my card?", "where is  my CARD", "something else"])
    given = fingerprints(examples)
    assert list(find_duplicates(examples, given).exact) == list(find_duplicates(examples).exact) == [(0, 1, 1.0)]
    swapped = [given[2], given[1], given[2]]
    assert list(find_duplicates(examples, swapped).exact) == [(0, 2, 1.0)]
