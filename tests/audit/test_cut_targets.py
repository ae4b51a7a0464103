"""Answers that end in the middle."""

from __future__ import annotations

import random

import pytest
from shape_rows import found_by, row, rows_in

from tunewright.audit.checks import cut_targets
from tunewright.audit.endings import common_ending
from tunewright.records.example import Example

WORDS = [
    "card",
    "payment",
    "transfer",
    "account",
    "limit",
    "street",
    "number",
    "delivery",
    "question",
    "answer",
    "week",
    "window",
    "garden",
    "river",
    "stone",
]


def sentence(seed: int, words: int = 12) -> str:
    chosen = random.Random(seed).choices(WORDS, k=words)
    return " ".join(chosen).capitalize() + "."


def usual(count: int = 120) -> list[Example]:
    return [row(f"Question {n}", f"{sentence(n)} {sentence(n + 999)}") for n in range(count)]


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("json_unfinished", '{"city": "Oslo", "days": [1, 2'),
        ("json_unfinished", '{"city": "Os'),
        ("open_fence", "Here it is:\n```python\nprint(1)"),
        ("hanging", "You can pay by card, by transfer or in cash, and"),
        ("hanging", "First we take the card, then the account,"),
        ("hanging", "Left inguinal hernia,"),
        ("open_bracket", "You can pay in many ways (by card or by"),
        ("open_bracket", 'He then said to all of us "we should'),
    ],
)
def test_planted_cuts_are_found(kind: str, target: str) -> None:
    found = found_by(cut_targets, [*usual(), row("Question", target)])
    assert list(found) == [kind]
    assert rows_in(found[kind]) == [120]


@pytest.mark.parametrize(
    "target",
    [
        '{"city": "Oslo"}',
        "[1] says so, and [2] does not",
        "Here it is:\n```python\nprint((1)\n```",
        "That is what I was looking for",
        "a) one, b) two, c) three and no more than that",
        "I am sad today and will stay at home :(",
        'The shelf is 5" deep and as wide as the other',
        "Ja: und",
    ],
)
def test_look_alikes_are_left_alone(target: str) -> None:
    assert found_by(cut_targets, [*usual(), row("Question", target)]) == {}


def test_the_middle_of_a_word_is_known_by_the_words_of_the_set() -> None:
    bad = [
        row("Question", "Then you go to the next garden and ask for the deli"),
        row("Question", "Then you go on and ask for Zoe"),
    ]
    found = found_by(cut_targets, [*usual(), *bad])
    assert rows_in(found["mid_word"]) == [120]


def test_a_limit_of_characters_is_a_pile_at_one_length() -> None:
    long = [row(f"Question {n}", " ".join(sentence(n * 50 + k) for k in range(9))[:512]) for n in range(12)]
    assert all(len(example.target) == 512 for example in long)
    found = found_by(cut_targets, [*usual(), *long])
    assert set(rows_in(found["at_limit"])) >= {n for n in range(120, 132) if long[n - 120].target[-1].isalnum()}


def test_open_ends_among_the_longest_answers() -> None:
    long = [row(f"Question {n}", " ".join(sentence(n * 50 + k) for k in range(9))[: 600 + n] + "x") for n in range(12)]
    found = found_by(cut_targets, [*usual(), *long])
    assert set(rows_in(found["at_top"])) <= set(range(120, 132))
    assert len(found["at_top"].items) >= 5


def test_answers_in_sentences_that_stop_without_an_end() -> None:
    stops = row("Question", "You can pay by card. If the card fails you should go to the")
    look_alikes = [
        row("Question", "These are the ways. They are all fine:\n- by card and also by transfer"),
        row("Question", "Look at this page. There it is explained: https://a.example/cards"),
    ]
    stop = row("Question", "You can pay by card. If the card fails you should go to see someone")
    found = found_by(cut_targets, [*usual(), stops, stop, *look_alikes])
    assert {kind: rows_in(finding) for kind, finding in found.items()} == {"hanging": [120], "no_end": [121]}


def solved(count: int = 120) -> list[Example]:
    return [row(f"Question {n}", f"{sentence(n)}\nSo it is {n} in all.\n#### {n}") for n in range(count)]


@pytest.mark.parametrize("target", ["You take the first card.\nThen there are 5", "You take 3 + 4 = 7 cards\nand 2"])
def test_a_missing_ending_that_nearly_all_have_is_a_cut(target: str) -> None:
    found = found_by(cut_targets, [*solved(), row("Question", target)])
    assert rows_in(found["no_common_end"]) == [120]
    assert found["no_common_end"].severity == "error"
    assert "####" in found["no_common_end"].items[0].why


def test_a_missing_last_tag_is_a_cut() -> None:
    rows = [row(f"Question {n}", f"<answer> {sentence(n)} </answer>") for n in range(60)]
    found = found_by(cut_targets, [*rows, row("Question", "<answer> You can pay by card or in cash.")])
    assert rows_in(found["no_common_end"]) == [60]


def test_endings_that_many_lack_or_that_are_numbers_say_nothing() -> None:
    assert found_by(cut_targets, solved()) == {}
    assert "no_common_end" not in found_by(cut_targets, [*solved(80), *usual(40)])
    bare = [row(f"Question {n}", f"We add up all cards:\n{n}") for n in range(100)]
    assert found_by(cut_targets, [*bare, row("Question", "We cannot add up cards of two kinds.")]) == {}


@pytest.mark.parametrize(
    ("texts", "ending"),
    [
        (["one two three\n#### 4"] * 9 + ["one two three"], "####"),
        (["one two three four."] * 9 + ["one two"], "four."),
        (["one two three\n7"] * 10, None),
        (["yes"] * 10, None),
    ],
)
def test_the_common_ending(texts: list[str], ending: str | None) -> None:
    found = common_ending(texts, 5, 0.9)
    assert (found.text if found else None) == ending
    if found:
        assert found.without == (9,)


def test_inputs_cut_by_a_spreadsheet() -> None:
    rows = usual() + [row((sentence(n, 60) * 5)[:1000], "Yes.") for n in range(8)]
    assert len(rows_in(found_by(cut_targets, rows)["input_at_limit"])) == 8


def test_sets_without_punctuation_and_labels_say_nothing() -> None:
    bare = [row(f"Question {n}", sentence(n).rstrip(".")) for n in range(200)]
    assert found_by(cut_targets, bare) == {}
    assert found_by(cut_targets, [row("a", "one, and two, and three, and")] * 3, "classify") == {}
