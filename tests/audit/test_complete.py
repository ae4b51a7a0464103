"""What is missing: things pointed at, values left out, parts unanswered, answers that the input cannot give."""

from __future__ import annotations

import json
import random

import pytest
from shape_rows import found_by, row, rows_in

from tunewright.audit.checks import dangling_references, missing_slots, unanswered_parts, unsupported_targets
from tunewright.audit.checks.missing_slots import slots_of
from tunewright.records.example import Example, Message

TEXT = "The river rises in the hills, runs through three towns and ends in a lake that people come to see."
ANSWER = "It is about a river that rises in the hills and ends in a lake after three towns and many miles."


@pytest.mark.parametrize(
    ("kind", "user"),
    [
        ("no_input", "Name a colour.\n<noinput>"),
        ("no_input", "Name a colour.\nInput: No input"),
        ("missing_text", "Summarize the following article."),
        ("missing_text", "Summarise the text below."),
        ("missing_text", "What does the author of the above passage think?"),
        ("attachment", "Please summarise the attached document."),
        ("attachment", "<Picture Attached> What is this?"),
        ("link_only", "Summarize this article: https://example.com/news/1"),
        ("link_only", "https://example.com/news/1"),
        ("earlier_talk", "Make your previous answer shorter."),
    ],
)
def test_references_to_nothing_are_found(kind: str, user: str) -> None:
    found = found_by(dangling_references, [row(user, ANSWER)])
    assert list(found) == [kind]


def test_thanks_with_a_long_answer() -> None:
    talk = [Message("user", "Hi"), Message("assistant", "Hello"), Message("user", "Ok, thanks!")]
    assert "asks_nothing" in found_by(dangling_references, [row(talk, ANSWER * 3)])
    assert found_by(dangling_references, [row(talk, "You are welcome!")]) == {}


@pytest.mark.parametrize(
    "good",
    [
        row(f"Summarize the following article.\n{TEXT}", ANSWER),
        row(f"Summarize the following article: {TEXT}", ANSWER),
        row(f"{TEXT}\nSummarize the above text.", ANSWER),
        row(
            [Message("user", TEXT), Message("assistant", "Nice."), Message("user", "Summarize the text above.")], ANSWER
        ),
        row("Correct the following sentence: She go home.", "She goes home."),
        row('Translate the following sentence into German "I am here"', "Ich bin hier"),
        row("She uploaded videos every day. How many in June?", ANSWER),
        row("Which port does https://localhost use?", ANSWER),
        row(f"Please read the attached letter. {TEXT * 4}", ANSWER),
        row(
            [
                Message("user", TEXT),
                Message("assistant", "Nice."),
                Message("user", "Make your previous answer shorter"),
            ],
            "Ok.",
        ),
        row("What does the noinput flag do?", ANSWER),
    ],
)
def test_references_to_what_is_there_are_left_alone(good: Example) -> None:
    assert found_by(dangling_references, [good]) == {}


def test_labels_may_be_right_whatever_was_attached() -> None:
    assert found_by(dangling_references, [row("See the attached document.", "invoice")], "classify") == {}


def test_slots_of_structured_inputs() -> None:
    assert slots_of("name[The Vaults], eatType[pub]") == [("name", "The Vaults"), ("eatType", "pub")]
    assert slots_of("name: The Vaults\nfood: French") == [("name", "The Vaults"), ("food", "French")]
    assert slots_of("name = The Vaults | food = French") == [("name", "The Vaults"), ("food", "French")]
    assert slots_of('{"name": "The Vaults", "stars": 3}') == [("name", "The Vaults"), ("stars", "3")]
    assert slots_of("Please note: this is a sentence.\nAnd this is another.") == []
    assert slots_of("What is it?") == []


def restaurants(count: int = 80) -> list[Example]:
    """Shaped like tuetschek/e2e-dataset: name and food are always said, the rest in other words."""
    random_ = random.Random(0)
    rows = []
    for number in range(count):
        name, food = (
            f"The {random_.choice(['Vault', 'Eagle', 'Mill', 'Crown'])} {number}",
            random_.choice(["French", "Thai"]),
        )
        friendly = random_.choice(["yes", "no"])
        text = f"{name} serves {food} food{' and is good for children' if friendly == 'yes' else ''}."
        rows.append(
            row(f"name[{name}], food[{food}], rating[{random_.choice(['high', 'low'])}], friendly[{friendly}]", text)
        )
    return rows


