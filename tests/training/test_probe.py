"""The timed probe under a clock that the test turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tunewright.errors import InputError, WorkError
from tunewright.training.probe import narrow, probe, speed
from tunewright.training.time_model import Range


class Clock:
    """Moves on only inside steps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def step(self, seconds: Sequence[float], tokens: int = 1000) -> Callable[[int], int]:
        def run(number: int) -> int:
            self.now += seconds[number]
            return tokens

        return run


def test_the_first_step_does_not_count() -> None:
    clock = Clock()
    result = probe(clock.step([50.0, 2.0, 2.0, 2.0]), steps=4, clock=clock)
    assert result.seconds == (2.0, 2.0, 2.0)
    assert result.tokens == (1000, 1000, 1000)
    assert result.tokens_per_second.likely == pytest.approx(500.0)
    assert result.tokens_per_second.low == pytest.approx(500.0 / 1.05)  # no spread, so the floor of 5 %
    assert result.hours(1_800_000).likely == pytest.approx(1.0)
    assert result.hours(1_800_000).low < 1.0 < result.hours(1_800_000).high


def test_unsteady_steps_widen_the_interval() -> None:
    clock = Clock()
    result = probe(clock.step([9.0, 1.0, 3.0, 1.0, 3.0]), steps=5, clock=clock)
    assert result.tokens_per_second.likely == pytest.approx(500.0)
    assert result.tokens_per_second.low < 400.0
    assert result.tokens_per_second.high > 700.0


def test_long_batches_take_longer_without_counting_as_unsteady() -> None:
    steady = speed([100, 200, 400, 800], [1.0, 2.0, 4.0, 8.0])
    assert steady.likely == pytest.approx(100.0)
    assert steady.high == pytest.approx(100.0 / 0.95)


def test_a_time_limit_ends_the_probe_after_two_timed_steps() -> None:
    clock = Clock()
    result = probe(clock.step([10.0] * 20), steps=20, seconds_limit=25.0, clock=clock)
    assert len(result.seconds) == 2


def test_more_steps_narrow_the_interval() -> None:
    few, many = speed([1000] * 4, [1.9, 2.1] * 2), speed([1000] * 40, [1.5, 2.5] * 20)
    wide = speed([1000] * 4, [1.5, 2.5] * 2)
    assert many.high - many.low < wide.high - wide.low
    assert few.high - few.low < wide.high - wide.low


def test_what_cannot_be_timed_is_refused() -> None:
    with pytest.raises(InputError, match="fewer than two"):
        probe(lambda _step: 1, steps=2)
    with pytest.raises(WorkError, match="no speed"):
        probe(lambda _step: 0, steps=4, clock=Clock())


def test_a_measurement_narrows_an_estimate_and_overrules_a_wrong_one() -> None:
    assert narrow(Range(1, 3, 9), Range(2, 2.5, 3)) == Range(2, 2.5, 3)
    assert narrow(Range(2.2, 3, 9), Range(2, 2.5, 4)) == Range(2.2, 2.5, 4)
    assert narrow(Range(5, 6, 9), Range(2, 2.5, 3)) == Range(2, 2.5, 3)
    assert narrow(Range(2.9, 6, 9), Range(2, 2.5, 3)) == Range(2, 2.5, 3)
