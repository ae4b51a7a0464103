"""The normal form, and the numbers and negations that near copies must share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.data.normalise import light_form, marks, normal_form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("  Hello,\n World!! ", "hello world"),
        ("HELLO world", "hello world"),
        ("ﬁve ½ ｆｕｌｌ", "five 1⁄2 full"),
        ("Don't / don’t", "dont dont"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("1.5 is not 15, nor 1,500; at 10:30", "1.5 is not 15 nor 1,500 at 10:30"),
        ("-5 and - 5 and covid-19 and 2024-01-31", "-5 and 5 and covid 19 and 2024-01-31"),
        ("C# and C++, 50% of $5 & €5", "c# and c++ 50% of $5 & €5"),
        ("good 🙂", "good 🙂"),
        ("?!", "?!"),
        ("", ""),
    ],
)
def test_normal_forms(text: str, form: str) -> None:
    assert normal_form(text) == form


@given(st.text(max_size=40))
def test_normal_form_is_its_own_normal_form(text: str) -> None:
    once = normal_form(text)
    assert normal_form(once) == once
    assert normal_form(light_form(text)) == once


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("error 12 on start", "error 13 on start"),
        ("from 5 to 6", "from 6 to 5"),
        ("it works", "it works not"),
        ("I can pay", "I can't pay"),
        ("it is mine", "it isn't mine"),
        ("with card", "without card"),
        ("two cards", "three cards"),
        ("es geht", "es geht nicht"),
        ("1.5 percent", "15 percent"),
    ],
)
def test_marks_tell_apart(left: str, right: str) -> None:
    assert marks(normal_form(left)) != marks(normal_form(right))


def test_marks_of_equal_meaning_agree() -> None:
    assert marks(normal_form("I do not know 7")) == marks(normal_form("I don't know, 7!")) == ("not", "7")
    assert marks(normal_form("please send the card")) == ()
