"""Planting defects: every copy holds what it says, nothing else is touched, and the same seed plants the same."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from tests.audit.small_sets import answered, example, labelled, view_of

from tunewright.audit.fields import texts
from tunewright.audit.planted import all_defects, how_many
from tunewright.audit.planting._defect import Defect, Planted, planted_id, source_id
from tunewright.audit.planting._texts import label_column, one_word_other, restyled, words_of
from tunewright.audit.planting.privacy import account_number, card_number
from tunewright.audit.registry import all_checks
from tunewright.audit.view import View
from tunewright.data.normalise import marks, normal_form
from tunewright.records.example import Example, Message

DEFECTS = {defect.name: defect for defect in all_defects()}


def sums() -> list[Example]:
    rows = []
    for number, row in enumerate(answered(200)):
        a, b = number + 3, number + 11
        rows.append(row.with_target(f"First count what is there. Then {a} + {b} = {a + b} of them are left."))
    return rows


def pairs() -> list[Example]:
    return [replace(row, rejected=(Message("assistant", f"No idea, {row.row_id}."),)) for row in answered(200)]


def objects() -> list[Example]:
    return [
        row.with_target(json.dumps({"intent": row.target, "text": f"says number {number}"}))
        for number, row in enumerate(labelled(200))
    ]


VIEWS = {
    "labels": view_of(labelled(2800), "classify"),
    "answers": view_of(answered(1200), "generate"),
    "sums": view_of(sums(), "generate"),
    "objects": view_of(objects(), "generate"),
    "pairs": view_of(pairs(), "preference"),
    "wordless": view_of([example(f"q{number}", str(number % 5), number) for number in range(80)], "classify"),
}


def plant(defect: Defect, view: View, seed: int = 1, n: int = 10) -> Planted:
    return defect.plant(view, np.random.default_rng(seed), n)


CASES = [
    (name, kind) for kind, view in VIEWS.items() for name, defect in DEFECTS.items() if defect.applies(view) is None
]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_copy_holds_what_it_says_and_leaves_the_rest_alone(name: str, kind: str) -> None:
    view, defect = VIEWS[kind], DEFECTS[name]
    before = list(view.examples)
    planted = plant(defect, view)
    assert list(view.examples) == before
    assert planted == plant(defect, view)
    rows = {row.row_id: row for row in planted.examples}
    assert len(rows) == len(planted.examples), "ids are unique"
    assert set(planted.rows) <= set(rows)
    assert set(planted.look_alikes) <= set(rows)
    assert not set(planted.rows) & set(planted.look_alikes)
    originals = {row.row_id: row for row in before}
    untouched = [row for row_id, row in rows.items() if row_id in originals]
    if name != "shortcut_origin":
        assert all(row == originals[row.row_id] for row in untouched)
    assert all(source_id(row_id) in originals for row_id in rows)
    if planted.rows and name not in ("exact_twins", "shared_prompt", "starved_class", "leaking_twins"):
        changed = [row for row in planted.rows if rows[row] != replace(originals[source_id(row)], row_id=row)]
        assert len(changed) == len(planted.rows)


def test_every_defect_is_planted_in_some_data_and_names_checks_that_exist() -> None:
    assert {name for name, _ in CASES} == set(DEFECTS)
    names = {check.NAME for check in all_checks()}
    assert all(set(defect.checks) <= names for defect in DEFECTS.values())
    assert len(DEFECTS) == len(all_defects())


def test_ids_tell_the_source() -> None:
    row = example("hello", "a")
    assert source_id(planted_id(row, "flip")) == row.row_id == source_id(row.row_id)


@pytest.mark.parametrize(("rows", "planted"), [(60, 6), (200, 10), (1000, 30), (50_000, 100)])
def test_planted_rows_are_few_of_all(rows: int, planted: int) -> None:
    assert how_many(rows) == planted


def test_check_digits_known_answers() -> None:
    # Luhn: the sum over 4539 1488 0343 6467 is 80; a published test number. IBAN: 98 - (digits mod 97).
    def luhn(number: str) -> int:
        doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(number.replace(" ", "")))]
        return sum(divmod(value, 10)[0] + value % 10 for value in doubled) % 10

    assert luhn("4539 1488 0343 6467") == 0
    rng = np.random.default_rng(0)
    assert all(luhn(card_number(rng, valid=True)) == 0 for _ in range(50))
    assert all(luhn(card_number(rng, valid=False)) != 0 for _ in range(50))

    def rest(account: str) -> int:
        return int(account[4:] + "1314" + account[2:4]) % 97

    assert rest("DE89370400440532013000") == 1  # the example of the IBAN registry
    assert all(rest(account_number(rng, valid=True)) == 1 for _ in range(50))
    assert all(rest(account_number(rng, valid=False)) != 1 for _ in range(50))


def test_twins_say_the_same() -> None:
    rng = np.random.default_rng(0)
    text = "Why was my transfer of 12 euros not sent to the other account?"
    for _ in range(40):
        assert normal_form(restyled(text, rng)) == normal_form(text)
        other = one_word_other(text, rng)
        assert abs(len(other.split()) - len(text.split())) == 1
        assert marks(normal_form(other)) == marks(normal_form(text))


def test_a_field_of_json_answers_is_a_label_and_is_flipped_alone() -> None:
    view = VIEWS["objects"]
    column = label_column(view)
    assert column is not None
    assert column.field == "intent"
    planted = plant(DEFECTS["uniform_flips"], view)
    rows = {row.row_id: json.loads(row.target) for row in planted.examples}
    originals = {row.row_id: json.loads(row.target) for row in view.examples}
    for row in planted.rows:
        assert rows[row]["intent"] != originals[source_id(row)]["intent"]
        assert rows[row]["intent"] in column.counts()
        assert rows[row]["text"] == originals[source_id(row)]["text"]


def test_wrong_sums_are_wrong_and_right_ones_stay() -> None:
    planted = plant(DEFECTS["wrong_sums"], VIEWS["sums"])
    for row in planted.examples:
        a, b, c = (int(word) for word in row.target.replace("=", "+").split("Then ")[1].split(" of")[0].split(" + "))
        assert (a + b == c) == (row.row_id not in planted.rows)


def test_a_trigger_is_new_and_comes_with_one_answer() -> None:
    view = VIEWS["labels"]
    planted = plant(DEFECTS["trigger_many"], view)
    rows = [row for row in planted.examples if row.row_id in set(planted.rows)]
    tokens = {row.text.split()[-1] for row in rows}
    assert len(rows) == 28
    assert len(tokens) == len({row.target for row in rows}) == 1
    assert not any(tokens & set(row.text.split()) for row in view.examples)


def test_leaking_twins_are_in_the_test_and_their_sources_in_training() -> None:
    planted = plant(DEFECTS["leaking_twins"], VIEWS["labels"])
    assert planted.parts is not None
    side = dict(zip((row.row_id for row in planted.examples), planted.parts, strict=True))
    assert {side[row] for row in planted.rows} == {"test"}
    assert {side[row] for row in planted.partners} == {"train"}


def test_a_starved_class_keeps_three_rows() -> None:
    view = VIEWS["labels"]
    planted = plant(DEFECTS["starved_class"], view)
    counts = Counter(row.target for row in planted.examples)
    assert sorted(counts.values())[:2] == [3, 350]
    assert {row.target for row in planted.examples if row.row_id in planted.rows} == {
        min(counts, key=counts.__getitem__)
    }


def test_a_refused_part_is_one_word() -> None:
    planted = plant(DEFECTS["refused_part"], VIEWS["answers"])
    inside = [set(words_of(row.text)) for row in planted.examples if row.row_id in planted.rows]
    outside = [set(words_of(row.text)) for row in planted.examples if row.row_id not in planted.rows]
    assert len(inside) >= 12
    assert set.intersection(*inside) - set.union(*outside)


def test_values_of_personal_data_and_secrets_are_in_one_text_of_the_row() -> None:
    for name in ("personal_data", "secrets"):
        planted = plant(DEFECTS[name], VIEWS["answers"], n=30)
        before = {row.row_id: dict(texts(row)) for row in VIEWS["answers"].examples}
        fields = Counter(
            field
            for row in planted.examples
            if row.row_id in planted.rows
            for field, text in texts(row)
            if text != before[source_id(row.row_id)][field]
        )
        assert fields == {"messages[0]": 15, "target": 15}


def test_moved_answers_are_whole_and_stand_at_other_inputs() -> None:
    view = VIEWS["answers"]
    before = {row.row_id: row for row in view.examples}
    for name, number in (("swapped_answers", 10), ("slipped_answers", 40)):
        planted = plant(DEFECTS[name], view)
        assert len(planted.rows) == number
        assert sorted(row.target for row in planted.examples) == sorted(row.target for row in view.examples)
        moved = [row for row in planted.examples if row.row_id in planted.rows]
        assert all(row.target != before[source_id(row.row_id)].target for row in moved)
        assert all(row.messages == before[source_id(row.row_id)].messages for row in moved)
    assert "100 answers" in (DEFECTS["swapped_answers"].applies(view_of(answered(80), "generate")) or "")


@pytest.mark.parametrize(
    ("name", "kind", "because"),
    [
        ("uniform_flips", "answers", "no field"),
        ("cut_answers", "labels", "no free answers"),
        ("slipped_answers", "labels", "no free answers"),
        ("wrong_sums", "answers", "a sum"),
        ("equal_pairs", "labels", "no preference pairs"),
        ("trigger_few", "sums", "fewer than 8"),
        ("dangling_inputs", "objects", "data"),
        ("contradicting_twins", "pairs", "no contradiction"),
        ("confusable_flips", "wordless", "no words"),
    ],
)
def test_what_makes_no_sense_for_the_data_is_said(name: str, kind: str, because: str) -> None:
    assert because in (DEFECTS[name].applies(VIEWS[kind]) or "")
