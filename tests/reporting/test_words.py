"""Numbers in words: digits that mean something, and words where a number is missing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.records.verdict import Cost
from tunewright.reporting import words


@pytest.mark.parametrize(
    ("share", "n", "text"),
    [
        (0.9433, 600, "94.3 %"),
        (0.9433, 99, "94 %"),  # one case is more than a point
        (0.9433, 100, "94.3 %"),
        (1.0, 600, "100.0 %"),
        (0.9997, 3000, ">99.9 %"),  # one wrong answer is never "all right"
        (0.0003, 3000, "<0.1 %"),
        (0.0, 3000, "0.0 %"),
        (0.998, 80, ">99 %"),
        (None, 600, "not answered"),
        (math.nan, 600, "not answered"),
    ],
)
def test_percent(share: float | None, n: int, text: str) -> None:
    assert words.percent(share, n) == text


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_only_all_is_100_and_only_none_is_0(share: float, n: int) -> None:
    text = words.hundredths(share, n)
    assert (text in ("100", "100.0")) == (share == 1)
    assert (text in ("0", "0.0")) == (share == 0)


@pytest.mark.parametrize(
    ("gain", "n", "text"),
    [(0.031, 600, "+3.1"), (-0.0004, 600, "0.0"), (0.0004, 600, "0.0"), (-0.0072, 600, "-0.7"), (0.031, 50, "+3")],
)
def test_points_carry_a_sign_and_no_minus_zero(gain: float, n: int, text: str) -> None:
    assert words.signed_points(gain, n) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "unpriced"),
        (math.nan, "unpriced"),
        (0.0, "$0"),
        (0.0004, "<$0.01"),
        (-0.0004, "-$0.01"),
        (0.42, "$0.42"),
        (3.0, "$3"),
        (9.5, "$9.50"),
        (9.999, "$10"),
        (61.4, "$61"),
        (999.6, "$1,000"),
        (15_360.0, "$15,400"),
        (-8.0, "-$8"),
    ],
)
def test_usd(amount: float | None, text: str) -> None:
    assert words.usd(amount) == text


def test_a_range_that_is_none_is_not_shown() -> None:
    def cost(usd: float | None, wrong_usd: float | None, low: float | None, high: float | None) -> Cost:
        return Cost(
            usd_per_month=usd,
            low=low,
            high=high,
            wrong_answers_per_month=None,
            wrong_answers_usd_per_month=wrong_usd,
            basis="",
        )

    assert words.whole_usd(cost(10.0, 50.0, 48.0, 79.0)) == 60.0
    assert words.whole_usd_range(cost(10.0, 50.0, 48.0, 79.0)) == "$48 to $79"
    assert words.whole_usd_range(cost(0.0, 0.0, 0.0, 0.0)) == ""
    for unknown in (cost(None, 50.0, 1.0, 2.0), cost(10.0, None, 10.0, 10.0), cost(10.0, math.nan, 1.0, 2.0)):
        assert words.whole_usd(unknown) is None
        assert words.whole_usd_range(unknown) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "not measured"), (0.0, "<0.1 s"), (0.4, "0.4 s"), (42.0, "42 s"), (59.6, "1.0 min"), (4320.0, "1.2 h")],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert words.duration(seconds) == text


def test_small_words() -> None:
    assert words.counted(1, "case") == "1 case"
    assert words.counted(1200, "case") == "1,200 cases"
    assert words.about(3841.2) == "about 3,840"
    assert words.about(None) == "not measured"
    assert words.moment("2026-10-07T09:12:30+00:00") == "2026-10-07 09:12 UTC"
    assert words.moment("yesterday") == "yesterday"
    assert words.p_value(0.00002) == "<0.0001"
    assert words.p_value(0.0015) == "0.0015"
    assert words.set_points(0.01) == "1 point"
    assert words.set_points(0.025) == "2.5 points"
    assert words.set_percent(0.95) == "95 %"
    assert words.set_percent(0.9999) == "99.99 %"
    assert words.joined(["a", "b", "c"]) == "a, b and c"
    assert words.joined([]) == ""


def test_clean_takes_out_what_commands_a_terminal_or_reorders_text() -> None:
    assert words.clean("\x1b[31mred\x1b[0m \x1b]0;title\x07x\x00\x07\u202egnp\ud800") == "red xgnp\ufffd"
    assert words.clean("a\tb\nc é 退款 שלום") == "a\tb\nc é 退款 שלום"
