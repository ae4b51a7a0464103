"""Numbers and comparisons in plain words."""

import pytest

from tunewright.decision.compare import Estimate
from tunewright.decision.wording import changes, count, names, percent, points, usd


def gain(delta: float, fixed: int | None = None, broken: int | None = None, n: int = 1200) -> Estimate:
    return Estimate("a", "b", n, None, fixed, broken, delta, delta, delta, 0.1, 1.0, "Tango score")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.02, "2 points"),
        (0.01, "1 point"),
        (-0.025, "2.5 points"),
        (0.002, "0.2 points"),
        (0.0025, "0.25 points"),
        (0.0095, "0.95 points"),
        (0.00999, "1 point"),
        (0.0, "0 points"),
        (1.0, "100 points"),
    ],
)
def test_points(value: float, text: str) -> None:
    assert points(value) == text


def test_counts_percent_and_money() -> None:
    assert (count(1, "case"), count(0, "case"), count(1200, "case")) == ("1 case", "0 cases", "1,200 cases")
    assert (percent(0.95), percent(0.8125), percent(1.0)) == ("95 %", "81.2 %", "100 %")
    assert (usd(4), usd(5840.4), usd(0.123)) == ("$4.00", "$5,840", "$0.12")


def test_names_are_shortened() -> None:
    assert names(["a"]) == "a"
    assert names(["a", "b", "c"]) == "a, b, c"
    assert names(list("abcde")) == "a, b, c and 2 more"


def test_changes() -> None:
    assert changes(gain(0.1, 31, 12, 600)) == "fixes 31 and breaks 12 of 600"
    assert changes(gain(0.031)) == "scores 3.1 points more on 1,200 cases"
    assert changes(gain(-0.01)) == "scores 1 point less on 1,200 cases"
    assert changes(gain(0.0)) == "scores the same on 1,200 cases"