def test_values_left_out_are_found_where_saying_them_is_the_rule() -> None:
    bad = row("name[The Mill 99], food[Italian], rating[high], friendly[no]", "The Mill 99 is a place to eat.")
    finding = found_by(missing_slots, [*restaurants(), bad])["missing_slots"]
    assert rows_in(finding) == [80]
    assert [item.why.split("'")[1] for item in finding.items] == ["food"]
    assert found_by(missing_slots, [*restaurants(), bad], "classify") == {}
    assert found_by(missing_slots, restaurants()) == {}


def test_parts_of_a_numbered_question() -> None:
    asked = "1. What is it?\n2. Where is it?\n3. Who made it?\n4. When?"
    rows = [
        row(asked, "1. A bridge.\n2. In Rome.\n3. Marcus.\n4. In 109."),
        row(asked, "1. A bridge.\n2. In Rome.\n3. Marcus."),
        row(asked, "It is a bridge in Rome, which Marcus made in 109."),
        row("1. Open it.\n2. Close it.\n3. Go.", "1. Done.\n2. Done."),
    ]
    assert rows_in(found_by(unanswered_parts, rows)["parts"]) == [1]
    assert found_by(unanswered_parts, rows, "classify") == {}


def extracted(count: int = 80) -> list[Example]:
    return [
        row(
            f"Order {n * 37 + 1000} for Anna Berg, Elm Road {n}, by mail.",
            json.dumps({"order": n * 37 + 1000, "by": "mail"}),
        )
        for n in range(count)
    ]


def test_values_that_the_input_does_not_give() -> None:
    bad = [
        row("Order 7 for Jo by mail.", '{"order": 8, "by": "mail"}'),
        row("Order 9 for Jo.", '{"order": 9, "by": "van"}'),
    ]
    found = found_by(unsupported_targets, [*extracted(), *bad])
    assert rows_in(found["number"]) == [80]
    assert rows_in(found["value"]) == [81]
    assert found_by(unsupported_targets, [*extracted(), *bad], "classify") == {}


def test_values_that_are_classes_have_no_such_rule() -> None:
    rows = [row(f"Play song {n}", json.dumps({"intent": "play_music", "song": f"song {n}"})) for n in range(80)]
    assert found_by(unsupported_targets, rows) == {}


def test_whole_answers_numbers_names_quotations_and_addresses() -> None:
    spans = [row(f"{TEXT} It has {n} fish. How many fish?", f"{n} fish") for n in range(60)]
    found = found_by(unsupported_targets, [*spans, row(f"{TEXT} How many fish?", "900 fish")])
    assert rows_in(found["whole"]) == [60]
    assert "number" not in found
    notes = [
        row(
            f"Anna Berg paid {n + 500} and said: we will not come again before May. See https://a.example/{n}",
            f'A guest, Anna Berg, paid {n + 500} and said "we will not come again" as https://a.example/{n} tells. '
            + ANSWER * 2,
        )
        for n in range(60)
    ]
    bad = row(
        "Anna Berg paid 20 and said: we will come. See https://a.example/1",
        'A guest, Carl Holm, paid 30 and said "we shall never come back" as https://b.example/1 tells. ' + ANSWER * 2,
    )
    found = found_by(unsupported_targets, [*notes, bad])
    assert {kind: rows_in(finding) for kind, finding in found.items()} == {
        "number": [60],
        "quotation": [60],
        "address": [60],
        "name": [60],
    }


def test_sources_that_the_input_does_not_have() -> None:
    sources = "[1] The river is long.\n[2] The lake is deep.\nIs it deep?"
    rows = [row(sources, "Yes [2]."), row(sources, "Yes [3]."), row("Is it deep?", "Yes [3].")] + [row("a", "b")] * 60
    assert rows_in(found_by(unsupported_targets, rows)["source"]) == [1]
