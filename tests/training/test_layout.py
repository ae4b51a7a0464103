"""Layouts and steps: every row once, caps held, the cheapest cut, the same rows in a step whatever the path."""

from __future__ import annotations

import itertools

import numpy as np
from families import row_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tree import token_rows

from tunewright.training.layout import CostShape, Layout, plan_layout
from tunewright.training.rows import TokenRow
from tunewright.training.token_batches import StepSettings, draw_steps, plan_steps
from tunewright.training.tree import by_prefix, merge, read_tokens

SHAPE = CostShape(per_token=1e8, per_pair=1e5, per_batch=1e8)


def long_rows(count: int, shared: int, own: int) -> list[TokenRow]:
    head = list(range(3, 3 + shared))
    return [row_of(head + [1000 + number] * own, {shared + own - 1: 1.0}) for number in range(count)]


def flat(layout: Layout) -> list[int]:
    return [row for batch in layout.batches for tree in batch for row in tree]


def padded(layout: Layout, rows: list[TokenRow]) -> list[int]:
    return [len(b) * max(merge([rows[row] for row in tree]).tokens for tree in b) for b in layout.batches]


@settings(max_examples=50)
@given(rows=token_rows(most=12), cap=st.integers(1, 60), share=st.booleans(), pair=st.sampled_from([0.0, 1e5, 1e8]))
def test_every_row_once_and_caps_held(rows: list[TokenRow], cap: int, share: bool, pair: float) -> None:
    shape = CostShape(1e8, pair, 1e8)
    layout = plan_layout(rows, shape, max_tokens=cap, share=share)
    assert sorted(flat(layout)) == list(range(len(rows)))
    assert layout == plan_layout(rows, shape, max_tokens=cap, share=share)
    for batch, tokens in zip(layout.batches, padded(layout, rows), strict=True):
        assert tokens <= cap or (len(batch) == 1 and len(batch[0]) == 1)
        chains = {merge([rows[row] for row in tree]).is_chain for tree in batch}
        assert len(chains) == 1, "a chain beside a tree pays for a mask that it does not need"
        assert share or all(len(tree) == 1 for tree in batch)


def test_a_long_common_beginning_is_shared() -> None:
    layout = plan_layout(long_rows(16, 400, 65), SHAPE, max_tokens=4096, share=True)
    assert [len(tree) for batch in layout.batches for tree in batch] == [16]


def test_a_short_common_beginning_is_not() -> None:
    layout = plan_layout(long_rows(4, 8, 900), SHAPE, max_tokens=8192, share=True)
    assert all(len(tree) == 1 for batch in layout.batches for tree in batch)


def test_trees_stop_where_attention_costs_more_than_sharing_saves() -> None:
    shape = CostShape(per_token=1e8, per_pair=3e5, per_batch=0.0)
    layout = plan_layout(long_rows(12, 60, 40), shape, max_tokens=100_000, share=True)
    sizes = [len(tree) for batch in layout.batches for tree in batch]
    assert 1 < max(sizes) < 12


def test_like_lengths_are_stacked() -> None:
    rows = [row_of([number] * length, {length - 1: 1.0}) for number, length in enumerate([5, 60, 6, 61, 5, 60], 3)]
    layout = plan_layout(rows, CostShape(1e8, 1.0, 1e9), max_tokens=1000, share=True)
    assert sorted(sorted(row for tree in batch for row in tree) for batch in layout.batches) == [[0, 2, 4], [1, 3, 5]]
    together = plan_layout(rows, CostShape(1e8, 1.0, 1e12), max_tokens=1000, share=True)
    assert len(together.batches) == 1


@settings(max_examples=300)
@given(rows=token_rows(most=6))
def test_the_cut_into_trees_is_the_cheapest(rows: list[TokenRow]) -> None:
    shape = CostShape(per_token=7.0, per_pair=1.0, per_batch=0.0)

    def cost_of_one(tree: list[int]) -> float:
        merged = merge([rows[row] for row in tree])
        if merged.is_chain:
            return 7.0 * merged.tokens + merged.tokens * (merged.tokens + 1) / 2
        # Branching is charged a tenth of the linear work of its rows, which it has to save.
        return 7.0 * (merged.tokens + 0.1 * sum(read_tokens(rows[row]) for row in tree)) + merged.tokens**2

    def cost(trees: list[list[int]]) -> float:
        return sum(cost_of_one(tree) for tree in trees)

    layout = plan_layout(rows, shape, max_tokens=10_000, share=True)
    found = cost([list(tree) for batch in layout.batches for tree in batch])
    order = by_prefix([row.ids[: read_tokens(row)] for row in rows])
    cuts = itertools.product([False, True], repeat=len(rows) - 1)
    for cut in cuts:  # every cut of the rows in the order of the planner
        trees, at = [[order[0]]], 0
        for row, new in zip(order[1:], cut, strict=True):
            at += new
            trees = [*trees, [row]] if new else [*trees[:-1], [*trees[-1], row]]
        assert found <= cost(trees) + 1e-9


@settings(max_examples=50)
@given(rows=token_rows(most=30), budget=st.integers(1, 20), seed=st.integers(0, 5))
def test_steps_do_not_hang_on_the_path(rows: list[TokenRow], budget: int, seed: int) -> None:
    wanted = StepSettings(seed=seed, epochs=2, max_tokens=25, trained_tokens_per_step=budget)
    shared = plan_steps(rows, wanted, shape=SHAPE, share=True)
    plain = plan_steps(rows, wanted, shape=SHAPE, share=False)
    for epoch, (ours, theirs) in enumerate(zip(shared.epochs, plain.epochs, strict=True)):
        members = [sorted(row for batch in step for row in batch) for step in ours]
        assert members == [sorted(row for batch in step for row in batch) for step in theirs]
        assert sorted(row for step in members for row in step) == list(range(len(rows)))
        for number, step in enumerate(draw_steps(rows, wanted, epoch)):
            assert sorted(step) == members[number]
            held = [rows[row].trained for row in step]
            assert sum(held[:-1]) < budget
            assert sum(held) >= budget or number == len(members) - 1
        for step in ours:
            for batch in step:
                assert tuple(row for tree in shared.trees[batch] for row in tree) == batch


def test_steps_by_rows_seed_and_epoch() -> None:
    rows = long_rows(23, 3, 4)
    wanted = StepSettings(seed=1, epochs=2, max_tokens=100, rows_per_step=5)
    plan = plan_steps(rows, wanted, shape=SHAPE, share=True)
    assert [sum(len(batch) for batch in step) for step in plan.epochs[0]] == [5, 5, 5, 5, 3]
    assert plan == plan_steps(rows, wanted, shape=SHAPE, share=True)
    assert plan.epochs[0] != plan.epochs[1]
    other = StepSettings(seed=2, epochs=2, max_tokens=100, rows_per_step=5)
    assert plan.epochs[0] != plan_steps(rows, other, shape=SHAPE, share=True).epochs[0]


def test_planning_a_large_step_is_quick() -> None:
    random = np.random.default_rng(0)
    rows = [row_of(random.integers(3, 9, 30).tolist(), {29: 1.0}) for _ in range(600)]
    layout = plan_layout(rows, SHAPE, max_tokens=4096, share=True)
    assert sorted(flat(layout)) == list(range(600))
