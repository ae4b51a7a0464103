"""Pace: how the number in flight falls and rises, pauses that are kept, allowances in headers."""

from __future__ import annotations

import asyncio
import random
from email.utils import formatdate

import pytest

from tunewright.backends.http_limits import START, Allowance, Pace, asked_pause_s, backoff_s, duration_s


class Clock:
    """A clock that stands still until it is set forward."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1.0), ("6m0s", 360.0), ("120ms", 0.12), ("1h2m3.5s", 3723.5), ("1.5", 1.5), ("", None), ("soon", None),
     ("5s!", None), ("-3", None), (None, None), ("nan", None), ("inf", None)],
)  # fmt: skip
def test_durations_of_headers(text: str | None, seconds: float | None) -> None:
    assert duration_s(text) == seconds


def test_pauses_asked_for() -> None:
    assert asked_pause_s({"retry-after": "3"}, 0) == 3
    assert asked_pause_s({"retry-after-ms": "250", "retry-after": "9"}, 0) == 0.25
    assert asked_pause_s({"retry-after": formatdate(1000, usegmt=True)}, 990) == 10
    assert asked_pause_s({"retry-after": formatdate(1000, usegmt=True)}, 2000) == 0
    assert asked_pause_s({"retry-after": "soon"}, 0) is None
    assert asked_pause_s({}, 0) is None


def test_backoff_doubles_up_to_a_cap() -> None:
    rng = random.Random(0)
    for attempt, whole in [(1, 0.5), (2, 1.0), (3, 2.0), (5, 8.0), (50, 8.0)]:
        assert all(whole / 2 <= backoff_s(attempt, rng) <= whole for _ in range(20))


def test_the_number_doubles_then_is_halved_once_per_wave_then_grows_slowly() -> None:
    clock = Clock()
    pace = Pace(32, clock)
    assert pace.limit == START
    for _ in range(100):
        pace.active = int(pace.limit) - 1
        pace.succeeded()
    assert pace.limit == 32
    left_at, clock.now = clock.now, clock.now + 1
    for _ in range(10):  # ten of those in flight fail together: one cut
        pace.congested(left_at, None)
    assert pace.limit == 16
    clock.now += 1
    pace.congested(clock.now, None)
    assert pace.limit == 8
    for _ in range(8):
        pace.active = int(pace.limit) - 1
        pace.succeeded()
    assert 8.9 < pace.limit < 9.1
    for _ in range(20):
        clock.now += 1
        pace.congested(clock.now, None)
    assert pace.limit == 1
    assert pace.outage_s() == 19


def test_an_idle_pace_does_not_grow() -> None:
    pace = Pace(32, Clock())
    for _ in range(50):
        pace.succeeded()  # one at a time
    assert pace.limit == START


def test_allowances_are_kept_until_their_reset() -> None:
    left = Allowance("requests")
    assert left.wait_s(1, 0) == 0
    left.read({"x-ratelimit-remaining-requests": "2", "x-ratelimit-reset-requests": "10s"}, 0)
    left.take(1, 0)
    left.take(1, 0)
    assert left.wait_s(1, 4) == 6
    assert left.wait_s(1, 10) == 0
    tokens = Allowance("tokens")
    tokens.read({"x-ratelimit-remaining-tokens": "50", "x-ratelimit-reset-tokens": "1m"}, 0)
    assert tokens.wait_s(40, 1) == 0
    assert tokens.wait_s(60, 1) == 59
    unbelievable = Allowance("requests")
    unbelievable.read({"x-ratelimit-remaining-requests": "0"}, 0)
    assert unbelievable.wait_s(1, 0) == 0


def test_attempts_wait_for_pause_and_place() -> None:
    async def go() -> None:
        pace = Pace(2)
        started: list[int] = []

        async def one(number: int) -> None:
            async with pace.slot(1):
                started.append(number)
                await asyncio.sleep(0.02)

        tasks = [asyncio.create_task(one(number)) for number in range(4)]
        await asyncio.sleep(0.01)
        assert started == [0, 1]
        pace.congested(-1.0, 0.1)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await asyncio.gather(*tasks)
        assert sorted(started) == [0, 1, 2, 3]
        assert loop.time() - begun > 0.09
        assert pace.active == 0

    asyncio.run(go())


def test_a_cancelled_wait_leaves_nothing_behind() -> None:
    async def go() -> None:
        pace = Pace(1)
        async with pace.slot(1):
            waiting = asyncio.create_task(pace.slot(1).__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert pace.active == 0
        async with pace.slot(1):
            assert pace.active == 1

    asyncio.run(go())
