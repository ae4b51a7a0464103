"""Speed is measured past every cache of a system."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from tunewright.errors import Cancelled
from tunewright.evaluation import speed as module
from tunewright.evaluation.speed import CALLS, PAID_CALLS, measure_speed
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Inputs, Message
from tunewright.records.generation import Watch


class Remembering:
    """A system that counts how often it is asked something it has seen."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.repeated = 0
        self.asked = 0

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        for item in inputs:
            self.asked += 1
            self.repeated += item.text in self.seen
            self.seen.add(item.text)
        return [Answer("a") for _ in inputs]


def test_no_timed_call_can_be_answered_from_memory() -> None:
    system = Remembering()
    texts = [f"text {number}" for number in range(30)]
    system.answer([Inputs((Message("user", text),), text) for text in texts])
    speed = measure_speed(system, [Inputs((Message("user", text),), text) for text in texts])  # type: ignore[arg-type]
    assert speed is not None
    assert speed.latency is not None
    assert speed.latency.n == len(speed.answers) == 30 <= CALLS
    assert system.repeated == 0


def test_few_calls_are_timed_where_each_may_cost_money() -> None:
    system = Remembering()
    inputs = [Inputs((Message("user", f"text {number}"),), str(number)) for number in range(30)]
    speed = measure_speed(system, inputs, paid=True)  # type: ignore[arg-type]
    assert speed is not None
    assert speed.latency is not None
    assert system.asked == speed.latency.n == PAID_CALLS
    assert speed.latency.calls_per_second_batched is None


def test_slow_calls_can_be_stopped_between_two_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASKED_AFTER_S", 0.0)
    system = Remembering()
    inputs = [Inputs((Message("user", f"text {number}"),), str(number)) for number in range(30)]
    with pytest.raises(Cancelled):
        measure_speed(system, inputs, paid=True, watch=Watch(lambda: system.asked == 2))  # type: ignore[arg-type]
    assert system.asked == 2


@dataclass
class Failing:
    """A system whose server answers only some of the calls, each after a while."""

    answers: Callable[[int], Answer]
    asked: int = 0

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        self.asked += len(inputs)
        return [self.answers(self.asked) for _ in inputs]


LOST = Answer(None, Status.INFRA_FAIL, detail="no JSON")
ROWS = [Inputs((Message("user", f"text {number}"),), str(number)) for number in range(30)]


@pytest.mark.parametrize("paid", [True, False])
def test_what_never_answers_has_no_latency(paid: bool) -> None:
    speed = measure_speed(Failing(lambda _n: LOST), ROWS, paid=paid)  # type: ignore[arg-type]
    assert speed is not None
    assert speed.latency is None
    assert {answer.status for answer in speed.answers} == {Status.INFRA_FAIL}


def test_calls_that_were_not_answered_have_no_time() -> None:
    system = Failing(lambda n: LOST if n % 2 else Answer("a"))
    speed = measure_speed(system, ROWS, paid=True)  # type: ignore[arg-type]
    assert speed is not None
    assert speed.latency is not None
    assert (system.asked, len(speed.answers), speed.latency.n) == (PAID_CALLS, PAID_CALLS, PAID_CALLS // 2)


def test_no_throughput_is_told_of_a_batch_that_was_not_answered() -> None:
    system = Failing(lambda n: LOST if n > 40 else Answer("a"))
    speed = measure_speed(system, ROWS)  # type: ignore[arg-type]
    assert speed is not None
    assert speed.latency is not None
    assert (speed.latency.n, speed.latency.calls_per_second_batched) == (30, None)
