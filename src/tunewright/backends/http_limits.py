"""How many requests are in flight, and when the next may leave.

The number rises while replies come and is halved when the server has too much to do: additive increase, multiplicative
decrease (Chiu and Jain 1989, Computer Networks and ISDN Systems 17:1), with the doubling start of TCP (RFC 5681, 3.1).
Pauses that a server asks for are kept, and nothing is sent beyond the allowance that its headers state. Lives in one
event loop; called by ``http_attempts``.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime

START = 4
BACKOFF_S = 0.5
BACKOFF_CAP_S = 8.0
ENOUGH_FAILURES = 10  # in a row, before an outage is taken for one
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def asked_pause_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a server asks to wait (``retry-after-ms``, ``retry-after`` in seconds or as a date), or None.

    ``now`` is the time of day, in seconds since 1970.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def duration_s(value: str | None) -> float | None:
    """Seconds of a duration as rate-limit headers write it: ``6m0s``, ``120ms``, ``1.5``; None for anything else."""
    if value is None:
        return None
    plain = _number(value)
    if plain is not None:
        return plain
    parts = _DURATION.findall(value)
    if not parts or "".join(number + unit for number, unit in parts) != value.strip():
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def backoff_s(attempt: int, rng: random.Random) -> float:
    """Seconds before the attempt after the ``attempt``-th (from 1): doubling up to a cap, half of it by chance."""
    whole = min(BACKOFF_CAP_S, BACKOFF_S * 2.0 ** min(attempt - 1, 10))
    return whole * (0.5 + 0.5 * rng.random())


class Allowance:
    """What is left of one limit (requests or tokens), as headers last said, less what has been sent since."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._left: float | None = None
        self._until = 0.0

    def read(self, headers: Mapping[str, str], now: float) -> None:
        """Take the figures of an answer. Without a time of reset nothing is believed."""
        left = _number(headers.get(f"x-ratelimit-remaining-{self._kind}"))
        reset = duration_s(headers.get(f"x-ratelimit-reset-{self._kind}"))
        if left is not None and reset is not None:
            self._left, self._until = left, now + reset

    def wait_s(self, need: float, now: float) -> float:
        """Seconds until so much may be sent. More than was ever left waits for one reset and no longer."""
        if self._left is None or now >= self._until or need <= self._left:
            return 0.0
        return self._until - now

    def take(self, need: float, now: float) -> None:
        if self._left is not None and now < self._until:
            self._left = max(0.0, self._left - need)
        else:
            self._left = None


class Pace:
    """The number of requests in flight and the time of the next.

    ``admitted`` requests keep their place through all their attempts, so that a storm of refusals does not start more
    and more of them; ``active`` attempts are those on the wire.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = float(min(START, most))
        self.lowest = self.highest = self.limit
        self.admitted = 0
        self.active = 0
        self.failures = 0
        self._most = most
        self._clock = clock
        self._doubling = True
        self._not_before = 0.0
        self._decreased_at = -math.inf
        self._failing_since = math.inf
        self._requests = Allowance("requests")
        self._tokens = Allowance("tokens")
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def admit(self) -> None:
        """Wait for a place, and take it; ``leave`` gives it back."""
        await self.until(lambda: 0.0 if self.admitted < int(self.limit) else 1.0)
        self.admitted += 1

    def leave(self) -> None:
        self.admitted -= 1
        self.wake()

    @asynccontextmanager
    async def slot(self, tokens: int) -> AsyncIterator[float]:
        """Wait until an attempt of about so many tokens may leave; gives the time at which it does."""
        await self.until(lambda: self._slot_wait(tokens))
        now = self._clock()
        self.active += 1
        self._requests.take(1, now)
        self._tokens.take(tokens, now)
        try:
            yield now
        finally:
            self.active -= 1
            self.wake()

    def read_headers(self, headers: Mapping[str, str]) -> None:
        """Take over what an answer says about allowances."""
        now = self._clock()
        self._requests.read(headers, now)
        self._tokens.read(headers, now)

    def succeeded(self) -> None:
        """An answer came: a place more per answer at first, later a place more per round of answers."""
        self.failures, self._failing_since = 0, math.inf
        if self.active + 1 >= int(self.limit):
            self.limit = min(float(self._most), self.limit + (1.0 if self._doubling else 1.0 / self.limit))
        self.highest = max(self.highest, self.limit)
        self.wake()

    def congested(self, left_at: float, pause_s: float | None) -> None:
        """An attempt that left at this time met a server with too much to do, which asks for a pause or for none."""
        now = self._clock()
        self.failures += 1
        self._failing_since = min(self._failing_since, now)
        self._doubling = False
        if left_at >= self._decreased_at:  # one cut for all that were in flight together
            self.limit = max(1.0, self.limit / 2)
            self._decreased_at = now
        self.lowest = min(self.lowest, self.limit)
        if pause_s is not None:
            self._not_before = max(self._not_before, now + pause_s)

    def outage_s(self) -> float:
        """Seconds since the first of an unbroken row of failures, 0 while there are too few to speak of an outage."""
        return max(0.0, self._clock() - self._failing_since) if self.failures >= ENOUGH_FAILURES else 0.0

    async def until(self, wait_s: Callable[[], float]) -> None:
        """Sleep until ``wait_s`` gives 0; it is asked again at every change, and after the seconds that it gives."""
        while (seconds := wait_s()) > 0:
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(woken)
            try:
                async with asyncio.timeout(seconds):
                    await woken
            except TimeoutError:
                continue
            finally:
                if woken in self._waiting:
                    self._waiting.remove(woken)

    def wake(self) -> None:
        """Let everybody who waits ask again, in the order in which they came."""
        while self._waiting:
            woken = self._waiting.popleft()
            if not woken.done():
                woken.set_result(None)

    def pause_s(self, tokens: int) -> float:
        """Seconds until the server takes an attempt of about so many tokens, by its own word."""
        now = self._clock()
        return max(0.0, self._not_before - now, self._requests.wait_s(1, now), self._tokens.wait_s(tokens, now))

    def _slot_wait(self, tokens: int) -> float:
        pause = self.pause_s(tokens)
        if pause > 0:
            return pause
        return 0.0 if self.active < int(self.limit) else 1.0


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
