"""Planning of steps: nothing lost, caps held, the same for the same seed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tunewright.training.batches import plan_epoch, plan_epochs

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=120)


@given(
    lengths=LENGTHS, rows=st.integers(1, 9), cap=st.integers(1, 200), seed=st.integers(0, 9), epoch=st.integers(0, 3)
)
def test_every_row_once_and_caps_held(lengths: list[int], rows: int, cap: int, seed: int, epoch: int) -> None:
    steps = plan_epoch(lengths, rows_per_step=rows, max_tokens=cap, seed=seed, epoch=epoch)
    flat = [row for step in steps for batch in step for row in batch]
    assert sorted(flat) == list(range(len(lengths)))
    assert all(sum(len(batch) for batch in step) <= rows for step in steps)
    for step in steps:
        for batch in step:
            padded = len(batch) * max(lengths[row] for row in batch)
            assert len(batch) >= 1
            assert padded <= cap or len(batch) == 1
    assert len(steps) == -(-len(lengths) // rows), "more steps than rows need"


@given(lengths=LENGTHS, rows=st.integers(1, 9), seed=st.integers(0, 9))
def test_the_cap_does_not_change_which_rows_share_a_step(lengths: list[int], rows: int, seed: int) -> None:
    small = plan_epoch(lengths, rows_per_step=rows, max_tokens=1, seed=seed, epoch=0)
    large = plan_epoch(lengths, rows_per_step=rows, max_tokens=10_000, seed=seed, epoch=0)
    assert [sorted(r for b in step for r in b) for step in small] == [
        sorted(r for b in step for r in b) for step in large
    ]


def test_seed_and_epoch_decide() -> None:
    lengths = [3, 5, 8, 13] * 20
    first = plan_epochs(lengths, rows_per_step=4, max_tokens=40, seed=1, epochs=2)
    assert first == plan_epochs(lengths, rows_per_step=4, max_tokens=40, seed=1, epochs=2)
    assert first[0] != first[1]
    assert first[0] != plan_epoch(lengths, rows_per_step=4, max_tokens=40, seed=2, epoch=0)


def test_rows_of_like_length_stand_together() -> None:
    lengths = [2] * 50 + [50] * 50
    steps = plan_epoch(lengths, rows_per_step=10, max_tokens=1000, seed=0, epoch=0)
    padded = sum(len(batch) * max(lengths[row] for row in batch) for step in steps for batch in step)
    assert padded == sum(lengths)
