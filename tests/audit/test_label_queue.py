"""What answers say of the rest of the queue: bounds that hold the truth whatever its shape, and when to stop."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from tunewright.audit.label_queue import MIN_ANSWERS, queue_state

Truth = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _answers(wrong: np.ndarray, count: int) -> dict[int, bool]:
    return {rank: bool(wrong[rank]) for rank in range(count)}


def _as_told(scores: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return scores


def _bent(scores: np.ndarray, random: np.random.Generator) -> np.ndarray:
    odds = np.log(scores / (1 - scores))
    return 1 / (1 + np.exp(-(random.normal(0, 2) + random.uniform(0.2, 2) * odds)))


def _step(scores: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return np.where(np.arange(len(scores)) < random.integers(20, 150), 0.92, 0.04)


def _flat(scores: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return np.full(len(scores), random.random())


@pytest.mark.parametrize("truth", [_as_told, _bent, _step, _flat])
@pytest.mark.parametrize("count", [40, 90])
def test_bounds_hold_what_remains(truth: Truth, count: int) -> None:
    random = np.random.default_rng(3)
    inside = 0
    for _ in range(20):
        scores = np.sort(1 / (1 + np.exp(0.5 - random.normal(0, 2, 250))))[::-1]
        wrong = random.random(250) < truth(scores, random)
        state = queue_state(scores.tolist(), _answers(wrong, count))
        inside += state.low <= wrong[count:].sum() <= state.high
    assert inside >= 18


# The rows of 20news that five people each looked at (Northcutt, Athalye, Mueller 2021), by doubt: x means wrong.
PEOPLE = "xxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxx.xxxxxxxx.xxxx...xx.xxxxxx.xxxxxxxxx.x.xxxxxxxx.xxxxxxx"


@pytest.mark.parametrize("count", [20, 40, 60, 80])
def test_bounds_hold_what_people_found(count: int) -> None:
    wrong = np.array([mark == "x" for mark in PEOPLE])
    state = queue_state(np.linspace(0.999, 0.25, len(wrong)).tolist(), _answers(wrong, count))
    assert state.low <= wrong[count:].sum() <= state.high


def test_answers_bend_the_rest() -> None:
    told = [0.5] * 100
    bad = queue_state(told, dict.fromkeys(range(30), True))
    good = queue_state(told, dict.fromkeys(range(30), False))
    assert bad.next_share > 0.8
    assert not bad.stop
    assert good.next_share < 0.1
    assert good.stop
    assert good.high < 40 < bad.high


def test_the_bounds_are_wide_until_the_queue_has_broken_off() -> None:
    wrong = np.arange(300) < 60
    scores = np.linspace(0.99, 0.02, 300).tolist()
    early, late = queue_state(scores, _answers(wrong, 40)), queue_state(scores, _answers(wrong, 120))
    assert early.high - early.low > 150
    assert late.high < 30
    assert late.stop


def test_skipped_ranks_stay_open() -> None:
    state = queue_state([0.9, 0.8, 0.7, 0.1], {0: True, 2: False})
    assert (state.answered, state.wrong, state.left) == (2, 1, 2)
    assert 0 < state.expected < 2
    assert state.low == 0
    assert state.high == 2


def test_nothing_is_promised_before_enough_answers() -> None:
    state = queue_state([0.5] * 100, dict.fromkeys(range(MIN_ANSWERS - 1), False))
    assert not state.stop
    assert state.text == "19 labels are answered, 0 were wrong. After 1 more answer it can be said how many are left."
    assert queue_state([0.5], {}).text.startswith("No label is answered yet.")


def test_the_text_says_the_numbers() -> None:
    state = queue_state([0.5] * 100, dict.fromkeys(range(25), True))
    assert f"{state.low} to {state.high} are wrong" in state.text
    assert "go on" in state.text
    assert json.loads(json.dumps(state.next_share)) == state.next_share


def test_the_end_of_the_queue() -> None:
    done = queue_state([0.9, 0.5], {0: True, 1: False})
    assert done.stop
    assert (done.left, done.expected, done.high) == (0, 0.0, 0)
    assert done.text == "Every label of the queue is answered; 1 was wrong."
    assert queue_state([], {}).stop
