"""Leaks between training and test rows, in layers."""

from __future__ import annotations

import random

from tunewright.data.leaks import Leak, find_leaks
from tunewright.records.example import Example, Message, Source


def example(text: str, number: int = 1) -> Example:
    return Example((Message("user", text),), "a", Source("t.csv", number), f"t:{number}")


def rows(*texts: str) -> list[Example]:
    return [example(text, i) for i, text in enumerate(texts)]


def test_layers_and_every_pair() -> None:
    train = rows("Where is my card?", "where is my CARD", "how do I cancel a transaction", "something else entirely")
    test = rows(
        "where is my card!", "how do I cancel my transaction", "nothing like it here", "how do I cancel a transaction"
    )
    report = find_leaks(train, test)
    assert report.exact == (Leak(0, 0, 1.0), Leak(0, 1, 1.0), Leak(3, 2, 1.0))
    assert [(leak.test_row, leak.train_row) for leak in report.near] == [(1, 2)]
    assert 0.95 <= report.near[0].similarity < 1
    assert report.exact_test_rows == (0, 3)
    assert report.near_test_rows == (1,)
    assert report.concerned == (0, 1, 3)
    assert (report.exact_share, report.share) == (0.5, 0.75)


def test_copies_inside_one_part_are_no_leaks() -> None:
    report = find_leaks(rows("one text", "one text"), rows("another matter", "another matter!"))
    assert (report.exact, report.near, report.share) == ((), (), 0.0)


def test_near_leaks_among_long_rows() -> None:
    rng = random.Random(1)
    long_text = " ".join("".join(rng.choices("abcdefghij", k=6)) for _ in range(60))
    report = find_leaks(rows(long_text, "short one"), rows(long_text + " and more", long_text.upper()))
    assert report.exact_test_rows == (1,)
    assert report.near_test_rows == (0,)


def test_boilerplate_does_not_leak() -> None:
    prompt = "Sort the following message of a customer into one of our desks: "
    train = rows(*(prompt + f"question about {word}" for word in ["cards", "loans", "fees", "limits", "apps", "pins"]))
    test = rows(*(prompt + f"trouble with {word}" for word in ["letters", "branches", "phones", "taxes", "gifts"]))
    assert find_leaks(train, test).share == 0
    with_prompt = find_leaks(train, rows(prompt + "Question about CARDS!"))
    assert with_prompt.exact_test_rows == (0,)


def test_the_same_question_without_the_prompt_is_a_near_leak() -> None:
    prompt = "Sort the following message of a customer into one of our desks: "
    plain = [
        "question about cards",
        "my loan is late",
        "why this fee",
        "the limit was reached",
        "no app starts",
        "pin lost",
    ]
    plain += ["taxes are too high", "gifts for my aunt", "letters never come", "branch closed at noon"]
    train = rows(*(prompt + text for text in plain))
    test = rows("question about cards", "a matter of taste", "some other thing", "and yet another")
    report = find_leaks(train, test)
    assert [(leak.test_row, leak.train_row, leak.similarity) for leak in report.near] == [(0, 0, 1.0)]
    assert report.exact == ()


def test_empty_parts() -> None:
    assert find_leaks([], rows("a b")).share == 0
    assert find_leaks(rows("a b"), []).share == 0
