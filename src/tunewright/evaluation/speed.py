"""Latency one call at a time and throughput in batches, with the machine's load beside them.

Every call gets a text that the fit has not answered before. Replies that are kept from an earlier timing take the time
that they took then, or are asked for again where that costs nothing (``Watch.timed``). Figures of a clock: shown,
listed in ``docs/volatile.txt``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tunewright.errors import Cancelled
from tunewright.records.answers import Answer
from tunewright.records.example import Inputs
from tunewright.records.generation import Watch
from tunewright.records.system import FittedSystem, answers_of
from tunewright.records.verdict import Latency

CALLS = 100
PAID_CALLS = 10
WARM_UP_CALLS = 3
MAX_SECONDS = 20.0
# Quick calls are over before a person could stop them.
ASKED_AFTER_S = 1.0
_UNWATCHED = Watch()


@dataclass(frozen=True, slots=True)
class Speed:
    """Latency, None where nothing was answered, and the answers of the single calls that were timed."""

    latency: Latency | None
    answers: tuple[Answer, ...]


def measure_speed(
    fitted: FittedSystem, inputs: Sequence[Inputs], *, paid: bool = False, watch: Watch = _UNWATCHED
) -> Speed | None:
    """Time up to 100 single calls (at most about 20 seconds) and one batch; None without inputs.

    With ``paid`` calls, which may cost money each, ten single calls are enough and there is no batch. A call that was
    not answered, for reasons outside the system, has no time.

    Raises:
        Cancelled: the person asked to stop.
    """
    if not inputs:
        return None
    if paid:
        seconds, answers = _single_calls(fitted, [_other(item, n) for n, item in enumerate(inputs[:PAID_CALLS])], watch)
        return Speed(_latency(seconds, None), answers)
    sample = [_other(inputs[position % len(inputs)], position) for position in range(min(CALLS, max(len(inputs), 20)))]
    for item in sample[:WARM_UP_CALLS]:
        _timed(fitted, [_other(item, 2 * CALLS)], watch)
    seconds, answers = _single_calls(fitted, sample, watch)
    if not seconds:
        return Speed(None, answers)
    batch_s, batch = _timed(fitted, [_other(item, CALLS) for item in sample], watch)
    whole = batch_s > 0 and not any(answer.status.is_missing for answer in batch)
    return Speed(_latency(seconds, round(len(sample) / batch_s, 1) if whole else None), answers)


def _single_calls(
    fitted: FittedSystem, sample: Sequence[Inputs], watch: Watch
) -> tuple[list[float], tuple[Answer, ...]]:
    """Seconds of the calls that were answered, and all answers."""
    seconds: list[float] = []
    answers: list[Answer] = []
    total = 0.0
    for item in sample:
        if total > ASKED_AFTER_S and watch.cancelled():
            raise Cancelled
        took, (answer,) = _timed(fitted, [item], watch)
        answers.append(answer)
        total += took
        if not answer.status.is_missing:
            seconds.append(took)
        if total > MAX_SECONDS:
            break
    return seconds, tuple(answers)


def _timed(fitted: FittedSystem, inputs: Sequence[Inputs], watch: Watch) -> tuple[float, list[Answer]]:
    """Seconds and answers; a reply that was paid before and is kept takes the seconds that it took then.

    Where a call is answered by kept and by new replies, the larger of the two times counts (``Watch.timed`` is told
    what the kept ones add).
    """
    kept: list[float] = []
    started = time.perf_counter()
    answers = answers_of(fitted, inputs, replace(watch, timed=kept.append))
    return time.perf_counter() - started + sum(kept), answers


def _latency(seconds: Sequence[float], per_second: float | None) -> Latency | None:
    """None where no call was answered."""
    if not seconds:
        return None
    milliseconds = np.array(seconds) * 1000
    return Latency(
        n=len(seconds),
        p50_ms=round(float(np.percentile(milliseconds, 50)), 3),
        p95_ms=round(float(np.percentile(milliseconds, 95)), 3),
        load_1min=_load(),
        calls_per_second_batched=per_second,
    )


def _other(item: Inputs, number: int) -> Inputs:
    """The same input with a number at its end: a text that this fit has not answered, and the same at every timing."""
    *before, last = item.messages
    made = (*before, replace(last, content=f"{last.content} {number}"))
    return replace(item, messages=made, origin=item.owner)


def _load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None
