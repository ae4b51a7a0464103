"""Answers that say nothing, and answers that hold another conversation."""

from __future__ import annotations

import pytest
from shape_rows import found_by, row, rows_in

from tunewright.audit.checks import empty_targets, merged_turns
from tunewright.audit.fields import with_text
from tunewright.records.example import Example, ToolCall

LONG = "Please say that the shop is closed on Sundays."
GOOD = [
    row("Any allergies?", "None."),
    row("How heavy?", "500 grams is half a kilogram."),
    row("Who are you?", "I help with orders."),
    row("Write as an AI engineer", "As an AI engineer I build models."),
    row("Are you ChatGPT?", "No, I am not ChatGPT."),
    row("Weather?", "", calls=[ToolCall("weather", "{}")]),
    row("Smile", "🙂"),
    row("Where?", "See above the door: the answer is here in the shop."),
    row("I am tired", "Same here!"),
    row("Where is it?", "The text is on the left."),
    row("Fill {{name}} in", "Dear {{name}},"),
]


@pytest.mark.parametrize(
    ("kind", "user", "target"),
    [
        ("blank", "Hi", " "),
        ("placeholder", "Hi", "N/A"),
        ("placeholder", "Hi", "TODO"),
        ("placeholder", "Hi", "Lorem ipsum dolor sit amet"),
        ("placeholder", "Hi", "Answer goes here."),
        ("placeholder", "Hi", "see above"),
        ("placeholder", "Hi", "(Same as previous row)"),
        ("placeholder", "Hi", "To be added later..."),
        ("placeholder", "Hi", "Your response will go here"),
        ("placeholder", "Hi", "ditto"),
        ("error_message", "Hi", "Too many requests in 1 hour. Try again later."),
        ("error_message", "Hi", "500 Internal Server Error"),
        ("punctuation", "Hi", "..."),
        ("echo", LONG, LONG),
        ("assistant_boilerplate", "Which shoe?", "As an AI language model, I cannot wear shoes."),
        ("assistant_boilerplate", "Which shoe?", "As an AI, I cannot wear shoes."),
        ("unfilled_slot", "Write a letter", "Dear Sir, on [insert date] we met."),
    ],
)
def test_planted_nothings_are_found(kind: str, user: str, target: str) -> None:
    found = found_by(empty_targets, [*GOOD, row(user, target)])
    assert list(found) == [kind]
    assert rows_in(found[kind]) == [len(GOOD)]


def test_what_many_rows_say_may_be_meant() -> None:
    rows = [row(f"Price of {n}?", "n/a" if n % 10 == 0 else f"{n} dollars.") for n in range(100)]
    assert found_by(empty_targets, rows)["placeholder"].severity == "note"
    rare = [row(f"Price of {n}?", "n/a" if n == 7 else f"{n} dollars.") for n in range(100)]
    assert found_by(empty_targets, rare)["placeholder"].severity == "error"


def test_labels_may_be_signs_and_common_placeholders() -> None:
    labels = [row(f"Text {n}", label) for n in range(150) for label in ("+", "n/a")]
    assert found_by(empty_targets, labels, "classify") == {}
    assert rows_in(found_by(empty_targets, [*labels, row("Text", "todo")], "classify")["placeholder"]) == [300]


def test_blank_sides_of_pairs_are_told_by_the_check_of_pairs() -> None:
    assert found_by(empty_targets, [row("Hi", "", rejected="No.")], "preference") == {}


@pytest.mark.parametrize(
    ("kind", "target", "kept"),
    [
        ("heading", "Paris.\n18. Instruction: Name a river.\n18. Output: Seine", "Paris."),
        ("heading", "Paris.\n### Human: And of Spain?", "Paris."),
        ("heading", "Paris.\n\n### Instruction:\nName a river.", "Paris."),
        ("speaker", "Paris.\nUser: And of Spain?\nAssistant: Madrid.", "Paris."),
        ("speaker", "Paris.\n\nHuman: And of Spain?", "Paris."),
    ],
)
def test_merged_turns_are_found_and_cut(kind: str, target: str, kept: str) -> None:
    bad = row("Capital of France?", target)
    finding = found_by(merged_turns, [row("a", "b"), bad])[kind]
    fix = finding.items[0].fix
    assert rows_in(finding) == [1]
    assert fix is not None
    assert with_text(bad, fix.field, fix.value or "").target == kept
    assert not fix.safe


@pytest.mark.parametrize(
    "good",
    [
        row("Write a dialogue of a user and a bot.", "Here:\nUser: Hi\nBot: Hello"),
        row("User: hi\nBot: hello\nGo on.", "Sure.\nUser: how are you?"),
        row("Explain roles", "The user: a person who asks."),
        row("Steps?", "1. Instructions: read them.\n2. Do it."),
    ],
)
def test_dialogues_that_were_asked_for_stay(good: Example) -> None:
    assert found_by(merged_turns, [good]) == {}


@pytest.mark.parametrize(
    "more",
    [
        "Customer: And of Spain?\nAgent: Madrid.",
        "Q: And of Spain?\nA: Madrid.",
        "**Client:** Spain?\n**Support:** Madrid",
    ],
)
def test_turns_by_name_are_found_where_they_are_rare(more: str) -> None:
    usual = [row(f"Capital {n}?", f"It is city {n}.") for n in range(60)]
    finding = found_by(merged_turns, [*usual, row("Capital of France?", f"Paris.\n\n{more}")])["named"]
    assert rows_in(finding) == [60]
    assert finding.items[0].fix is not None
    assert finding.items[0].fix.value == "Paris."
    talks = [row(f"Capital {n}?", f"Paris.\n{more}") for n in range(20)]
    assert found_by(merged_turns, [*usual, *talks]) == {}
    name = more[: more.index(":") + 1]
    assert found_by(merged_turns, [*usual, row(f"{name} capital?", f"Paris.\n{more}")]) == {}


@pytest.mark.parametrize(
    "target", ["Q: Which?\nA: This.", "Note the name.\nAgent: ask for Ann.", "Two parts.\nQuestion: why is it so?"]
)
def test_one_name_or_an_answer_that_begins_with_it_is_no_second_dialogue(target: str) -> None:
    assert found_by(merged_turns, [row("Which?", target)]) == {}


def test_merged_turns_do_not_apply_to_labels_and_cover_rejected_answers() -> None:
    assert found_by(merged_turns, [row("a", "x\nUser: y")], "classify") == {}
    found = found_by(merged_turns, [row("a", "x", rejected="x\nHuman: y")], "preference")
    assert found["speaker"].items[0].spans[0].field == "rejected[0]"
