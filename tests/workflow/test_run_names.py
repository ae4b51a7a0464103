"""Names of runs sort in the order in which the runs were made, also within one second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tunewright.workflow.run_names import run_name

START = datetime(2026, 3, 31, 23, 59, 58, tzinfo=UTC)


def test_a_name_tells_the_time() -> None:
    assert run_name(START) == "2026-03-31-235958-0000"
    assert run_name(START.replace(microsecond=500_000)) == "2026-03-31-235958-8000"
    assert run_name(START.replace(microsecond=999_999)) == "2026-03-31-235958-ffff"


@given(st.integers(0, 4_000_000), st.integers(16, 4_000_000))
def test_the_later_run_sorts_after_the_earlier(first: int, between: int) -> None:
    earlier = START + timedelta(microseconds=first)
    assert run_name(earlier) < run_name(earlier + timedelta(microseconds=between))
