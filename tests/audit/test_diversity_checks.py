"""Rows of one meaning, effective size, and openings."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

import numpy as np
import pytest

from tunewright.audit.checks import openers, redundancy, semantic_duplicates
from tunewright.audit.findings import CheckResult
from tunewright.audit.view import FloatArray, Kind, View
from tunewright.records.example import Example, Message, Source

APOLOGY = "I am sorry to hear that"


def example(text: str, target: str = "a", number: int = 1) -> Example:
    return Example((Message("user", text),), target, Source("t.csv", number), f"t:{number}")


def view_of(pairs: Sequence[tuple[str, str]], kind: Kind = "classify", meanings: Sequence[int] | None = None) -> View:
    """``meanings``: rows of one number have equal vectors."""
    view = View(tuple(example(t, a, i + 1) for i, (t, a) in enumerate(pairs)), kind)
    if meanings is not None:
        known = {text: meaning for (text, _), meaning in zip(pairs, meanings, strict=True)}

        def embed(texts: Sequence[str]) -> FloatArray:
            return np.eye(len(pairs), dtype=np.float32)[[known[text] for text in texts]]

        view.embed = embed
    return view


def rewordings(view: View) -> set[frozenset[int]]:
    result = semantic_duplicates.run(view, semantic_duplicates.LIMITS)
    assert all(item.fix is None for f in result.findings for item in f.items)
    return {frozenset(item.rows) for f in result.findings for item in f.items}


def test_rewordings_with_the_same_answer_are_shown() -> None:
    pairs = [("where is my card", "a"), ("has the plastic arrived", "a"), ("my pin is lost", "a"), ("is it sent", "b")]
    assert rewordings(view_of(pairs, meanings=[0, 0, 1, 0])) == {frozenset((0, 1))}
    assert rewordings(view_of(pairs, meanings=[0, 1, 2, 3])) == set()


def test_numbers_negations_names_and_quotes_keep_rewordings_apart() -> None:
    for one, other in (
        ("it takes 3 days", "we wait 4 days"),
        ("it works", "it does not work"),
        ("fly to Rome", "a flight to Oslo"),
        ("send from Rome to Oslo", "send from Oslo to Rome"),
        ('play "Yesterday" for me', 'I want to hear "Help" now'),
    ):
        assert rewordings(view_of([(one, "a"), (other, "a")], meanings=[0, 0])) == set(), one
    assert rewordings(view_of([("my PIN is gone", "a"), ("where is my pin", "a")], meanings=[0, 0])) != set()


def test_lexical_copies_are_told_elsewhere() -> None:
    base = "please describe the remarkable furniture in the old workshop"
    pairs = [(f"{base} for my visitors", "a"), (f"{base} for the visitors", "a")]
    assert rewordings(view_of(pairs, meanings=[0, 0])) == set()


def test_boilerplate_does_not_make_meanings_alike() -> None:
    prompt = "Sort the following message of a customer into one of our many desks: "
    texts = [
        f"{prompt}{word}"
        for word in ["cards", "loans", "fees", "limits", "apps", "pins", "letters", "branches", "phones", "taxes"]
    ]
    view = View(tuple(example(t, "a", i) for i, t in enumerate(texts)), "classify")
    seen: list[str] = []

    def embed(given: Sequence[str]) -> FloatArray:
        seen.extend(given)
        return np.array([[1, 0] if t.startswith("sort") else [0, 1] for t in map(str.lower, given)], dtype=np.float32)

    view.embed = embed
    rewordings(view)
    assert seen == ["cards", "loans", "fees", "limits", "apps", "pins", "letters", "branches", "phones", "taxes"]


def test_without_vectors_meaning_is_not_checked() -> None:
    result = semantic_duplicates.run(view_of([("a b", "a")]), semantic_duplicates.LIMITS)
    assert [n.because for n in result.not_checked] == ["no encoder was given"]


def test_effective_size_is_the_exponential_of_entropy() -> None:
    assert redundancy.effective_size(range(7)) == pytest.approx(7)
    assert redundancy.effective_size([3] * 9) == pytest.approx(1)
    shares = (0.5, 0.25, 0.25)
    assert redundancy.effective_size([0, 0, 1, 2]) == pytest.approx(exp(-sum(p * log(p) for p in shares)))


def numbers(result: CheckResult) -> dict[str, float]:
    return dict(result.numbers)


def test_copies_make_a_set_smaller_than_it_looks() -> None:
    copied = [(f"text {i % 20} of {i % 20}", "a") for i in range(100)]
    result = redundancy.run(view_of(copied), redundancy.LIMITS)
    assert numbers(result)["effective_rows"] == pytest.approx(20)
    assert [f.kind for f in result.findings] == ["redundancy.words"]
    distinct = redundancy.run(view_of([(f"text {i} of {i}", "a") for i in range(100)]), redundancy.LIMITS)
    assert distinct.findings == ()
    assert numbers(distinct)["effective_share"] == pytest.approx(1)


def test_one_meaning_in_many_words_counts_once() -> None:
    words = [(f"{chr(97 + i % 26)}{chr(97 + i // 26)} words", "a") for i in range(100)]
    result = redundancy.run(view_of(words, meanings=[i % 4 for i in range(100)]), redundancy.LIMITS)
    assert numbers(result)["kept_by_meaning"] == 4
    assert numbers(result)["effective_meanings"] == pytest.approx(4)
    assert [f.kind for f in result.findings] == ["redundancy.meaning"]
    assert redundancy.run(view_of(words, meanings=range(100)), redundancy.LIMITS).findings == ()


def opened(kind: Kind, pairs: Sequence[tuple[str, str]]) -> list[str]:
    return [f.kind for f in openers.run(view_of(pairs, kind), openers.LIMITS).findings]


def test_a_common_opening_of_answers_is_skew() -> None:
    openings = [
        f"{w} it is {w} again" for w in ["red", "blue", "green", "grey", "white", "black", "pink", "gold", "brown"]
    ]
    skewed = [(f"q{i} is asked", f"{APOLOGY}, number {i}" if i % 4 == 0 else openings[i % 9]) for i in range(100)]
    result = openers.run(view_of(skewed, "generate"), openers.LIMITS)
    (found,) = result.findings
    assert (found.kind, found.affected) == ("openers.answers", 25)
    assert found.items[0].spans[0].field == "target"
    assert opened("classify", skewed) == []
    assert opened("generate", skewed[:40]) == []
    fair = [(f"q{i} is asked", openings[i % 9]) for i in range(100)]
    assert opened("generate", fair) == []


def test_data_opens_alike_by_nature() -> None:
    assert opened("generate", [(f"q{i} is asked", f'{{"intent": "go", "n": {i}}}') for i in range(100)]) == []
    assert opened("generate", [(f"q{i} is asked", f"SELECT a FROM b WHERE c = {i}") for i in range(100)]) == []


def test_a_common_opening_of_inputs_is_a_note() -> None:
    asked = [(f"tell me about the {i}th thing" if i % 2 else f"{i} or {i} and {i}", "a") for i in range(100)]
    assert opened("classify", asked) == ["openers.inputs"]
