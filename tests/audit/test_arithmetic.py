"""Sums worked out again: what holds, what does not, and what is no sum."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shape_rows import found_by, row, rows_in

from tunewright.audit.arithmetic import numbers_in, sums
from tunewright.audit.checks import wrong_arithmetic


def verdicts(text: str) -> list[bool]:
    return [done.holds for done in sums(text)]


@pytest.mark.parametrize(
    "text",
    [
        # openai/grade-school-math, test rows 1 and 2 (MIT).
        "Janet sells 16 - 3 - 4 = <<16-3-4=9>>9 duck eggs a day.\nShe makes 9 * 2 = $<<9*2=18>>18 every day.\n#### 18",
        "It takes 2/2=<<2/2=1>>1 bolt of white fiber",
        "5 x 12 = 60",
        "$1,200 / 12 = $100",
        "10 / 3 = 3.33",
        "10 / 3 = 3",
        "20% * 50 = 10",
        "100 - 20% = 80",
        "15/60 = 25%",
        "(2 + 3) × 4 = 20",
        "- 5 + 3 = 8",
        "2 * 3 = 4 + 2 = 6",
        "25 / 1/3 = 75",
        "$2.50 - $2.24 = 26 cents",
        "33.33 * 3 = 100",
        "In 2020, 5 + 3 = 8. Then 8 - 1 = 7.",
    ],
)
def test_right_sums_hold(text: str) -> None:
    found = verdicts(text)
    assert found
    assert all(found)


@pytest.mark.parametrize(
    "text",
    [
        "<<16-3-4=8>>8",
        "9 * 2 = $17",
        "$1,200 / 12 = $1,000",
        "10 / 3 = 3.43",
        "15 * 1.5 = 24",
        "19.99 * 3 = 59.98",
        "4,000 + 1 = 4,002 people",
        "70 + 40 = 100 people",
    ],
)
def test_wrong_sums_do_not(text: str) -> None:
    assert False in verdicts(text)


@pytest.mark.parametrize(
    "text",
    [
        "2x + 3 = 7",
        "x + 3 + 4 = 10",
        "y = 3",
        "10:30 - 2 = 8:30",
        "1 + 1 = 2 million",
        "2 + 2 = 4x",
        "12 x 1 and 1/4 = 15",
        "0900-0130 = 0730",
        "f(3) - 2 = 5",
        "x^2 - 4 = 0",
        "14, 400 / 80 = 180",
        "1 / 0 = 3",
        "(2x-10)-8=2x-18",
        "10 - 2 = 4 apples * 2",
        "a = b",
    ],
)
def test_what_is_no_plain_sum_is_left_alone(text: str) -> None:
    assert verdicts(text) == []


@example(10**6, 10**6, "*")
@given(st.integers(0, 10**6), st.integers(1, 10**6), st.sampled_from("+-*/"))
def test_it_reckons_as_python_does(one: int, other: int, sign: str) -> None:
    value: int | Fraction = {"+": one + other, "-": one - other, "*": one * other, "/": Fraction(one, other)}[sign]
    shown = f"{value:,}" if isinstance(value, int) else f"{float(value):.8f}"
    assert verdicts(f"So {one} {sign} {other} = {shown}") == [True]
    if isinstance(value, int):
        assert verdicts(f"So {one} {sign} {other} = {value + 7}") == [False]


def test_places_are_those_of_the_text() -> None:
    text = "He has 2 + 2 = <<2+2=5>>5 apples and 3 * 3 = 8 pears."
    assert [text[done.start : done.end] for done in sums(text)] == ["<<2+2=5>>", "2 + 2 = <<2+2=5>>5", "3 * 3 = 8"]


def test_numbers_are_read_with_their_commas() -> None:
    assert numbers_in("1,200 and .5 and 3.25") == [1200, Fraction(1, 2), Fraction(13, 4)]


def test_final_numbers_are_told_only_where_reaching_them_is_the_rule() -> None:
    good = [row(f"Q{n}", f"{n} + 1 = {n + 1}\n#### {n + 1}") for n in range(40)]
    bad = row("Q", "64 + 1 = 65\n#### 66")
    found = found_by(wrong_arithmetic, [*good, bad])
    assert rows_in(found["final_number"]) == [40]
    free = [row(f"Q{n}", f"{n} + 1 = {n + 1}\n#### {n * 977 + 5000}") for n in range(40)]
    assert found_by(wrong_arithmetic, free) == {}


def test_a_sum_that_the_person_wrote_may_be_quoted() -> None:
    rows = [row("Is 2 + 2 = 5 right?", "No, 2 + 2 = 5 is wrong."), row("2 and 2?", "2 + 2 = 5")]
    assert rows_in(found_by(wrong_arithmetic, rows)["wrong_sum"]) == [1]
    assert found_by(wrong_arithmetic, rows, "classify") == {}
