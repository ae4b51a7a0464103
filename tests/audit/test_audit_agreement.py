"""What two texts share, and whether two answers say the same."""

from __future__ import annotations

import pytest

from tunewright.audit.agreement import conflict, explained, is_data, names, same_answer, same_slots, similarity
from tunewright.records.example import Example, Message, Source


def answer(target: str, text: str = "question") -> Example:
    return Example((Message("user", text),), target, Source("t.csv", 1), "t:1")


def test_names_are_capitals_inside_a_sentence() -> None:
    assert names("Can Anna fly to Rome? Yes. I think I'm late") == ("anna", "rome")
    assert names("- Call me\n- Tell Bob") == ("bob",)
    assert names("ALL IS LOUD HERE") == ()


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("my PIN is lost", "lost: my pin", True),
        ("wait 3 days", "wait 4 days", False),
        ("it works", "it does not work", False),
        ("a letter to Bob", "a letter to Tom", False),
        ("to Rome from Oslo", "to Oslo from Rome", False),
        ('say "hello" to me', 'say "goodbye" to me', False),
    ],
)
def test_slots(left: str, right: str, same: bool) -> None:
    assert same_slots(left, right) == same
    assert same_slots(right, left) == same


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("It goes by ship on Monday.", "It goes by ship on  monday", True),
        ("It goes by ship on Monday.", "Nobody can tell.", False),
        ("SELECT a FROM t WHERE b = 'x'", 'select a from t where b = "x"', True),
        ("SELECT min(a) FROM table_of_all_orders", "SELECT max(a) FROM table_of_all_orders", False),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', True),
        ('{"a": 1, "b": "x"}', '{"a": 1, "b": "y"}', False),
        ("x is larger when a > b holds", "x is larger when a < b holds", False),
    ],
)
def test_same_answers(left: str, right: str, same: bool) -> None:
    assert same_answer(answer(left), answer(right)) == same


def test_numbers_inside_words_are_no_numbers() -> None:
    assert conflict(answer("SELECT T1.a FROM t AS T1"), answer("SELECT T2.a FROM t AS T2")) == ""
    assert conflict(answer("SELECT a FROM t LIMIT 3"), answer("SELECT a FROM t LIMIT 5")) != ""


def test_similarity_does_not_hang_on_the_order_of_words() -> None:
    assert similarity("by ship and train", "train and by ship") == 1
    assert similarity("by ship", "xyz") < 0.3


def test_answers_that_follow_their_inputs() -> None:
    assert explained(answer("Rome it is", "to Rome"), answer("Oslo it is", "to Oslo"))
    assert not explained(answer("Rome it is", "to town"), answer("Oslo it is", "into town"))


def test_data_is_told_from_prose() -> None:
    assert all(is_data(text) for text in ('{"a": 1}', " [1, 2]", "<b>x</b>", "```py\nx```", "Select a from b"))
    assert not any(is_data(text) for text in ("Selecting is hard.", "", "I {really} mean it"))
