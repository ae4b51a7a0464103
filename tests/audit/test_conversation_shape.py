"""Turns out of order, planted and left alone."""

from __future__ import annotations

import pytest
from shape_rows import found_by, row, rows_in

from tunewright.audit.checks import conversation_shape
from tunewright.records.example import Message, Role, ToolCall

U: Role = "user"
A: Role = "assistant"
S: Role = "system"


def talk(*turns: tuple[Role, str]) -> list[Message]:
    return [Message(role, text) for role, text in turns]


@pytest.mark.parametrize(
    ("kind", "turns"),
    [
        ("no_user", [(S, "be brief")]),
        ("answer_to_answer", [(U, "hi"), (A, "hello")]),
        ("two_in_a_row", [(U, "hi"), (U, "are you there"), (A, "yes"), (U, "good")]),
        ("late_system", [(U, "hi"), (S, "be brief"), (U, "again")]),
        ("empty_turn", [(U, "hi"), (A, " "), (U, "again")]),
        ("starts_with_answer", [(A, "welcome"), (U, "hi")]),
        ("empty_system", [(S, ""), (U, "hi")]),
    ],
)
def test_planted_disorder_is_found(kind: str, turns: list[tuple[Role, str]]) -> None:
    good = row("How are you?", "Fine.")
    found = found_by(conversation_shape, [good, row(talk(*turns), "An answer.")])
    assert rows_in(found[kind]) == [1]


def test_good_conversations_are_left_alone() -> None:
    call = Message("assistant", "", (ToolCall("look", "{}", "1"),))
    answered = [Message("user", "hi"), call, Message("tool", "", tool_call_id="1")]
    rows = [row(talk((S, "be brief"), (U, "a"), (A, "b"), (U, "c")), "d"), row(answered, "done"), row("x", "y")]
    assert found_by(conversation_shape, rows) == {}


def test_a_conversation_that_is_classified_may_end_with_any_turn() -> None:
    rows = [row(talk((U, "hi"), (A, "hello")), "greeting")]
    assert found_by(conversation_shape, rows, "classify") == {}
    assert set(found_by(conversation_shape, rows)) == {"answer_to_answer"}
