"""A few real steps, timed: what turns an estimate's wide range into a narrow one.

Pure logic; the step and the clock are handed in. The first steps are left out, because they compile, allocate and warm
caches. Called before training when a person asks what it will cost, with the longest batch among the steps, so that
memory is tried as well.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tunewright.errors import InputError, WorkError
from tunewright.training.time_model import Range

_T_975 = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131)
"""Student's t, 97.5 %, for 1 to 15 degrees of freedom."""
_LEAST_SPREAD = 0.05


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Speed of the timed steps: tokens and seconds of each, and tokens per second as an interval."""

    tokens: tuple[int, ...]
    seconds: tuple[float, ...]
    tokens_per_second: Range

    def hours(self, tokens: float) -> Range:
        """Wall hours for so many tokens at the measured speed."""
        speed = self.tokens_per_second
        return Range(tokens / speed.high / 3600, tokens / speed.likely / 3600, tokens / speed.low / 3600)


def probe(
    run_step: Callable[[int], int],
    *,
    steps: int = 20,
    dropped: int = 1,
    seconds_limit: float = math.inf,
    clock: Callable[[], float] = time.perf_counter,
) -> ProbeResult:
    """Time real steps.

    Args:
        run_step: does step ``k`` (from 0) wholly, waiting for a GPU to finish, and returns the tokens it trained on.
        steps: steps at most, the dropped ones included.
        dropped: first steps that do not count.
        seconds_limit: no further step begins after so long, once two have been timed.
        clock: seconds that only go forward.

    Raises:
        InputError: fewer than two steps would be timed.
        WorkError: the steps did nothing, or the clock stood still.
    """
    if steps - dropped < 2:
        raise InputError(
            "probe.too_few_steps",
            f"{steps} steps with the first {dropped} left out leave fewer than two to time.",
            why="One step says nothing about the spread.",
            hint="Ask for more steps.",
        )
    tokens: list[int] = []
    seconds: list[float] = []
    began = clock()
    for step in range(steps):
        if len(seconds) >= 2 and clock() - began >= seconds_limit:
            break
        before = clock()
        done = run_step(step)
        after = clock()
        if step >= dropped:
            tokens.append(done)
            seconds.append(after - before)
    return ProbeResult(tuple(tokens), tuple(seconds), speed(tokens, seconds))


def speed(tokens: Sequence[int], seconds: Sequence[float]) -> Range:
    """Tokens per second: the ratio of the sums, with a 95 % interval and never less than 5 % either side.

    The interval is that of a ratio estimator (Cochran 1977, section 6.4), from how far each step strays from the line
    through the sums. Steps in one short stretch are more alike than those of hours to come, hence the floor.
    """
    total_tokens, total_seconds, count = sum(tokens), sum(seconds), len(tokens)
    if total_tokens <= 0 or total_seconds <= 0:
        raise WorkError(
            "probe.no_speed",
            "The timed steps have no speed.",
            where=f"{total_tokens} tokens in {total_seconds:g} seconds",
            why="No time can be foretold from them.",
            hint="See that the steps train on at least one token and wait for the device to finish.",
        )
    pace = total_seconds / total_tokens
    residuals = [second - pace * token for token, second in zip(tokens, seconds, strict=True)]
    spread = math.sqrt(sum(value * value for value in residuals) / (count - 1) / count) / statistics.mean(seconds)
    t = _T_975[min(count - 1, len(_T_975)) - 1]
    half = max(_LEAST_SPREAD, t * spread)
    return Range(1 / pace / (1 + half), 1 / pace, 1 / pace / max(1 - half, 0.1))


def narrow(estimated: Range, measured: Range) -> Range:
    """The measurement's range where it lies inside the estimate's or contradicts it, else what they share.

    The measured middle always stands: a formula does not overrule a clock.
    """
    low, high = max(estimated.low, measured.low), min(estimated.high, measured.high)
    if low > measured.likely or high < measured.likely:
        return measured
    return Range(low, measured.likely, high)
