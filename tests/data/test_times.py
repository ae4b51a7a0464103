"""Times as people write them."""

from __future__ import annotations

import pytest

from tunewright.data.times import parse_times

# 2024-01-31 00:00 UTC, by `date -u -d 2024-01-31 +%s`.
DAY = 1_706_659_200.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2024-01-31", DAY),
        ("2024-01-31 14:05", DAY + 50_700),
        ("2024-01-31T14:05:00Z", DAY + 50_700),
        ("2024-01-31T14:05:00+01:00", DAY + 47_100),
        ("1706659200", DAY),
        ("1706659200000", DAY),
        ("45322", DAY),
        ("45322.5", DAY + 43_200),
        ("20240131", DAY),
        ("31 Jan 2024", DAY),
        ("January 31, 2024", DAY),
        ("31.01.2024", DAY),
        ("31/01/2024 14:05", DAY + 50_700),
        ("1/31/2024 2:05 PM", DAY + 50_700),
        ("", None),
        ("soon", None),
        ("12", None),
        ("2024-13-01", None),
    ],
)
def test_single_texts(text: str, seconds: float | None) -> None:
    assert parse_times([text]) == [seconds]


def test_the_column_tells_day_from_month() -> None:
    assert parse_times(["03/04/2024", "25/04/2024"])[0] == parse_times(["2024-04-03"])[0]
    assert parse_times(["03/04/2024", "04/25/2024"])[0] == parse_times(["2024-03-04"])[0]


def test_where_it_does_not_tell_nothing_is_guessed() -> None:
    assert parse_times(["03/04/2024"]) == [None]
    assert parse_times(["25/04/2024", "04/25/2024"]) == [None, None]
