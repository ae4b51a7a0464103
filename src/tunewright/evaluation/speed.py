"""Latency one call at a time and throughput in batches, with the machine's load beside them.

Every call gets a text that no cache has seen. Figures of a clock: shown, listed in ``docs/volatile.txt``.
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
    """Latency, and the answers of the single calls that were timed."""

    latency: Latency
    answers: tuple[Answer, ...]


def measure_speed(
    fitted: FittedSystem, inputs: Sequence[Inputs], *, paid: bool = False, watch: Watch = _UNWATCHED
) -> Speed | None:
    """Time up to 100 single calls (at most about 20 seconds) and one batch; None without inputs.

    With ``paid`` calls, which may cost money each, ten single calls are enough and there is no batch.

    Raises:
        Cancelled: the person asked to stop.
    """
    if not inputs:
        return None
    if paid:
        seconds, answers = _single_calls(fitted, [_fresh(item, n) for n, item in enumerate(inputs[:PAID_CALLS])], watch)
        return Speed(_latency(seconds, None), answers)
    sample = [_fresh(inputs[position % len(inputs)], position) for position in range(min(CALLS, max(len(inputs), 20)))]
    for item in sample[:WARM_UP_CALLS]:
        answers_of(fitted, [_fresh(item, 2 * CALLS)], watch)
    seconds, answers = _single_calls(fitted, sample, watch)
    batch = [_fresh(item, CALLS) for item in sample]
    started = time.perf_counter()
    answers_of(fitted, batch, watch)
    batch_s = time.perf_counter() - started
    return Speed(_latency(seconds, round(len(sample) / batch_s, 1) if batch_s > 0 else None), answers)


def _single_calls(
    fitted: FittedSystem, sample: Sequence[Inputs], watch: Watch
) -> tuple[list[float], tuple[Answer, ...]]:
    seconds: list[float] = []
    answers: list[Answer] = []
    for item in sample:
        if sum(seconds) > ASKED_AFTER_S and watch.cancelled():
            raise Cancelled
        started = time.perf_counter()
        answers += answers_of(fitted, [item], watch)
        seconds.append(time.perf_counter() - started)
        if sum(seconds) > MAX_SECONDS:
            break
    return seconds, tuple(answers)


def _latency(seconds: Sequence[float], per_second: float | None) -> Latency:
    milliseconds = np.array(seconds) * 1000
    return Latency(
        n=len(seconds),
        p50_ms=round(float(np.percentile(milliseconds, 50)), 3),
        p95_ms=round(float(np.percentile(milliseconds, 95)), 3),
        load_1min=_load(),
        calls_per_second_batched=per_second,
    )


def _fresh(item: Inputs, number: int) -> Inputs:
    """The same input with a number at its end: a text that no cache has seen."""
    *before, last = item.messages
    made = (*before, replace(last, content=f"{last.content} {number}"))
    return replace(item, messages=made, origin=item.owner)


def _load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None
