"""The review of a queue: chances bent by answers, intervals that hold the truth, and when to stop."""

import numpy as np
import pytest

from tunewright.audit.label_queue import MIN_ANSWERS, estimate_queue


def _queue(rows: int, seed: int, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Chances as told, and the truth drawn from chances whose log odds are shifted."""
    told = np.linspace(0.97, 0.02, rows)
    odds = np.log(told / (1 - told)) + shift
    return told, np.random.default_rng(seed).random(rows) < 1 / (1 + np.exp(-odds))


def test_without_answers_the_chances_stand() -> None:
    told, _ = _queue(200, 0)
    state = estimate_queue(told, {})
    assert state.remaining == pytest.approx(told.sum(), rel=0.05)
    assert state.low < told.sum() < state.high
    assert not state.stop


@pytest.mark.parametrize("shift", [-2.0, 0.0, 2.0])
def test_intervals_hold_what_remains(shift: float) -> None:
    inside = 0
    for seed in range(10):
        told, wrong = _queue(300, seed, shift)
        state = estimate_queue(told, {rank: bool(wrong[rank]) for rank in range(100)})
        inside += state.low <= wrong[100:].sum() <= state.high
    assert inside >= 8


def test_answers_bend_the_rest() -> None:
    told = np.full(100, 0.5)
    good = estimate_queue(told, dict.fromkeys(range(30), True))
    bad = estimate_queue(told, dict.fromkeys(range(30), False))
    assert good.next_share > 0.8
    assert bad.next_share < 0.2
    assert good.precision[29] == 1.0
    assert bad.precision[29] == 0.0
    assert good.remaining < 70


def test_answered_ranks_are_certain_and_skipped_ones_stay_open() -> None:
    state = estimate_queue([0.9, 0.8, 0.7, 0.1], {0: True, 2: False})
    assert state.chances[[0, 2]].tolist() == [1.0, 0.0]
    assert 0 < state.chances[1] < 1
    assert (state.answered, state.wrong) == (2, 1)
    assert state.remaining == pytest.approx(state.chances[[1, 3]].sum())


def test_stops_where_the_queue_runs_dry_and_not_before_enough_answers() -> None:
    told, wrong = _queue(300, 3)
    early = estimate_queue(told, dict.fromkeys(range(MIN_ANSWERS - 1), False))
    assert not early.stop
    assert "1 more rows" in early.reason
    rank = next(n for n in range(0, 301, 20) if estimate_queue(told, {r: bool(wrong[r]) for r in range(n)}).stop)
    assert 200 < rank < 300
    assert wrong[rank:].sum() <= 12


def test_the_end_of_the_queue() -> None:
    done = estimate_queue([0.9, 0.5], {0: True, 1: False})
    assert done.stop
    assert done.remaining == 0.0
    empty = estimate_queue([], {})
    assert empty.stop
    assert empty.remaining == 0.0
